"""One database: SQLite in WAL mode or PostgreSQL, with the same two ways in, reading and writing.

Every block is one transaction. On SQLite a writing one begins IMMEDIATE, so that it never fails half-way for a lock; on
PostgreSQL rows that are about to change are locked by the statements themselves.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from anxin.errors import StoreError

__all__ = ["Database"]

_BUSY_SECONDS = 10.0
_BEGIN = "anxin_begin"


class Database:
    """What one process has open. Nothing is opened before the first block."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self._engine: AsyncEngine | None = None

    @property
    def sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database."""
        return Path(self.url.database) if self.sqlite and self.url.database else None

    @property
    def where(self) -> str:
        """The database in words, without a password."""
        return str(self.path) if self.path is not None else self.url.render_as_string(hide_password=True)

    @asynccontextmanager
    async def reading(self, *, snapshot: bool = False) -> AsyncIterator[AsyncSession]:
        """A transaction that reads. `snapshot`: all of it sees one state, also on PostgreSQL."""
        options: dict[str, Any] = {_BEGIN: "BEGIN"}
        if snapshot and not self.sqlite:
            options["isolation_level"] = "REPEATABLE READ"
        with self._told():
            async with AsyncSession(self._open().execution_options(**options), expire_on_commit=False) as session:
                yield session

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction that writes, committed when the block ends and undone when it raises."""
        with self._told():
            engine = self._open().execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                yield session

    async def scrub(self) -> bool:
        """Overwrite what erasure left behind in the files; False where a reader is in the way and it must be tried
        again. On PostgreSQL the table of keys is written anew; its write-ahead log is the server's own."""
        options = {_BEGIN: "", "isolation_level": "AUTOCOMMIT"}
        with self._told():
            async with self._open().execution_options(**options).connect() as connection:
                if not self.sqlite:
                    await connection.exec_driver_sql("VACUUM (FULL) keys")
                    return True
                # Deleted pages are zeroed (secure_delete); the log still holds their former content until it is cut.
                await connection.exec_driver_sql("PRAGMA busy_timeout = 500")
                try:
                    row = (await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")).one()
                finally:
                    await connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(_BUSY_SECONDS * 1000)}")
                return int(row[0]) == 0

    async def close(self) -> None:
        """Close every connection."""
        if self._engine is not None:
            engine, self._engine = self._engine, None
            await engine.dispose()

    def _open(self) -> AsyncEngine:
        if self._engine is None:
            # Parameters never stand in an error's text: they may be what a client wrote.
            options: dict[str, Any] = {"hide_parameters": True}
            if self.sqlite:
                _private(self.path)
                options["connect_args"] = {"timeout": _BUSY_SECONDS}
            else:
                options["pool_pre_ping"] = True
                options["pool_timeout"] = _BUSY_SECONDS
                options["connect_args"] = {
                    "connect_timeout": int(_BUSY_SECONDS),
                    "options": f"-c lock_timeout={int(_BUSY_SECONDS * 1000)}",
                }
            self._engine = create_async_engine(self.url, **options)
            if self.sqlite:
                event.listen(self._engine.sync_engine, "connect", _prepare)
                event.listen(self._engine.sync_engine, "begin", _begin)
        return self._engine

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A database's fault as one line, which holds no parameter."""
        try:
            yield
        except DBAPIError as error:
            first = str(error.orig).strip().partition("\n")[0]
            raise StoreError(f"the database {self.where} cannot be used: {first}") from None
        except SQLAlchemyError as error:
            raise StoreError(f"the database {self.where} cannot be used: {type(error).__name__}") from None
        except OSError as error:
            raise StoreError(f"the database {self.where} cannot be used: {error}") from None


def _private(path: Path | None) -> None:
    """Make the file before SQLite does, for its owner alone; the log beside it takes its mode."""
    if path is not None and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {int(_BUSY_SECONDS * 1000)}",
        "journal_mode = WAL",
        "synchronous = FULL",  # what was acknowledged survives the power, too
        "foreign_keys = ON",
        "secure_delete = ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    statement = connection.get_execution_options().get(_BEGIN, "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)
