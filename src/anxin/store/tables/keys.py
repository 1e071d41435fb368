"""Keys, and the chain of what was done."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from anxin.store.tables.base import Base, Id, Word

__all__ = ["AuditHeadRow", "AuditRow", "KeyRow", "MasterRow"]


class MasterRow(Base):
    """A master key that wraps or wrapped data keys: its id, never the key."""

    __tablename__ = "masters"

    id: Mapped[Id] = mapped_column(primary_key=True)
    current: Mapped[bool] = mapped_column(Boolean)
    made_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class KeyRow(Base):
    """The data key of an owner (`conversation:<reference>`, `account:<id>`), wrapped. Destroying it erases for good."""

    __tablename__ = "keys"
    __table_args__ = (Index(None, "master"),)

    owner: Mapped[Word] = mapped_column(primary_key=True)
    master: Mapped[Id]
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class AuditRow(Base):
    """One thing that was done. `detail` is canonical JSON and never holds text of a client."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[Word]
    action: Mapped[Word]
    subject: Mapped[Word]
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Base):
    """The end of the chain: one row, which every writer locks, so that there is one chain."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer)
    hash: Mapped[str] = mapped_column(String(64))
