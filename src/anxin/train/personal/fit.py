"""Softmax regression on hashed features, one unit at a time: Adagrad with one rate a feature (Duchi et al. 2011),
features left out at random while learning (Srivastava et al. 2014), the weights of the later passes averaged
(Polyak 1992)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anxin.corpus.personal.tagger import BITS, TAGS, TEMPLATES
from anxin.train.personal.recipe import PersonalRecipe

__all__ = ["Fitted", "Rows", "fit"]

_BATCH = 1024
_SURE = 0.98  # a unit this surely right teaches nothing more
_NEAR = 4  # units around a span that are looked at in every pass; of the others some
_SHARE = 0.3
_LEAST = 3  # times a feature occurs to be learned
_HINTS = np.array([place for place, template in enumerate(TEMPLATES) if any(short == "r" for short, _ in template)])


@dataclass(frozen=True, slots=True)
class Rows:
    """Units as rows of feature numbers, their tags and how much each counts."""

    features: npt.NDArray[np.int32]
    tags: npt.NDArray[np.int64]
    worth: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Rising feature numbers, a row of weights for each, and the bias."""

    features: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]


def fit(rows: Rows, recipe: PersonalRecipe) -> Fitted:
    """Fit the tagger; with more than one seed the average of the fits."""
    everywhere = np.bincount(rows.features.ravel(), minlength=1 << BITS)
    inside = np.bincount(rows.features[rows.tags > 0].ravel(), minlength=1 << BITS)
    features = np.flatnonzero((everywhere >= _LEAST) & ((inside >= 2) | (everywhere >= 60)))
    index = np.zeros(1 << BITS, np.int32)
    index[features] = np.arange(1, len(features) + 1)
    places = index[rows.features]
    fits = [_once(places, rows, len(features) + 1, recipe, recipe.seed + seed) for seed in range(recipe.seeds)]
    weights = np.mean([weights for weights, _ in fits], axis=0)[1:]
    bias = np.mean([bias for _, bias in fits], axis=0)
    if len(features) > recipe.keep:
        size = np.abs(weights).max(1)
        kept = np.sort(np.argsort(-size, kind="stable")[: recipe.keep])
        features, weights = features[kept], weights[kept]
    return Fitted(features, weights.astype(np.float32), bias.astype(np.float32))


def _once(
    places: npt.NDArray[np.int32], rows: Rows, size: int, recipe: PersonalRecipe, seed: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    random = np.random.default_rng(seed)
    weights = np.zeros((size, len(TAGS)), np.float32)
    squares = np.full(size, 0.05, np.float32)
    bias = np.zeros(len(TAGS), np.float32)
    bias[0] = 2
    total, bias_total, kept = np.zeros_like(weights), np.zeros_like(bias), 0
    near = np.zeros(len(rows.tags), bool)
    spans = np.flatnonzero(rows.tags)
    for by in range(-_NEAR, _NEAR + 1):
        near[np.clip(spans + by, 0, len(near) - 1)] = True
    hard = np.zeros(len(near), bool)
    whole = (1, recipe.epochs // 2)  # passes over everything, which show what is hard
    for epoch in range(recipe.epochs):
        chosen = np.arange(len(near)) if epoch in whole else np.flatnonzero(
            near | hard | (random.random(len(near)) < _SHARE)
        )  # fmt: skip
        random.shuffle(chosen)
        rate = recipe.rate * (1 - 0.9 * epoch / recipe.epochs)
        for at in range(0, len(chosen), _BATCH):
            some = chosen[at : at + _BATCH]
            seen = places[some]
            out = random.random(seen.shape, dtype=np.float32) < recipe.dropped
            out[:, _HINTS] |= random.random((len(some), 1), dtype=np.float32) < recipe.hints_dropped
            seen = np.where(out, 0, seen)
            scores = weights[seen].sum(1) / (1 - recipe.dropped) + bias
            chances = np.exp(scores - scores.max(1, keepdims=True))
            chances /= chances.sum(1, keepdims=True)
            right = chances[np.arange(len(some)), rows.tags[some]]
            if epoch in whole:
                hard[some] = right < 0.9
            wrong = np.flatnonzero(right < _SURE)
            if not len(wrong):
                continue
            slope = chances[wrong]
            slope[np.arange(len(wrong)), rows.tags[some[wrong]]] -= 1
            slope *= rows.worth[some[wrong]][:, None]
            touched = seen[wrong]
            flat, many = touched.ravel(), touched.shape[1]
            np.add.at(squares, flat, np.repeat((slope**2).sum(1), many))
            np.subtract.at(weights, flat, np.repeat(slope, many, axis=0) * (rate / np.sqrt(squares[flat]))[:, None])
            weights[0] = 0
            bias -= 0.02 * rate * slope.sum(0)
            if epoch >= recipe.epochs // 2 and (at // _BATCH) % 60 == 59:
                total, bias_total, kept = total + weights, bias_total + bias, kept + 1
    return (total / kept, bias_total / kept) if kept else (weights, bias)
