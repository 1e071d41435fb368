"""A crisis line as JSON, as the page and the API show it."""

from __future__ import annotations

from typing import Any

from anxin.safety import CrisisLine

__all__ = ["line_json"]


def line_json(line: CrisisLine) -> dict[str, Any]:
    """The fields of the HTTP contract; `open_now` is null where the hours cannot say."""
    return {
        "name": line.name,
        "number": line.number,
        "hours": line.hours,
        "note": line.note,
        "url": line.url,
        "kind": line.kind,
        "region": line.region,
        "open_now": line.open_now(),
    }
