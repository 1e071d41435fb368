"""Nothing of what a client wrote stands open anywhere, and after an erasure nothing that could open it is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy")

from sqlalchemy import select, text

from anxin.safety import Ledger, screen
from anxin.store import Store, Utterance
from anxin.store.backup import back_up, restore
from anxin.store.lasting import reference_of
from anxin.store.tables import Base, KeyRow, UtteranceRow

pytestmark = pytest.mark.anyio

WORDS = ("zebra-umbrella", "那把红色的伞")


async def talk(store: Store) -> str:
    id = (await store.conversations.create()).id
    for number in range(20):
        said = f"{WORDS[0]} {WORDS[1]} {number}"
        verdict = screen(said)
        await store.conversations.append(id, Utterance("client", said, Ledger().fold(verdict), verdict=verdict))
        await store.conversations.replace_reply(id, Utterance("counsellor", said, Ledger(), "model"))
    await store.conversations.hold(id, "tester", WORDS[0])
    await store.conversations.release(id, "tester")
    return id


async def traces(store: Store, id: str) -> dict[str, bytes]:
    """What must be gone after the erasure: the wrapped key, and the sealed words themselves."""
    async with store.database.reading() as session:
        owner = f"conversation:{reference_of(id)}"
        wrapped = (await session.scalars(select(KeyRow.wrapped).where(KeyRow.owner == owner))).one()
        sealed = (await session.scalars(select(UtteranceRow.sealed))).all()
    return {"wrapped key": wrapped[1:49], **{f"blob {number}": blob[1:40] for number, blob in enumerate(sealed)}}


async def folder_of(store: Store) -> Path:
    if store.database.path is not None:
        return store.database.path.parent
    async with store.database.reading() as session:
        return Path(str(await session.scalar(text("SHOW data_directory"))))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def found(content: dict[str, bytes], what: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(file, name) for file, data in content.items() for name, trace in what.items() if trace in data]


def in_clear(id: str) -> dict[str, bytes]:
    forms: dict[str, bytes] = {}
    for word in (*WORDS, id):
        forms[word] = word.encode()
        forms[f"{word} as JSON"] = json.dumps(word)[1:-1].encode()
        forms[f"{word} in UTF-16"] = word.encode("utf-16-le")
    return forms


async def test_no_word_and_no_id_stands_open_in_any_file(store: Store, tmp_path: Path) -> None:
    id = await talk(store)
    folder = await folder_of(store)
    await back_up(store, folder / "backup.zip" if store.database.sqlite else tmp_path / "backup.zip", "tester")
    if not store.database.sqlite:
        async with store.database.writing() as session:
            await session.execute(text("CHECKPOINT"))
    content = {**files(folder), **files(tmp_path)}
    assert found(content, await traces(store, id)), "the search finds what is there"
    if store.database.sqlite:
        assert any(name.endswith("-wal") for name in content)
    assert found(content, in_clear(id)) == []


async def test_after_an_erasure_nothing_is_left_in_sqlite_its_log_or_a_restored_backup(
    store: Store, tmp_path: Path
) -> None:
    if not store.database.sqlite:
        pytest.skip("the server's files are its own: see the test below")
    id = await talk(store)
    gone = await traces(store, id)
    await back_up(store, tmp_path / "before.zip", "tester")
    assert found(files(tmp_path), gone)
    assert await store.conversations.delete(id)
    await back_up(store, tmp_path / "after.zip", "tester")
    (tmp_path / "before.zip").rename(tmp_path.parent / "before.zip")
    # The connection is still open: log and index are there, and searched.
    assert found(files(tmp_path), {**gone, **in_clear(id)}) == []
    await store.close()
    await restore(store, tmp_path.parent / "before.zip", "tester", overwrite=True)
    assert await store.conversations.get(id) is None
    assert found(files(tmp_path), {**gone, **in_clear(id)}) == []
    (tmp_path.parent / "before.zip").unlink()


@pytest.mark.postgres
async def test_after_an_erasure_no_key_is_left_in_the_tables_of_postgresql(store: Store) -> None:
    if store.database.sqlite:
        pytest.skip("SQLite is searched wholly above")
    id = await talk(store)
    folder = await folder_of(store)
    key = {"wrapped key": (await traces(store, id))["wrapped key"]}

    async def tables() -> dict[str, bytes]:
        async with store.database.writing() as session:
            await session.execute(text("CHECKPOINT"))
        return {name: data for name, data in files(folder).items() if name.startswith("base/")}

    assert found(await tables(), key)
    await store.conversations.delete(id)
    await store.conversations.tidy()  # writes the table of keys anew
    assert found(await tables(), {**key, **in_clear(id)}) == []


async def test_an_erasure_leaves_no_row_in_any_table(store: Store) -> None:
    id = await talk(store)
    reference = reference_of(id)
    await store.conversations.delete(id)
    async with store.database.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows: list[Any] = [tuple(row) for row in await session.execute(select(table))]
            named = [row for row in rows if any(reference in str(value) for value in row)]
            # The chain says that a conversation of this hash was there and was erased; so that it stays erased.
            assert not named or table.name in ("audit", "erasures"), table.name


async def test_a_reader_in_the_way_delays_only_the_overwriting(store: Store, tmp_path: Path) -> None:
    if not store.database.sqlite:
        pytest.skip("readers are in nobody's way on PostgreSQL")
    id = await talk(store)
    gone = await traces(store, id)
    async with store.database.reading() as session:
        await session.scalar(select(KeyRow.owner))
        assert await store.conversations.delete(id)
    await store.conversations.tidy()
    assert found(files(tmp_path), gone) == []
