"""What the gate listens for in a client's words: a small authored lexicon, one data file a language."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from anxin.config import parse
from anxin.dialogue import Language
from anxin.retrieve.piece import Topic
from anxin.safety.normal import fold

__all__ = ["Mood", "Signs", "fold_text", "holds", "mood", "signs"]

_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Need:
    """What may be asked for by name; `alone` where saying so is itself the request."""

    topic: Topic
    signs: tuple[str, ...]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Signs:
    """What `signs_<language>.toml` holds, as written there."""

    light: tuple[str, ...]
    heavy: tuple[str, ...]
    grave: tuple[str, ...]
    apart: tuple[str, ...]
    jokes: tuple[str, ...]
    shows: tuple[str, ...]
    why: tuple[str, ...]
    need: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Mood:
    """How many signs of either kind a message has."""

    light: int
    heavy: int


@cache
def signs(language: Language) -> Signs:
    """The signs of a language, read once."""
    text = files("anxin.retrieve").joinpath(f"signs_{language}.toml").read_text(encoding="utf-8")
    return parse(Signs, tomllib.loads(text))


def fold_text(text: str) -> str:
    """A message as signs are looked for in it: simplified characters, lower case, no apostrophe inside a word."""
    return fold(text).text


def holds(folded: str, phrases: tuple[str, ...]) -> bool:
    """Whether a folded message holds one of the phrases; English ones as whole words."""
    return bool(_present(folded, phrases))


def mood(folded: str, language: Language) -> Mood:
    """The signs of lightness and of weight in a folded message; overlapping ones count once, as the data file says."""
    known = signs(language)
    present = _present(folded, known.light + known.heavy)
    if not present:
        return Mood(0, 0)
    heavy = _folded(known.heavy)
    # The longest first, so that of two signs that begin together the longer one is found.
    either = "|".join(map(_one, sorted(present, key=lambda sign: (-len(sign), sign))))
    found = [match.group() in heavy for match in re.finditer(either, folded)]
    return Mood(found.count(False), found.count(True))


def _present(folded: str, phrases: tuple[str, ...]) -> list[str]:
    # Most messages hold none, and `in` finds that out ten times as fast as one large pattern.
    return [phrase for phrase in _folded(phrases) if phrase in folded and re.search(_one(phrase), folded)]


@cache
def _folded(phrases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(fold_text, phrases))


def _one(phrase: str) -> str:
    sign = re.escape(phrase)
    return sign if _HAN.search(phrase) or not phrase[0].isalnum() else f"(?<![a-z0-9]){sign}(?![a-z0-9])"
