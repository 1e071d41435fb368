"""Waiting for a model that somebody else is waiting for: only so long, and never for its goodbye."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["within"]

_T = TypeVar("_T")

logger = logging.getLogger("anxin.counsel")


async def within(seconds: float, work: Coroutine[Any, Any, _T], name: str) -> _T | None:
    """What `work` comes to, or None where it breaks or takes longer; the log then tells `name` and why, no text.

    Work that is out of time is cancelled and not waited for: a model that is slow to let go holds up nobody. Cancelling
    the caller cancels the work.
    """
    task = asyncio.create_task(work)
    task.add_done_callback(_seen)
    try:
        await asyncio.wait((task,), timeout=seconds)
    finally:
        task.cancel()
    if not task.done() or task.cancelled():
        logger.warning("%s did not answer in %g seconds", name, seconds)
        return None
    if (fault := task.exception()) is not None:
        logger.warning("%s failed: %s", name, type(fault).__name__)
        return None
    return task.result()


def _seen(task: asyncio.Task[Any]) -> None:
    """asyncio prints a fault that nobody has looked at, and its text with it."""
    if not task.cancelled():
        task.exception()
