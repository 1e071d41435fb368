"""Reading a model's stream in tests."""

from __future__ import annotations

from collections.abc import Iterable

from anxin.dialogue import Message
from anxin.model import Done, Generation, Model, Piece, Reply, Thought


def asks(text: str, max_tokens: int = 512, **more: object) -> Generation:
    """A request with one message of the client's."""
    return Generation((Message("client", text),), max_tokens=max_tokens, **more)  # type: ignore[arg-type]


async def read(model: Model, generation: Generation) -> list[Piece]:
    return [piece async for piece in model.stream(generation)]


def replied(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Reply))


def thought(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Thought))


def done(pieces: list[Piece]) -> Done:
    """The last piece, which alone is `Done`."""
    assert [isinstance(piece, Done) for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert isinstance(pieces[-1], Done)
    return pieces[-1]
