"""How far raters agree: by principle over replies they both scored, and in direction over pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from anxin.prefer.candidate import Candidate
from anxin.prefer.pair import Pair
from anxin.prefer.principles import principle_keys, total

__all__ = ["Agreement", "Directions"]


@dataclass(slots=True)
class _Interval:
    """Krippendorff's alpha for interval data, gathered unit by unit (Krippendorff 2011, Computing alpha, section E)."""

    values: int = 0
    total: float = 0.0
    squares: float = 0.0
    within: float = 0.0
    exact: int = 0
    near: int = 0
    units: int = 0

    def add(self, given: Sequence[float]) -> None:
        count, total, squares = len(given), sum(given), sum(value * value for value in given)
        self.units += 1
        self.values += count
        self.total += total
        self.squares += squares
        self.within += 2 * (count * squares - total * total) / (count - 1)  # squared differences of ordered couples
        spread = max(given) - min(given)
        self.exact += spread == 0
        self.near += spread <= 1

    def alpha(self) -> float | None:
        """1 is agreement, 0 chance, below it worse; None where all values are the same or there are too few."""
        if self.values < 3:
            return None
        expected = 2 * (self.values * self.squares - self.total**2) / (self.values - 1)
        return 1 - self.within / expected if expected > 1e-12 else None


@dataclass(slots=True)
class Agreement:
    """Counts scored replies. `flat` is how many ratings give every principle the same score: a judge who does that
    for most replies does not judge by principle."""

    _principles: dict[str, _Interval] = field(default_factory=dict)
    _total: _Interval = field(default_factory=_Interval)
    ratings: Counter[str] = field(default_factory=Counter)
    flat: Counter[str] = field(default_factory=Counter)
    unscored: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)

    def add(self, candidate: Candidate) -> None:
        """Count one reply and all who rated it, or failed to."""
        for rating in candidate.ratings:
            self.ratings[rating.rater] += 1
            self.flat[rating.rater] += len(set(rating.scores.values())) == 1
            self.moved[rating.rater] += round(rating.moved * 10_000)
        for failed in candidate.unscored:
            self.unscored[f"{failed.rater}: {failed.why}"] += 1
        if len(candidate.ratings) < 2:
            return
        for key in principle_keys():
            self._principles.setdefault(key, _Interval()).add([rating.scores[key] for rating in candidate.ratings])
        self._total.add([total(rating.scores) for rating in candidate.ratings])

    def to_json(self) -> dict[str, Any]:
        """Alpha, exact agreement and agreement within one point, by principle and of the mean; each rater's part."""
        table = {**self._principles, "mean": self._total} if self._total.units else {}
        return {
            "raters": {
                rater: {
                    "ratings": count,
                    "flat": round(self.flat[rater] / count, 4),
                    "moved_by_order": round(self.moved[rater] / count / 10_000, 4),
                }
                for rater, count in sorted(self.ratings.items())
            },
            "unscored": dict(self.unscored.most_common()),
            "principles": {
                key: {
                    "replies": one.units,
                    "alpha": None if (alpha := one.alpha()) is None else round(alpha, 4),
                    "exact": round(one.exact / one.units, 4),
                    "within_one": round(one.near / one.units, 4),
                }
                for key, one in table.items()
            },
        }


@dataclass(slots=True)
class _Gaps:
    total: float = 0.0
    higher: int = 0
    equal: int = 0
    lower: int = 0

    def add(self, gap: float) -> None:
        self.total += gap
        self.higher += gap > 0
        self.equal += gap == 0
        self.lower += gap < 0

    def to_json(self) -> dict[str, float]:
        count = self.higher + self.equal + self.lower
        shares = {"higher": self.higher, "equal": self.equal, "lower": self.lower}
        return {"mean_gap": round(self.total / count, 4)} | {key: round(n / count, 4) for key, n in shares.items()}


@dataclass(slots=True)
class Directions:
    """Of pairs that several raters scored, on how many they all prefer the chosen side; and each principle's part."""

    pairs: int = 0
    shared: int = 0
    agreed: int = 0
    _gaps: dict[str, _Gaps] = field(default_factory=dict)

    def add(self, pair: Pair) -> None:
        """Count a pair."""
        self.pairs += 1
        if len(pair.leads) > 1:
            self.shared += 1
            self.agreed += all(lead > 0 for lead in pair.leads.values())
        if pair.chosen.scores and pair.rejected.scores:
            for key in principle_keys():
                self._gaps.setdefault(key, _Gaps()).add(pair.chosen.scores[key] - pair.rejected.scores[key])

    def to_json(self) -> dict[str, Any]:
        """By principle: mean gap, and in what share of pairs the chosen side is higher, equal or lower."""
        return {
            "raters_agree": round(self.agreed / self.shared, 4) if self.shared else None,
            "by_several": self.shared,
            "principles": {key: gaps.to_json() for key, gaps in self._gaps.items()},
        }
