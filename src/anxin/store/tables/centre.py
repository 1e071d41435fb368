"""The counselling centre: people, what they agreed to, the queue, ratings. Tables alone; their rules live elsewhere."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from anxin.store.tables.base import Base, Id, Sealed, Word
from anxin.store.tables.talk import Inside

__all__ = [
    "AccountRow",
    "ApiKeyRow",
    "ConsentRow",
    "ContactRow",
    "CorrectionRow",
    "QueueRow",
    "RatingRow",
    "SessionRow",
    "StudyRow",
]


class AccountRow(Base):
    """Someone who signs in. `login` is a client's hashed recovery phrase or a member of staff's chosen name."""

    __tablename__ = "accounts"

    id: Mapped[Id] = mapped_column(primary_key=True)
    role: Mapped[Word]
    login: Mapped[str] = mapped_column(String(128), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[Sealed | None]
    totp: Mapped[Sealed | None]
    state: Mapped[Word]
    made_at: Mapped[datetime]
    failures: Mapped[int] = mapped_column(Integer)
    locked_until: Mapped[datetime | None]


class SessionRow(Base):
    """One browser that is signed in; `id` is the hash of its token."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "account"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    account: Mapped[Id] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class ApiKeyRow(Base):
    """A key for /v1; `hash` is all that is kept of it."""

    __tablename__ = "api_keys"

    id: Mapped[Id] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    account: Mapped[Id] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    scopes: Mapped[str] = mapped_column(String(255))
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ConsentRow(Base):
    """What a client agreed to or took back, each apart; rows are added, never changed. `wording` is what was shown."""

    __tablename__ = "consents"
    __table_args__ = (Index(None, "conversation"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation: Mapped[Inside | None]
    account: Mapped[Id | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[Word]
    given: Mapped[bool] = mapped_column(Boolean)
    wording: Mapped[Word]
    at: Mapped[datetime]


class ContactRow(Base):
    """An emergency contact and how to reach them, with the consent of both."""

    __tablename__ = "contacts"
    __table_args__ = (Index(None, "conversation"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation: Mapped[Inside | None]
    account: Mapped[Id | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    sealed: Mapped[Sealed]
    made_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class QueueRow(Base):
    """A conversation that a counsellor should see."""

    __tablename__ = "queue"
    __table_args__ = (Index(None, "state", "level"), Index(None, "conversation"))

    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation: Mapped[Inside]
    number: Mapped[int] = mapped_column(Integer)
    level: Mapped[int] = mapped_column(SmallInteger)
    urgency: Mapped[Word]
    state: Mapped[Word]
    entered_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    taken_by: Mapped[Id | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    taken_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[Word | None]
    note: Mapped[Sealed | None]


class RatingRow(Base):
    """A client's rating of a reply (a thumb) or of the talk (four axes from 1 to 5), and what they wrote beside it."""

    __tablename__ = "ratings"
    __table_args__ = (Index(None, "conversation"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation: Mapped[Inside]
    number: Mapped[int | None] = mapped_column(Integer)
    thumb: Mapped[int | None] = mapped_column(SmallInteger)
    helpfulness: Mapped[int | None] = mapped_column(SmallInteger)
    fluency: Mapped[int | None] = mapped_column(SmallInteger)
    relevance: Mapped[int | None] = mapped_column(SmallInteger)
    logic: Mapped[int | None] = mapped_column(SmallInteger)
    comment: Mapped[Sealed | None]
    at: Mapped[datetime]


class CorrectionRow(Base):
    """What a counsellor would have said in the place of a reply."""

    __tablename__ = "corrections"
    __table_args__ = (Index(None, "conversation"),)

    id: Mapped[Id] = mapped_column(primary_key=True)
    conversation: Mapped[Inside]
    number: Mapped[int] = mapped_column(Integer)
    by: Mapped[Id | None] = mapped_column(ForeignKey("accounts.id", ondelete="SET NULL"))
    sealed: Mapped[Sealed]
    at: Mapped[datetime]


class StudyRow(Base):
    """A study that people rate dialogues in; its design is sealed, as it may quote."""

    __tablename__ = "studies"

    id: Mapped[Id] = mapped_column(primary_key=True)
    name: Mapped[Word]
    state: Mapped[Word]
    made_at: Mapped[datetime]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
