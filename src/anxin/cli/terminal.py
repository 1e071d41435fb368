"""Where the command line writes: results to stdout, everything meant for the eye alone to stderr."""

from __future__ import annotations

import sys

from rich.console import Console

__all__ = ["complain", "notes"]


def notes() -> Console:
    """A console on stderr, so that stdout stays clean for pipes."""
    return Console(stderr=True, highlight=False)


def complain(message: str) -> None:
    """One line for the user's eye."""
    sys.stderr.write(f"anxin: {' '.join(message.split())}\n")
