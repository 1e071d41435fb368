"""Datatrove's local executor, for a terminal that shows a progress bar. Imported only where datatrove is."""

from __future__ import annotations

from typing import Any

from datatrove.executor.local import LocalPipelineExecutor

__all__ = ["SilentLocal"]


class SilentLocal(LocalPipelineExecutor):  # type: ignore[misc]
    """Its tasks write to their log files only: to the first of each row of workers it would show everything."""

    def _launch_run_for_rank(self, rank: int, ranks_q: Any, completed: Any = None, completed_lock: Any = None) -> Any:
        return self._run_for_rank(rank, local_rank=1)
