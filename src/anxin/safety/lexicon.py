"""The lexicon: rows of authored phrases from `lexicon_zh.toml` and `lexicon_en.toml`, compiled for scanning.

A row:
    say      phrases in the language of `pattern.py` (required)
    level    0..5, the risk where the phrase stands for itself
    why      the reason shown beside the evidence (required)
    concern  a `Concern`, where there is one
    who      "self" (default: read from the context), "other" (the phrase itself names another), "past"
    decline  true: a request that Anxin refuses warmly
    steady   true: neither negation, quotation nor fiction lowers it
    split    true: also found with any signs between its characters ("自。杀")
    mask     "idiom" or "topic": what this phrase covers is not a disclosure (with `steady`, not even a steady one)
    cue      a `Cue`: an answer to the protocol's own question
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from anxin.errors import ConfigError
from anxin.safety.pattern import Phrase, parse
from anxin.safety.verdict import Concern, Cue, Risk

__all__ = ["Lexicon", "Row", "lexicon", "read_rows"]

_GRAM = 4  # characters of an anchor that the index looks at; short words are found by them alone
_KEYS = frozenset({"say", "level", "why", "concern", "who", "decline", "steady", "split", "mask", "cue", "source"})
_FILES = (("lexicon_zh.toml", False), ("lexicon_en.toml", True))


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the lexicon, compiled."""

    phrases: tuple[Phrase, ...]
    level: Risk
    why: str
    concern: Concern | None
    who: Literal["self", "other", "past"]
    decline: bool
    steady: bool
    mask: Literal["", "idiom", "topic"]
    cue: Cue | None
    english: bool


@dataclass(frozen=True, slots=True)
class Lexicon:
    """All rows, their phrases in one list, and an index from the first characters of an anchor to the phrases it is
    for. A set of phrases is an integer, one bit for each: the lowest `len(phrases)` bits for those whose first anchor
    was met, then as many for the second and the third; `free` are the phrases that need no second or third."""

    rows: tuple[Row, ...]
    phrases: tuple[tuple[Row, Phrase], ...]
    free: int
    index: Mapping[str, tuple[int, tuple[tuple[str, int], ...]]]

    def find(self, text: str) -> Iterator[tuple[Row, int, int]]:
        """Every place where a phrase stands in folded text."""
        grams = {text[at : at + size] for size in range(1, _GRAM + 1) for at in range(len(text))}
        met = self.free
        for gram in self.index.keys() & grams:
            bits, longer = self.index[gram]
            met |= bits
            for anchor, bits in longer:
                if anchor in text:
                    met |= bits
        size = len(self.phrases)
        left = met & (met >> size) & (met >> 2 * size) & ((1 << size) - 1)
        while left:
            lowest = left & -left
            left ^= lowest
            row, phrase = self.phrases[lowest.bit_length() - 1]
            for start, end in phrase.spans(text):
                yield row, start, end


def read_rows(raw: Mapping[str, Any], file: str, *, english: bool) -> tuple[Row, ...]:
    """Compile the rows of one lexicon file. Raises `ConfigError` naming the file, the row and what to change."""
    sets: Mapping[str, Sequence[str]] = raw.get("sets", {})
    rows: list[Row] = []
    for place, row in enumerate(raw.get("row", ()), 1):
        try:
            rows.append(_row(row, sets, english=english))
        except (KeyError, ValueError, TypeError, ConfigError) as error:
            raise ConfigError(f"{file}, row {place} ({row.get('why', 'no reason given')}): {error}") from error
    if not rows:
        raise ConfigError(f"{file} holds no rows; restore it from the release")
    return tuple(rows)


def _row(row: Mapping[str, Any], sets: Mapping[str, Sequence[str]], *, english: bool) -> Row:
    unknown = row.keys() - _KEYS
    if unknown:
        raise ConfigError(f"unknown key {min(unknown)!r}; known are {', '.join(sorted(_KEYS))}")
    phrases = [parse(say, sets, english=english) for say in row["say"]]
    if row.get("split"):
        phrases += [_torn(say, english=english) for say in row["say"]]
    who, mask = row.get("who", "self"), row.get("mask", "")
    if who not in ("self", "other", "past") or mask not in ("", "idiom", "topic"):
        raise ConfigError("who is self, other or past; mask is idiom or topic")
    return Row(
        phrases=tuple(phrases),
        level=Risk(row.get("level", 0)),
        why=row["why"],
        concern=Concern(row["concern"]) if "concern" in row else None,
        who=who,
        decline=bool(row.get("decline")),
        steady=bool(row.get("steady")),
        mask=mask,
        cue=Cue(row["cue"]) if "cue" in row else None,
        english=english,
    )


def _torn(say: str, *, english: bool) -> Phrase:
    letters = say.replace(" ", "")
    if english:
        # The loose view has joined spelled-out words: "killmyself".
        return parse(letters, {}, english=True)
    between = r"[^\u3400-\u9fffa-z0-9]{1,6}"
    return Phrase((letters[0],), (letters[1],), (), "", re.compile(between.join(map(re.escape, letters))), False)


@cache
def lexicon() -> Lexicon:
    """The shipped lexicon, read once. Raises `ConfigError` or `OSError` when a file is damaged or missing."""
    rows: list[Row] = []
    for file, english in _FILES:
        text = resources.files("anxin.safety").joinpath(file).read_text("utf-8")
        rows += read_rows(tomllib.loads(text), file, english=english)
    phrases = tuple((row, phrase) for row in rows for phrase in row.phrases)
    owners: dict[str, int] = {}
    free = 0
    for place, (_, phrase) in enumerate(phrases):
        for kind, anchors in enumerate((phrase.anchors, phrase.also, phrase.third)):
            bit = 1 << (kind * len(phrases) + place)
            for anchor in anchors:
                owners[anchor] = owners.get(anchor, 0) | bit
            if not anchors:
                free |= bit
    longer: dict[str, list[tuple[str, int]]] = {}
    for anchor, bits in owners.items():
        if len(anchor) > _GRAM:
            longer.setdefault(anchor[:_GRAM], []).append((anchor, bits))
    grams = longer.keys() | {anchor for anchor in owners if len(anchor) <= _GRAM}
    return Lexicon(
        rows=tuple(rows),
        phrases=phrases,
        free=free,
        index={gram: (owners.get(gram, 0), tuple(longer.get(gram, ()))) for gram in grams},
    )
