"""The whole store: one database, its master keys, its notes of erasures, its conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from anxin.errors import MissingExtra
from anxin.store.options import StoreOptions

if TYPE_CHECKING:
    from anxin.store.database import Database
    from anxin.store.erasures import ErasureFile
    from anxin.store.lasting import DatabaseConversations
    from anxin.store.locks import Locks

__all__ = ["Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    """The parts. Nothing is opened before `prepare`."""

    database: Database
    locks: Locks
    erased: ErasureFile
    anchors: Path
    conversations: DatabaseConversations

    async def prepare(self) -> None:
        """Bring the tables to this release and unlock them; finish erasures that were interrupted.

        Raises `StoreError`, or `StoreKeyError` where the master key is not here; nothing is changed then.
        """
        from anxin.store.schema import upgrade

        async with self.database.writing() as session:
            connection = await session.connection()
            await connection.run_sync(upgrade)
            await self.locks.unlock(session)
        await self.conversations.finish_erasures()
        await self.conversations.tidy()

    async def prepare_and_close(self) -> None:
        """`prepare`, for a caller whose event loop ends before the one that serves begins."""
        try:
            await self.prepare()
        finally:
            await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await self.database.close()


def open_store(options: StoreOptions, home: Path, warn: Callable[[str], None] = lambda _: None) -> Store:
    """The store that the operator set. `warn` is told when a master key is made.

    Raises `MissingExtra` where its packages are not installed.
    """
    try:
        from anxin.store.database import Database
        from anxin.store.erasures import ErasureFile
        from anxin.store.lasting import DatabaseConversations
        from anxin.store.locks import Locks
        from anxin.store.masters import key_source
    except ModuleNotFoundError:
        raise MissingExtra("a database of conversations", "store") from None
    database = Database(options.url(home))
    if not database.sqlite:
        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise MissingExtra("PostgreSQL", "postgres") from None
    locks = Locks(key_source(options, home, warn))
    erased = ErasureFile(home / "store.erased")
    anchors = Path(options.anchors).expanduser() if options.anchors else home / "audit.anchors"
    conversations = DatabaseConversations(
        database, locks, erased, retention=timedelta(days=max(1, options.retention_days)), anchors=anchors
    )
    return Store(database, locks, erased, anchors, conversations)
