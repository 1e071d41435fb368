"""Conversations and what was said in them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from anxin.store.tables.base import Base, Id, Reference, Sealed, Word

__all__ = ["ConversationRow", "ErasureRow", "HoldRow", "UtteranceRow", "VerdictRow"]

Inside = Annotated[str, mapped_column(ForeignKey("conversations.reference", ondelete="CASCADE"))]


class ConversationRow(Base):
    """One conversation. `version` counts all utterances written; `erase_asked_at`: a hold delays the erasure."""

    __tablename__ = "conversations"
    __table_args__ = (Index(None, "touched_at"),)

    reference: Mapped[Reference] = mapped_column(primary_key=True)
    # No cascade: the keys of an account's conversations are destroyed first, by their erasure.
    account: Mapped[Id | None] = mapped_column(ForeignKey("accounts.id"))
    begun_at: Mapped[datetime]
    touched_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)
    title: Mapped[Sealed | None]
    erase_asked_at: Mapped[datetime | None]


class UtteranceRow(Base):
    """What one side said, with the ledger after it, as one sealed record. `version` is the write that brought it."""

    __tablename__ = "utterances"

    conversation: Mapped[Inside] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    role: Mapped[Word]
    sealed: Mapped[Sealed]


class VerdictRow(Base):
    """What the screen found in one message. The level alone stands open, for counting."""

    __tablename__ = "verdicts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["conversation", "number"], ["utterances.conversation", "utterances.number"], ondelete="CASCADE"
        ),
    )

    conversation: Mapped[Reference] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    level: Mapped[int] = mapped_column(SmallInteger)
    sealed: Mapped[Sealed]


class HoldRow(Base):
    """A legal hold: while one is not lifted, neither retention nor erasure destroys the conversation."""

    __tablename__ = "holds"
    __table_args__ = (Index(None, "conversation"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation: Mapped[Inside]
    reason: Mapped[Sealed]
    placed_by: Mapped[Word]
    placed_at: Mapped[datetime]
    lifted_by: Mapped[Word | None]
    lifted_at: Mapped[datetime | None]


class ErasureRow(Base):
    """A conversation that was erased, so that no older backup brings it back. Nothing else is known of it."""

    __tablename__ = "erasures"

    reference: Mapped[Reference] = mapped_column(primary_key=True)
    at: Mapped[datetime]
