"""The statistics of a review, each a plain function with its source. What is undefined is None, never a number."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

__all__ = ["Rate", "Unit", "alpha", "bootstrap", "kappa", "percent", "rate", "weighted"]

Unit = Sequence[Hashable]
"""The values that raters gave one item; who gave none is not in it."""

_Z = 1.959963984540054  # the normal quantile of a two-sided 95 % interval


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `n` as a share with its 95 % interval; `share` is None where `n` is 0."""

    hits: int
    n: int
    share: float | None
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """With four decimals."""
        share = None if self.share is None else round(self.share, 4)
        return {"hits": self.hits, "of": self.n, "share": share, "low": round(self.low, 4), "high": round(self.high, 4)}


def alpha(units: Sequence[Unit]) -> float | None:
    """Krippendorff's alpha for nominal data: any number of raters, any of them missing (Krippendorff 2011, Computing
    Krippendorff's alpha-reliability, section C). None where fewer than two items are shared or all values are equal.
    """
    shared = [unit for unit in units if len(unit) > 1]
    totals: Counter[Hashable] = Counter()
    observed = 0.0
    for unit in shared:
        counts = Counter(unit)
        totals.update(counts)
        observed += (len(unit) ** 2 - sum(n * n for n in counts.values())) / (len(unit) - 1)
    n = totals.total()
    expected = n * n - sum(count * count for count in totals.values())
    if len(shared) < 2 or not expected:
        return None
    return 1 - (n - 1) * observed / expected


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Cohen's kappa of two raters' values on the same items (Cohen 1960, Educ Psychol Meas 20:37). None where there
    are none, or chance alone would make them agree."""
    n = len(pairs)
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(count * second[value] for value, count in first.items())
    if not n or chance == n * n:
        return None
    same = sum(a == b for a, b in pairs)
    return (same * n - chance) / (n * n - chance)


def percent(units: Sequence[Unit]) -> float | None:
    """How often two raters of one item agree, every item counting once."""
    shares = [
        sum(count * (count - 1) for count in Counter(unit).values()) / (len(unit) * (len(unit) - 1))
        for unit in units
        if len(unit) > 1
    ]
    return math.fsum(shares) / len(shares) if shares else None


def bootstrap(
    units: Sequence[Unit], figure: Callable[[Sequence[Unit]], float | None], rounds: int = 1000, seed: int = 0
) -> tuple[float, float] | None:
    """The 95 % percentile interval of a figure over items drawn again with replacement (Efron & Tibshirani 1993,
    chapter 13). None where the figure is undefined for the items or for more than one draw in twenty."""
    if figure(units) is None:
        return None
    chance = Random(seed)
    found = [value for _ in range(rounds) if (value := figure(chance.choices(units, k=len(units)))) is not None]
    if len(found) < 0.95 * rounds:
        return None
    found.sort()
    return found[round(0.025 * (len(found) - 1))], found[round(0.975 * (len(found) - 1))]


def rate(hits: int, n: int) -> Rate:
    """`hits` of `n` with Wilson's score interval (Wilson 1927, JASA 22:209)."""
    return weighted([(1.0, True)] * hits + [(1.0, False)] * (n - hits))


def weighted(cases: Sequence[tuple[float, bool]]) -> Rate:
    """The share of hits where a case stands for `weight` others: Wilson's interval with Kish's effective size in the
    place of n, (sum of weights)^2 / sum of their squares (Kish 1965, Survey Sampling, section 8.2)."""
    hits, n = sum(hit for _, hit in cases), len(cases)
    if not n:
        return Rate(0, 0, None, 0.0, 1.0)
    whole = math.fsum(weight for weight, _ in cases)
    share = math.fsum(weight for weight, hit in cases if hit) / whole
    size = whole * whole / math.fsum(weight * weight for weight, _ in cases)
    square = _Z * _Z
    middle = (share + square / (2 * size)) / (1 + square / size)
    half = _Z / (1 + square / size) * math.sqrt(share * (1 - share) / size + square / (4 * size * size))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Rate(hits, n, share, low if hits else 0.0, high if hits < n else 1.0)
