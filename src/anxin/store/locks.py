"""The master keys of one open store, and which of them wraps."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.errors import StoreDamaged, StoreKeyError
from anxin.store import audit
from anxin.store.masters import KeySource
from anxin.store.sealing import DataKey, Keyring
from anxin.store.tables import KeyRow, MasterRow

__all__ = ["Locks"]


class Locks:
    """Makes and opens data keys. The keyring is read again when a key is asked for that is not in it, so that a
    process which serves takes part in a rotation."""

    def __init__(self, source: KeySource) -> None:
        self.source = source
        self._ring: Keyring | None = None

    async def unlock(self, session: AsyncSession) -> None:
        """Make sure that the master key of this database is here; a new database takes the source's, or a new one.

        Raises `StoreKeyError`. A key is made only where nothing has ever been sealed.
        """
        ring = self.source.read()
        current = await session.scalar(select(MasterRow.id).where(MasterRow.current))
        if current is None:
            ring = ring or self.source.create()
            session.add(MasterRow(id=ring.newest.id, current=True, made_at=datetime.now(UTC)))
            await session.flush()
            await audit.append(session, "system", "key.first", f"master:{ring.newest.id}")
        self._ring = ring or Keyring((), self.source.where)
        if current is not None:
            self._ring.get(current)

    async def new(self, session: AsyncSession, owner: str) -> DataKey:
        """A data key for a new owner, wrapped by the current master key."""
        which = select(MasterRow.id).where(MasterRow.current).with_for_update(read=True)
        # On PostgreSQL whoever has waited for a rotation finds the old key's row current no more; the next statement
        # sees the new one.
        current = await session.scalar(which) or await session.scalar(which)
        if current is None:
            raise StoreKeyError("this database has no master key; run: anxin admin status")
        key = DataKey.new(owner)
        session.add(KeyRow(owner=owner, master=current, wrapped=self._having(current).get(current).wrap(key)))
        await session.flush()
        return key

    async def of(self, session: AsyncSession, owner: str) -> DataKey:
        """The data key of an owner. Raises `StoreDamaged` where there is none."""
        row = (await session.execute(select(KeyRow.master, KeyRow.wrapped).where(KeyRow.owner == owner))).first()
        if row is None:
            raise StoreDamaged(f"the key of {owner} is gone; restore a backup")
        return self.open(owner, row.master, row.wrapped)

    def open(self, owner: str, master: str, wrapped: bytes) -> DataKey:
        """Unwrap. Raises `StoreKeyError` or `StoreDamaged`."""
        return self._having(master).get(master).unwrap(owner, wrapped)

    async def begin_rotation(self, session: AsyncSession, actor: str) -> tuple[str, bool]:
        """Let a newer master key wrap from now on: one that the source holds already (put there by the operator, or by
        a rotation that was interrupted), else one it makes. Returns its id, and whether it is new here."""
        which = select(MasterRow.id).where(MasterRow.current).with_for_update()
        current = await session.scalar(which) or await session.scalar(which)  # as in `new`
        ring = self.source.read()
        if current is None or ring is None:
            raise StoreKeyError(f"there is no master key in {self.source.where}; put your copy of it back")
        ring.get(current)
        waiting = await session.scalar(select(func.count()).select_from(KeyRow).where(KeyRow.master != current))
        if ring.newest.id == current and waiting:
            self._ring = ring
            return current, False  # interrupted after the change, before all keys were wrapped anew
        if ring.newest.id == current:
            ring = self.source.turn()
        self._ring = ring
        newest = ring.newest.id
        await session.execute(update(MasterRow).where(MasterRow.current).values(current=False))
        if await session.get(MasterRow, newest) is None:
            session.add(MasterRow(id=newest, current=True, made_at=datetime.now(UTC)))
        else:
            await session.execute(update(MasterRow).where(MasterRow.id == newest).values(current=True, retired_at=None))
        await session.flush()
        await audit.append(session, actor, "key.rotate", f"master:{newest}", {"from": current})
        return newest, True

    async def rewrap(self, session: AsyncSession, after: str, limit: int) -> tuple[str, int, list[str]]:
        """Wrap up to `limit` data keys anew, from the owner `after` on. Returns the last owner seen ("": none left),
        how many were done, and those that cannot be opened, which are left as they are."""
        current = await session.scalar(select(MasterRow.id).where(MasterRow.current))
        if current is None:
            raise StoreKeyError("this database has no master key; run: anxin admin status")
        newest = self._having(current).get(current)
        rows = (
            await session.scalars(
                select(KeyRow)
                .where(KeyRow.master != current, KeyRow.owner > after)
                .order_by(KeyRow.owner)
                .limit(limit)
                .with_for_update()
            )
        ).all()
        damaged: list[str] = []
        for row in rows:
            try:
                key = self.open(row.owner, row.master, row.wrapped)
            except StoreDamaged:
                damaged.append(row.owner)
                continue
            row.master, row.wrapped = current, newest.wrap(key)
        return (rows[-1].owner if rows else ""), len(rows) - len(damaged), damaged

    async def retire(self, session: AsyncSession) -> frozenset[str]:
        """Mark master keys that wrap nothing any more; returns all those retired."""
        used = select(KeyRow.master).distinct()
        free = MasterRow.current.is_(False) & MasterRow.id.not_in(used)
        await session.execute(
            update(MasterRow).where(free, MasterRow.retired_at.is_(None)).values(retired_at=datetime.now(UTC))
        )
        return frozenset(await session.scalars(select(MasterRow.id).where(free)))

    def _having(self, id: str) -> Keyring:
        if self._ring is None or id not in self._ring:
            self._ring = self.source.read() or Keyring((), self.source.where)
        return self._ring
