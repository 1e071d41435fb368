"""Conversations in a database: sealed, atomic, and safe to share between processes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import Select, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.errors import StoreConflict, StoreDamaged, StoreError
from anxin.store import audit
from anxin.store.conversations import Conversation, Utterance
from anxin.store.database import Database
from anxin.store.erasures import Erased, ErasureFile, erase, owner_of
from anxin.store.locks import Locks
from anxin.store.records import read_utterance, read_verdict, write_utterance, write_verdict
from anxin.store.sealing import DataKey
from anxin.store.tables import ConversationRow, HoldRow, UtteranceRow, VerdictRow

__all__ = ["DatabaseConversations", "reference_of"]

_SWEEP = 100
_NOTED = 500


def reference_of(id: str) -> str:
    """What a conversation is called wherever its id must not stand: the database, the audit log, backups. The id lets
    whoever has it read the conversation over HTTP, so a stolen database must not hold it. A reference is returned as
    it is."""
    if len(id) == 40 and not set(id) - set("0123456789abcdef"):
        return id
    return hashlib.sha256(b"anxin conversation\0" + id.encode("utf-8", "surrogatepass")).hexdigest()[:40]


class DatabaseConversations:
    """Fills `Conversations`. A write returns when it is on the disk.

    `retention` is how long an idle conversation is kept; `now` gives the time in UTC; `anchors` is the file in which
    `tidy` notes the head of the audit log.
    """

    def __init__(
        self,
        database: Database,
        locks: Locks,
        erased: ErasureFile,
        *,
        retention: timedelta,
        anchors: Path | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._locks = locks
        self._erased = erased
        self._retention = retention
        self._anchors = anchors
        self._now = now
        self._unscrubbed = True  # a process before this one may have been killed after an erasure

    async def create(self) -> Conversation:
        conversation = Conversation(_new_id())
        reference = reference_of(conversation.id)
        async with self._database.writing() as session:
            now = self._now()
            session.add(ConversationRow(reference=reference, begun_at=now, touched_at=now, version=0))
            await session.flush()
            await self._locks.new(session, owner_of(reference))
            await audit.append(session, "client", "conversation.begun", reference)
        return conversation

    async def get(self, id: str) -> Conversation | None:
        reference = reference_of(id)
        async with self._database.reading(snapshot=True) as session:
            row = await session.scalar(_open_one(reference))
            return None if row is None else await self._read(session, row, id)

    async def append(self, id: str, utterance: Utterance, *, version: int | None = None) -> Conversation | None:
        return await self._write(id, utterance, version, replacing=False)

    async def replace_reply(self, id: str, reply: Utterance, *, version: int | None = None) -> Conversation | None:
        return await self._write(id, reply, version, replacing=True)

    async def delete(self, id: str) -> bool:
        return await self.erase(id, "client") != "unknown"

    async def erase(self, id: str, actor: str, *, why: str = "asked") -> Erased:
        """`delete`, by whom and for what reason."""
        async with self._database.writing() as session:
            done = await erase(session, self._erased, reference_of(id), actor, why=why)
        if done == "erased":
            self._unscrubbed = True
            if self._database.sqlite:  # a table written anew on PostgreSQL is too much for every single erasure
                await self._scrub()
        return done

    async def hold(self, id: str, actor: str, reason: str) -> bool:
        """Keep the conversation from retention and erasure; False where there is none. `reason` is sealed."""
        reference, hold = reference_of(id), secrets.token_hex(20)
        async with self._database.writing() as session:
            row = await session.scalar(_any_one(reference).with_for_update())
            if row is None:
                return False
            key = await self._locks.of(session, owner_of(reference))
            session.add(
                HoldRow(
                    id=hold,
                    conversation=reference,
                    reason=key.seal(reason.encode(), "holds", hold),
                    placed_by=actor,
                    placed_at=self._now(),
                )
            )
            await session.flush()
            await audit.append(session, actor, "hold.placed", reference, {"hold": hold})
        return True

    async def release(self, id: str, actor: str) -> Literal["kept", "erased", "unknown"]:
        """Lift every hold on the conversation; it is erased now if that was asked for meanwhile. `unknown`: no hold
        stood."""
        reference = reference_of(id)
        async with self._database.writing() as session:
            row = await session.scalar(_any_one(reference).with_for_update())
            standing = (HoldRow.conversation == reference) & HoldRow.lifted_at.is_(None)
            if row is None or await session.scalar(select(HoldRow.id).where(standing).limit(1)) is None:
                return "unknown"
            await session.execute(update(HoldRow).where(standing).values(lifted_by=actor, lifted_at=self._now()))
            await audit.append(session, actor, "hold.lifted", reference)
            if row.erase_asked_at is None:
                return "kept"
            await erase(session, self._erased, reference, actor, why="asked before the hold was lifted")
        self._unscrubbed = True
        await self._scrub()
        return "erased"

    async def show(self, id: str, actor: str, *, why: str) -> Conversation | None:
        """The conversation as someone other than its client reads it: under its reference, and audited."""
        reference = reference_of(id)
        async with self._database.writing() as session:
            row = await session.scalar(_any_one(reference))
            if row is None:
                return None
            conversation = await self._read(session, row, reference)
            await audit.append(session, actor, "conversation.read", reference, {"why": why})
        return conversation

    async def tidy(self) -> None:
        """Erase what is idle longer than retention allows, overwrite what is left of it, note the audit log's head."""
        before = self._now() - self._retention
        while True:
            async with self._database.reading() as session:
                held = exists().where(HoldRow.conversation == ConversationRow.reference, HoldRow.lifted_at.is_(None))
                idle = select(ConversationRow.reference).where(ConversationRow.touched_at < before, ~held)
                found = (await session.scalars(idle.limit(_SWEEP))).all()
            for reference in found:
                await self._forget(reference, before)
            if len(found) < _SWEEP:
                break
        if self._unscrubbed:
            await self._scrub()
        if self._anchors is not None:
            async with self._database.reading() as session:
                head = await audit.head(session)
            with suppress(OSError):
                audit.note_anchor(self._anchors, head)

    async def finish_erasures(self) -> None:
        """Erase what was noted as erased and is still here: a process was killed in between."""
        noted = sorted(self._erased.read())
        for start in range(0, len(noted), _NOTED):
            async with self._database.reading() as session:
                some = ConversationRow.reference.in_(noted[start : start + _NOTED])
                found = (await session.scalars(select(ConversationRow.reference).where(some))).all()
            for reference in found:
                async with self._database.writing() as session:
                    await erase(session, self._erased, reference, "system", why="an erasure that was interrupted")

    async def close(self) -> None:
        await self._database.close()

    async def _forget(self, reference: str, before: datetime) -> None:
        async with self._database.writing() as session:
            row = await session.scalar(_any_one(reference).with_for_update())
            if row is None or row.touched_at >= before:
                return  # its client came back meanwhile
            if await erase(session, self._erased, reference, "system", why="retention") == "erased":
                self._unscrubbed = True

    async def _scrub(self) -> None:
        # The rows are gone whatever comes of this; where readers are in the way, `tidy` tries again.
        with suppress(StoreError):
            self._unscrubbed = not await self._database.scrub()

    async def _write(self, id: str, said: Utterance, version: int | None, *, replacing: bool) -> Conversation | None:
        reference = reference_of(id)
        async with self._database.writing() as session:
            row = await session.scalar(_open_one(reference).with_for_update())
            if row is None:
                return None
            if version not in (None, row.version):
                raise StoreConflict
            key = await self._locks.of(session, owner_of(reference))
            kept = await self._utterances(session, row, key)
            start = Conversation(id, kept, row.version)
            if replacing:
                start = start.unanswered()
                await session.execute(
                    delete(UtteranceRow).where(
                        UtteranceRow.conversation == reference, UtteranceRow.number > len(start.utterances)
                    )
                )
            row.version, row.touched_at = row.version + 1, self._now()
            self._add(session, row, key, len(start.utterances) + 1, said)
            await session.flush()
            changed = replace(start, utterances=(*start.utterances, said), version=row.version)
        return changed

    def _add(self, session: AsyncSession, row: ConversationRow, key: DataKey, number: int, said: Utterance) -> None:
        place = _place(number, row.version, said.role)
        session.add(
            UtteranceRow(
                conversation=row.reference,
                number=number,
                version=row.version,
                role=said.role,
                sealed=key.seal(write_utterance(said), "utterances", place),
            )
        )
        if said.verdict is not None:
            session.add(
                VerdictRow(
                    conversation=row.reference,
                    number=number,
                    level=int(said.verdict.risk),
                    sealed=key.seal(write_verdict(said.verdict), "verdicts", place),
                )
            )

    async def _read(self, session: AsyncSession, row: ConversationRow, id: str) -> Conversation:
        key = await self._locks.of(session, owner_of(row.reference))
        return Conversation(id, await self._utterances(session, row, key), row.version)

    async def _utterances(self, session: AsyncSession, row: ConversationRow, key: DataKey) -> tuple[Utterance, ...]:
        """All of them, in order. Raises `StoreDamaged` where one was changed, moved, removed or cut off."""
        rows = (
            await session.execute(
                select(
                    UtteranceRow.number,
                    UtteranceRow.version,
                    UtteranceRow.role,
                    UtteranceRow.sealed,
                    VerdictRow.sealed.label("verdict"),
                )
                .outerjoin(
                    VerdictRow,
                    (VerdictRow.conversation == UtteranceRow.conversation) & (VerdictRow.number == UtteranceRow.number),
                )
                .where(UtteranceRow.conversation == row.reference)
                .order_by(UtteranceRow.number)
            )
        ).all()
        numbers: Sequence[int] = [found.number for found in rows]
        if numbers != list(range(1, len(rows) + 1)) or (rows[-1].version if rows else 0) != row.version:
            raise StoreDamaged(f"utterances of conversation {row.reference} are missing; restore a backup")
        said = []
        for found in rows:
            place = _place(found.number, found.version, found.role)
            verdict = None
            if found.verdict is not None:
                verdict = read_verdict(key.open(found.verdict, "verdicts", place))
            said.append(read_utterance(found.role, key.open(found.sealed, "utterances", place), verdict))
        return tuple(said)


def _new_id() -> str:
    # One that begins with a dash would be taken for an option by `anxin admin`.
    while (id := secrets.token_urlsafe(24)).startswith("-"):
        pass
    return id


def _place(number: int, version: int, role: str) -> str:
    return f"{number}.{version}.{role}"


def _any_one(reference: str) -> Select[ConversationRow]:
    return select(ConversationRow).where(ConversationRow.reference == reference)


def _open_one(reference: str) -> Select[ConversationRow]:
    """The conversation, unless its client has erased it and only a hold keeps it."""
    return _any_one(reference).where(ConversationRow.erase_asked_at.is_(None))
