"""Words of danger written by their sound: pinyin ("想si", "zisha"), or characters that sound the same ("想四").

A character is read as another of its sound only where that one stands between neighbours it is known to stand between,
and where the character itself is not in ordinary company (`sound.toml`). Whether the words then mean danger is for the
lexicon to say: this only offers it a further reading.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from anxin.errors import ConfigError

__all__ = ["Change", "sounded", "torn"]

_HAN = "\u3400-\u9fff"
_STOP = re.compile(rf"(?<=[{_HAN}])\.(?=[{_HAN}])")
_LATIN = re.compile("[a-z]")
_LONGEST = 6  # letters of a syllable


@dataclass(frozen=True, slots=True)
class Change:
    """What stands at `start` to `end` of a text, read as `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class _Company:
    """The neighbours a character is known by, most frequent first."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Alike:
    """A character that may stand for others of its sound, its own ordinary neighbours, and those of all it may stand
    for; `strict` if it is common, so that both neighbours must fit."""

    means: str
    before: str
    after: str
    meant_before: str
    meant_after: str
    strict: bool


@dataclass(frozen=True, slots=True)
class _Sounds:
    company: Mapping[str, _Company]
    alike: Mapping[str, _Alike]
    syllables: Mapping[str, str]
    words: Mapping[str, str]
    short: Mapping[str, str]
    english: frozenset[str]
    both: tuple[str, ...]
    wishing: frozenset[str]
    characters: re.Pattern[str]
    spelled: re.Pattern[str]
    shortened: re.Pattern[str]
    letters: re.Pattern[str]
    ordinary: re.Pattern[str]
    torn: frozenset[str]


def torn(text: str) -> list[int]:
    """Where a full stop tears a word of danger in folded text ("自.杀"). Elsewhere a stop ends a sentence."""
    if "." not in text:
        return []
    pairs = _sounds().torn
    return [at for at in (match.start() for match in _STOP.finditer(text)) if text[at - 1] + text[at + 1] in pairs]


def sounded(text: str) -> list[Change]:
    """What in a folded text may be meant by its sound, in order and without overlap; nothing for most texts."""
    sounds = _sounds()
    found = list(_homophones(text, sounds))
    if found:
        kept = [match.span() for match in sounds.ordinary.finditer(text)]
        found = [change for change in found if not any(start <= change.start < end for start, end in kept)]
    if _LATIN.search(text):
        found += _letters(text, sounds)
    found.sort(key=lambda change: change.start)
    return [change for place, change in enumerate(found) if not place or found[place - 1].end <= change.start]


def _homophones(text: str, sounds: _Sounds) -> Iterator[Change]:
    company = sounds.company
    last = len(text) - 1
    for match in sounds.characters.finditer(text):
        at = match.start()
        alike = sounds.alike[match.group()]
        before = text[at - 1] if at else ""
        after = text[at + 1] if at < last else ""
        fits_before = before != "" and before in alike.meant_before
        fits_after = after != "" and after in alike.meant_after
        if not (fits_before or fits_after) and before not in sounds.wishing:
            continue
        if (before and before in alike.before) or (after and after in alike.after):
            continue
        chosen, most = "", 0
        for meant in alike.means:
            beside = company[meant]
            fit = (before != "" and before in beside.before) + (after != "" and after in beside.after)
            if fit > most:
                chosen, most = meant, fit
        known = not alike.strict or before + chosen in sounds.torn or chosen + after in sounds.torn
        if most == 2 or (most == 1 and (known or not (_is_han(before) and _is_han(after)))):
            yield Change(at, at + 1, chosen)
        elif before in sounds.wishing and after in sounds.alike:
            word = _both(match.group(), after, sounds)
            if word:
                yield Change(at, at + 2, word)


def _both(first: str, second: str, sounds: _Sounds) -> str:
    one, two = sounds.alike[first], sounds.alike[second]
    if second in one.after or first in two.before:
        return ""
    return next((word for word in sounds.both if word[0] in one.means and word[1] in two.means), "")


def _letters(text: str, sounds: _Sounds) -> Iterator[Change]:
    for match in sounds.spelled.finditer(text):
        yield Change(*_snug(text, *match.span()), sounds.words[match.group().replace(" ", "")])
    for match in sounds.shortened.finditer(text):
        yield Change(match.start(), match.end(), sounds.short[match.group()])
    for match in sounds.letters.finditer(text):
        start, end = match.span()
        before, after = _beside(text, start, end)
        if match.group() in sounds.english and not (_is_han(text[start - 1 : start]) and _is_han(text[end : end + 1])):
            continue
        read = _syllable(match.group(), before, after, sounds) or _two(match.group(), before, after, sounds)
        if read:
            yield Change(*_snug(text, start, end), read)


def _beside(text: str, start: int, end: int) -> tuple[str, str]:
    """The Chinese characters before and after letters, one space away at most."""
    before = text[max(0, start - 2) : start].rstrip(" ")[-1:]
    after = text[end : end + 2].lstrip(" ")[:1]
    return before if _is_han(before) else "", after if _is_han(after) else ""


def _snug(text: str, start: int, end: int) -> tuple[int, int]:
    """The span with the space that parts it from a Chinese character: "想 si" is one word."""
    left = 1 if start > 1 and text[start - 1] == " " and _is_han(text[start - 2]) else 0
    right = 1 if text[end : end + 1] == " " and _is_han(text[end + 1 : end + 2]) else 0
    return start - left, end + right


def _syllable(letters: str, before: str, after: str, sounds: _Sounds) -> str:
    chosen, most = "", 0.0
    for meant in sounds.syllables.get(letters, ""):
        beside = sounds.company[meant]
        fit = _nearness(before, beside.before) + _nearness(after, beside.after)
        if fit > most:
            chosen, most = meant, fit
    return chosen


def _nearness(neighbour: str, known: str) -> float:
    place = known.find(neighbour) if neighbour else -1
    return 1 + 1 / (1 + place) if place >= 0 else 0.0


def _two(letters: str, before: str, after: str, sounds: _Sounds) -> str:
    """Two syllables written as one: the pair whose characters know each other and a neighbour."""
    for cut in range(1, min(len(letters), _LONGEST + 1)):
        for first in sounds.syllables.get(letters[:cut], ""):
            for second in sounds.syllables.get(letters[cut:], ""):
                one, two = sounds.company[first], sounds.company[second]
                known = (before != "" and before in one.before) or (after != "" and after in two.after)
                if known and second in one.after and first in two.before:
                    return first + second
    return ""


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff"


@cache
def _sounds() -> _Sounds:
    """The shipped tables, read once. Raises `ConfigError` or `OSError` when the file is damaged or missing."""
    raw = tomllib.loads(resources.files("anxin.safety").joinpath("sound.toml").read_text("utf-8"))
    company: dict[str, _Company] = {}
    syllables: dict[str, str] = {}
    alike: dict[str, _Alike] = {}
    try:
        for line in raw["read"].split("\n")[:-1]:
            char, syllable, before, after = line.split(" ")
            company[char] = _Company(before, after)
            syllables[syllable] = syllables.get(syllable, "") + char
        for line in raw["alike"].split("\n")[:-1]:
            char, means, before, after = line.split(" ")
            met = [company[meant] for meant in means]
            around = "".join(one.before for one in met), "".join(one.after for one in met)
            alike[char[0]] = _Alike(means, before, after, *around, char.endswith("!"))
    except ValueError as error:
        raise ConfigError(f"sound.toml: {line!r} does not have four parts; see the comment above it") from error
    words: dict[str, str] = {}
    spellings: list[str] = []
    for entry in raw["words"].split():
        spelled = entry.lstrip("".join(re.findall(f"[{_HAN}]", entry)))
        words[spelled.replace("'", "")] = entry.removesuffix(spelled)
        spellings.append(spelled.replace("'", " ?"))
    short = {entry[:-2]: entry[-2:] for entry in raw["short"].split()}
    syllable = "|".join(sorted(syllables, key=len, reverse=True))
    several = f"(?:{syllable})(?:{syllable})?"
    return _Sounds(
        company=company,
        alike=alike,
        syllables=syllables,
        words=words,
        short=short,
        english=frozenset(raw["english"].split()),
        both=tuple(raw["both"].split()),
        wishing=frozenset(raw["wishing"]),
        characters=re.compile(f"[{''.join(alike)}]"),
        spelled=re.compile(f"(?<![a-z])(?:{'|'.join(sorted(spellings, key=len, reverse=True))})(?![a-z])"),
        shortened=re.compile(f"(?<![a-z])(?:{'|'.join(map(re.escape, short))})(?![a-z])"),
        letters=re.compile(rf"(?:(?<=[{_HAN}])|(?<=[{_HAN}] )){several}(?![a-z])|(?<![a-z]){several}(?= ?[{_HAN}])"),
        ordinary=re.compile("|".join(map(re.escape, raw["ordinary"].split()))),
        torn=frozenset(word[at : at + 2] for word in raw["torn"].split() for at in range(len(word) - 1)),
    )
