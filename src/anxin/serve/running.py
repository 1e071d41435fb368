"""One turn on its way to one client: admitted, pumped, watched and counted. Both HTTP surfaces run on this.

Whoever is at risk is answered even where others are refused (server full, conversation too long): the turn runs as
far as its screening, and only then is it closed. Up to there it has
touched no model but a judge, where one is set.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from starlette.types import Receive

from anxin.counsel import (
    Ended,
    Event,
    Failed,
    Lines,
    Notice,
    Offered,
    Reasoning,
    Route,
    Screened,
    Spoken,
    Turn,
    Waiting,
)
from anxin.errors import ContextTooLong
from anxin.retrieve import Piece
from anxin.safety import CrisisLine, Risk
from anxin.serve.house import House
from anxin.serve.pump import Pump
from anxin.serve.refusals import Refusal

__all__ = ["Running", "Surface", "running"]

Surface = Literal["api", "v1"]

_DEPTH = 64  # items a fast model may be ahead of its client; also how long it may hold the loop

logger = logging.getLogger("anxin.serve")


class Running:
    """What has come of the turn so far, and the rest of its events."""

    def __init__(self, house: House, pump: Pump[Event], surface: Surface, screened: Screened, begun: float) -> None:
        self.screened = screened
        self.spoken: list[str] = []
        self.by_model = False
        self.by_us = False
        self.notices: tuple[Notice, ...] = ()
        self.lines: tuple[CrisisLine, ...] = ()
        self.offered: Piece | None = None
        self.failed: Failed | None = None
        self.ended: Ended | None = None
        self._house = house
        self._pump = pump
        self._begun = begun
        self._quiet = True
        self._in_queue = False
        house.metrics.turns.labels(surface, screened.route.value, str(int(screened.verdict.risk))).inc()

    @property
    def text(self) -> str:
        """The reply so far; what replaced it when it was guarded."""
        if self.ended is not None and self.ended.reason == "guarded":
            return self.ended.text
        return "".join(self.spoken)

    @property
    def wordless(self) -> bool:
        """It ended with a failure and nothing was said: there is only the failure to tell."""
        return self.ended is not None and self.failed is not None and not self.spoken

    async def next(self) -> list[Event] | None:
        """The next events, those that are ready together; an empty list for a silence, None when it is over.

        It is over after `Ended`, or without one when the client has left.
        """
        if self.ended is not None:
            return None
        try:
            batch = await self._pump.take(self._house.options.ping_seconds)
        except Exception as fault:  # a turn promises not to raise; should it, the client still gets an ending
            batch = self._broken(f"raised {type(fault).__name__}")
        if batch is None:
            if self._pump.stopped:
                return None
            batch = self._broken("ended without its last event")
        joined = _joined(batch)
        for event in joined:
            self._note(event)
        return joined

    def _broken(self, how: str) -> list[Event]:
        logger.error("a turn %s", how)
        self._house.metrics.faults.inc()
        failed = Failed("fault", "something broke here; try again")
        return [failed, Ended("failed", self.text, self.screened.ledger)]

    def close(self) -> None:
        """Settle what is counted while a turn runs."""
        self._waits(False)

    def _note(self, event: Event) -> None:
        if isinstance(event, Spoken):
            self.spoken.append(event.text)
            if event.by == "model":
                self.by_model = True
            else:
                self.by_us = True
        elif isinstance(event, Waiting):
            self._waits(True)
            return
        elif isinstance(event, Notice):
            self.notices = (*self.notices, event)
        elif isinstance(event, Lines):
            self.lines = event.lines
        elif isinstance(event, Offered):
            self.offered = event.piece
        elif isinstance(event, Failed):
            self.failed = event
            if event.code != ContextTooLong.code:  # that is the prompt's fault
                self._house.readiness.note(event.code)
        elif isinstance(event, Ended):
            self.ended = event
            self._count(event)
        if self._quiet and isinstance(event, Spoken | Reasoning):
            self._quiet = False
            self._pump.depth = _DEPTH  # the first piece went alone, so that it went at once
            self._house.metrics.first_piece.observe(time.perf_counter() - self._begun)
        self._waits(False)

    def _count(self, ended: Ended) -> None:
        metrics = self._house.metrics
        metrics.endings.labels(ended.reason).inc()
        metrics.tokens.labels("prompt").inc(ended.prompt_tokens)
        metrics.tokens.labels("reply").inc(ended.reply_tokens)
        if self.by_model and self.failed is None:
            self._house.readiness.note()

    def _waits(self, waits: bool) -> None:
        if waits != self._in_queue:
            self._in_queue = waits
            self._house.metrics.waiting.inc(1 if waits else -1)


@asynccontextmanager
async def running(
    house: House, turn: Turn, receive: Receive, surface: Surface, *, unless_at_risk: Refusal | None = None
) -> AsyncIterator[Running]:
    """Run a turn until the block is left or the client leaves; either stops the model and frees the place.

    Raises `Refusal`: `unless_at_risk` if given, or 429 when the server is full. Neither stops a crisis reply, which
    needs no model; at T2, where the model speaks too, there is room beyond the limit.
    """
    begun = time.perf_counter()
    pump = Pump(house.turn(turn, house.model))
    watcher = asyncio.create_task(_watch(receive, pump))
    admitted = house.places.enter()
    house.metrics.running.inc()
    run: Running | None = None
    try:
        screened = _screened(await pump.take(house.options.body_seconds))
        at_risk = screened.ledger.risk >= Risk.T2
        if screened.route is not Route.CRISIS:
            if unless_at_risk is not None and not at_risk:
                raise unless_at_risk
            admitted = admitted or (at_risk and house.places.enter(at_risk=True))
            if not admitted:
                raise _full(house)
        run = Running(house, pump, surface, screened, begun)
        yield run
    finally:
        watcher.cancel()
        await pump.close()
        house.metrics.running.dec()
        if run is not None:
            run.close()
        if admitted:
            house.places.leave()


def _screened(first: list[Event] | None) -> Screened:
    if first is None:
        raise Refusal(400, "client_left", "the client left before its message was screened")
    if not first or not isinstance(first[0], Screened):
        raise Refusal(500, "fault", "something broke here; try again")
    return first[0]


async def _watch(receive: Receive, pump: Pump[Event]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    pump.stop()


def _full(house: House) -> Refusal:
    message = f"{house.places.limit} conversations are being answered now; try again in a few seconds"
    return Refusal(429, "busy", message, headers={"retry-after": "5"})


def _joined(batch: list[Event]) -> list[Event]:
    """The batch with neighbouring pieces of one speaker made one."""
    if len(batch) < 2:
        return batch
    joined: list[Event] = []
    texts: list[str] = []
    last: Spoken | None = None
    for event in batch:
        if isinstance(event, Spoken) and last is not None and event.by == last.by:
            texts.append(event.text)
            continue
        if last is not None:
            joined.append(Spoken("".join(texts), last.by))
            last = None
        if isinstance(event, Spoken):
            last = event
            texts = [event.text]
        else:
            joined.append(event)
    if last is not None:
        joined.append(Spoken("".join(texts), last.by))
    return joined
