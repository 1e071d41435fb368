"""Moves the items of an async generator from its own task to whoever writes them out.

The generator runs and is closed inside one task, as timeouts and cancel scopes in it demand. While the writer is
busy, items gather and are taken together: that is what keeps the cost of a token low when tokens come fast, and it
never delays one when they come slowly.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Generic, TypeVar

__all__ = ["Pump"]

_T = TypeVar("_T")


class Pump(Generic[_T]):
    """Starts reading `source` at once, and holds it back while `depth` items wait to be taken."""

    def __init__(self, source: AsyncGenerator[_T, None], *, depth: int = 1) -> None:
        self.depth = depth
        self.stopped = False
        self._source = source
        self._ready: list[_T] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(lambda _: self._news.set())

    async def take(self, patience: float) -> list[_T] | None:
        """All that is ready, at least one; empty when nothing came for `patience` seconds; None when it is over.

        Raises what the generator raised, after everything before it was taken.
        """
        if not self._ready and not self._task.done():
            self._news.clear()
            alarm = asyncio.get_running_loop().call_later(patience, self._news.set)
            try:
                await self._news.wait()
            finally:
                alarm.cancel()
        ready, self._ready = self._ready, []
        self._room.set()
        if ready or not self._task.done():
            return ready
        if not self._task.cancelled() and (fault := self._task.exception()) is not None:
            raise fault
        return None

    def stop(self) -> None:
        """Cancel the generator; what it had yielded before can still be taken."""
        self.stopped = True
        self._task.cancel()

    async def close(self) -> None:
        """Cancel the generator and wait until it has cleaned up."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled():
            self._task.exception()  # seen, so that asyncio does not print it

    async def _run(self) -> None:
        async with aclosing(self._source):
            async for item in self._source:
                self._ready.append(item)
                self._news.set()
                if len(self._ready) >= self.depth:
                    self._room.clear()
                    await self._room.wait()
