"""The steps a recipe may name."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from functools import cache
from typing import Any, cast

from anxin.config import parse
from anxin.corpus.clean import CLEANING, COUNSELLING, DOCUMENTS
from anxin.corpus.decontaminate import Decontaminate
from anxin.corpus.personal import Personal
from anxin.corpus.review import Reviewed
from anxin.corpus.sample import Result, Sample, Step
from anxin.corpus.select import Only, Share, Split, Where
from anxin.corpus.sources import DropIds
from anxin.corpus.stage import through
from anxin.errors import ConfigError

__all__ = ["STEPS", "Clean", "step"]


@dataclass(frozen=True, slots=True)
class Clean:
    """The whole of cleaning in its proper order: that for dialogues, or for a document that for documents.

    `without` leaves steps out by name; what they do can then stand elsewhere in the recipe, with other options.
    """

    without: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := set(self.without) - {name for name, _ in (*COUNSELLING, *DOCUMENTS)}:
            raise ConfigError(f"clean has no step {', '.join(sorted(unknown))} to leave out")

    def __call__(self, sample: Sample) -> Result:
        return through(sample, _chain(bool(sample.document), self.without))


STEPS: Mapping[str, Step | type[Any]] = {
    **CLEANING,
    "clean": Clean,
    "decontaminate": Decontaminate,
    "drop_ids": DropIds,
    "only": Only,
    "personal": Personal,
    "reviewed": Reviewed,
    "share": Share,
    "split": Split,
    "where": Where,
}
"""Name to function, or to the dataclass of its options whose instance is the step."""


def step(name: str, options: Mapping[str, Any], where: str = "") -> Step:
    """The step of that name with these options. Raises `ConfigError` with the nearest name, or the option at fault."""
    found = STEPS.get(name)
    if found is None:
        near = difflib.get_close_matches(name, STEPS, n=1)
        raise ConfigError(f"no step {name}; " + (f"did you mean {near[0]}?" if near else f"known: {', '.join(STEPS)}"))
    if isinstance(found, type) and is_dataclass(found):
        made: Any = parse(found, options, where)
        return cast(Step, made)
    if options:
        raise ConfigError(f"the step {name} has no options; {next(iter(options))} was given")
    return found


@cache
def _chain(document: bool, without: tuple[str, ...]) -> tuple[tuple[str, Step], ...]:
    rows = DOCUMENTS if document else COUNSELLING
    return tuple((name, step(name, options)) for name, options in rows if name not in without)
