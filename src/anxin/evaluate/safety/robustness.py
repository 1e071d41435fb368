"""The same texts, written the way distress, haste and evasion write: one small pure rule each, (text, random) -> text.

A rule returns the text unchanged where it does not apply; such texts do not count for it. Words and characters are in
`robustness.toml`. The draw is seeded by rule and record, so that a text changes the same way in every run and order.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random

__all__ = ["RULES", "Rule", "altered"]

_HAN = r"[\u3400-\u9fff]"
_BETWEEN_HAN = re.compile(rf"(?<={_HAN})(?={_HAN})")
_LATIN_WORD = re.compile(r"[A-Za-z]{4,}")
_WORD_GAP = re.compile(r"(?<=\w) (?=\w)")


@dataclass(frozen=True, slots=True)
class _Words:
    danger_zh: re.Pattern[str]
    danger_en: re.Pattern[str]
    pinyin: Mapping[str, str]
    homophone: Mapping[str, str]
    homoglyph: Mapping[str, str]
    leet: Mapping[str, tuple[str, ...]]
    marks: tuple[str, ...]
    emoji: tuple[str, ...]
    english: tuple[str, ...]
    chinese: tuple[str, ...]
    after_zh: frozenset[str]
    traditional: Mapping[int, str]


@cache
def _words() -> _Words:
    raw = tomllib.loads(resources.files("anxin.evaluate.safety").joinpath("robustness.toml").read_text("utf-8"))
    danger_zh = sorted(raw["danger_zh"].split(), key=len, reverse=True)
    leet: dict[str, tuple[str, ...]] = {}
    for pair in raw["leet"].split():
        leet[pair[0]] = (*leet.get(pair[0], ()), pair[1])
    return _Words(
        danger_zh=re.compile("|".join(danger_zh)),
        danger_en=re.compile(rf"\b(?:{'|'.join(raw['danger_en'].split())})\b", re.IGNORECASE),
        pinyin=_pairs(raw["pinyin"]),
        homophone=_pairs(raw["homophone"]),
        homoglyph=_pairs(raw["homoglyph"]),
        leet=leet,
        marks=tuple(raw["marks"].split()),
        emoji=tuple(raw["emoji"].split()),
        english=tuple(raw["english"].split()),
        chinese=tuple(raw["chinese"].split()),
        after_zh=frozenset(raw["after_zh"].split()),
        traditional=_traditional(frozenset(raw["not_traditional"].split())),
    )


def _pairs(text: str) -> dict[str, str]:
    return {pair[0]: pair[1:] for pair in text.split()}


def _traditional(not_these: frozenset[str]) -> dict[int, str]:
    """The screen's own table turned round; the first traditional character of each simplified one."""
    raw = tomllib.loads(resources.files("anxin.safety").joinpath("variants.toml").read_text("utf-8"))
    found: dict[int, str] = {}
    for pair in raw["simplified"].split():
        if pair[0] not in not_these:
            found.setdefault(ord(pair[1]), pair[0])
    return found


def spaces(text: str, draw: Random) -> str:
    """A space between all Chinese characters that stand side by side."""
    return _BETWEEN_HAN.sub(" ", text)


def punctuation(text: str, draw: Random) -> str:
    """One word of danger (else one place) torn by a mark: 自.杀, k-i-l-l."""
    mark = draw.choice(_words().marks)
    found = _one_word(text, draw, least=2)
    if found is None:
        return text
    start, end = found
    return text[:start] + mark.join(text[start:end]) + text[end:]


def full_width(text: str, draw: Random) -> str:
    """Letters, digits and marks of ASCII in their full-width forms."""
    wide = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
    return text.translate(wide if re.search(_HAN, text) else {**wide, 0x20: 0x3000})


def zero_width(text: str, draw: Random) -> str:
    """Zero-width spaces inside, about one for every four characters."""
    if len(text) < 2:
        return text
    sure = draw.randrange(1, len(text))
    return text[0] + "".join(
        ("\u200b" if place == sure or draw.random() < 0.25 else "") + char for place, char in enumerate(text[1:], 1)
    )


def homoglyph(text: str, draw: Random) -> str:
    """Half of the Latin letters that have a twin in another script replaced by it."""
    twins = _words().homoglyph
    return "".join(twins[char] if char in twins and draw.random() < 0.5 else char for char in text)


def leetspeak(text: str, draw: Random) -> str:
    """One English word of danger (else one longer word) with digits and signs for letters: k1ll."""
    found = _one_latin(text, draw)
    if found is None:
        return text
    start, end = found
    forms = _words().leet
    word = "".join(draw.choice(forms[char.lower()]) if char.lower() in forms else char for char in text[start:end])
    return text[:start] + word + text[end:]


def pinyin(text: str, draw: Random) -> str:
    """One Chinese character (of danger, where there is one) written as its sound: 想si."""
    return _one_character(text, draw, _words().pinyin, whole=True)


def homophone(text: str, draw: Random) -> str:
    """One Chinese character (of danger, where there is one) typed as another of the same sound."""
    return _one_character(text, draw, _words().homophone, whole=False)


def dropped(text: str, draw: Random) -> str:
    """One inner letter of an English word left out."""
    return _typo(text, draw, lambda word, at: word[:at] + word[at + 1 :])


def doubled(text: str, draw: Random) -> str:
    """One inner letter of an English word typed twice."""
    return _typo(text, draw, lambda word, at: word[:at] + word[at] + word[at:])


def swapped(text: str, draw: Random) -> str:
    """Two neighbouring letters of an English word in the wrong order; the first stays."""
    return _typo(text, draw, lambda word, at: word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :])


def emoji(text: str, draw: Random) -> str:
    """One emoji somewhere inside (in English between words), one at the end."""
    if not text:
        return text
    signs = _words().emoji
    places = [match.start() for match in (_BETWEEN_HAN if re.search(_HAN, text) else _WORD_GAP).finditer(text)]
    if places:
        at = draw.choice(places)
        text = text[:at] + draw.choice(signs) + text[at:]
    return text + draw.choice(signs)


def traditional(text: str, draw: Random) -> str:
    """Simplified characters as traditional ones, by the inverse of the table that the screen folds with."""
    return text.translate(_words().traditional)


def mixed(text: str, draw: Random) -> str:
    """A word of the other language thrown in: after 我, 就, 真 ... in Chinese, between two words in English."""
    words = _words()
    if re.search(_HAN, text):
        places = [place + 1 for place, char in enumerate(text[:-1]) if char in words.after_zh]
        at = draw.choice(places) if places else 0
        return f"{text[:at]} {draw.choice(words.english)} {text[at:]}".lstrip()
    places = [match.start() for match in _WORD_GAP.finditer(text)]
    if not places:
        return text
    at = draw.choice(places)
    return f"{text[:at]} {draw.choice(words.chinese)}{text[at:]}"


def lower(text: str, draw: Random) -> str:
    """All letters small."""
    return text.lower()


def upper(text: str, draw: Random) -> str:
    """All letters capital."""
    return text.upper()


Rule = Callable[[str, Random], str]

RULES: Mapping[str, Rule] = {
    "spaces": spaces,
    "punctuation": punctuation,
    "full_width": full_width,
    "zero_width": zero_width,
    "homoglyph": homoglyph,
    "leetspeak": leetspeak,
    "pinyin": pinyin,
    "homophone": homophone,
    "dropped": dropped,
    "doubled": doubled,
    "swapped": swapped,
    "emoji": emoji,
    "traditional": traditional,
    "mixed": mixed,
    "lower": lower,
    "upper": upper,
}


def altered(rule: str, text: str, key: str, seed: int = 0) -> str | None:
    """The text under one rule, drawn by seed, rule and `key` (the record's id); None where nothing changes."""
    new = RULES[rule](text, Random(f"{seed}:{rule}:{key}"))
    return None if new == text else new


def _one_word(text: str, draw: Random, least: int) -> tuple[int, int] | None:
    """A word of danger of at least so many characters, else two Chinese characters or a longer English word."""
    words = _words()
    found = [match.span() for match in words.danger_zh.finditer(text) if len(match.group()) >= least]
    found += [match.span() for match in words.danger_en.finditer(text)]
    if not found:
        found = [(match.start() - 1, match.start() + 1) for match in _BETWEEN_HAN.finditer(text)]
        found += [match.span() for match in _LATIN_WORD.finditer(text)]
    return draw.choice(found) if found else None


def _one_latin(text: str, draw: Random, least: int = 1) -> tuple[int, int] | None:
    found = [match.span() for match in _words().danger_en.finditer(text) if len(match.group()) >= least]
    found = found or [match.span() for match in _LATIN_WORD.finditer(text)]
    return draw.choice(found) if found else None


def _typo(text: str, draw: Random, change: Callable[[str, int], str]) -> str:
    found = _one_latin(text, draw, least=4)  # "die" with a letter gone is another word
    if found is None:
        return text
    start, end = found
    return text[:start] + change(text[start:end], draw.randrange(1, end - start - 1)) + text[end:]


def _one_character(text: str, draw: Random, table: Mapping[str, str], *, whole: bool) -> str:
    inside = [
        place for match in _words().danger_zh.finditer(text) for place in range(*match.span()) if text[place] in table
    ]
    places = inside or [place for place, char in enumerate(text) if char in table]
    if not places:
        return text
    at = draw.choice(places)
    new = table[text[at]] if whole else draw.choice(table[text[at]])
    return text[:at] + new + text[at + 1 :]
