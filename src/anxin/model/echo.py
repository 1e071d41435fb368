"""A real backend without a model: it says what it is told to, for tests and demonstrations.

A token is one character of Chinese, Japanese or Korean, or one run of up to four other characters.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Final

from anxin.dialogue import Message
from anxin.errors import ContextTooLong
from anxin.model.protocol import Done, Generation, ModelInfo, Piece, Reply, Thought

__all__ = ["EchoModel"]

Script = Sequence[str] | Callable[[tuple[Message, ...]], str]

_TOKEN: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef\u3000-\u303f]|[^\s]{1,4}")
_PIECE: Final = 3  # characters


class EchoModel:
    """Deterministic; keeps no state: the reply is a function of the dialogue alone.

    `script` is a list of replies, taken in turn by how many counsellor's messages the dialogue holds and over again
    when it ends, or a function of the messages; without it the client's last message comes back. `thought` is
    streamed first. `delay` is seconds before each piece. `error` is raised once `fail_after` pieces of the reply
    were given, with 0 before anything. Replies longer than `max_tokens` end with the reason `length`; `stop` strings
    end them with `stop`.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        thought: str = "",
        delay: float = 0.0,
        error: Exception | None = None,
        fail_after: int = 0,
        context: int = 4096,
        name: str = "echo",
        instructable: bool = True,
    ) -> None:
        if script is not None and not callable(script) and not script:
            raise ValueError("an echo script needs at least one reply")
        self._script = script
        self._thought = thought
        self._delay = delay
        self._error = error
        self._fail_after = fail_after
        self._info = ModelInfo(name, "echo", context, instructable)

    @property
    def info(self) -> ModelInfo:
        return self._info

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens by the rule above, and two for each message's frame."""
        return sum(len(_TOKEN.findall(message.text)) + 2 for message in messages)

    async def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        prompt = self.count(generation.messages)
        if prompt >= self._info.context:
            raise ContextTooLong(f"{prompt} tokens do not fit the model's {self._info.context}; shorten the dialogue")
        text, reason, tokens = _limited(self._says(generation.messages), generation)
        self._fail(given=0)
        for piece in _pieces(self._thought):
            await asyncio.sleep(self._delay)
            yield Thought(piece)
        given = 0
        for piece in _pieces(text):
            self._fail(given)
            await asyncio.sleep(self._delay)
            yield Reply(piece)
            given += 1
        self._fail(given)
        yield Done("length" if reason else "stop", prompt, tokens)

    async def prepare(self, systems: Sequence[str] = ()) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to give back."""

    def _says(self, messages: tuple[Message, ...]) -> str:
        if callable(self._script):
            return self._script(messages)
        if self._script is None:
            return next((message.text for message in reversed(messages) if message.role == "client"), "")
        return self._script[sum(message.role == "counsellor" for message in messages) % len(self._script)]

    def _fail(self, given: int) -> None:
        if self._error is not None and given >= self._fail_after:
            raise self._error


def _limited(text: str, generation: Generation) -> tuple[str, bool, int]:
    """The reply within its limits, whether the length cut it, and its tokens."""
    for stop in filter(None, generation.stop):
        text = text.partition(stop)[0]
    tokens = [match.end() for match in _TOKEN.finditer(text)]
    if len(tokens) > generation.max_tokens:
        end = tokens[generation.max_tokens - 1] if generation.max_tokens > 0 else 0
        return text[:end], True, generation.max_tokens
    return text, False, len(tokens)


def _pieces(text: str) -> list[str]:
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
