"""On a Slurm cluster by datatrove's Slurm executor: an array of tasks, and a job after it that goes on."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anxin.corpus.files import Tally
from anxin.corpus.manifest import write_atomically
from anxin.corpus.scale.units import Units, of, tasks
from anxin.corpus.stage import Report
from anxin.errors import ConfigError, DataError, MissingExtra

__all__ = ["Slurm", "Submitted"]

_SUBMIT = """#!/bin/bash
# The tasks, and what comes when all of them have ended well; prints the two job numbers.
set -eu
job=$(sbatch --parsable {tasks})
echo "$job"
{then}"""
_THEN = 'sbatch --parsable --dependency="afterok:${{job%%;*}}" --kill-on-invalid-dep=yes {then}\n'


class Submitted(Exception):
    """No error: the rest is up to the cluster. `jobs` are the numbers of the tasks' array and of the job after it,
    or none where the scripts in `folder` were only written."""

    def __init__(self, stage: str, units: int, jobs: tuple[str, ...], folder: Path) -> None:
        super().__init__(stage, units, jobs, folder)
        self.stage, self.units, self.jobs, self.folder = stage, units, jobs, folder


@dataclass(frozen=True, slots=True)
class Slurm:
    """At most `workers` tasks at once, each of `cpus` cores with `memory` GB a core for at most `time`.

    Nothing is waited for: the scripts are written and submitted and `Submitted` is raised. `then` is the command that
    goes on with the recipe when the tasks have ended well, in a job of `jobs` cores; `after` is what it adds to say
    which stage that was, and is given to `ended` there, so that what is missing then is an error and not submitted
    again. `dry` writes the scripts only. All nodes see the same folders under the same paths.
    """

    workers: int = 8
    partition: str = ""
    time: str = "02:00:00"
    cpus: int = 1
    memory: int = 4
    then: tuple[str, ...] = ()
    after: str = "--after"
    jobs: int = 1
    ended: str = ""
    dry: bool = False

    def __call__(
        self, function: Callable[..., Tally], work: Sequence[tuple[object, ...]], out: Path, report: Report
    ) -> Tally:
        units = of(function, work, out)
        if not units.missing() or self.ended == out.name:
            return units.total()
        _not_in_queue(units)
        submit = self._write(units)
        raise Submitted(out.name, len(units.missing()), () if self.dry else _submitted(units, submit), units.logs)

    def _write(self, units: Units) -> Path:
        """The scripts and what the tasks read, as datatrove's `launch_job` writes it, and how they are submitted."""
        try:
            from datatrove.executor.slurm import SlurmPipelineExecutor, dill

            from anxin.corpus.scale.part import Part
        except ImportError:
            raise MissingExtra("the executor slurm", "scale") from None
        spread = tasks(units, self.workers)
        units.agree(spread)
        executor = SlurmPipelineExecutor(
            [Part(units)],
            spread,
            self.time,
            self.partition,
            cpus_per_task=self.cpus,
            mem_per_cpu_gb=self.memory,
            workers=self.workers,
            job_name=f"anxin-{units.out.name}",
            qos="",
            # The job finds the programs of the environment this process runs in, activated or not.
            env_command=f"export PATH={shlex.quote(str(Path(sys.executable).parent))}:$PATH",
            logging_dir=str(units.logs),
        )
        ranks = executor.get_incomplete_ranks()
        folder = units.logs
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "executor.pik").open("wb") as file:
            dill.dump(executor, file, fmode=dill.CONTENTS_FMODE)
        executor.save_executor_as_json()
        write_atomically(folder / "ranks_to_run.json", json.dumps(ranks))
        run = shlex.join(["srun", "-l", "-n", "1", "launch_pickled_pipeline", str(folder / "executor.pik")])
        _script(executor, folder / "tasks.slurm", executor.get_sbatch_args(len(ranks)), run)
        then = ""
        if self.then:
            one = {key: value for key, value in executor.get_sbatch_args().items() if key != "array"}
            one |= {"cpus-per-task": self.jobs, "job-name": f"anxin-after-{units.out.name}"}
            one |= {key: str(one[key]).replace("%A_%a", "%j") for key in ("output", "error")}
            _script(executor, folder / "then.slurm", one, shlex.join([*self.then, self.after, units.out.name]))
            then = _THEN.format(then=shlex.quote(str(folder / "then.slurm")))
        text = _SUBMIT.format(tasks=shlex.quote(str(folder / "tasks.slurm")), then=then)
        write_atomically(folder / "submit.sh", text)
        return folder / "submit.sh"


def _script(executor: Any, path: Path, options: dict[str, Any], command: str) -> None:
    known = {key: value for key, value in options.items() if value != "" or key == "requeue"}
    known |= {key: shlex.quote(str(known[key])) for key in ("output", "error")}
    write_atomically(path, executor.get_launch_file_contents(known, command))


def _submitted(units: Units, submit: Path) -> tuple[str, ...]:
    # What an earlier job says of its own array is not true of the next one.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_ARRAY_")}
    done = subprocess.run(["bash", str(submit)], capture_output=True, text=True, check=False, env=clean)
    jobs = tuple(line.partition(";")[0] for line in done.stdout.split())
    if jobs:
        write_atomically(units.logs / "submitted.json", json.dumps(jobs))
    if done.returncode == 127 and not jobs:
        raise ConfigError("there is no sbatch here: run this where jobs are submitted, or with --dry-run")
    if done.returncode:
        raise DataError(f"sbatch refused: {' '.join(done.stderr.split())[-300:]}; scripts: {units.logs}")
    return jobs


def _not_in_queue(units: Units) -> None:
    """Two tasks at one shard would write into each other's file."""
    try:
        jobs: list[str] = json.loads((units.logs / "submitted.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    for job in jobs:
        if job == os.environ.get("SLURM_JOB_ID"):
            continue
        try:
            found = subprocess.run(["squeue", "-h", "-j", job], capture_output=True, text=True, check=False)
        except FileNotFoundError:
            return
        if found.returncode == 0 and found.stdout.strip():
            raise DataError(f"job {job} of {units.out.name} is in the queue: wait for it, or end it with scancel {job}")
