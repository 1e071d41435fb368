"""Where the command line writes: results to stdout, everything meant for the eye alone to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["bars", "complain", "cores", "notes"]


def notes() -> Console:
    """A console on stderr, so that stdout stays clean for pipes."""
    return Console(stderr=True, highlight=False)


def complain(message: str) -> None:
    """One line for the user's eye."""
    sys.stderr.write(f"anxin: {' '.join(message.split())}\n")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def bars(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Progress of long work: what is yielded is told what is being done, and how much of how much (0: unknown)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def report(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what)
            progress.update(tasks[what], completed=done, total=of or None, visible=not of or done < of)

        yield report
