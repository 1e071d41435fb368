"""Anxin (安心): a small, safe counselling companion that runs on your own machine."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anxin.counsel import Counsellor
    from anxin.safety import screen

__version__ = "0.2.0"

__all__ = ["Counsellor", "screen"]

_HOMES = {"Counsellor": "anxin.counsel", "screen": "anxin.safety"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `import anxin` alone stays free of any work."""
    if name not in _HOMES:
        raise AttributeError(f"module 'anxin' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
