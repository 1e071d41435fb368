"""Whether the model can be used now, asked seldom enough that asking costs nothing.

A crisis reply needs no model, so a proxy should take a server out by /healthz; /readyz tells the operator.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing

from anxin.dialogue import Message
from anxin.errors import ModelError
from anxin.model import Generation, Model, Waiting

__all__ = ["Readiness"]

_PROBE = Generation((Message("client", "hi"),), max_tokens=1, temperature=0.0)


class Readiness:
    """Remembers for `fresh` seconds how the last turn or probe went; a probe asks for one token within `patience`."""

    def __init__(
        self, model: Model, *, fresh: float = 30.0, patience: float = 10.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._model = model
        self._fresh = fresh
        self._patience = patience
        self._clock = clock
        self._known: tuple[float, str] | None = None
        self._asking = asyncio.Lock()

    def note(self, fault: str = "") -> None:
        """A turn has shown that the model works, or failed with this code."""
        self._known = (self._clock(), fault)

    async def fault(self) -> str:
        """The code of what is wrong with the model, empty when it can be used."""
        async with self._asking:
            if self._known is None or self._clock() - self._known[0] > self._fresh:
                self.note(await self._probe())
            assert self._known is not None
            return self._known[1]

    async def _probe(self) -> str:
        try:
            async with asyncio.timeout(self._patience):
                if self._model.info.backend == "embedded":
                    # In this process: loaded is ready, and a probe would push a client's dialogue out of its slot.
                    await self._model.prepare()
                    return ""
                async with aclosing(self._model.stream(_PROBE)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Waiting):
                            return ""  # busy with others' turns is at work
        except ModelError as fault:
            return fault.code
        except Exception:  # outer door: a probe must end in an answer, and doubt is "not ready"
            return "model_error"
        return ""
