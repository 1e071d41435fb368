"""Backups: one file, made while the store is in use, readable by SQLite and PostgreSQL alike.

A zip of one JSON-lines member for each table and `manifest.json` with the SHA-256 of each, read from one snapshot.
Sealed columns stay sealed. Rows are read and written by number and name, not as a database's own files: so no tool of a
certain version is needed, no page that was erased is copied along, and a centre that grows takes its records from
SQLite to PostgreSQL by restoring.

What was erased after a backup was made must not come back with it. A restore therefore reads every note of erasures it
can find (the database that is there, the file under `ANXIN_HOME`, the backup's own) and leaves those rows and keys out
while it reads: they are never written anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import sqlite3
import zipfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, func, insert, inspect, select
from sqlalchemy.ext.asyncio import AsyncMappingResult, AsyncSession

from anxin.errors import DataError, StoreError
from anxin.store import audit
from anxin.store.database import Database
from anxin.store.opening import Store
from anxin.store.schema import newest_revision, revision_of, revisions, upgrade
from anxin.store.tables import ConversationRow, ErasureRow

__all__ = ["Manifest", "back_up", "read_manifest", "restore"]

_FORMAT = "anxin.backup/1"
_BATCH = 500
_SCHEMA = "alembic_version"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds. `head` is the audit log's anchor; `members` maps each table to rows, bytes and SHA-256."""

    made_at: str
    version: str
    revision: str
    head: str
    masters: tuple[str, ...]
    members: Mapping[str, tuple[int, int, str]]

    @property
    def rows(self) -> int:
        return sum(count for count, _, _ in self.members.values())


async def back_up(store: Store, path: Path, actor: str) -> Manifest:
    """Write everything to a new file, whole or not at all. Raises `DataError` where the file exists."""
    _new(path)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with _telling(path):
            handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                async with store.database.reading(snapshot=True) as session:
                    manifest = await _dump(session, file)
                file.flush()
                os.fsync(file.fileno())
            os.link(part, path)  # a rename would replace a file that has come there meanwhile
            _settle(path.parent)
    finally:
        part.unlink(missing_ok=True)
    async with store.database.writing() as session:
        await audit.append(session, actor, "backup.made", "store", {"head": manifest.head, "rows": manifest.rows})
    return manifest


def read_manifest(path: Path) -> Manifest:
    """Read and check a backup: every member is there, has the size and SHA-256 it should, and nothing else is.

    Raises `DataError` in one line.
    """
    with _telling(path), zipfile.ZipFile(path) as archive:
        raw = json.loads(archive.read("manifest.json"))
        if raw.pop("format", None) != _FORMAT:
            raise DataError(f"{path} was made by another release; restore it with that one")
        members = {name: (int(rows), int(size), str(digest)) for name, (rows, size, digest) in raw["members"].items()}
        manifest = Manifest(**{**raw, "masters": tuple(raw["masters"]), "members": members})
        if sorted(archive.namelist()) != sorted(["manifest.json", *map(_member, members)]):
            raise DataError(f"{path} lacks a table or holds one too many; use another backup")
        for table, (_, size, digest) in members.items():
            found, length = hashlib.sha256(), 0
            with archive.open(_member(table)) as lines:
                while chunk := lines.read(1 << 20):
                    found.update(chunk)
                    length += len(chunk)
            if (length, found.hexdigest()) != (size, digest):
                raise DataError(f"{path} is damaged: {table} is not what was backed up; use another backup")
    return manifest


async def restore(store: Store, path: Path, actor: str, *, overwrite: bool = False) -> tuple[Manifest, int]:
    """Put a backup in the place of what is there. Returns its manifest, and how many conversations were left out
    because they were erased since.

    Everything is checked first: the file, that its keys can be opened, its audit log. What is there stays as it is
    until all of it has been read. Raises `DataError` or `StoreError`; nothing is changed then.
    """
    manifest = read_manifest(path)
    if manifest.revision not in revisions():
        raise DataError(f"{path} was made by a newer Anxin ({manifest.version}); install that or a later one")
    file = store.database.path
    if file is None:
        async with store.database.writing() as session:
            left = await _refill(session, store, path, manifest, actor, overwrite=overwrite)
    else:
        erased = await _erased_here(store, overwrite=overwrite)
        aside = Database(str(store.database.url.set(database=str(file.with_name(f"{file.name}.restoring")))))
        assert aside.path is not None
        _remove(aside.path)
        try:
            async with aside.writing() as session:
                left = await _fill(session, store, path, manifest, actor, erased)
            await aside.scrub()
            await aside.close()
            await store.database.close()
            _free(file)
            aside.path.replace(file)
            _settle(file.parent)
        finally:
            await aside.close()
            _remove(aside.path)
    audit.note_anchor(store.anchors, audit.Anchor.parse(manifest.head), restored=True)
    return manifest, left


async def _dump(session: AsyncSession, file: Any) -> Manifest:
    connection = await session.connection()
    tables = await connection.run_sync(_tables)
    members: dict[str, tuple[int, int, str]] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for table in tables:
            digest, size, count = hashlib.sha256(), 0, 0
            with archive.open(_member(table.name), "w", force_zip64=True) as member:
                async with _rows(session, table) as rows:
                    async for row in rows:
                        line = (json.dumps({key: _plain(value) for key, value in row.items()}) + "\n").encode("ascii")
                        member.write(line)
                        digest.update(line)
                        size, count = size + len(line), count + 1
            members[table.name] = (count, size, digest.hexdigest())
        masters = await session.scalars(select(_of(tables, "keys").c.master).distinct())
        revision = await connection.run_sync(revision_of)
        manifest = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            version=version("anxin"),
            revision=revision or newest_revision(),
            head=str(await audit.head(session)),
            masters=tuple(sorted(masters)),
            members=members,
        )
        archive.writestr("manifest.json", json.dumps({"format": _FORMAT, **asdict(manifest)}, indent=2))
    return manifest


@asynccontextmanager
async def _rows(session: AsyncSession, table: Table) -> AsyncIterator[AsyncMappingResult]:
    result = await session.stream(select(table).order_by(*table.primary_key.columns))
    try:
        yield result.mappings()
    finally:
        await result.close()


async def _erased_here(store: Store, *, overwrite: bool) -> frozenset[str]:
    """What the database that is there has erased; refuses where that would lose conversations."""
    if store.database.path is not None and not store.database.path.exists():
        return frozenset()
    async with store.database.reading() as session:
        connection = await session.connection()
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("conversations")):
            return frozenset()
        count = await session.scalar(select(func.count()).select_from(ConversationRow)) or 0
        if count and not overwrite:
            raise DataError(
                f"{store.database.where} holds {count} conversations; make a backup of it, then add --overwrite"
            )
        return frozenset(await session.scalars(select(ErasureRow.reference)))


async def _refill(
    session: AsyncSession, store: Store, path: Path, manifest: Manifest, actor: str, *, overwrite: bool
) -> int:
    erased = await _erased_here(store, overwrite=overwrite)
    connection = await session.connection()

    def clear(sync: Connection) -> None:
        there = MetaData()
        there.reflect(sync)
        there.drop_all(sync)

    await connection.run_sync(clear)
    return await _fill(session, store, path, manifest, actor, erased)


async def _fill(
    session: AsyncSession, store: Store, path: Path, manifest: Manifest, actor: str, erased: frozenset[str]
) -> int:
    """Into an empty database: the backup's own revision, its rows, then today's revision."""
    connection = await session.connection()
    await connection.run_sync(upgrade, manifest.revision)
    tables = await connection.run_sync(_tables)
    known = {table.name for table in tables}
    if known != set(manifest.members):
        raise DataError(f"{path} does not hold the tables of revision {manifest.revision}; use another backup")
    left = 0
    with _telling(path), zipfile.ZipFile(path) as archive:
        with archive.open(_member("erasures")) as lines:
            erased = erased | store.erased.read() | {json.loads(line)["reference"] for line in lines}
        for table in tables:
            await session.execute(table.delete())
            batch: list[dict[str, Any]] = []
            with archive.open(_member(table.name)) as lines:
                for line in lines:
                    row = {key: _kept(value) for key, value in json.loads(line).items()}
                    if _belongs(table.name, row) in erased and table.name != "erasures":
                        left += table.name == "conversations"
                        continue
                    if table.name == "keys":
                        store.locks.open(row["owner"], row["master"], row["wrapped"])
                    batch.append(row)
                    if len(batch) == _BATCH:
                        await session.execute(insert(table), batch)
                        batch.clear()
            if batch:
                await session.execute(insert(table), batch)
    await connection.run_sync(upgrade)
    there = frozenset(await session.scalars(select(ErasureRow.reference)))
    session.add_all(ErasureRow(reference=reference, at=datetime.now(UTC)) for reference in sorted(erased - there))
    await session.flush()
    report = await audit.verify(session, (audit.Anchor.parse(manifest.head),) if manifest.members["audit"][0] else ())
    if report.faults:
        raise DataError(f"the audit log in {path} is not whole ({report.faults[0]}); use another backup")
    await store.locks.unlock(session)
    detail: dict[str, str | int] = {"made_at": manifest.made_at, "head": manifest.head, "left_out": left}
    await audit.append(session, actor, "backup.restored", "store", detail)
    return left


def _new(path: Path) -> None:
    if path.exists():
        raise DataError(f"{path} exists; give another name, or delete it first")


def _tables(connection: Connection) -> list[Table]:
    """Those of the database as it is, parents first: a backup may be older than the classes."""
    there = MetaData()
    there.reflect(connection)
    return [table for table in there.sorted_tables if table.name != _SCHEMA]


def _of(tables: list[Table], name: str) -> Table:
    return next(table for table in tables if table.name == name)


def _belongs(table: str, row: Mapping[str, Any]) -> str | None:
    """The reference of the conversation that a row belongs to."""
    if table == "keys":
        kind, _, reference = str(row["owner"]).partition(":")
        return reference if kind == "conversation" else None
    return row.get("reference" if table == "conversations" else "conversation")


def _member(table: str) -> str:
    return f"{table}.jsonl"


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes | memoryview) else value


def _kept(value: Any) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def _free(file: Path) -> None:
    """Make sure that nothing else has the database open, and take its log away. Raises `StoreError`."""
    if file.exists():
        connection = sqlite3.connect(file, timeout=1.0)
        try:
            # Leaving WAL needs the file to oneself.
            mode = connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
        except sqlite3.Error:
            mode = "wal"
        finally:
            connection.close()
        if mode != "delete":
            raise StoreError(f"{file} is in use; stop what serves from it, then restore")


def _settle(folder: Path) -> None:
    """See to it that a name that was changed survives the power."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove(file: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


@contextmanager
def _telling(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path} is not there; give the name of a backup") from None
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as error:
        raise DataError(f"{path} is no backup of Anxin, or damaged ({type(error).__name__})") from None
    except OSError as error:
        raise DataError(f"{path} cannot be used: {error}") from None
