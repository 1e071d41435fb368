"""Steps over shards: any number of processes, killed and begun again at will, always the same files."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Protocol

from anxin.corpus.files import Damage, Shard, Tally, read_samples, shard_name
from anxin.corpus.manifest import write_atomically
from anxin.corpus.sample import Drop, Result, Sample, Step
from anxin.errors import DataError, UserError

__all__ = [
    "DONE",
    "Processes",
    "Report",
    "Steps",
    "Workers",
    "each_shard",
    "finished",
    "mark",
    "names",
    "run_shard",
    "run_steps",
    "through",
]

DONE = ".done"
"""The folder in which a stage notes its complete shards; their tallies stand in it."""

Report = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much of it."""


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of one stage, in order, under the names the recipe gives them."""

    named: tuple[tuple[str, Step], ...]

    def __call__(self, sample: Sample) -> Result:
        return through(sample, self.named)

    @property
    def reads(self) -> tuple[Path, ...]:
        """The files whose content decides what the steps do, as each step's own `reads` names them."""
        return tuple(path for _, step in self.named for path in getattr(step, "reads", ()))


def through(sample: Sample, steps: Iterable[tuple[str, Step]]) -> Result:
    """The sample after every step, or what the first step that let it go no further made of it.

    A step that fails drops the sample as `failed_<step>`: what a rule has not looked at does not go on.
    """
    for name, step in steps:
        try:
            result = step(sample)
        except UserError:
            raise
        except Exception as error:
            return Drop(f"failed_{name}", f"{type(error).__name__}: {error}"[:200])
        if not isinstance(result, Sample):
            return result
        sample = result
    return sample


def names(inputs: Sequence[Path]) -> list[str]:
    """A shard name for each input file: its own, with its place before it where two files would share one."""
    own = [shard_name(path) for path in inputs]
    return own if len(set(own)) == len(own) else [f"{place:03}-{name}" for place, name in enumerate(own)]


def finished(out: Path, name: str) -> Tally | None:
    """The tally of a shard that an earlier run completed, else None."""
    try:
        return Tally.from_json(json.loads((out / DONE / f"{name}.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, KeyError):
        return None


def mark(out: Path, name: str, tally: Tally, where: Sequence[str] = ()) -> None:
    """Note that a shard is complete. `where` lists places that could not be read, for the manifest."""
    body = {**tally.to_json(), "damage": list(where)}
    write_atomically(out / DONE / f"{name}.json", json.dumps(body, ensure_ascii=False) + "\n")


def run_shard(path: Path, out: Path, name: str, step: Step, source: str = "") -> Tally:
    """Read one shard, take each sample through `step`, write the shard `name` of the stage at `out`.

    A shard that is complete already is not done again.
    """
    if (done := finished(out, name)) is not None:
        return done
    damaged: list[str] = []
    with Shard(out, name) as shard:
        for sample in read_samples(path, source):
            if isinstance(sample, Damage):
                damaged.append(sample.where)
                shard.put(sample)
            else:
                shard.put(sample, step(sample))
    mark(out, name, shard.tally, damaged[:20])
    return shard.tally


class Workers(Protocol):
    """Who does the work of the stage at `out`: calls `function` with each tuple of `work`, on this machine or others,
    and returns the sum of the tallies. Each call writes whole files of its own, so that it matters not who makes it.
    """

    def __call__(
        self, function: Callable[..., Tally], work: Sequence[tuple[object, ...]], out: Path, report: Report
    ) -> Tally: ...


@dataclass(frozen=True, slots=True)
class Processes:
    """This machine, in `jobs` processes. Others are in `anxin.corpus.scale`."""

    jobs: int = 1

    def __call__(
        self, function: Callable[..., Tally], work: Sequence[tuple[object, ...]], out: Path, report: Report
    ) -> Tally:
        return each_shard(function, work, self.jobs, report, out.name)


def run_steps(
    inputs: Sequence[Path], out: Path, step: Step, jobs: int, report: Report, workers: Workers | None = None
) -> Tally:
    """`run_shard` over all inputs in `jobs` processes, or by `workers`; the sum of the tallies."""
    work = [(path, out, name, step) for path, name in zip(inputs, names(inputs), strict=True)]
    return (workers or Processes(jobs))(run_shard, work, out, report)


def end_with_parent() -> None:
    """Called in a worker as it starts: when the process that started it is killed, the worker ends too, instead of
    writing beside the next run."""
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def each_shard(
    function: Callable[..., Tally], work: Sequence[tuple[object, ...]], jobs: int, report: Report, what: str
) -> Tally:
    """Call `function` with each tuple of `work`, in this process or in `jobs`; the sum of the tallies.

    The first error stops what has not begun and is raised; what was complete stays complete.
    """
    total = Tally()
    began = time.monotonic()
    report(what, 0, len(work))
    if jobs <= 1 or len(work) <= 1:
        for number, arguments in enumerate(work, start=1):
            total.add(function(*arguments))
            report(what, number, len(work))
        return total
    with ProcessPoolExecutor(min(jobs, len(work)), get_context("spawn"), end_with_parent) as pool:
        waiting: set[Future[Tally]] = {pool.submit(function, *arguments) for arguments in work}
        try:
            while waiting:
                ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in ready:
                    total.add(future.result())
                report(what, len(work) - len(waiting), len(work))
        except BrokenProcessPool:
            raise DataError(
                f"a worker of {what} was killed after {time.monotonic() - began:.0f} s, perhaps for memory; "
                "run again with fewer --jobs: complete shards are kept"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)
    return total
