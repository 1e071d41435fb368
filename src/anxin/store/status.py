"""What is recorded, in numbers: no id, no text."""

from __future__ import annotations

from sqlalchemy import func, select

from anxin.store import audit
from anxin.store.opening import Store
from anxin.store.schema import revision_of
from anxin.store.tables import ConversationRow, ErasureRow, HoldRow, KeyRow, MasterRow, UtteranceRow

__all__ = ["status_of"]


async def status_of(store: Store) -> dict[str, str | int]:
    """Name to value, in the order to be shown in."""
    async with store.database.reading(snapshot=True) as session:

        async def count(what: type, *where: object) -> int:
            return await session.scalar(select(func.count()).select_from(what).where(*where)) or 0  # type: ignore[arg-type]

        master = await session.scalar(select(MasterRow.id).where(MasterRow.current)) or ""
        revision = await (await session.connection()).run_sync(revision_of)
        return {
            "database": store.database.where,
            "revision": revision or "",
            "conversations": await count(ConversationRow),
            "utterances": await count(UtteranceRow),
            "holds": await count(HoldRow, HoldRow.lifted_at.is_(None)),
            "erasures": await count(ErasureRow),
            "master_key": master,
            "keys_to_rewrap": await count(KeyRow, KeyRow.master != master),
            "audit_head": str(await audit.head(session)),
        }
