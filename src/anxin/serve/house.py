"""What the handlers of one app share. Made once by `create_app`; nothing of a conversation is in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from time import time
from typing import cast

from starlette.requests import Request

from anxin.counsel import Event, Turn
from anxin.model import Model
from anxin.serve.metrics import Metrics
from anxin.serve.options import ServeOptions
from anxin.serve.page import Page
from anxin.serve.readiness import Readiness
from anxin.store import Conversations

__all__ = ["House", "Places", "TurnFunction"]

TurnFunction = Callable[[Turn, Model], AsyncGenerator[Event, None]]


class Places:
    """Counts the turns being answered. Beyond the limit there are as many places again for those at risk."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0

    def enter(self, *, at_risk: bool = False) -> bool:
        """Take a place; False, and nothing taken, when there is none."""
        if self.taken >= (self.limit * 2 if at_risk else self.limit):
            return False
        self.taken += 1
        return True

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1


@dataclass(frozen=True, slots=True)
class House:
    """The parts of one app."""

    model: Model
    turn: TurnFunction
    options: ServeOptions
    conversations: Conversations
    places: Places
    metrics: Metrics
    readiness: Readiness
    page: Page
    busy: set[str] = field(default_factory=set)  # conversations with a turn running
    started: int = field(default_factory=lambda: int(time()))

    @classmethod
    def of(cls, request: Request) -> House:
        """The house of the app that received this request."""
        return cast(House, request.app.state.house)
