"""How far the trivial tells chosen from rejected: length alone, first words alone, single words without their order.

What such features separate, a model learns first, and it need not understand a word for it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from anxin.errors import MissingExtra
from anxin.prefer.pair import Pair
from anxin.prefer.table import read_pairs

__all__ = ["area", "separable", "tokens", "trained"]

_TOKEN: Final = re.compile(r"[A-Za-z'’]+|[^\sA-Za-z'’]")
_MOST: Final = 3000  # pairs looked at
_WORDS: Final = 2000  # features
_FIRST: Final = 4  # tokens
_STEPS, _RATE, _DECAY = 300, 1.0, 1e-3


def separable(paths: Iterable[Path]) -> dict[str, Any]:
    """For replies taken one by one, the area under the curve of each feature: .5 tells nothing, 1 everything.

    `length` is that of characters; `first` a linear classifier on the first four tokens with their places, `unigrams`
    one on which tokens occur how often (a token is a Chinese character or an English word), each trained on one half
    of the conversations and asked about the other. `pairs` is how many of the pairs, drawn by hash, were looked at.
    """
    pairs = [pair for path in paths for pair in read_pairs(path) if isinstance(pair, Pair)]
    pairs = sorted(pairs, key=lambda pair: _mark(pair.id))[:_MOST]
    if len(pairs) < 20:
        return {"pairs": len(pairs)}
    texts = [side.text for pair in pairs for side in (pair.chosen, pair.rejected)]
    labels = [1, 0] * len(pairs)
    halves = [_mark(pair.item.partition("@")[0]) % 2 for pair in pairs for _ in range(2)]
    length = area([float(len(text)) for text in texts], labels)
    return {
        "pairs": len(pairs),
        "length": round(max(length, 1 - length), 3),
        "first": _classified(texts, labels, halves, _first),
        "unigrams": _classified(texts, labels, halves, tokens),
    }


def area(scores: Sequence[float], labels: Sequence[int]) -> float:
    """The area under the ROC curve: how often one of label 1 scores higher than one of label 0, ties half."""
    order = sorted(range(len(scores)), key=lambda at: scores[at])
    ranks = [0.0] * len(scores)
    at = 0
    while at < len(order):
        end = at
        while end < len(order) and scores[order[end]] == scores[order[at]]:
            end += 1
        for place in range(at, end):
            ranks[order[place]] = (at + end + 1) / 2
        at = end
    ones = sum(labels)
    zeros = len(labels) - ones
    if not ones or not zeros:
        return 0.5
    total = sum(rank for rank, label in zip(ranks, labels, strict=True) if label)
    return (total - ones * (ones + 1) / 2) / (ones * zeros)


def trained(
    texts: Sequence[str], labels: Sequence[int], features: Callable[[str], list[str]]
) -> Callable[[Sequence[str]], list[float]]:
    """A logistic regression on how often each feature occurs, counts scaled to length 1; it gives texts log-odds."""
    try:
        import numpy
    except ImportError:
        raise MissingExtra("measuring how separable pairs are", "corpus") from None
    frequent = Counter(name for text in texts for name in features(text))
    column = {name: place for place, (name, _) in enumerate(frequent.most_common(_WORDS))}

    def rows(given: Sequence[str]) -> Any:
        made: Any = numpy.zeros((len(given), len(column) + 1), numpy.float32)
        for at, text in enumerate(given):
            for name, count in Counter(features(text)).items():
                if name in column:
                    made[at, column[name]] = count
        made /= numpy.maximum(1.0, numpy.linalg.norm(made, axis=1, keepdims=True))
        made[:, -1] = 1.0
        return made

    known, wanted = rows(texts), numpy.asarray(labels, numpy.float32)
    weights: Any = numpy.zeros(len(column) + 1, numpy.float32)
    step: Any = numpy.zeros_like(weights)
    for _ in range(_STEPS):
        guess = 1 / (1 + numpy.exp(-known @ weights))
        step = 0.9 * step + known.T @ (guess - wanted) / len(texts) + _DECAY * weights
        weights = weights - _RATE * step
    return lambda given: [float(score) for score in rows(given) @ weights]


def _classified(
    texts: Sequence[str], labels: Sequence[int], halves: Sequence[int], features: Callable[[str], list[str]]
) -> float:
    """The mean area over the two halves, each asked by what was trained on the other."""
    areas: list[float] = []
    for asked in (0, 1):
        seen = [at for at, half in enumerate(halves) if half != asked]
        other = [at for at, half in enumerate(halves) if half == asked]
        if seen and other:
            scores = trained([texts[at] for at in seen], [labels[at] for at in seen], features)
            areas.append(area(scores([texts[at] for at in other]), [labels[at] for at in other]))
    return round(sum(areas) / len(areas), 3) if areas else 0.5


def tokens(text: str) -> list[str]:
    """Chinese characters, English words, marks: each one feature."""
    return [token.lower() for token in _TOKEN.findall(text)]


def _first(text: str) -> list[str]:
    return [f"{place} {token}" for place, token in enumerate(tokens(text)[:_FIRST])]


def _mark(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
