"""The statistics of the safety report, each a plain function with its source.

Pairs are always (labelled, heard). Shares are 0 to 1; an undefined figure is None, never a number that looks like one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

__all__ = [
    "LEVELS",
    "Bin",
    "Change",
    "Estimate",
    "Rate",
    "bootstrap",
    "brier",
    "calibration_error",
    "change",
    "confusion",
    "percentile",
    "pooled",
    "rate",
    "reliability",
    "weighted_kappa",
    "wilson",
]

LEVELS = 6  # T0 to T5
_Z = 1.959963984540054  # the normal quantile of a two-sided 95 % interval
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `n`, as a share with its 95 % Wilson interval; `value` is None where n is 0."""

    hits: int
    n: int
    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap interval; None where it is undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A share before and after on the same `n` items: `lost` hits became misses, `gained` misses became hits.

    `points` is after minus before in percentage points, with its 95 % interval.
    """

    n: int
    before: float | None
    after: float | None
    lost: int
    gained: int
    points: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability diagram: predictions in (low, high], their mean, and the share that were true."""

    low: float
    high: float
    n: int
    mean: float | None
    share: float | None


def wilson(hits: int, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927, JASA 22:209); (0, 1) where nothing was counted.

    Kept over the normal approximation because the shares here are near 0 and 1 (Brown, Cai & DasGupta 2001).
    """
    if n == 0:
        return 0.0, 1.0
    share, square = hits / n, _Z * _Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _Z / (1 + square / n) * math.sqrt(share * (1 - share) / n + square / (4 * n * n))
    low = 0.0 if hits == 0 else max(0.0, middle - half)  # exact at the ends, whatever the rounding
    high = 1.0 if hits == n else min(1.0, middle + half)
    return low, high


def rate(hits: int, n: int) -> Rate:
    """`hits` of `n` with the Wilson interval."""
    low, high = wilson(hits, n)
    return Rate(hits, n, hits / n if n else None, low, high)


def change(pairs: Iterable[tuple[bool, bool]]) -> Change:
    """The difference of two shares on the same items, from (hit before, hit after).

    The interval is Newcombe's hybrid score interval for paired shares (Newcombe 1998, Stat Med 17:2635, method 10:
    Wilson's limits of both shares, joined with their correlation phi, continuity corrected).
    """
    counts = Counter((bool(before), bool(after)) for before, after in pairs)
    both, lost, gained, neither = (counts[key] for key in ((True, True), (True, False), (False, True), (False, False)))
    n = both + lost + gained + neither
    if n == 0:
        return Change(0, None, None, 0, 0, None, None, None)
    first, second = (both + lost) / n, (both + gained) / n
    (low_1, high_1), (low_2, high_2) = wilson(both + lost, n), wilson(both + gained, n)
    phi = _phi(both, lost, gained, neither)
    down_1, up_1, down_2, up_2 = first - low_1, high_1 - first, second - low_2, high_2 - second
    # after - before: the roles of the two shares are those of Newcombe's theta = p1 - p2 with p1 = after.
    below = math.sqrt(max(0.0, down_2**2 - 2 * phi * down_2 * up_1 + up_1**2))
    above = math.sqrt(max(0.0, up_2**2 - 2 * phi * up_2 * down_1 + down_1**2))
    moved = second - first
    return Change(n, first, second, lost, gained, 100 * moved, 100 * (moved - below), 100 * (moved + above))


def pooled(changes: Iterable[Change]) -> Change:
    """Changes added up. No interval: the same texts come back under every rule, so they are not independent."""
    known = list(changes)
    n = sum(one.n for one in known)
    if n == 0:
        return change(())
    before = sum(one.n * (one.before or 0.0) for one in known) / n
    after = sum(one.n * (one.after or 0.0) for one in known) / n
    lost, gained = sum(one.lost for one in known), sum(one.gained for one in known)
    return Change(n, before, after, lost, gained, 100 * (after - before), None, None)


def _phi(a: int, b: int, c: int, d: int) -> float:
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    cross = float(a * d - b * c)
    if cross > 0:
        cross = max(cross - (a + b + c + d) / 2, 0.0)
    return cross / math.sqrt(margins)


def confusion(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Counts by level: row = labelled T0..T5, column = heard T0..T5."""
    counts = Counter(pairs)
    return tuple(tuple(counts[row, column] for column in range(LEVELS)) for row in range(LEVELS))


def weighted_kappa(pairs: Iterable[tuple[int, int]]) -> float | None:
    """Agreement beyond chance with quadratic weights (Cohen 1968, Psychol Bull 70:213): 1 - sum(w o) / sum(w e).

    w = (row - column)^2; o are the counts, e the counts expected from the margins. 1 is perfect, 0 chance; None where
    no disagreement could be expected (one level only, or nothing counted).
    """
    table = confusion(pairs)
    rows = [sum(row) for row in table]
    columns = [sum(column) for column in zip(*table, strict=True)]
    n = sum(rows)
    seen = expected = 0.0
    for i in range(LEVELS):
        for j in range(LEVELS):
            weight = (i - j) ** 2
            seen += weight * table[i][j]
            expected += weight * rows[i] * columns[j] / n if n else 0.0
    return 1 - seen / expected if expected else None


def bootstrap(
    items: Sequence[_Item], figure: Callable[[Sequence[_Item]], float | None], times: int = 1000, seed: int = 0
) -> Estimate:
    """The figure with its 95 % percentile interval (Efron 1979, Ann Stat 7:1), items drawn with replacement.

    Give whole dialogues as items where single messages are not independent. The same seed gives the same interval.
    """
    value = figure(items)
    if value is None or len(items) < 2:
        return Estimate(value)
    draw = Random(seed)
    found = [figure(draw.choices(items, k=len(items))) for _ in range(times)]
    known = [one for one in found if one is not None]
    return Estimate(value, percentile(known, 0.025), percentile(known, 0.975))


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed (nearest rank: Hyndman & Fan 1996, type 1)."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def brier(pairs: Sequence[tuple[float, bool]]) -> float | None:
    """Mean squared distance of a probability from what was so (Brier 1950, Mon Weather Rev 78:1), 0 is best."""
    return sum((chance - truth) ** 2 for chance, truth in pairs) / len(pairs) if pairs else None


def reliability(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> tuple[Bin, ...]:
    """Predictions in bins of equal width, each with its mean and the share that was true (DeGroot & Fienberg 1983)."""
    sorted_in: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for chance, truth in pairs:
        sorted_in[min(bins - 1, max(0, math.ceil(chance * bins) - 1))].append((chance, truth))
    return tuple(
        Bin(
            place / bins,
            (place + 1) / bins,
            len(held),
            sum(chance for chance, _ in held) / len(held) if held else None,
            sum(truth for _, truth in held) / len(held) if held else None,
        )
        for place, held in enumerate(sorted_in)
    )


def calibration_error(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> float | None:
    """Expected calibration error: |share true - mean probability| by bin, weighted by size (Naeini et al. 2015, AAAI;
    Guo et al. 2017, eq. 3). 0 is best; None without predictions."""
    if not pairs:
        return None
    return sum(
        one.n * abs(one.share - one.mean)
        for one in reliability(pairs, bins)
        if one.share is not None and one.mean is not None
    ) / len(pairs)
