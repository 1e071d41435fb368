"""What Anxin may offer beside its words: a crosstalk piece, a guided exercise or a card that explains something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from anxin.dialogue import Language

__all__ = ["KINDS", "VOICES", "Kind", "Piece", "Topic", "voice"]

Kind = Literal["crosstalk", "exercise", "card"]

KINDS: tuple[Kind, ...] = get_args(Kind)

VOICES: tuple[tuple[str, str], ...] = (("甲：", "甲"), ("乙：", "乙"), ("A: ", "A"), ("B: ", "B"))
"""How a crosstalk line begins, and whose voice it is."""

Topic = Literal[
    "anger",
    "anxiety",
    "body",
    "boundaries",
    "breathing",
    "change",
    "communication",
    "daily_life",
    "exams",
    "family",
    "food",
    "friends",
    "grief",
    "grounding",
    "growth",
    "habits",
    "kindness",
    "loneliness",
    "love",
    "low_mood",
    "money",
    "neighbours",
    "panic",
    "parenting",
    "perfectionism",
    "pets",
    "phone",
    "relaxation",
    "rumination",
    "seeking_help",
    "self_worth",
    "shopping",
    "sleep",
    "sport",
    "stress",
    "study",
    "thoughts",
    "trauma",
    "travel",
    "values",
    "weather",
    "work",
    "worry",
]


@dataclass(frozen=True, slots=True)
class Piece:
    """An authored piece, read from `pieces/*.toml` (the format stands in docs/retrieve.md).

    `body` is lines that begin with a voice (crosstalk), steps (exercise) or paragraphs (card). `words` are what a
    client would say when the piece fits. `minutes` is how long an exercise takes, `note` when to stop or to do without.
    """

    id: str
    kind: Kind
    language: Language
    title: str
    body: tuple[str, ...]
    topics: tuple[Topic, ...]
    words: tuple[str, ...]
    source: str = ""
    minutes: int = 0
    note: str = ""


def voice(line: str) -> tuple[str, str]:
    """The voice of a crosstalk line and its words; no voice where the line names none."""
    for start, name in VOICES:
        if line.startswith(start):
            return name, line[len(start) :]
    return "", line
