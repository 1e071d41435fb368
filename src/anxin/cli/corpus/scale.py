"""`anxin corpus run --executor`: who does the work, as the options say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from anxin.errors import ConfigError

if TYPE_CHECKING:
    from anxin.corpus.stage import Workers

__all__ = ["PROCESSES", "Asked", "handed_over"]

PROCESSES = "processes"
_EXECUTORS = (PROCESSES, "local", "ray", "slurm")


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `anxin corpus run` about executors. Raises `ConfigError` for those that do not go together."""

    executor: str = PROCESSES
    workers: int = 2
    partition: str = ""
    time: str = "02:00:00"
    cpus: int = 1
    memory: int = 4
    dry: bool = False
    after: str = ""

    def __post_init__(self) -> None:
        if self.executor not in _EXECUTORS:
            raise ConfigError(f"no executor {self.executor}; known: {', '.join(_EXECUTORS)}")
        if self.executor != "slurm" and (self.partition or self.dry):
            raise ConfigError("--slurm-partition and --dry-run are for --executor slurm")

    def place(self, path: Path) -> Path:
        """The path as the workers are told it: from the root on, where they may run in another folder."""
        return path if self.executor == PROCESSES else path.absolute()

    def by(self, recipe: Path, jobs: int, options: Mapping[str, Sequence[str]]) -> Workers | None:
        """Who does the work of this run of `recipe` with these other `options`; None for processes of this machine."""
        if self.executor == PROCESSES:
            return None
        from anxin.corpus.scale import Local, Ray, Slurm

        if self.executor == "local":
            return Local(self.workers)
        if self.executor == "ray":
            return Ray(self.workers)
        given = {**options, "--jobs": [str(jobs)], "--executor": ["slurm"], "--workers": [str(self.workers)]}
        given |= {"--slurm-partition": [self.partition] if self.partition else [], "--slurm-time": [self.time]}
        given |= {"--slurm-cpus": [str(self.cpus)], "--slurm-mem": [str(self.memory)]}
        again = [sys.executable, "-m", "anxin", "corpus", "run", str(recipe)]
        again += [word for option, values in given.items() for value in values for word in (option, value)]
        return Slurm(
            self.workers,
            self.partition,
            self.time,
            self.cpus,
            self.memory,
            then=tuple(again),
            jobs=jobs or 1,
            ended=self.after,
            dry=self.dry,
        )


@contextmanager
def handed_over(as_json: bool) -> Iterator[None]:
    """Where the block ends because the rest is up to Slurm, say so and end well."""
    from anxin.corpus.scale import Submitted

    try:
        yield
    except Submitted as rest:
        if as_json:
            typer.echo(json.dumps({"stage": rest.stage, "units": rest.units, "submitted": rest.jobs}))
        elif rest.jobs:
            typer.echo(f"{rest.stage}: {rest.units} units submitted as job {', then '.join(rest.jobs)}")
        else:
            typer.echo(f"{rest.stage}: {rest.units} units, not submitted; bash {rest.folder / 'submit.sh'} does")
        raise typer.Exit from None
