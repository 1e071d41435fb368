from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import select

from anxin.errors import AnxinError, DataError, StoreError, StoreKeyError
from anxin.safety import Ledger, screen
from anxin.store import Store, StoreOptions, Utterance, audit, open_store
from anxin.store.backup import back_up, read_manifest, restore
from anxin.store.lasting import reference_of
from anxin.store.tables import ConversationRow, ErasureRow, KeyRow
from tests.store.conftest import new_database

pytestmark = pytest.mark.anyio

SECRET = "zebra-umbrella 我很难过"


async def talk(store: Store, text: str = SECRET) -> str:
    id = (await store.conversations.create()).id
    verdict = screen(text)
    await store.conversations.append(id, Utterance("client", text, Ledger().fold(verdict), verdict=verdict))
    await store.conversations.append(id, Utterance("counsellor", "我在", Ledger(), "model"))
    return id


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def empty(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """Where a backup goes: on either database, from either."""
    database = str(tmp_path / "new.sqlite") if request.param == "sqlite" else new_database(request)
    opened = open_store(StoreOptions(database=database), tmp_path / "home")
    yield opened
    await opened.close()


async def test_a_backup_is_put_back_on_either_database(store: Store, empty: Store, tmp_path: Path) -> None:
    ids = [await talk(store, f"{SECRET} {number}") for number in range(3)]
    await store.conversations.hold(ids[0], "tester", "an incident")
    before = [await store.conversations.get(id) for id in ids]
    made = await back_up(store, tmp_path / "b.zip", "tester")
    assert read_manifest(tmp_path / "b.zip") == made
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0
    await restore(empty, tmp_path / "b.zip", "tester")
    await empty.prepare()
    assert [await empty.conversations.get(id) for id in ids] == before
    assert await empty.conversations.append(ids[1], Utterance("client", "weiter", Ledger())) is not None
    async with empty.database.reading() as session:
        report = await audit.verify(session, (audit.Anchor.parse(made.head),))
        assert report.faults == ()
    assert await empty.conversations.release(ids[0], "tester") == "kept", "the hold came along"


async def test_no_word_stands_open_in_a_backup(store: Store, tmp_path: Path) -> None:
    id = await talk(store)
    await store.conversations.hold(id, "tester", "zebra-umbrella seen")
    await back_up(store, tmp_path / "b.zip", "tester")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    for text in ("zebra", "难过", id):
        assert text.encode() not in content and json.dumps(text)[1:-1].encode() not in content


async def test_what_was_erased_since_does_not_come_back(store: Store, empty: Store, tmp_path: Path) -> None:
    kept, erased = await talk(store), await talk(store)
    await back_up(store, tmp_path / "b.zip", "tester")
    await store.conversations.delete(erased)
    _, left = await restore(empty, tmp_path / "b.zip", "tester")
    assert left == 1
    await empty.prepare()
    assert await empty.conversations.get(kept) is not None
    assert await empty.conversations.get(erased) is None
    async with empty.database.reading() as session:
        assert set(await session.scalars(select(ConversationRow.reference))) == {reference_of(kept)}
        assert list(await session.scalars(select(KeyRow.owner))) == [f"conversation:{reference_of(kept)}"]
        assert list(await session.scalars(select(ErasureRow.reference))) == [reference_of(erased)]
    await back_up(empty, tmp_path / "c.zip", "tester")
    (empty.erased.path).unlink()
    await restore(empty, tmp_path / "c.zip", "tester", overwrite=True)
    async with empty.database.reading() as session:
        assert list(await session.scalars(select(ErasureRow.reference))) == [reference_of(erased)]


async def test_the_database_that_is_overwritten_tells_what_it_has_erased(store: Store, tmp_path: Path) -> None:
    erased = await talk(store)
    await back_up(store, tmp_path / "b.zip", "tester")
    await store.conversations.delete(erased)
    store.erased.path.unlink()
    await store.close()
    _, left = await restore(store, tmp_path / "b.zip", "tester", overwrite=True)
    assert left == 1 and await store.conversations.get(erased) is None


async def test_conversations_that_are_there_are_not_overwritten_unasked(store: Store, tmp_path: Path) -> None:
    before = await talk(store)
    await back_up(store, tmp_path / "b.zip", "tester")
    after = await talk(store)
    with pytest.raises(DataError, match="--overwrite"):
        await restore(store, tmp_path / "b.zip", "tester")
    assert await store.conversations.get(after) is not None
    await store.close()
    await restore(store, tmp_path / "b.zip", "tester", overwrite=True)
    assert await store.conversations.get(before) is not None and await store.conversations.get(after) is None
    anchors = audit.read_anchors(store.anchors)
    async with store.database.reading() as session:
        assert (await audit.verify(session, anchors)).faults == ()


async def test_a_backup_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("mine", encoding="utf-8")
    with pytest.raises(DataError, match="exists"):
        await back_up(store, tmp_path / "b.zip", "tester")
    assert (tmp_path / "b.zip").read_text(encoding="utf-8") == "mine"


async def test_a_backup_is_one_moment_while_others_write(store: Store, empty: Store, tmp_path: Path) -> None:
    stop = asyncio.Event()

    async def chatter() -> int:
        count = 0
        while not stop.is_set():
            await talk(store)
            count += 1
        return count

    writers = [asyncio.create_task(chatter()) for _ in range(3)]
    await asyncio.sleep(0.3)
    manifest = await back_up(store, tmp_path / "b.zip", "tester")
    stop.set()
    assert sum(await asyncio.gather(*writers)) > 0
    assert manifest.members["conversations"][0] == manifest.members["keys"][0] > 0
    await restore(empty, tmp_path / "b.zip", "tester")
    async with empty.database.reading() as session:
        references = list(await session.scalars(select(ConversationRow.reference)))
    for reference in references:
        assert await empty.conversations.show(reference, "tester", why="test") is not None


@pytest.mark.parametrize("damage", ["cut", "changed", "text", "missing", "extra", "manifest", "absent"])
async def test_a_damaged_backup_changes_nothing(store: Store, tmp_path: Path, damage: str) -> None:
    id = await talk(store)
    path, bad = tmp_path / "b.zip", tmp_path / "bad.zip"
    await back_up(store, path, "tester")
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    if damage == "cut":
        bad.write_bytes(content[: len(content) // 2])
    elif damage == "text":
        bad.write_text("not a zip", encoding="utf-8")
    elif damage != "absent":
        if damage == "changed":
            members["keys.jsonl"] = members["keys.jsonl"].replace(b"conversation:", b"conversation;")
        elif damage == "missing":
            del members["holds.jsonl"]
        elif damage == "extra":
            members["more.jsonl"] = b"{}"
        else:
            members["manifest.json"] = b'{"format": "anxin.backup/1"}'
        with zipfile.ZipFile(bad, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    with pytest.raises(DataError) as raised:
        await restore(store, bad, "tester", overwrite=True)
    assert "\n" not in str(raised.value)
    assert await store.conversations.get(id) is not None


async def test_a_backup_without_its_master_key_changes_nothing(store: Store, empty: Store, tmp_path: Path) -> None:
    await talk(store)
    await back_up(store, tmp_path / "b.zip", "tester")
    (tmp_path / "home" / "store.key").unlink()
    with pytest.raises(StoreKeyError, match="sealed with master key"):
        await restore(empty, tmp_path / "b.zip", "tester")
    assert not (tmp_path / "home" / "store.key").exists()
    if empty.database.path is not None:
        assert not empty.database.path.exists()


async def test_a_backup_whose_audit_log_was_mended_is_refused(store: Store, tmp_path: Path) -> None:
    await talk(store)
    await store.database.scrub()
    async with store.database.writing() as session:
        await (await session.connection()).exec_driver_sql("UPDATE audit SET actor = 'nobody' WHERE number = 2")
    await back_up(store, tmp_path / "b.zip", "tester")
    with pytest.raises(AnxinError, match="audit log"):
        await restore(store, tmp_path / "b.zip", "tester", overwrite=True)


async def test_a_sqlite_database_in_use_is_not_replaced(tmp_path: Path) -> None:
    options = StoreOptions(database=str(tmp_path / "a.sqlite"))
    store, serving = open_store(options, tmp_path / "home"), open_store(options, tmp_path / "home")
    await store.prepare()
    id = await talk(store)
    await back_up(store, tmp_path / "b.zip", "tester")
    await serving.prepare()
    with pytest.raises(StoreError, match="in use"):
        await restore(store, tmp_path / "b.zip", "tester", overwrite=True)
    assert await serving.conversations.get(id) is not None
    await serving.close()
    await restore(store, tmp_path / "b.zip", "tester", overwrite=True)
    await store.close()
    assert not any((tmp_path / f"a.sqlite.restoring{ending}").exists() for ending in ("", "-wal", "-shm"))


async def test_a_backup_of_an_older_revision_is_brought_to_this_one(empty: Store, tmp_path: Path) -> None:
    """Only the tables of the second revision are in it."""
    old = open_store(StoreOptions(database=str(tmp_path / "old.sqlite")), tmp_path / "home")
    from anxin.store import schema

    async with old.database.writing() as session:
        connection = await session.connection()
        await connection.run_sync(schema.upgrade, "0002_people")
        await old.locks.unlock(session)
        await audit.append(session, "tester", "test.written", "old")
    manifest = await back_up(old, tmp_path / "b.zip", "tester")
    assert manifest.revision == "0002_people" and "conversations" not in manifest.members
    await old.close()
    await restore(empty, tmp_path / "b.zip", "tester")
    await empty.prepare()
    assert await talk(empty)
