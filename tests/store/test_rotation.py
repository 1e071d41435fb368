from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import func, select, update

from anxin.errors import StoreKeyError
from anxin.safety import Ledger
from anxin.store import Store, StoreOptions, Utterance, open_store
from anxin.store.rotation import drop_retired, rotate
from anxin.store.sealing import Master
from anxin.store.tables import KeyRow, MasterRow

pytestmark = pytest.mark.anyio


async def filled(store: Store, count: int) -> list[str]:
    ids = []
    for number in range(count):
        ids.append((await store.conversations.create()).id)
        await store.conversations.append(ids[-1], Utterance("client", f"words {number}", Ledger()))
    return ids


async def read(store: Store, ids: list[str]) -> list[str]:
    found = [await store.conversations.get(id) for id in ids]
    return [kept.utterances[0].text for kept in found if kept is not None]


async def masters(store: Store) -> set[str]:
    async with store.database.reading() as session:
        return set(await session.scalars(select(KeyRow.master)))


async def test_every_key_is_wrapped_anew_and_all_is_read_as_before(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anxin.store.rotation._BATCH", 3)
    ids = await filled(store, 7)
    old = await masters(store)
    seen: list[tuple[int, int]] = []
    done = await rotate(store, "tester", lambda some, of: seen.append((some, of)))
    assert await masters(store) == {done.master} and done.master not in old
    assert (done.rewrapped, done.damaged, set(done.retired)) == (7, (), old)
    assert seen[0] == (3, 7) and seen[-1] == (7, 7)
    assert await read(store, ids) == [f"words {number}" for number in range(7)]
    assert len(store.locks.source.read().masters) == 2  # type: ignore[union-attr]
    assert set(await drop_retired(store, "tester")) == old
    assert [master.id for master in store.locks.source.read().masters] == [done.master]  # type: ignore[union-attr]
    assert await read(store, ids) == [f"words {number}" for number in range(7)]


async def test_a_rotation_that_was_stopped_goes_on_where_it_was(
    store: Store, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("anxin.store.rotation._BATCH", 2)
    ids = await filled(store, 6)

    def stop(some: int, of: int) -> None:
        if some == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rotate(store, "tester", stop)
    assert len(await masters(store)) == 2
    assert await drop_retired(store, "tester") == (), "the old key is needed still"
    again = open_store(StoreOptions(database=database), tmp_path / "home")
    await again.prepare()
    assert await read(again, ids) == [f"words {number}" for number in range(6)]
    done = await rotate(again, "tester")
    assert done.rewrapped == 2 and await masters(again) == {done.master}
    assert len(again.locks.source.read().masters) == 2, "no third key was made"  # type: ignore[union-attr]
    await again.close()


async def test_what_serves_meanwhile_takes_part(store: Store, database: str, tmp_path: Path) -> None:
    serving = open_store(StoreOptions(database=database), tmp_path / "home")
    await serving.prepare()
    (before,) = await filled(serving, 1)
    done = await rotate(store, "tester")
    (after,) = await filled(serving, 1)
    assert await masters(store) == {done.master}
    assert await read(serving, [before, after]) == ["words 0", "words 0"]
    await serving.close()


async def test_a_conversation_begun_in_the_moment_of_a_rotation_waits_for_it(
    store: Store, database: str, tmp_path: Path
) -> None:
    serving = open_store(StoreOptions(database=database), tmp_path / "home")
    await serving.prepare()
    await filled(serving, 1)
    async with store.database.writing() as session:
        master, _ = await store.locks.begin_rotation(session, "tester")
        begun = asyncio.create_task(filled(serving, 1))
        await asyncio.sleep(0.5)
        assert not begun.done()
    (id,) = await begun
    assert await read(serving, [id]) == ["words 0"]
    assert master in await masters(store)
    await serving.close()


async def test_a_damaged_key_is_left_as_it_is_and_keeps_its_master(store: Store) -> None:
    ids = await filled(store, 3)
    async with store.database.writing() as session:
        owner = await session.scalar(select(func.min(KeyRow.owner)))
        await session.execute(update(KeyRow).where(KeyRow.owner == owner).values(wrapped=b"\x01" * 61))
    done = await rotate(store, "tester")
    assert (done.rewrapped, done.damaged, done.retired) == (2, (owner,), ())
    assert await drop_retired(store, "tester") == ()
    assert len(ids) == 3


async def test_the_wrong_master_key_is_one_clear_line_and_loses_nothing(
    store: Store, database: str, tmp_path: Path
) -> None:
    ids = await filled(store, 1)
    path = tmp_path / "home" / "store.key"
    right = path.read_text(encoding="ascii")
    path.write_text(base64.b64encode(Master.new().key).decode(), encoding="ascii")
    other = open_store(StoreOptions(database=database), tmp_path / "home")
    with pytest.raises(StoreKeyError, match="sealed with master key") as raised:
        await other.prepare()
    assert "\n" not in str(raised.value) and str(path) in str(raised.value)
    await other.close()

    path.unlink()
    with pytest.raises(StoreKeyError, match="sealed with master key"):
        await other.prepare()
    assert not path.exists(), "no new key is made where something is sealed already"
    await other.close()

    path.write_text(right, encoding="ascii")
    path.chmod(0o600)
    await other.prepare()
    assert await read(other, ids) == ["words 0"]
    await other.close()


async def test_a_key_from_the_environment_turns_when_the_operator_puts_the_new_one_first(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = (base64.b64encode(Master.new().key).decode() for _ in range(2))
    monkeypatch.setenv("KEY", old)
    store = open_store(StoreOptions(database=database, key_variable="KEY"), tmp_path / "home")
    await store.prepare()
    ids = await filled(store, 2)
    with pytest.raises(StoreKeyError, match="put the new key before the old one"):
        await rotate(store, "tester")
    assert await read(store, ids) == ["words 0", "words 1"]
    monkeypatch.setenv("KEY", f"{new} {old}")
    assert (await rotate(store, "tester")).rewrapped == 2
    monkeypatch.setenv("KEY", new)
    again = open_store(StoreOptions(database=database, key_variable="KEY"), tmp_path / "home")
    await again.prepare()
    assert await read(again, ids) == ["words 0", "words 1"]
    async with again.database.reading() as session:
        assert len((await session.scalars(select(MasterRow.id).where(MasterRow.retired_at.is_(None)))).all()) == 1
    await store.close()
    await again.close()
    assert not (tmp_path / "home" / "store.key").exists()
