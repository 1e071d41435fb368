"""How far length alone tells the chosen reply from the other, and a sub-sample in which it does not.

A judge that likes length, or models that say more when they say it better, make pairs from which a model learns to be
long (of PsychoCounsel's win rates 10 to 24 points go when length is held equal; Zhang et al. 2025).
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from anxin.prefer.pair import Pair

__all__ = ["Balance", "Lengths"]

_BINS_A_DOUBLING = 2


@dataclass(slots=True)
class Lengths:
    """Counts pairs one by one. Lengths are in characters."""

    pairs: int = 0
    longer: int = 0
    shorter: int = 0
    chosen: int = 0
    rejected: int = 0
    _products: float = 0.0
    _lengths: float = 0.0
    _margins: float = 0.0
    _scored: int = 0

    def add(self, pair: Pair) -> None:
        """Count a pair."""
        apart = pair.chosen.length - pair.rejected.length
        self.pairs += 1
        self.longer += apart > 0
        self.shorter += apart < 0
        self.chosen += pair.chosen.length
        self.rejected += pair.rejected.length
        if pair.margin is not None:
            self._scored += 1
            self._products += apart * pair.margin
            self._lengths += apart * apart
            self._margins += pair.margin * pair.margin

    def to_json(self) -> dict[str, Any]:
        """`longer_wins`: share of pairs of unequal length whose longer reply is the chosen one; .5 is balance.

        `correlation` is Pearson's r of the differences in length and in score, each pair taken in both directions (so
        that both means are 0).
        """
        unequal = self.longer + self.shorter
        scale = math.sqrt(self._lengths * self._margins)
        return {
            "pairs": self.pairs,
            "chosen_longer": round(self.longer / self.pairs, 4) if self.pairs else None,
            "chosen_shorter": round(self.shorter / self.pairs, 4) if self.pairs else None,
            "longer_wins": round(self.longer / unequal, 4) if unequal else None,
            "mean_chosen": round(self.chosen / self.pairs, 1) if self.pairs else None,
            "mean_rejected": round(self.rejected / self.pairs, 1) if self.pairs else None,
            "correlation": round(self._products / scale, 4) if self._scored and scale else None,
        }


@dataclass(slots=True)
class Balance:
    """Which pairs to leave out so that longer and shorter replies win equally often, at every size of difference.

    Pairs are binned by the ratio of the two lengths, half a doubling wide; in each bin the direction that wins more
    often is thinned by hash to the number of the other. Holds a few bytes a pair.
    """

    _marks: dict[tuple[int, bool], list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, pair: Pair) -> None:
        """Take note of a pair; `left_out` is asked when all have been."""
        if (bin := _bin(pair)) is not None:
            self._marks[bin].append(_mark(pair))

    def left_out(self) -> Collection[int]:
        """Marks of the pairs to leave out; ask `is_in`."""
        out: set[int] = set()
        for (size, longer), marks in self._marks.items():
            spare = len(marks) - len(self._marks.get((size, not longer), ()))
            if spare > 0:
                out.update(heapq.nlargest(spare, marks))
        return out

    @staticmethod
    def is_in(pair: Pair, out: Collection[int]) -> bool:
        """Whether the pair is one of those to leave out."""
        return bool(out) and _mark(pair) in out


def _bin(pair: Pair) -> tuple[int, bool] | None:
    """How many half doublings the lengths are apart, and whether the chosen is longer; None where they are equal."""
    if pair.chosen.length == pair.rejected.length:
        return None
    ratio = math.log2((pair.chosen.length + 1) / (pair.rejected.length + 1))
    return int(abs(ratio) * _BINS_A_DOUBLING), ratio > 0


def _mark(pair: Pair) -> int:
    return int.from_bytes(hashlib.blake2b(f"{pair.id}\0{pair.item}".encode(), digest_size=8).digest())
