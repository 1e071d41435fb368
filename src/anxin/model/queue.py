"""A fair line before a model: who comes first is served first, and everyone who waits knows their place.

A small model on two cores answers one or two people at a time; more only stall each other. Everything here belongs to
one event loop and holds no word of anyone's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator

__all__ = ["Queue", "Ticket"]


class Queue:
    """First come, first served, `seats` at once."""

    def __init__(self, seats: int = 1) -> None:
        if seats < 1:
            raise ValueError("a queue needs at least one seat")
        self._free = seats
        self._line: deque[Ticket] = deque()

    def __len__(self) -> int:
        """How many wait."""
        return len(self._line)

    def join(self) -> Ticket:
        """Take the next place. Whoever joins must `leave`, whatever happens."""
        ticket = Ticket(self)
        self._line.append(ticket)
        self._move_up()
        return ticket

    def _leave(self, ticket: Ticket) -> None:
        if ticket.place == 0:
            self._free += 1
        else:
            self._line.remove(ticket)
        self._move_up()

    def _move_up(self) -> None:
        while self._free and self._line:
            self._free -= 1
            self._line.popleft()._move(0)
        for place, ticket in enumerate(self._line, 1):
            ticket._move(place)


class Ticket:
    """A place in the line; `place` is 0 once seated, else 1 for the next."""

    __slots__ = ("_changed", "_gone", "_queue", "place")

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._changed = asyncio.Event()
        self._gone = False
        self.place = -1

    async def places(self) -> AsyncIterator[int]:
        """Each new place as it comes; ends when seated. Someone seated at once sees none."""
        while self.place:
            self._changed.clear()
            yield self.place
            await self._changed.wait()

    def leave(self) -> None:
        """Give up the seat or the place. Safe to call twice."""
        if not self._gone:
            self._gone = True
            self._queue._leave(self)

    def _move(self, place: int) -> None:
        if place != self.place:
            self.place = place
            self._changed.set()
