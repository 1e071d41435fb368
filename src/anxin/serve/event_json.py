"""What both APIs show alike: crisis lines and truncation, as JSON."""

from __future__ import annotations

from typing import Any

from anxin.counsel import Truncated
from anxin.safety import CrisisLine

__all__ = ["line_json", "truncated_json"]


def line_json(line: CrisisLine, *, kept: bool = False) -> dict[str, Any]:
    """The fields of the HTTP contract; `open_now` is null in a kept reply, whose moment has passed."""
    return {
        "name": line.name,
        "number": line.number,
        "hours": line.hours,
        "note": line.note,
        "url": line.url,
        "kind": line.kind,
        "region": line.region,
        "open_now": None if kept else line.open_now,
    }


def truncated_json(event: Truncated) -> dict[str, Any]:
    """How many messages the model did not see, and whether the newest was cut."""
    return {"dropped": event.dropped, "shortened": event.shortened}
