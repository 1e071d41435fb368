"""On this machine by datatrove's local executor: to try here what is to run on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from anxin.corpus.files import Tally
from anxin.corpus.scale.units import of, tasks
from anxin.corpus.stage import Report
from anxin.errors import DataError, MissingExtra

__all__ = ["Local", "quiet"]


@dataclass(frozen=True, slots=True)
class Local:
    """`workers` processes at once.

    Datatrove waits for ever for a worker that was killed from outside; `Processes` of `anxin.corpus.stage` does not.
    """

    workers: int = 2

    def __call__(
        self, function: Callable[..., Tally], work: Sequence[tuple[object, ...]], out: Path, report: Report
    ) -> Tally:
        units = of(function, work, out)
        if units.missing():
            try:
                from anxin.corpus.scale.part import Part
                from anxin.corpus.scale.silent import SilentLocal
            except ImportError:
                raise MissingExtra("the executor local", "scale") from None
            spread = tasks(units, self.workers)
            units.agree(spread)
            # Spawned, as `Processes` are: a fork of a process with threads may stand still.
            executor = SilentLocal(
                [Part(units)], spread, min(self.workers, spread), str(units.logs), start_method="spawn"
            )
            with units.watched(report), quiet(units.logs):
                try:
                    executor.run()
                except DataError:
                    units.total()  # says the same, and where the logs are
                    raise
        return units.total()


@contextmanager
def quiet(folder: Path) -> Iterator[None]:
    """What datatrove says in this process goes to `driver.log` in `folder`, beside its tasks' logs, and not to the
    terminal; without the values of the names in a traceback, which loguru would show."""
    from datatrove.utils.logging import logger, setup_default_logger

    logger.remove()
    logger.add(folder / "driver.log", diagnose=False)
    try:
        yield
    finally:
        setup_default_logger()
