"""Erasure: the wrapped key and every row that belongs to a conversation, everywhere, for good.

What was erased is noted twice, as the hash of the conversation's id: in the table `erasures` and in a small file under
`ANXIN_HOME`. The file is written first, so an erasure that was interrupted is finished at the next start; and both are
read when a backup is restored, so that an older backup brings nothing back.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.errors import StoreError
from anxin.store import audit
from anxin.store.tables import ConversationRow, ErasureRow, HoldRow, KeyRow

__all__ = ["Erased", "ErasureFile", "erase", "held", "owner_of"]

Erased = Literal["erased", "held", "unknown"]


def owner_of(reference: str) -> str:
    """Under which name the data key of a conversation is kept."""
    return f"conversation:{reference}"


class ErasureFile:
    """One reference a line; only ever appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, reference: str) -> None:
        """Note it, safely on the disk before this returns. Raises `StoreError`."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, f"{reference}\n".encode("ascii"))
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreError(f"an erasure cannot be noted in {self.path}: {error}") from None

    def read(self) -> frozenset[str]:
        """Every reference noted; a line cut short by a crash is not one."""
        try:
            lines = self.path.read_text(encoding="ascii", errors="replace").splitlines()
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise StoreError(f"{self.path}, the note of what was erased, cannot be read: {error}") from None
        return frozenset(line for line in lines if len(line) == 40)


async def held(session: AsyncSession, reference: str) -> bool:
    """Whether a legal hold stands on the conversation."""
    standing = select(HoldRow.id).where(HoldRow.conversation == reference, HoldRow.lifted_at.is_(None)).limit(1)
    return await session.scalar(standing) is not None


async def erase(session: AsyncSession, file: ErasureFile, reference: str, actor: str, *, why: str = "asked") -> Erased:
    """Destroy the conversation's key and rows. Under a hold it is only hidden, and erased when the hold is lifted."""
    row = await session.scalar(select(ConversationRow).where(ConversationRow.reference == reference).with_for_update())
    if row is None:
        return "unknown"
    if await held(session, reference):
        if row.erase_asked_at is not None:
            return "unknown"  # it is gone for whoever asks again
        await session.execute(
            update(ConversationRow)
            .where(ConversationRow.reference == reference)
            .values(erase_asked_at=datetime.now(UTC))
        )
        await audit.append(session, actor, "conversation.erase_asked", reference, {"why": why})
        return "held"
    file.add(reference)
    # Overwritten before it is deleted, so that no page keeps the key that was in its place.
    owner = owner_of(reference)
    await session.execute(update(KeyRow).where(KeyRow.owner == owner).values(wrapped=b"\0" * 61))
    await session.execute(delete(KeyRow).where(KeyRow.owner == owner))
    await session.execute(delete(ConversationRow).where(ConversationRow.reference == reference))
    if await session.get(ErasureRow, reference) is None:
        session.add(ErasureRow(reference=reference, at=datetime.now(UTC)))
    await session.flush()
    await audit.append(session, actor, "conversation.erased", reference, {"why": why})
    return "erased"
