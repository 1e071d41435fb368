"""A model for tests that does with each question what it is told to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence

from anxin.dialogue import Message
from anxin.errors import ModelBroken
from anxin.model import Done, Generation, ModelInfo, Piece, Reply, Thought


class Scripted:
    """Does for each last message, the so-manieth time it is asked, what `does` says: a reply, an error, or to `hang`.

    Counts what it was asked. Every answer takes 10 tokens of prompt and 5 of reply.
    """

    def __init__(
        self, does: Callable[[str, int], object] | None = None, *, pause: float = 0.0, name: str = "scripted"
    ) -> None:
        self.does, self.pause, self.name = does, pause, name
        self.asked: Counter[str] = Counter()
        self.open = self.most = 0
        self.closed = False

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(self.name, "echo", 4096)

    def count(self, messages: Sequence[Message]) -> int:
        return 10

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        text = generation.messages[-1].text
        self.asked[text] += 1
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            await asyncio.sleep(self.pause)
            does = self.does(text, self.asked[text]) if self.does is not None else f"re {text}"
            if isinstance(does, Exception):
                if isinstance(does, ModelBroken):
                    yield Reply("half")
                raise does
            if does == "hang":
                await asyncio.Event().wait()
            yield Thought("hm")
            yield Reply(str(does))
            yield Done("stop", 10, 5)
        finally:
            self.open -= 1

    async def prepare(self, systems: Sequence[str] = ()) -> None: ...

    async def close(self) -> None:
        self.closed = True
