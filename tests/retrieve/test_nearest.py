"""An embedding model may choose among what was found; it never adds, and without it the words decide."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from anxin.errors import ModelUnavailable
from anxin.retrieve import Nearest, Piece

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def piece(id: str) -> Piece:
    return Piece(id, "card", "zh", id, (f"{id}。",), ("daily_life",), (id, id))


FIRST, SECOND = piece("first"), piece("second")


@dataclass
class Fake:
    """Texts that hold "second" point one way, all others another; `fault` is raised, `pause` waited for, in seconds."""

    fault: Exception | None = None
    pause: float = 0.0
    asked: list[Sequence[str]] = field(default_factory=list)

    async def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
        self.asked.append(texts)
        await asyncio.sleep(self.pause)
        if self.fault is not None:
            raise self.fault
        return [(0.0, 1.0) if "second" in text else (1.0, 0.0) for text in texts]

    async def close(self) -> None: ...


async def test_the_nearest_in_meaning_is_chosen() -> None:
    nearest = Nearest(Fake())
    assert await nearest.choose("like the second", [FIRST, SECOND]) == SECOND
    assert await nearest.choose("like the other", [FIRST, SECOND]) == FIRST


async def test_a_piece_is_embedded_once_and_a_query_never_kept() -> None:
    fake = Fake()
    nearest = Nearest(fake)
    for query in ("one", "two"):
        await nearest.choose(query, [FIRST, SECOND])
    assert [len(texts) for texts in fake.asked] == [3, 1]
    assert not any("one" in str(value) for value in vars(nearest).values() if value is not fake)


async def test_one_piece_needs_no_choice() -> None:
    fake = Fake()
    assert await Nearest(fake).choose("second", [FIRST]) == FIRST and fake.asked == []


@pytest.mark.parametrize("fake", [Fake(ModelUnavailable("down")), Fake(ValueError()), Fake(pause=5.0)])
async def test_a_fault_or_a_slow_model_leaves_the_order_of_the_words(fake: Fake) -> None:
    assert await Nearest(fake, seconds=0.05).choose("second", [FIRST, SECOND]) == FIRST


async def test_vectors_of_other_lengths_are_a_fault() -> None:
    class Odd(Fake):
        async def embed(self, texts: Sequence[str]) -> list[tuple[float, ...]]:
            return [(1.0,) * (place + 1) for place, _ in enumerate(texts)]

    assert await Nearest(Odd()).choose("second", [FIRST, SECOND]) == FIRST
