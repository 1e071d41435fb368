"""On a Ray cluster, or a local Ray, by datatrove's Ray executor."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anxin.corpus.files import Tally
from anxin.corpus.scale.local import quiet
from anxin.corpus.scale.units import of, tasks
from anxin.corpus.stage import Report
from anxin.errors import ConfigError, MissingExtra

__all__ = ["Ray"]


@dataclass(frozen=True, slots=True)
class Ray:
    """`workers` tasks at once, each with `cpus` cores and `memory` GB a core, on the cluster that RAY_ADDRESS names,
    else on a Ray of this machine's own that ends with the stage. All nodes see the same folders under the same paths.
    """

    workers: int = 2
    cpus: int = 1
    memory: int = 1

    def __call__(
        self, function: Callable[..., Tally], work: Sequence[tuple[object, ...]], out: Path, report: Report
    ) -> Tally:
        units = of(function, work, out)
        if units.missing():
            # Ray reports its use to its makers unless told otherwise before it is imported.
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            try:
                import ray
                from datatrove.executor.ray import RayPipelineExecutor

                from anxin.corpus.scale.part import Part
            except ImportError:
                raise MissingExtra("the executor ray", "scale,ray") from None
            own = not ray.is_initialized()
            if own:
                try:
                    ray.init(include_dashboard=False, log_to_driver=False, logging_level="error")
                except ConnectionError:
                    raise ConfigError(
                        f"no Ray answers at {os.environ.get('RAY_ADDRESS')}: is it the address ray start told, and "
                        "have you its token (RAY_AUTH_MODE=token)?"
                    ) from None
            try:
                # A task is an actor in a process of its own: as many as work at once, so that each begins once.
                spread = min(tasks(units, self.workers), self.workers)
                units.agree(spread)
                with units.watched(report), quiet(units.logs):
                    RayPipelineExecutor(
                        [Part(units)],
                        spread,
                        self.workers,
                        logging_dir=str(units.logs),
                        cpus_per_task=self.cpus,
                        mem_per_cpu_gb=self.memory,
                    ).run()
            finally:
                if own:
                    ray.shutdown()
        return units.total()
