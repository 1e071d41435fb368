"""Utterances and verdicts as the JSON that is sealed. A record of an older or newer release is read all the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from anxin.errors import StoreDamaged
from anxin.safety import (
    Action,
    Concern,
    CrisisLine,
    Cue,
    Evidence,
    Ledger,
    Notice,
    NoticeKind,
    Risk,
    Subject,
    Verdict,
)
from anxin.store.conversations import Utterance

__all__ = ["read_utterance", "read_verdict", "write_utterance", "write_verdict"]

_LINE = frozenset(field.name for field in fields(CrisisLine))


def write_utterance(said: Utterance) -> bytes:
    """All of it but its verdict, which has a record of its own."""
    return _bytes(
        {
            "text": said.text,
            "by": said.by,
            "ledger": said.ledger.to_json(),
            "lines": [asdict(line) for line in said.lines],
            "offered": said.offered,
            "notices": [{"kind": notice.kind.value, "text": notice.text} for notice in said.notices],
            "at": None if said.at is None else said.at.isoformat(),
        }
    )


def read_utterance(role: str, record: bytes, verdict: Verdict | None) -> Utterance:
    """The utterance. Raises `StoreDamaged` for a record that is none."""
    try:
        raw = json.loads(record)
        return Utterance(
            role="client" if role == "client" else "counsellor",
            text=raw["text"],
            ledger=Ledger.from_json(raw["ledger"]),
            by=raw["by"],
            lines=tuple(_line(line) for line in raw["lines"]),
            offered=raw["offered"],
            notices=tuple(Notice(NoticeKind(notice["kind"]), notice["text"]) for notice in raw["notices"]),
            at=None if raw["at"] is None else datetime.fromisoformat(raw["at"]),
            verdict=verdict,
        )
    except (ValueError, KeyError, TypeError):
        raise StoreDamaged("an utterance is sealed as it should be but cannot be read by this release") from None


def write_verdict(verdict: Verdict) -> bytes:
    """All of it; the spans point into the client's words but hold none of them."""
    return _bytes(asdict(verdict))


def read_verdict(record: bytes) -> Verdict:
    """The verdict. Raises `StoreDamaged` for a record that is none."""
    try:
        raw = json.loads(record)
        return Verdict(
            risk=Risk(raw["risk"]),
            concerns=tuple(Concern(concern) for concern in raw["concerns"]),
            subject=Subject(raw["subject"]),
            action=Action(raw["action"]),
            evidence=tuple(Evidence(found["start"], found["end"], found["why"]) for found in raw["evidence"]),
            fault=raw["fault"],
            cues=tuple(Cue(cue) for cue in raw["cues"]),
            likelihood=raw["likelihood"],
        )
    except (ValueError, KeyError, TypeError):
        raise StoreDamaged("a verdict is sealed as it should be but cannot be read by this release") from None


def _line(raw: Mapping[str, Any]) -> CrisisLine:
    known = {key: value for key, value in raw.items() if key in _LINE}
    return CrisisLine(**{**known, "ways": tuple(known.get("ways", ("call",)))})


def _bytes(value: Mapping[str, Any]) -> bytes:
    # A client may have sent half of a surrogate pair; it is kept as it came.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
