from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from anxin.serve.pump import Pump

pytestmark = pytest.mark.anyio


async def count(to: int) -> AsyncGenerator[int, None]:
    for number in range(to):
        yield number


async def everything(pump: Pump[int]) -> list[int]:
    got: list[int] = []
    while (batch := await pump.take(1.0)) is not None:
        got += batch
    return got


@pytest.mark.parametrize("depth", [1, 7, 1000])
async def test_everything_arrives_in_order(depth: int) -> None:
    assert await everything(Pump(count(200), depth=depth)) == list(range(200))


async def test_what_is_ready_comes_together() -> None:
    pump = Pump(count(200), depth=64)
    first = await pump.take(1.0)
    assert first is not None and len(first) == 64
    await pump.close()


async def test_the_source_is_held_back_until_its_item_is_taken() -> None:
    reached = []

    async def source() -> AsyncGenerator[int, None]:
        for number in range(3):
            reached.append(number)
            yield number

    pump = Pump(source())
    await asyncio.sleep(0.01)
    assert reached == [0]
    assert await pump.take(1.0) == [0]
    await asyncio.sleep(0.01)
    assert reached == [0, 1]
    await pump.close()


async def test_a_silence_is_an_empty_batch() -> None:
    async def source() -> AsyncGenerator[int, None]:
        await asyncio.sleep(10)
        yield 1

    pump = Pump(source())
    assert await pump.take(0.01) == []
    await pump.close()


async def test_close_cleans_up_the_source_within_its_own_task() -> None:
    tasks = []

    async def source() -> AsyncGenerator[int, None]:
        tasks.append(asyncio.current_task())
        try:
            async with asyncio.timeout(60):
                while True:
                    yield 1
                    await asyncio.sleep(0)
        finally:
            await asyncio.sleep(0)
            tasks.append(asyncio.current_task())

    pump = Pump(source())
    await pump.take(1.0)
    await pump.close()
    assert len(tasks) == 2 and tasks[0] is tasks[1]


async def test_what_was_yielded_before_a_stop_can_still_be_taken() -> None:
    pump = Pump(count(10), depth=4)
    await asyncio.sleep(0)
    pump.stop()
    await asyncio.sleep(0)
    assert await pump.take(1.0) == [0, 1, 2, 3]
    assert await pump.take(1.0) is None


async def test_a_pump_stopped_before_it_began_is_over() -> None:
    pump = Pump(count(10))
    pump.stop()
    assert await pump.take(1.0) is None


async def test_a_fault_comes_after_what_was_yielded() -> None:
    async def source() -> AsyncGenerator[int, None]:
        yield 1
        raise LookupError

    pump = Pump(source(), depth=8)
    assert await pump.take(1.0) == [1]
    with pytest.raises(LookupError):
        await pump.take(1.0)
    await pump.close()
