"""The audit log: a chain in which every entry holds the hash of the one before.

`hash` is SHA-256 over the entry's canonical JSON, so a change, a gap, an insertion or another order breaks the chain
from there on. Whoever can write to the whole database can also build the whole chain anew, or cut its end off: against
that stands an anchor, `number:hash`, kept where they cannot write.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from anxin.errors import DataError, StoreError
from anxin.store.tables import AuditHeadRow, AuditRow

__all__ = ["Anchor", "AuditReport", "Entry", "append", "head", "note_anchor", "read_anchors", "verify"]

_BEGINNING = "0" * 64
_MOST_FAULTS = 20
_BATCH = 1000
_RESTORED = "# restored at "


@dataclass(frozen=True, slots=True)
class Anchor:
    """The head of the chain at some moment. `number` 0 in one that was given as a hash alone."""

    number: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> Anchor:
        """`number:hash` or a hash. Raises `DataError`."""
        number, _, digest = text.strip().rpartition(":")
        if len(digest) != 64 or set(digest) - set("0123456789abcdef") or (number and not number.isdigit()):
            raise DataError(f"{text.strip()} is not an anchor; give the number:hash that verify-audit prints")
        return cls(int(number or 0), digest)

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done: when, by whom, what, to what. `detail` holds no text of a client."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What was found: how many entries there are, the head, and what is wrong (none: the chain is whole)."""

    entries: int
    head: Anchor
    faults: tuple[str, ...]


async def append(
    session: AsyncSession, actor: str, action: str, subject: str, detail: Mapping[str, str | int] | None = None
) -> None:
    """One more entry, in the same transaction as what it tells of. Locks the head, so that writers queue up.

    Take it last: locks are taken conversation first, head last, everywhere. `detail` never holds text of a client.
    """
    locked = select(AuditHeadRow.number, AuditHeadRow.hash).where(AuditHeadRow.id == 1).with_for_update()
    last = (await session.execute(locked)).first()
    if last is None:
        raise StoreError("the audit log has lost its head; run: anxin admin verify-audit")
    entry = Entry(last.number + 1, datetime.now(UTC), actor, action, subject, detail or {})
    digest = _hash(entry, _detail(entry.detail), last.hash)
    session.add(
        AuditRow(
            number=entry.number,
            at=entry.at,
            actor=actor,
            action=action,
            subject=subject,
            detail=_detail(entry.detail),
            previous=last.hash,
            hash=digest,
        )
    )
    await session.execute(update(AuditHeadRow).where(AuditHeadRow.id == 1).values(number=entry.number, hash=digest))
    await session.flush()


async def head(session: AsyncSession) -> Anchor:
    """Where the chain ends now."""
    row = (await session.execute(select(AuditHeadRow.number, AuditHeadRow.hash).where(AuditHeadRow.id == 1))).first()
    return Anchor(0, _BEGINNING) if row is None else Anchor(row.number, row.hash)


async def verify(session: AsyncSession, anchors: tuple[Anchor, ...] = ()) -> AuditReport:
    """Read the whole chain. Finds what was changed, removed, put in between or reordered, and, against `anchors`, what
    was cut off or written anew. Memory does not grow with the log."""
    faults: list[str] = []
    previous, expected, entries = _BEGINNING, 1, 0
    numbered = {anchor.number: anchor.hash for anchor in anchors if anchor.number}
    unmet = {anchor.hash for anchor in anchors}
    place = -(2**31)
    while rows := (
        await session.scalars(select(AuditRow).where(AuditRow.number > place).order_by(AuditRow.number).limit(_BATCH))
    ).all():
        for row in rows:
            place, entries = row.number, entries + 1
            if row.number != expected:
                lost = f"entry {expected}" if row.number == expected + 1 else f"entries {expected} to {row.number - 1}"
                faults.append(f"{lost} is missing" if row.number > expected else f"entry {row.number} does not belong")
            if row.previous != previous:
                faults.append(f"entry {row.number} does not follow the one before it")
            entry = Entry(row.number, row.at, row.actor, row.action, row.subject)
            if _hash(entry, row.detail, row.previous) != row.hash:
                faults.append(f"entry {row.number} was changed")
            if numbered.get(row.number, row.hash) != row.hash:
                faults.append(f"entry {row.number} is not the one that was anchored")
            unmet.discard(row.hash)
            previous, expected = row.hash, row.number + 1
        session.expunge_all()
        if len(faults) > _MOST_FAULTS:
            break
    end = await head(session)
    if len(faults) <= _MOST_FAULTS:
        if (end.number, end.hash) != (expected - 1, previous):
            faults.append(f"the log should end with entry {end.number} but ends with entry {expected - 1}")
        for anchor in anchors:
            if anchor.hash in unmet and (not anchor.number or anchor.number >= expected):
                faults.append(f"nothing in the log has the anchored hash {anchor}: its end was cut off or written anew")
    return AuditReport(entries, Anchor(expected - 1, previous), tuple(dict.fromkeys(faults[:_MOST_FAULTS])))


def read_anchors(path: Path) -> tuple[Anchor, ...]:
    """The anchors noted in a file, without those that a restored backup has overtaken. Raises `DataError`."""
    if not path.exists():
        return ()
    anchors: list[Anchor] = []
    for line in path.read_text(encoding="ascii").splitlines():
        if line.startswith(_RESTORED):
            last = Anchor.parse(line.removeprefix(_RESTORED)).number
            anchors = [anchor for anchor in anchors if anchor.number <= last]
        elif line.strip():
            anchors.append(Anchor.parse(line))
    return tuple(anchors)


def note_anchor(path: Path, anchor: Anchor, *, restored: bool = False) -> None:
    """Add the head to the file if it is not its last line. `restored`: the chain goes on from here, an older place."""
    line = f"{_RESTORED if restored else ''}{anchor}\n"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.read_text(encoding="ascii").endswith(line):
        return
    with path.open("a", encoding="ascii") as file:
        file.write(line)


def _detail(detail: Mapping[str, str | int]) -> str:
    return json.dumps(dict(detail), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _hash(entry: Entry, detail: str, previous: str) -> str:
    canonical = {
        "number": entry.number,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "detail": detail,
        "previous": previous,
    }
    text = json.dumps(canonical, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
