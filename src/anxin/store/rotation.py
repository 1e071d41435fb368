"""Changing the master key: every data key is wrapped anew, nothing that was sealed is touched.

It can be stopped at any moment and run again; until it has ended, both keys are needed and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from anxin.store import audit
from anxin.store.opening import Store
from anxin.store.tables import KeyRow, MasterRow

__all__ = ["Rotation", "drop_retired", "rotate"]

_BATCH = 200


@dataclass(frozen=True, slots=True)
class Rotation:
    """What came of it. `damaged` are owners whose key could not be opened; their old master key is still needed."""

    master: str
    rewrapped: int
    damaged: tuple[str, ...]
    retired: tuple[str, ...]


async def rotate(store: Store, actor: str, progress: Callable[[int, int], None] = lambda *_: None) -> Rotation:
    """Make a newer master key the current one and wrap all data keys with it. Raises `StoreKeyError`."""
    async with store.database.writing() as session:
        master, _ = await store.locks.begin_rotation(session, actor)
        total = await session.scalar(select(func.count()).select_from(KeyRow).where(KeyRow.master != master)) or 0
    done, damaged, after = 0, list[str](), ""
    while True:
        async with store.database.writing() as session:
            after, some, bad = await store.locks.rewrap(session, after, _BATCH)
        done, damaged = done + some, [*damaged, *bad]
        progress(done, total)
        if not after:
            break
    async with store.database.writing() as session:
        retired = await store.locks.retire(session)
        detail: dict[str, str | int] = {"rewrapped": done, "damaged": len(damaged)}
        await audit.append(session, actor, "key.rotated", f"master:{master}", detail)
    return Rotation(master, done, tuple(damaged), tuple(sorted(retired)))


async def drop_retired(store: Store, actor: str) -> tuple[str, ...]:
    """Destroy master keys that wrap nothing here any more: older backups cannot be read after this, and neither can
    whatever else still holds a key of something that was erased. Raises `StoreKeyError`."""
    async with store.database.writing() as session:
        retired = await store.locks.retire(session)
        ring = store.locks.source.read()
        gone = frozenset(id for id in retired if ring is not None and id in ring)
        if gone:
            current = await session.scalar(select(MasterRow.id).where(MasterRow.current))
            assert current not in gone
            await audit.append(session, actor, "key.dropped", f"master:{current}", {"keys": ",".join(sorted(gone))})
    if gone:
        store.locks.source.drop(gone)
    return tuple(sorted(gone))
