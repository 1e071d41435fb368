"""The units of a stage, and a note on disk of each: whoever did it, on whichever machine, its tally is found there."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anxin.corpus.files import Tally
from anxin.corpus.manifest import write_atomically
from anxin.corpus.stage import DONE, Report
from anxin.errors import DataError, UserError

__all__ = ["Units", "of", "tasks"]

_MOST_TASKS = 1000
"""Slurm takes 1001 to an array unless its administrator says otherwise."""


@dataclass(frozen=True, slots=True)
class Units:
    """`function` is to be called with each tuple of `work` on behalf of the stage at `out`. `stamp` is what that stage
    was begun as: who comes late, when the recipe has changed, writes nothing."""

    function: Callable[..., Tally]
    work: tuple[tuple[object, ...], ...]
    out: Path
    stamp: str

    def __str__(self) -> str:
        return f"{len(self.work)} units of {self.out.name}"

    @property
    def logs(self) -> Path:
        """The folder of datatrove's logs, completions and scripts. It outlives the stage's own `.work`."""
        return self.out.parent / ".datatrove" / self.out.name

    def do(self, place: int) -> Tally:
        """Do one unit, unless it is done. Raises `DataError` without a trace of what it worked on: datatrove's log
        prints the values of all names in a traceback, and those would be the samples'."""
        if (done := self.tally(place)) is not None:
            return done
        self._note(place, "error").unlink(missing_ok=True)
        try:
            if _stamp(self.out) != self.stamp:
                raise DataError(f"{self.out.name} was begun anew, otherwise, since this was submitted")
            tally = self.function(*self.work[place])
            write_atomically(self._note(place, "json"), json.dumps(tally.to_json()) + "\n")
        except Exception as error:
            told = str(error) if isinstance(error, UserError | OSError) else _where(error)
        else:
            return tally
        write_atomically(self._note(place, "error"), told)
        raise DataError(told)

    def tally(self, place: int) -> Tally | None:
        """Of one unit; None where it is not done."""
        try:
            return Tally.from_json(json.loads(self._note(place, "json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def missing(self) -> list[int]:
        """The places of the units that are not done."""
        return [place for place in range(len(self.work)) if not self._note(place, "json").is_file()]

    def agree(self, tasks: int) -> None:
        """Withdraw datatrove's note of completion from each task of which a unit is missing: the stage was begun anew
        since, or was spread over another number of tasks."""
        for rank in {place % tasks for place in self.missing()}:
            (self.logs / "completions" / f"{rank:05}").unlink(missing_ok=True)

    def total(self) -> Tally:
        """The sum of all tallies. Raises `DataError` where a unit is missing, with what is known of the reason."""
        if missing := self.missing():
            notes = [note for place in missing if (note := self._note(place, "error")).is_file()]
            why = notes[0].read_text(encoding="utf-8") if notes else "ended from outside, or never begun"
            raise DataError(
                f"{len(missing)} of {self} were not done: {why}; logs: {self.logs}; "
                "run again when that is mended: what is complete is kept"
            )
        total = Tally()
        for place in range(len(self.work)):
            total.add(self.tally(place) or Tally())
        return total

    @contextmanager
    def watched(self, report: Report) -> Iterator[None]:
        """While the block lasts, `report` is told every second how many units are done."""
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(1):
                report(self.out.name, len(self.work) - len(self.missing()), len(self.work))

        report(self.out.name, len(self.work) - len(self.missing()), len(self.work))
        thread = threading.Thread(target=tell, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            report(self.out.name, len(self.work) - len(self.missing()), len(self.work))

    def _note(self, place: int, kind: str) -> Path:
        return self.out / ".work" / "units" / f"{place:06}.{kind}"


def of(function: Callable[..., Tally], work: Sequence[tuple[object, ...]], out: Path) -> Units:
    """The units of the stage at `out` as it has been begun."""
    return Units(function, tuple(work), out, _stamp(out))


def tasks(units: Units, workers: int) -> int:
    """Tasks to spread the units over: four a worker, so that none waits long for the slowest, and none for nothing."""
    return max(1, min(len(units.work), 4 * workers, _MOST_TASKS))


def _stamp(out: Path) -> str:
    try:
        return (out / DONE / "digest").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _where(error: Exception) -> str:
    """Kind and place of a fault that is ours, without its message, which may hold a sample's text."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
