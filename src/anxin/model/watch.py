"""Interrupt a read that takes too long, for a fraction of what `asyncio.timeout` costs every token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

from anxin.model.answer import Answer

__all__ = ["Watch"]

_GOODBYE: Final = 0.1  # seconds for the stream's end once the answer is whole, so that the connection can be used again
_BUSY: Final = 0.05  # seconds after which to look again when nobody reads at the deadline


class Watch:
    """One timer for a whole answer, set anew only when it goes off too early; `stop` it at the end.

    Cancels and un-cancels the reading task as asyncio's own timeout does (asyncio.timeouts, Python 3.11).
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._begun = answer.begun
        self._late = False
        self._task: asyncio.Task[Any] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_at(answer.deadline(), self._look)

    async def read(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        """The next chunk or None at the end; raises `TimeoutError` past the answer's deadline."""
        if self._answer.ended:
            return await _farewell(chunks)
        if self._begun != self._answer.begun:
            self._begun = True
            self._set(self._answer.deadline())
        task = asyncio.current_task()
        assert task is not None
        cancelling = task.cancelling()
        self._task = task
        try:
            return await anext(chunks, None)
        except asyncio.CancelledError:
            if self._late and task.uncancel() <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._task = None

    def stop(self) -> None:
        self._timer.cancel()

    def _set(self, when: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        deadline, now = self._answer.deadline(), self._loop.time()
        if now < deadline:
            self._set(deadline)
        elif self._task is None:
            self._set(now + _BUSY)
        else:
            self._late = True
            self._task.cancel()


async def _farewell(chunks: AsyncIterator[bytes]) -> bytes | None:
    """What still comes after a whole answer; a server that merely keeps the line open is not waited for."""
    try:
        async with asyncio.timeout(_GOODBYE):
            return await anext(chunks, None)
    except TimeoutError:
        return None
