from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.model.queue import Queue, Ticket

pytestmark = pytest.mark.anyio


async def test_the_first_is_seated_at_once_and_hears_of_no_place() -> None:
    ticket = Queue().join()
    assert [place async for place in ticket.places()] == []


async def test_everyone_hears_of_each_new_place_until_seated() -> None:
    queue = Queue()
    first = queue.join()
    heard: dict[str, list[int]] = {"b": [], "c": []}
    tickets = {name: queue.join() for name in heard}

    async def wait(name: str) -> None:
        async for place in tickets[name].places():
            heard[name].append(place)

    tasks = [asyncio.create_task(wait(name)) for name in heard]
    await asyncio.sleep(0)
    first.leave()
    await tasks[0]
    await asyncio.sleep(0)
    assert heard == {"b": [1], "c": [2, 1]}
    tickets["b"].leave()
    await tasks[1]
    assert heard["c"] == [2, 1]
    assert len(queue) == 0


async def test_who_gives_up_leaves_the_line_and_the_others_move_up() -> None:
    queue = Queue()
    seated, impatient, patient = queue.join(), queue.join(), queue.join()

    async def wait() -> None:
        try:
            async for _ in impatient.places():
                pass
        finally:
            impatient.leave()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert patient.place == 1
    seated.leave()
    assert patient.place == 0


async def test_leaving_twice_frees_one_seat() -> None:
    queue = Queue()
    first, second, third = queue.join(), queue.join(), queue.join()
    first.leave()
    first.leave()
    assert (second.place, third.place) == (0, 1)


@given(st.integers(1, 3), st.lists(st.one_of(st.none(), st.integers(0, 9)), max_size=40))
def test_first_come_first_served_and_never_more_than_the_seats(seats: int, moves: list[int | None]) -> None:
    queue = Queue(seats)
    line: list[Ticket] = []
    for move in moves:  # None joins, a number has that ticket leave
        if move is None:
            line.append(queue.join())
        elif line:
            line.pop(move % len(line)).leave()
        assert [ticket.place for ticket in line] == [max(0, place - seats + 1) for place in range(len(line))]
        assert len(queue) == max(0, len(line) - seats)


def test_a_queue_without_seats_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one seat"):
        Queue(0)
