from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("sqlalchemy")

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, LargeBinary, MetaData

from anxin.errors import ConfigError, StoreError
from anxin.store import Store, StoreOptions, open_store, schema
from anxin.store.tables import Base

pytestmark = pytest.mark.anyio


async def test_revisions_make_what_the_classes_say(store: Store) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    async with store.database.reading() as session:
        assert await (await session.connection()).run_sync(differences) == []


def test_every_revision_is_named_and_says_why() -> None:
    scripts = ScriptDirectory.from_config(schema._config())
    for number, name in enumerate(schema.revisions(), 1):
        assert name.startswith(f"{number:04d}_")
        assert "Reason: " in scripts.get_revision(name).doc + (scripts.get_revision(name).longdoc or "")


async def test_every_table_of_a_conversation_goes_with_it(store: Store) -> None:
    """Whoever adds a table that hangs on a conversation must let it cascade."""

    def loose(connection: Connection) -> list[str]:
        there = MetaData()
        there.reflect(connection)
        return [
            f"{table.name}.{column.name}"
            for table in there.sorted_tables
            for column in table.columns
            if column.name == "conversation"
            and not any(
                key.parent is column and (key.ondelete or "").upper() == "CASCADE" for key in table.foreign_keys
            )
        ]

    async with store.database.reading() as session:
        assert await (await session.connection()).run_sync(loose) == []


def test_columns_for_words_are_sealed() -> None:
    """No table has a free text column but the audit log, whose writers give no words."""
    sealed = {"title", "sealed", "comment", "note", "name", "reason", "totp"}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name in sealed and (table.name, column.name) != ("studies", "name"):
                assert isinstance(column.type, LargeBinary), f"{table.name}.{column.name}"
            if str(column.type) == "TEXT":
                assert (table.name, column.name) == ("audit", "detail")


async def test_a_second_start_changes_nothing(store: Store) -> None:
    async with store.database.writing() as session:
        connection = await session.connection()
        await connection.run_sync(schema.upgrade)
        assert await connection.run_sync(schema.revision_of) == schema.newest_revision()


async def test_several_who_start_at_once_make_one_database_and_one_key(database: str, tmp_path: Path) -> None:
    stores = [open_store(StoreOptions(database=database), tmp_path / "home") for _ in range(4)]
    await asyncio.gather(*(store.prepare() for store in stores))
    ids = [(await store.conversations.create()).id for store in stores]
    for store in stores:
        for id in ids:
            assert await store.conversations.get(id) is not None
        await store.close()


async def test_a_database_of_a_newer_release_is_left_alone(store: Store, database: str, tmp_path: Path) -> None:
    async with store.database.writing() as session:
        await (await session.connection()).exec_driver_sql("UPDATE alembic_version SET version_num = '9999_future'")
    other = open_store(StoreOptions(database=database), tmp_path / "home")
    with pytest.raises(StoreError, match="newer Anxin"):
        await other.prepare()
    await other.close()


async def test_what_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, " * 100, encoding="utf-8")
    store = open_store(StoreOptions(database=str(tmp_path / "notes.txt")), tmp_path / "home")
    with pytest.raises(StoreError, match=r"notes.txt cannot be used: file is not a database"):
        await store.prepare()
    await store.close()


async def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    store = open_store(StoreOptions(database="sqlite"), tmp_path / "home")
    await store.prepare()
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    for path in (tmp_path / "home").iterdir():
        assert path.name == "audit.anchors" or path.stat().st_mode & 0o077 == 0, path
    await store.close()


def test_addresses() -> None:
    home = Path("/home/x")
    assert StoreOptions().url(home) == StoreOptions("sqlite").url(home) == "sqlite+aiosqlite:////home/x/anxin.sqlite"
    assert StoreOptions("/srv/a.db").url(home) == StoreOptions("sqlite:////srv/a.db").url(home)
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        assert StoreOptions(f"{scheme}://u@h/n").url(home) == "postgresql+psycopg://u@h/n"


def test_nothing_is_recorded_that_was_not_asked_for() -> None:
    assert not StoreOptions().recording
    assert StoreOptions("sqlite").recording
    assert not StoreOptions("sqlite", retention_days=0).recording


@pytest.mark.parametrize("wrong", [{"database": "mysql://x"}, {"retention_days": -1}, {"tidy_seconds": 0}])
def test_settings_that_cannot_be_used(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        StoreOptions(**wrong)  # type: ignore[arg-type]


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    store = open_store(StoreOptions("postgresql://u:geheim@h/n"), tmp_path)
    assert "geheim" not in store.database.where and "***" in store.database.where
