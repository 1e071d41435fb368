"""The Python door: a counsellor that answers dialogues with any model, behind the same screen and guard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from anxin.config import home
from anxin.counsel.events import Ended, Event, Failed, Lines, Offered, Screened
from anxin.counsel.judge import Judge
from anxin.counsel.turn import Settings, Turn, turn
from anxin.dialogue import Dialogue
from anxin.errors import DialogueError
from anxin.model import Model
from anxin.model.resolve import resolve
from anxin.retrieve import Piece
from anxin.safety import CrisisLine, Ledger, Notice, Times, Verdict

__all__ = ["Answer", "Counsellor"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole turn: what was said, why, and the ledger to hand to the next turn. `error` tells of a model's failure.

    `offered` is a piece to show after the text. Where the dialogue goes on, put `retrieve.folded(offered)` after the
    counsellor's words, so that the next turn knows what has been shown. `notices` are to be shown before the text.
    """

    text: str
    verdict: Verdict
    ledger: Ledger
    lines: tuple[CrisisLine, ...] = ()
    error: str = ""
    offered: Piece | None = None
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Counsellor:
    """Holds a model and settings, nothing of any conversation. `judge` and `crisis_words` are `turn`'s.

    >>> from anxin import Counsellor
    >>> answer = Counsellor("echo").answer("今天有点累")  # doctest: +SKIP
    """

    model: str | Model = "mini"
    settings: Settings = field(default_factory=Settings)
    judge: Judge | None = None
    crisis_words: bool = False

    def answer(self, dialogue: Dialogue | str, ledger: Ledger | None = None) -> Answer:
        """Answer a dialogue that ends with the client's message, or one message; blocks until the turn is over.

        Without `ledger` the earlier messages are screened anew. Raises `DialogueError` when nobody has spoken.
        """
        return asyncio.run(self._answer(dialogue, ledger))

    async def turn(
        self, dialogue: Dialogue, model: Model, ledger: Ledger | None = None, times: Times | None = None
    ) -> AsyncGenerator[Event, None]:
        """The events of one turn with a model that is already open; `times` are what the caller keeps of the talk."""
        if dialogue.last is None or dialogue.last.role != "client":
            raise DialogueError("the dialogue must end with the client's message")
        past = Dialogue(dialogue.messages[:-1], dialogue.id)
        request = Turn(dialogue, Ledger.of(past) if ledger is None else ledger, self.settings, times)
        async with aclosing(turn(request, model, judge=self.judge, crisis_words=self.crisis_words)) as events:
            async for event in events:
                yield event

    async def _answer(self, dialogue: Dialogue | str, ledger: Ledger | None) -> Answer:
        if isinstance(dialogue, str):
            dialogue = Dialogue().says("client", dialogue)
        model = resolve(self.model, home()) if isinstance(self.model, str) else self.model
        screened: Screened | None = None
        ended: Ended | None = None
        lines: tuple[CrisisLine, ...] = ()
        offered: Piece | None = None
        notices: list[Notice] = []
        error = ""
        try:
            async for event in self.turn(dialogue, model, ledger):
                if isinstance(event, Screened):
                    screened = event
                elif isinstance(event, Notice):
                    notices.append(event)
                elif isinstance(event, Lines):
                    lines = event.lines
                elif isinstance(event, Offered):
                    offered = event.piece
                elif isinstance(event, Failed):
                    error = event.message
                elif isinstance(event, Ended):
                    ended = event
        finally:
            if isinstance(self.model, str):
                await model.close()
        assert screened is not None and ended is not None
        return Answer(ended.text, screened.verdict, ended.ledger, lines, error, offered, tuple(notices))
