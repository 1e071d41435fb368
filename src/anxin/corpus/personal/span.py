"""What is found: a stretch of text and its kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["KINDS", "TAGGED", "Found", "Kind", "Span", "settle"]

Kind = Literal[
    "name",
    "phone",
    "id_card",
    "wechat",
    "qq",
    "email",
    "account",
    "link",
    "address",
    "school",
    "hospital",
    "workplace",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# The kinds the tagger knows. Accounts are also found by their form; all other kinds are left to the rules.
TAGGED: tuple[Kind, ...] = ("name", "school", "hospital", "workplace", "address", "account")


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` is personal data of that kind. Offsets are code points."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Found:
    """A span with how certain it is: written forms with a check digit or a cue above those by shape, names below."""

    start: int
    end: int
    kind: Kind
    certainty: float = 0.0


def settle(found: Iterable[Found]) -> tuple[Span, ...]:
    """Sorted and disjoint: of what overlaps the surest stays, of equals the longest, then the first."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (-one.certainty, one.start - one.end, one.start)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return tuple(Span(one.start, one.end, one.kind) for one in sorted(kept, key=lambda one: one.start))
