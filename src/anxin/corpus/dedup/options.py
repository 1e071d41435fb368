"""What the person who runs a deduplication may choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from anxin.errors import ConfigError

__all__ = ["Dedup"]


@dataclass(frozen=True, slots=True)
class Dedup:
    """How alike two samples must be for one of them to go, and which one stays.

    ngram: characters in a shingle of folded text (see `fold.py`).
    bands, rows: `bands` x `rows` MinHash values a sample; a pair is looked at when one band agrees in all its rows,
        which happens with probability 1 - (1 - J^rows)^bands for two samples of Jaccard similarity J (Leskovec,
        Rajaraman & Ullman, Mining of Massive Datasets, section 3.4). 14 x 8 finds J = .9 with .9996, J = .7 with .56.
    similarity: the least share of equal MinHash values, an unbiased estimate of J (standard error sqrt(J(1-J)/(bands
        rows)), .04 at J = .75), with which a pair that was looked at counts as near duplicates.
    prefer: sources, better first; a sample of a source named earlier stays, one of a source not named goes.
    keep: then, which of two stays: the `first` in the order of the inputs, the `longest` by letters and digits, or the
        one with the higher number in the metadata entry `score` (none counts as lowest). Among equals, the first.
    cluster: the least estimate of J with which samples that stay are told to be relatives by a common metadata entry
        `cluster`, for splits that must not part them; 0 leaves it out. Found with bands of four rows.
    """

    ngram: int = 5
    bands: int = 14
    rows: int = 8
    similarity: float = 0.75
    prefer: tuple[str, ...] = ()
    keep: Literal["first", "longest", "score"] = "first"
    score: str = "score"
    cluster: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.ngram <= 64:
            raise ConfigError(f"ngram must be 1 to 64 characters, not {self.ngram}")
        if self.bands < 1 or self.rows < 1 or self.bands * self.rows > 4096:
            raise ConfigError("bands and rows must be at least 1, their product at most 4096")
        if not 0 < self.similarity <= 1:
            raise ConfigError(f"similarity must be above 0 and at most 1, not {self.similarity}")
        if not 0 <= self.cluster <= self.similarity:
            raise ConfigError(f"cluster must be from 0 (none) to similarity ({self.similarity}), not {self.cluster}")

    @property
    def permutations(self) -> int:
        """MinHash values a sample."""
        return self.bands * self.rows

    @property
    def bandings(self) -> tuple[tuple[int, int], ...]:
        """Bands and rows of each way in which signatures are cut: for near duplicates, then for clusters."""
        loose = self.permutations // _LOOSE_ROWS
        return ((self.bands, self.rows), (loose, _LOOSE_ROWS)) if self.cluster and loose else ((self.bands, self.rows),)


_LOOSE_ROWS = 4
"""28 bands of four rows find J = .5 with .84 and J = .6 with .98."""
