"""What every model can do: say what it is, count tokens, and stream an answer that can be cancelled.

A model knows nothing of risk or prompts. It keeps nothing of a conversation between two calls.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from anxin.dialogue import Language, Message

__all__ = ["Done", "Generation", "Model", "ModelInfo", "Piece", "Reply", "Thought", "Waiting"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What can be known of a model before it speaks.

    `context` is the window in tokens, prompt and reply together. `instructable` is False for models too small to
    follow a system prompt: the counsellor then sends the dialogue alone. `demonstration` marks the embedded default,
    so that pages can say plainly that a larger model does better. `outside` tells that words sent to it leave this
    machine. `temperature` is what suits it when nobody names one; `languages` are those it can hold a conversation in.
    """

    name: str
    backend: Literal["echo", "embedded", "endpoint"]
    context: int
    instructable: bool = True
    demonstration: bool = False
    outside: bool = False
    temperature: float = 0.7
    languages: tuple[Language, ...] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Generation:
    """One request to a model. `messages` end with the client's message; lengths are in tokens.

    `schema` is a JSON Schema that the reply shall follow; a server may not know how, so the reply is checked all the
    same, and echo pays no heed to it.
    """

    messages: tuple[Message, ...]
    max_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.9
    stop: tuple[str, ...] = ()
    seed: int | None = None
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The request stands in the queue; `place` 1 is next. Sent whenever the place changes."""

    place: int


@dataclass(frozen=True, slots=True)
class Thought:
    """Reasoning, kept apart from the reply (`<think>` blocks, `reasoning_content`)."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A piece of the reply, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The last piece of every answer that did not raise. Counts are in the model's tokens."""

    reason: Literal["stop", "length"]
    prompt_tokens: int
    reply_tokens: int


Piece = Waiting | Thought | Reply | Done


class Model(Protocol):
    """A language model behind any backend.

    `stream` yields `Waiting`*, then `Thought` and `Reply` pieces, then exactly one `Done`. Closing the iterator
    (`aclose`, or cancelling the task that reads it) stops the generation promptly and frees its place. It raises
    `ModelUnavailable` before the first word, `ModelBroken` after it, `ContextTooLong` when the prompt does not fit;
    text once yielded is never yielded again by a retry.
    """

    @property
    def info(self) -> ModelInfo: ...

    def stream(self, generation: Generation) -> AsyncGenerator[Piece, None]: ...

    async def prepare(self, systems: Sequence[str] = ()) -> None:
        """Do what would make the first client wait: load weights, and read these system prompts where that helps.

        Returns when the model can answer; prompts may still be read behind other work. Doing it again costs nothing.
        """
        ...

    def count(self, messages: Sequence[Message]) -> int:
        """Tokens these messages take in the model's prompt; an estimate, rounded up, where the model cannot say."""
        ...

    async def close(self) -> None: ...
