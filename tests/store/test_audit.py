from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.errors import DataError
from anxin.store import Store, audit
from anxin.store.audit import Anchor, AuditReport, note_anchor, read_anchors
from anxin.store.tables import AuditHeadRow, AuditRow

pytestmark = pytest.mark.anyio


async def write(store: Store, count: int, actor: str = "tester") -> None:
    for number in range(count):
        async with store.database.writing() as session:
            await audit.append(session, actor, "test.written", f"thing:{number}", {"number": number, "word": "安"})


async def checked(store: Store, *anchors: Anchor) -> AuditReport:
    async with store.database.reading() as session:
        return await audit.verify(session, anchors)


async def test_a_chain_that_nobody_touched_is_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anxin.store.audit._BATCH", 4)
    await write(store, 10)
    report = await checked(store)
    assert report.faults == ()
    assert report.entries == 11, "ten, and the making of the first key"
    assert (await checked(store, report.head)).faults == ()
    await write(store, 1)
    assert (await checked(store, report.head, Anchor(0, report.head.hash))).faults == ()


async def test_what_is_not_done_is_not_told(store: Store) -> None:
    before = await checked(store)
    with pytest.raises(RuntimeError):
        async with store.database.writing() as session:
            await audit.append(session, "tester", "test.undone", "thing")
            raise RuntimeError
    assert await checked(store) == before


async def _change(session: AsyncSession, **values: object) -> None:
    await session.execute(update(AuditRow).where(AuditRow.number == 3).values(**values))


async def _reorder(session: AsyncSession) -> None:
    for old, new in [(3, 99), (4, 3), (99, 4)]:
        await session.execute(update(AuditRow).where(AuditRow.number == old).values(number=new))


async def _insert(session: AsyncSession) -> None:
    for number in range(6, 2, -1):
        await session.execute(update(AuditRow).where(AuditRow.number == number).values(number=number + 1))
    third = (await session.scalars(select(AuditRow).where(AuditRow.number == 2))).one()
    session.add(
        AuditRow(
            number=3,
            at=third.at,
            actor="nobody",
            action="never",
            subject="was",
            detail="{}",
            previous=third.hash,
            hash="f" * 64,
        )
    )


TAMPERS: dict[str, Callable[[AsyncSession], object]] = {
    "actor": lambda session: _change(session, actor="someone else"),
    "action": lambda session: _change(session, action="test.other"),
    "subject": lambda session: _change(session, subject="other"),
    "detail": lambda session: _change(session, detail="{}"),
    "previous": lambda session: _change(session, previous="0" * 64),
    "hash": lambda session: _change(session, hash="0" * 64),
    "removed": lambda session: session.execute(delete(AuditRow).where(AuditRow.number == 3)),
    "first removed": lambda session: session.execute(delete(AuditRow).where(AuditRow.number == 1)),
    "last removed": lambda session: session.execute(delete(AuditRow).where(AuditRow.number == 6)),
    "all removed": lambda session: session.execute(delete(AuditRow)),
    "head": lambda session: session.execute(update(AuditHeadRow).values(number=5)),
    "reordered": _reorder,
    "inserted": _insert,
}


@pytest.mark.parametrize("name", TAMPERS)
async def test_whatever_is_done_to_the_chain_is_found(store: Store, name: str) -> None:
    await write(store, 5)
    async with store.database.writing() as session:
        await TAMPERS[name](session)  # type: ignore[misc]
    assert (await checked(store)).faults


async def test_the_time_of_an_entry_counts_to_the_microsecond(store: Store) -> None:
    await write(store, 5)
    async with store.database.writing() as session:
        await (await session.connection()).exec_driver_sql("UPDATE audit SET at = at + 1 WHERE number = 3")
    assert (await checked(store)).faults == ("entry 3 was changed",)


async def _rewrite(store: Store, keep: int) -> None:
    """What someone with the whole database in their hands can do: cut the end off, and mend the head."""
    async with store.database.writing() as session:
        last = (await session.scalars(select(AuditRow).where(AuditRow.number == keep))).one()
        await session.execute(delete(AuditRow).where(AuditRow.number > keep))
        await session.execute(update(AuditHeadRow).values(number=keep, hash=last.hash))


async def test_a_cut_that_was_mended_is_found_by_an_anchor_alone(store: Store) -> None:
    await write(store, 5)
    anchor = (await checked(store)).head
    await _rewrite(store, 3)
    assert (await checked(store)).faults == ()
    assert "cut off" in (await checked(store, anchor)).faults[0]
    assert "cut off" in (await checked(store, Anchor(0, anchor.hash))).faults[0]


async def test_a_chain_that_was_written_anew_is_found_by_an_anchor(store: Store) -> None:
    await write(store, 5)
    anchor = (await checked(store)).head
    await _rewrite(store, 3)
    await write(store, 8, "a liar")
    assert (await checked(store)).faults == ()
    assert (await checked(store, anchor)).faults == ("entry 6 is not the one that was anchored",)
    assert "written anew" in (await checked(store, Anchor(0, anchor.hash))).faults[0]


async def test_many_writers_make_one_chain(store: Store) -> None:
    await asyncio.gather(*(write(store, 5, f"task {number}") for number in range(10)))
    report = await checked(store)
    assert (report.entries, report.faults) == (51, ())


WRITER = """
import asyncio, sys
from pathlib import Path
from anxin.store import StoreOptions, audit, open_store
async def main():
    store = open_store(StoreOptions(database=sys.argv[1]), Path(sys.argv[2]))
    await store.prepare()
    async def one(task):
        for number in range(10):
            async with store.database.writing() as session:
                await audit.append(session, sys.argv[3], "test.written", f"{task}:{number}")
    await asyncio.gather(*(one(task) for task in range(3)))
    await store.close()
asyncio.run(main())
"""


async def test_two_processes_make_one_chain(store: Store, database: str, tmp_path: Path) -> None:
    begun = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, database, str(tmp_path / "home"), name)
        for name in ("a", "b")
    ]
    for process in begun:
        assert await asyncio.wait_for(process.wait(), 120) == 0
    report = await checked(store)
    assert (report.entries, report.faults) == (61, ())
    async with store.database.reading() as session:
        actors = (await session.scalars(select(AuditRow.actor).order_by(AuditRow.number))).all()
    assert {actor: actors.count(actor) for actor in ("a", "b")} == {"a": 30, "b": 30}


async def test_tidying_notes_an_anchor_and_the_file_is_read_back(store: Store) -> None:
    first = read_anchors(store.anchors)
    await write(store, 2)
    await store.conversations.tidy()
    await store.conversations.tidy()
    anchors = read_anchors(store.anchors)
    assert len(anchors) == len(first) + 1, "the same head is not noted twice"
    assert (await checked(store, *anchors)).faults == ()
    await _rewrite(store, 2)
    assert (await checked(store, *anchors)).faults


def test_a_restored_backup_overtakes_later_anchors(tmp_path: Path) -> None:
    path = tmp_path / "anchors"
    one, two, three = (Anchor(number, str(number) * 64) for number in (1, 5, 9))
    note_anchor(path, one)
    note_anchor(path, three)
    note_anchor(path, two, restored=True)
    assert read_anchors(path) == (one,)
    note_anchor(path, three)
    assert read_anchors(path) == (one, three)


@pytest.mark.parametrize("text", ["", "1", "1:abc", "x:" + "0" * 64, "1:" + "G" * 64])
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="verify-audit"):
        Anchor.parse(text)
