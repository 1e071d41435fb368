"""Datatrove's local executor, for a terminal that shows a progress bar. Imported only where datatrove is."""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import Any

from datatrove.executor.local import LocalPipelineExecutor, multiprocess

__all__ = ["SilentLocal"]


class SilentLocal(LocalPipelineExecutor):  # type: ignore[misc]
    """Its tasks write to their log files only: to the first of each row of workers it would show everything."""

    def _launch_run_for_rank(self, rank: int, ranks_q: Any, completed: Any = None, completed_lock: Any = None) -> Any:
        _end_with_parent()
        return self._run_for_rank(rank, local_rank=1)


@cache
def _end_with_parent() -> None:
    """What a killed run left behind must not write beside the next run."""
    if multiprocess.parent_process() is not None:
        threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    multiprocess.parent_process().join()
    os._exit(1)
