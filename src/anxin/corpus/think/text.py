"""Texts compared without a model: their language, how much of one stands in another, what words they share."""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Final

from anxin.corpus.think.words import words
from anxin.dialogue import Language

__all__ = ["content", "copied", "language_of", "length", "repeated"]

_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_RUN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_OTHER: Final = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff]")  # kana, hangul, Cyrillic, Arabic
_WORD: Final = re.compile(r"[a-z]+(?:['’][a-z]+)?")
_LETTERS: Final = 3  # of English take about the room in thought that one Chinese character does
_STEM: Final = 5  # letters; tells "drinking" from "drive" and not from "drinks"
_GRAM: Final[dict[Language, int]] = {"zh": 6, "en": 5}  # characters, words


def language_of(text: str) -> Language | None:
    """zh or en by what most of it is written in; None for another language or next to no letters.

    A Chinese character counts as much as an English word, so that English names in Chinese leave it Chinese.
    """
    han, english = len(_HAN.findall(text)), len(_WORD.findall(text.lower()))
    if len(_OTHER.findall(text)) > (han + english) / 5:
        return None
    if han >= english:
        return "zh" if han else None
    return "en"


def length(text: str) -> int:
    """In Chinese characters; three English letters count as one."""
    han = len(_HAN.findall(text))
    return han + -(-sum(len(word) for word in _WORD.findall(text.lower())) // _LETTERS)


def content(text: str) -> Set[str]:
    """What a text is about: pairs of Chinese characters, beginnings of English words; not those any thought holds."""
    known = words()
    found: set[str] = set()
    for run in _RUN.findall(text):
        pairs = (run[at : at + 2] for at in range(len(run) - 1))
        found.update(p for p in pairs if p not in known.common and not known.empty.issuperset(p))
    english = (word.replace("’", "'") for word in _WORD.findall(text.lower()))
    found.update(word[:_STEM] for word in english if len(word) > 2 and word not in known.common)
    return found


def copied(thought: str, source: str, language: Language) -> float:
    """The share of `source` that stands word for word in `thought`, by runs of six characters or five words."""
    of = _grams(source, language)
    if not of:
        return 0.0
    return len(set(of) & set(_grams(thought, language))) / len(set(of))


def repeated(text: str, language: Language) -> float:
    """The share of runs (six characters, five words) that have stood in the text before."""
    grams = _grams(text, language)
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def _grams(text: str, language: Language) -> list[tuple[str, ...]]:
    units = [char for char in text.lower() if char.isalnum()] if language == "zh" else _WORD.findall(text.lower())
    size = _GRAM[language]
    return [tuple(units[at : at + size]) for at in range(len(units) - size + 1)]
