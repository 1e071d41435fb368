"""From scored replies to pairs: by margin to train on, best against worst to test on, never the same words in both.

After Zhang et al. 2025 (arXiv 2502.19731, section 3): a reply's preference score is the mean of its seven principles,
1 to 5; training pairs are all whose scores differ by at least 1 on that mean; a test pair is the best and the worst
reply to one statement. (As a sum over seven principles a gap of 1 would admit nearly every pair.)
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from anxin.corpus.sample import Drop, Sample
from anxin.errors import ConfigError
from anxin.prefer.candidate import Candidate, candidates_of, item_of
from anxin.prefer.pair import Pair, Side
from anxin.prefer.rating import Rating, average

__all__ = ["Paired", "Pairing", "pairs_of", "split_of"]

Split = Literal["train", "test"]
_SLACK = 1e-9  # so that a mean of sevenths reaches the margin it equals


@dataclass(frozen=True, slots=True)
class Pairing:
    """`margin` on the mean score, 0 to 4. `test_share` of the statements, by a hash of their words with `seed`, is for
    testing. `most` pairs a statement gives to training (0: all), the widest margins first. `raters` is how many must
    have scored both sides; where some scored only one, what they said is not used, since raters differ in strictness.
    """

    margin: float = 1.0
    test_share: float = 0.1
    most: int = 0
    raters: int = 1
    balance: bool = False
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 4:
            raise ConfigError("margin must be above 0 and at most 4: scores go from 1 to 5")
        if not 0 <= self.test_share <= 1:
            raise ConfigError("test_share must be from 0 to 1")
        if self.raters < 1 or self.most < 0:
            raise ConfigError("raters must be at least 1 and most at least 0")


@dataclass(frozen=True, slots=True)
class Paired:
    """What one statement gave: its split, its pairs, and of all its couples how many were compared, tied, too close,
    barred (the better one was unsafe or cut), or scored by too few of the same raters."""

    split: Split
    pairs: tuple[Pair, ...]
    counts: Counter[str]


def split_of(sample: Sample, share: float, seed: int) -> Split:
    """The same words are in the same split wherever they come from."""
    words = "\0".join(" ".join(message.text.split()) for message in sample.dialogue.by("client"))
    place = int.from_bytes(hashlib.sha256(f"{seed}\0{words}".encode("utf-8", "surrogatepass")).digest()[:8])
    return "test" if place < share * 2**64 else "train"


def pairs_of(sample: Sample, how: Pairing) -> Paired | Drop:
    """The statement's pairs, or why it gives none. Raises `DataError` where its candidates cannot be read."""
    candidates = candidates_of(sample)
    if len(candidates) < 2:
        return Drop("one_reply")
    split = split_of(sample, how.test_share, how.seed)
    counts: Counter[str] = Counter()
    found: list[Pair] = []
    for place, one in enumerate(candidates):
        for other in candidates[place + 1 :]:
            compared = _compared(sample, one, other, how)
            if isinstance(compared, str):
                counts[compared] += 1
                continue
            assert compared.margin is not None
            if split == "train" and compared.margin < how.margin - _SLACK:
                counts["too_close"] += 1
                continue
            counts["paired"] += 1
            found.append(compared)
    if not found:
        return Drop(counts.most_common(1)[0][0])
    # Widest first; where margins are equal a hash decides, which favours no model and no place.
    found.sort(key=lambda pair: (-round(pair.margin or 0, 9), _mark(pair)))
    found = found[: 1 if split == "test" else how.most or None]
    item = item_of(sample)
    return Paired(split, tuple(replace(pair, id=f"{item}#{number}") for number, pair in enumerate(found)), counts)


def _compared(sample: Sample, one: Candidate, other: Candidate, how: Pairing) -> Pair | str:
    """The couple as a pair, or why it is none."""
    raters = [name for name in (rating.rater for rating in one.ratings) if any(r.rater == name for r in other.ratings)]
    if len(raters) < how.raters:
        return "unscored"
    first, second = average(_of(one, raters)), average(_of(other, raters))
    if abs(first.total - second.total) < _SLACK:
        return "tied"
    if first.total < second.total:
        one, other, first, second = other, one, second, first
    if one.barred:
        return "barred"
    better, worse = _of(one, raters), _of(other, raters)
    leads = {a.rater: average([a]).total - average([b]).total for a, b in zip(better, worse, strict=True)}
    return Pair(
        "",
        item_of(sample),
        sample.dialogue,
        Side(one.text, one.id, one.model, first.scores),
        Side(other.text, other.id, other.model, second.scores, other.barred),
        source=sample.source,
        leads=leads,
        metadata={key: value for key, value in sample.metadata.items() if key not in ("candidates", "unanswered")},
    )


def _of(candidate: Candidate, raters: Sequence[str]) -> list[Rating]:
    return [rating for name in raters for rating in candidate.ratings if rating.rater == name]


def _mark(pair: Pair) -> str:
    return hashlib.sha256(f"{pair.item}\0{pair.chosen.id}\0{pair.rejected.id}".encode()).hexdigest()
