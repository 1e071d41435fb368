"""How a reply was scored, by a model or by a person: one record, the same for both, and the mean of several.

In files a rating is one JSON line: `{"item", "reply", "rater", "scores": {principle: 1-5}, "note"}`. `item` is the id
of what the client said, `reply` that of the candidate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anxin.corpus.files import Damage, read_records
from anxin.errors import DataError
from anxin.prefer.principles import HIGHEST, LOWEST, principle_keys, total

__all__ = ["Mean", "Rating", "average", "checked", "rating_from", "read_ratings"]


@dataclass(frozen=True, slots=True)
class Rating:
    """One rater's scores of one reply: whole numbers 1 to 5, or their mean where a judge saw it in several orders.

    `moved` is then how far the order moved them: highest less lowest, averaged over the principles.
    """

    item: str
    reply: str
    rater: str
    scores: Mapping[str, float]
    note: str = ""
    moved: float = 0.0

    def to_record(self) -> dict[str, Any]:
        """As it stands in a file."""
        record: dict[str, Any] = {"item": self.item, "reply": self.reply, "rater": self.rater}
        record["scores"] = {key: _plain(self.scores[key]) for key in principle_keys()}
        return record | ({"note": self.note} if self.note else {}) | ({"moved": self.moved} if self.moved else {})


@dataclass(frozen=True, slots=True)
class Mean:
    """Several raters' scores of one reply: the mean by principle, their mean (`total`), and how far raters differ.

    `deviation` is the standard deviation over these raters (no estimate of others), `distance` highest less lowest.
    """

    scores: Mapping[str, float]
    total: float
    deviation: Mapping[str, float] = field(default_factory=dict)
    distance: Mapping[str, float] = field(default_factory=dict)
    raters: tuple[str, ...] = ()

    def to_record(self) -> dict[str, Any]:
        """As it stands beside a candidate; what differs is left out where there is one rater."""
        record: dict[str, Any] = {"scores": {key: round(value, 4) for key, value in self.scores.items()}}
        record["total"] = round(self.total, 4)
        if len(self.raters) > 1:
            record["deviation"] = {key: round(value, 4) for key, value in self.deviation.items()}
            record["distance"] = {key: round(value, 4) for key, value in self.distance.items()}
        return record


def average(ratings: Sequence[Rating]) -> Mean:
    """The mean of one reply's ratings, each rater counting once. Raises `DataError` where there are none."""
    if not ratings:
        raise DataError("no ratings to average")
    scores: dict[str, float] = {}
    deviation: dict[str, float] = {}
    distance: dict[str, float] = {}
    for key in principle_keys():
        given = [rating.scores[key] for rating in ratings]
        scores[key] = mean = math.fsum(given) / len(given)
        deviation[key] = math.sqrt(math.fsum((value - mean) ** 2 for value in given) / len(given))
        distance[key] = max(given) - min(given)
    return Mean(scores, total(scores), deviation, distance, tuple(rating.rater for rating in ratings))


def checked(scores: Any) -> dict[str, float]:
    """All seven scores, each a number from 1 to 5. Raises `DataError` naming what is wrong; nothing is guessed."""
    if not isinstance(scores, Mapping):
        raise DataError("scores are not an object of principles")
    keys = principle_keys()
    for key in scores:
        if key not in keys:
            raise DataError(f"{key} is no principle; they are {', '.join(keys)}")
    found: dict[str, float] = {}
    for key in keys:
        value = scores.get(key)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise DataError(f"no score for {key}" if value is None else f"the score for {key} is not a number")
        if not LOWEST <= value <= HIGHEST:
            raise DataError(f"the score for {key} is {value}, not from {LOWEST} to {HIGHEST}")
        found[key] = value
    return found


def rating_from(record: Mapping[str, Any]) -> Rating:
    """The rating of a record. Raises `DataError` without naming a file: the caller knows it."""
    for name in ("item", "reply", "rater"):
        if not isinstance(record.get(name), str) or not record[name]:
            raise DataError(f"no {name} in the rating")
    moved = record.get("moved", 0.0)
    return Rating(
        record["item"],
        record["reply"],
        record["rater"],
        checked(record.get("scores")),
        str(record.get("note") or ""),
        float(moved) if isinstance(moved, (int, float)) else 0.0,
    )


def read_ratings(paths: Iterable[Path]) -> Iterator[Rating | Damage]:
    """Every rating in the files, in order; what cannot be read comes as `Damage`."""
    for path in paths:
        for number, record in read_records(path):
            if isinstance(record, Damage):
                yield record
                continue
            try:
                yield rating_from(record)
            except DataError as error:
                yield Damage("unreadable", f"{path.name} line {number}: {error}")


def _plain(value: float) -> float:
    return int(value) if value == int(value) else round(value, 4)
