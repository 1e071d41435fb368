"""The step that drops what a list of ids says overlaps a test set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from anxin.corpus.sample import Drop, Sample
from anxin.errors import DataError

__all__ = ["DropIds"]


@dataclass(frozen=True, slots=True)
class DropIds:
    """Drops, as `overlaps_test_sets`, the samples whose ids are in the JSON list at `ids`; those of `source` alone,
    where it is given. A second sample of the same id, which reading has named `17~2`, is dropped with the first.
    """

    ids: str
    source: str = ""

    @property
    def reads(self) -> tuple[Path, ...]:
        """The list."""
        return (Path(self.ids),)

    def __call__(self, sample: Sample) -> Sample | Drop:
        if self.source and sample.source != self.source:
            return sample
        if {sample.id, sample.id.partition("~")[0]} & _ids(self.ids):
            return Drop("overlaps_test_sets")
        return sample


@cache
def _ids(path: str) -> frozenset[str]:
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"{path} is not a JSON list of ids: {error}") from None
    if not isinstance(found, list):
        raise DataError(f"{path} is not a JSON list of ids")
    return frozenset(str(id) for id in found)
