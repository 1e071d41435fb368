"""How many threads a model may use: physical cores, because two hyper-threads of one core only hinder each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

__all__ = ["usable_cores"]

_CPUS: Final = Path("/sys/devices/system/cpu")
_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(cpus: Path = _CPUS, quota: Path = _QUOTA) -> int:
    """Physical cores this process may run on, no more than its container's quota; at least 1."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = {_first_line(cpus / f"cpu{cpu}/topology/thread_siblings_list") or str(cpu) for cpu in allowed}
    return max(1, min(len(cores), _granted(quota)))


def _granted(quota: Path) -> int:
    """Whole processors a Linux control group grants (cpu.max: microseconds used, per microseconds)."""
    used, _, period = _first_line(quota).partition(" ")
    if used.isdecimal() and period.isdecimal() and int(period):
        return int(used) // int(period)
    return 1 << 16


def _first_line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):
        return ""
