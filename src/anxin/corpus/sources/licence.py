"""The licence gate: what a set may be used for, and that a person says so by name who uses it otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection

from anxin.corpus.sources.origin import Origin, Purpose
from anxin.errors import DataError

__all__ = ["allow"]

_NOT_COMMERCIAL = re.compile(r"\bNC\b|non-?commercial|research only", re.IGNORECASE)
_FOR = {"train": "training", "evaluate": "evaluation"}


def allow(origin: Origin, purpose: Purpose, accepted: Collection[str] = ()) -> None:
    """Return where the set may be used for `purpose`, or where `accepted` names it; else raise `DataError` that says
    why not and how to go on all the same.

    A set of one's own, which the catalogue does not know, may be used for what its stated licence does not forbid.
    """
    if origin.name in {name.replace("-", "_") for name in accepted} | set(accepted):
        return
    why = _why_not(origin, purpose)
    if why:
        raise DataError(f"{why}; to go on all the same, name it: --accept {origin.name}")


def _why_not(origin: Origin, purpose: Purpose) -> str:
    if origin.needs:
        return f"{origin.name} needs {origin.needs} ({origin.licence})"
    if purpose in origin.purposes and not (purpose == "train" and _NOT_COMMERCIAL.search(origin.licence)):
        return ""
    limits = (
        f" and {origin.limits}" if origin.limits.startswith("a ") else f"; {origin.limits}" if origin.limits else ""
    )
    return f"{origin.name} is {origin.licence}{limits}: not for {_FOR[purpose]}"
