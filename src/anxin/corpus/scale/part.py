"""What datatrove runs: one step that does a task's share of a stage's units. Imported only where datatrove is."""

from __future__ import annotations

from typing import Any

from datatrove.pipeline.base import PipelineStep

from anxin.corpus.scale.units import Units

__all__ = ["Part"]


class Part(PipelineStep):  # type: ignore[misc]
    """Every `world_size`-th unit from `rank` on. Datatrove's statistics show what became of the samples."""

    type = "Anxin"

    def __init__(self, units: Units) -> None:
        self.name = str(units)
        super().__init__()
        self.units = _Unlisted(units)

    def run(self, data: Any, rank: int = 0, world_size: int = 1) -> Any:
        """Do the share; passes `data`, of which there is none, on."""
        units = self.units.units
        for place in range(rank, len(units.work), world_size):
            with self.track_time("unit"):
                tally = units.do(place)
            for what in ("read", "kept", "changed"):
                self.stat_update(what, value=getattr(tally, what), unit="unit")
            for reason, count in tally.dropped.items():
                self.stat_update(f"dropped/{reason}", value=count, unit="unit")
            for shard, count in tally.aside.items():
                self.stat_update(f"aside/{shard}", value=count, unit="unit")
        return data


class _Unlisted:
    """Keeps datatrove's `executor.json` from listing thousands of tuples."""

    def __init__(self, units: Units) -> None:
        self.units = units

    def __str__(self) -> str:
        return str(self.units)
