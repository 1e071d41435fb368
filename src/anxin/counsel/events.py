"""The typed events of one turn. The page, the terminal and the OpenAI-compatible API all read this one stream.

`Notice` comes from `safety`, which words it: right after `Screened`, before any reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from anxin.dialogue import Language
from anxin.retrieve import Piece
from anxin.safety import CrisisLine, Ledger, Notice, Verdict

__all__ = [
    "Ended",
    "Event",
    "Failed",
    "Lines",
    "Notice",
    "Offered",
    "Reasoning",
    "Route",
    "Screened",
    "Spoken",
    "Stage",
    "Truncated",
    "Waiting",
]


class Route(StrEnum):
    """Where a turn goes once it is screened."""

    CRISIS = "crisis"
    DECLINE = "decline"
    CONVERSE = "converse"
    HUMOUR = "humour"


class Stage(StrEnum):
    """Hill's three stages of helping (Helping Skills: Facilitating Exploration, Insight, and Action)."""

    EXPLORATION = "exploration"
    INSIGHT = "insight"
    ACTION = "action"


@dataclass(frozen=True, slots=True)
class Screened:
    """First event of every turn. `ledger` is the conversation's risk with this message folded in."""

    verdict: Verdict
    ledger: Ledger
    route: Route
    stage: Stage
    language: Language


@dataclass(frozen=True, slots=True)
class Waiting:
    """The turn waits for the model; `place` 1 is next."""

    place: int


@dataclass(frozen=True, slots=True)
class Truncated:
    """`dropped` messages of the middle were not shown to the model; `shortened`: the newest was cut."""

    dropped: int
    shortened: bool = False


@dataclass(frozen=True, slots=True)
class Reasoning:
    """The model's reasoning, apart from its reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """A piece of what the client reads. `by` tells authored safety wording from a model's."""

    text: str
    by: Literal["model", "anxin"]


@dataclass(frozen=True, slots=True)
class Lines:
    """Crisis lines to show as a card, best first; they come from the dated data file."""

    lines: tuple[CrisisLine, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """A piece to show folded, after the model's words and only where they came to a good end."""

    piece: Piece


@dataclass(frozen=True, slots=True)
class Failed:
    """The model could not answer. The screen's verdict and any authored reply stand."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Last event of every turn, also after `Failed`. Token counts are the model's, 0 where none spoke."""

    reason: Literal["stop", "length", "guarded", "failed"]
    text: str
    ledger: Ledger
    prompt_tokens: int = 0
    reply_tokens: int = 0


Event = Screened | Notice | Waiting | Truncated | Reasoning | Spoken | Lines | Offered | Failed | Ended
