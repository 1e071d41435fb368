"""A crisis line as JSON, as the page and the API show it."""

from __future__ import annotations

from typing import Any

from anxin.safety import CrisisLine

__all__ = ["line_json"]


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
