"""English words of danger as they are mistyped ("sucide", "kil myself") or disguised ("unlive", "toaster bath").

Every slip of a listed word, made once by leaving out, doubling or swapping its letters, is looked up whole (the idea of
SymSpell, Garbe 2012: precompute the neighbourhood, compare nothing). A slip that is a word of its own is left alone.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from anxin.safety.sound import Change

__all__ = ["slipped", "thrown_in"]

_WORD = re.compile(r"[a-z]{3,}")
_SIGNED = re.compile(r"(?<![a-z0-9@$!|])(?=[0-9@$!|]*[a-z])[a-z0-9@$!|]*[0-9@$!|](?![a-z0-9@$!|])")
_LEET = str.maketrans("0134578@$!|", "oieastbasil")
_SIGNS = re.compile(r"(?<=[a-z0-9]) ?[\u2190-\u2bff\U0001f000-\U0001faff]+ ?(?=[a-z0-9])")
_LATIN = re.compile(r"[a-z]")
_HAN = "\u3400-\u9fff"
_CHINESE = re.compile(f"[{_HAN}]")
_NEAR = 8  # characters on either side of a picture that say which language it stands in


@dataclass(frozen=True, slots=True)
class _Slips:
    words: Mapping[str, str]
    listed: frozenset[str]
    thrown: re.Pattern[str]
    codes: tuple[str, ...]
    code: re.Pattern[str]
    pictures: Mapping[str, tuple[str, str]]
    picture: re.Pattern[str]


def slipped(text: str) -> list[Change]:
    """What in a folded text may be a slip or a code, in order and without overlap; nothing for most texts."""
    slips = _slips()
    found: list[Change] = []
    if _LATIN.search(text):
        words = slips.words
        for match in _WORD.finditer(text):
            word = words.get(match.group())
            if word is not None:
                found.append(Change(match.start(), match.end(), word))
        found += _codes(text, slips)
        for match in _SIGNED.finditer(text):
            # "hur7": the loose view leaves a digit or sign at the end, which may be a number or a stop.
            word = match.group().translate(_LEET)
            if word in slips.listed:
                found.append(Change(match.start(), match.end(), word))
    if not text.isascii():
        found += _pictures(text, slips)
        found += [Change(*match.span(), " ") for match in _SIGNS.finditer(text)]
    # A code says more than a slip inside it.
    found.sort(key=lambda change: (change.start, -change.end))
    kept: list[Change] = []
    for change in found:
        if not kept or kept[-1].end <= change.start:
            kept.append(change)
    return kept


def thrown_in(text: str) -> list[tuple[int, int]]:
    """Small words of the other language inside folded text, with the spaces that came with them."""
    if text.isascii() or not _LATIN.search(text):
        return []
    return [match.span() for match in _slips().thrown.finditer(text)]


def _codes(text: str, slips: _Slips) -> Iterator[Change]:
    for match in slips.code.finditer(text):
        yield Change(match.start(), match.end(), slips.codes[(match.lastindex or 1) - 1])


def _pictures(text: str, slips: _Slips) -> Iterator[Change]:
    for match in slips.picture.finditer(text):
        start, end = match.span()
        near = text[max(0, start - _NEAR) : end + _NEAR]
        chinese, english = slips.pictures[match.group()[0]]
        if _CHINESE.search(near):
            yield Change(start, end, chinese)
        elif _LATIN.search(near):
            yield Change(start, end, english)


def _made(word: str) -> Iterator[str]:
    for at in range(len(word)):
        if at:
            yield word[:at] + word[at + 1 :]
            yield word[:at] + word[at + 1 : at + 2] + word[at] + word[at + 2 :]
        yield word[:at] + word[at] + word[at:]


@cache
def _slips() -> _Slips:
    """The shipped tables, read once. Raises `OSError` or `ValueError` when the file is damaged or missing."""
    raw = tomllib.loads(resources.files("anxin.safety").joinpath("slips.toml").read_text("utf-8"))
    listed = raw["words"].split()
    untouched = {*listed, *raw["ordinary"].split()}
    words: dict[str, str] = {}
    for word in listed:
        for slip in _made(word):
            if slip not in untouched and len(slip) > 2:
                words.setdefault(slip, word)
    codes: Mapping[str, str] = raw["codes"]
    pictures: Mapping[str, list[str]] = raw["pictures"]
    english, chinese = ("|".join(map(re.escape, raw["thrown_in"][name].split())) for name in ("english", "chinese"))
    return _Slips(
        words=words,
        listed=frozenset((*listed, *raw["short"].split())),
        thrown=re.compile(
            rf"(?<=[{_HAN}]) ?(?<![a-z])(?:{english})(?![a-z]),? ?(?=[{_HAN}])"
            rf"|(?<=[a-z0-9,]) (?:{chinese})(?= [a-z0-9])"
        ),
        codes=tuple(codes.values()),
        code=re.compile(r"(?<![a-z0-9])(?:" + "|".join(f"({code})" for code in codes) + r")(?![a-z0-9])"),
        pictures={sign: (said[0], said[1]) for sign, said in pictures.items()},
        picture=re.compile("|".join(f"{sign}+" for sign in pictures)),
    )
