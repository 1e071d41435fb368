"""What a road reads: samples of an earlier stage, or known sets as they were released, each under its licence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from anxin.corpus.files import Damage, read_samples, shards
from anxin.corpus.sample import Drop, Sample
from anxin.corpus.sources import Part, allow, catalogue, files_of, origin, stream
from anxin.corpus.stage import names
from anxin.errors import DataError

__all__ = ["Input", "Licences", "taken"]


@dataclass(frozen=True, slots=True)
class Input:
    """A piece of work that is done whole: its name among the stage's shards, and its samples in order.

    A drop is a sample that was refused already, of which no more is known here.
    """

    name: str
    read: Callable[[], Iterator[Sample | Damage | Drop]]


def taken(
    place: Path, sources: Sequence[str] = (), accept: Collection[str] = ()
) -> tuple[list[Input], list[Path], dict[str, str]]:
    """The inputs at `place`, their files, and the licence of each set.

    Without `sources` it is a stage's folder or a file of samples; with them the folder of all data, from which these
    sets of the catalogue are read. Raises `DataError` where a set may not be trained on and `accept` does not name it.
    """
    if not sources:
        paths = shards(place)
        read = [partial(read_samples, path) for path in paths]
        return [Input(name, one) for name, one in zip(names(paths), read, strict=True)], paths, {}
    found: list[Input] = []
    files: list[Path] = []
    licences: dict[str, str] = {}
    for name in sources:
        facts = origin(name)
        allow(facts, "train", accept)
        licences[facts.name] = facts.licence
        for number, (path, part) in enumerate(files_of(facts, place)):
            found.append(Input(f"{facts.name}-{number:03}", partial(_of_set, facts.name, path, part)))
            files.append(path)
    return found, files, licences


def _of_set(name: str, path: Path, part: Part) -> Iterator[Sample | Damage]:
    for sample in stream(part.reader, part.options)(path):
        yield sample if isinstance(sample, Damage) else replace(sample, source=name)


class Licences:
    """Which sources of samples may be trained on: what an earlier stage read is held to its licence here too."""

    def __init__(self, accept: Collection[str] = ()) -> None:
        self._accept = accept
        self._known: dict[str, str] = {}

    def why_not(self, source: str) -> str:
        """Why samples of a source may not be trained on; empty where they may, or where the catalogue has no such
        set."""
        if source not in self._known:
            why = ""
            if (facts := catalogue().get(source)) is not None:
                try:
                    allow(facts, "train", self._accept)
                except DataError as error:
                    why = str(error)
            self._known[source] = why
        return self._known[source]
