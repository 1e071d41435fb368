"""Any OpenAI-compatible server as a model: Ollama, vLLM, llama-server, DeepSeek and their like."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from anxin.dialogue import Message
from anxin.model.answer import Timeouts
from anxin.model.chat import ChatClient, on_this_machine
from anxin.model.protocol import Generation, ModelInfo, Piece
from anxin.model.text import estimate

__all__ = ["EndpointModel"]


class EndpointModel:
    """A model behind `base_url` (the address that ends in `/v1`), asked for by the name `model`.

    Asks again up to `retries` times, only while no piece has come, waiting `backoff` seconds and then twice as long.
    `context` is what the server gives the model, in tokens: the protocol has no way to ask. Raises `ConfigError`
    when the address is no http(s) one. Belongs to the event loop that first streams from it.
    """

    def __init__(
        self,
        model: str,
        base_url: str,
        *,
        api_key: str = "",
        context: int = 4096,
        timeouts: Timeouts | None = None,
        retries: int = 2,
        backoff: float = 0.25,
        name: str = "",
    ) -> None:
        self._chat = ChatClient(base_url, model, key=api_key, timeouts=timeouts, retries=retries, backoff=backoff)
        self._info = ModelInfo(name or model, "endpoint", context, outside=not on_this_machine(base_url))

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count(self, messages: Sequence[Message]) -> int:
        """An estimate, rounded up; the server alone has the vocabulary."""
        return estimate(messages)

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        async with aclosing(self._chat.stream(generation, self.count(generation.messages))) as pieces:
            async for piece in pieces:
                yield piece

    async def prepare(self, systems: Sequence[str] = ()) -> None:
        """Nothing: the server loads and caches by itself."""

    async def close(self) -> None:
        await self._chat.close()
