from __future__ import annotations

import os
from pathlib import Path

import pytest

from anxin.model.cores import usable_cores


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Eight processors that are four cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    for cpu in range(8):
        topology = tmp_path / f"cpu{cpu}" / "topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(f"{cpu % 4},{cpu % 4 + 4}\n")
    return tmp_path


def test_threads_of_one_core_count_once(machine: Path) -> None:
    assert usable_cores(machine, machine / "none") == 4


@pytest.mark.parametrize(("quota", "cores"), [("max 100000", 4), ("250000 100000", 2), ("50000 100000", 1), ("?", 4)])
def test_a_containers_quota(machine: Path, quota: str, cores: int) -> None:
    (machine / "cpu.max").write_text(quota)
    assert usable_cores(machine, machine / "cpu.max") == cores


def test_where_nothing_is_known_every_processor_counts(machine: Path, tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "none", tmp_path / "none") == 8


def test_this_machine() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
