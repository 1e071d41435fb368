"""What both APIs show alike: notices, crisis lines, offered pieces and truncation, as JSON."""

from __future__ import annotations

from typing import Any

from anxin.counsel import Notice, Truncated
from anxin.retrieve import Piece, voice
from anxin.safety import CrisisLine

__all__ = ["line_json", "notice_json", "piece_json", "truncated_json"]


def line_json(line: CrisisLine, *, kept: bool = False) -> dict[str, Any]:
    """The fields of the HTTP contract; `open_now` is null in a kept reply, whose moment has passed. `ways` are how the
    line is reached: call, text, web."""
    return {
        "name": line.name,
        "number": line.number,
        "hours": line.hours,
        "note": line.note,
        "url": line.url,
        "kind": line.kind,
        "region": line.region,
        "ways": list(line.ways),
        "open_now": None if kept else line.open_now,
    }


def notice_json(notice: Notice) -> dict[str, Any]:
    """The fields of the HTTP contract; `kind` is start, return, again or break."""
    return {"kind": notice.kind.value, "text": notice.text}


def piece_json(piece: Piece) -> dict[str, Any]:
    """The fields of the HTTP contract; `voice` is 甲, 乙, A or B in crosstalk and empty elsewhere."""
    return {
        "id": piece.id,
        "kind": piece.kind,
        "language": piece.language,
        "title": piece.title,
        "lines": [{"voice": who, "text": text} for who, text in map(voice, piece.body)],
        "minutes": piece.minutes,
        "note": piece.note,
        "source": piece.source,
    }


def truncated_json(event: Truncated) -> dict[str, Any]:
    """How many messages the model did not see, and whether the newest was cut."""
    return {"dropped": event.dropped, "shortened": event.shortened}
