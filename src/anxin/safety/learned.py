"""The learned screen: a linear model over `features`, beside the lexicon, for what no list of phrases foresees.

    logit(level) = bias + sum of the weights of the features present / sqrt(number of features present)

One output for each of T2, T3 and T4 ("at this level or above") and one for "speaks of another". Logits are calibrated
on held-out folds (Platt 1999, "Probabilistic outputs for support vector machines"). Its estimate may raise a verdict
and never lowers one. Trained by `anxin train recipes/screen/screen.toml`; the file holds numbers only, no code.
"""

from __future__ import annotations

import base64
import json
import math
import re
import zlib
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from anxin.errors import ConfigError
from anxin.safety.features import Words, features

__all__ = ["FORMAT", "OUTPUTS", "Estimate", "Learned", "Limits", "learned"]

OUTPUTS = ("t2", "t3", "t4", "other")
_FILE = "screen.model"
FORMAT = 1
_HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Estimate:
    """Calibrated probabilities that a message stands at T2, T3, T4 or above, and that it speaks of another."""

    t2: float
    t3: float
    t4: float
    other: float


@dataclass(frozen=True, slots=True)
class Limits:
    """The probabilities from which a message is raised to T2, T3 and T4."""

    t2: float
    t3: float
    t4: float


@dataclass(frozen=True, slots=True)
class Learned:
    """The model: `weights` holds, for each output, one signed byte a feature, in units of `scale`; `limits` are kept
    for each language."""

    words: Words
    places: Mapping[str, int]
    weights: tuple[array[int], ...]
    scale: tuple[float, ...]
    bias: tuple[float, ...]
    slope: tuple[float, ...]
    shift: tuple[float, ...]
    limits: Mapping[str, Limits]

    @classmethod
    def read(cls, raw: bytes) -> Learned:
        """From the bytes of a model file. Raises `ConfigError` where they are not one."""
        try:
            return cls._of(json.loads(zlib.decompress(raw)))
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            fault = type(error).__name__
            raise ConfigError(f"the learned screen's file is damaged ({fault}); reinstall anxin") from error

    @classmethod
    def _of(cls, raw: Mapping[str, Any]) -> Learned:
        if raw["format"] != FORMAT:
            raise ValueError("another format")
        grams = raw["features"].split("\n")
        packed = array("b", base64.b64decode(raw["weights"]))
        if len(packed) != len(grams) * len(OUTPUTS):
            raise ValueError("features and weights do not agree")
        weights = tuple(packed[output :: len(OUTPUTS)] for output in range(len(OUTPUTS)))
        numbers = {name: tuple(map(float, raw[name])) for name in ("scale", "bias", "slope", "shift")}
        if any(len(row) != len(OUTPUTS) or not all(map(math.isfinite, row)) for row in numbers.values()):
            raise ValueError("numbers are missing")
        groups = {word: (int(coarse), int(fine)) for word, coarse, fine in raw["groups"]}
        limits = {language: Limits(*map(float, raw["limits"][language])) for language in ("zh", "en")}
        places = {gram: place for place, gram in enumerate(grams)}
        return cls(Words.of(groups), places, weights, limits=limits, **numbers)

    def limits_for(self, text: str) -> Limits:
        """The limits of the language a folded text is in: Chinese where it holds a Chinese character."""
        return self.limits["zh" if _HAN.search(text) else "en"]

    def estimate(self, text: str) -> Estimate:
        """What the model makes of folded text. Time grows with its length: about 0.15 ms for 60 characters."""
        found = features(text, self.words)
        share = 1 / math.sqrt(len(found))
        places = map(self.places.get, found)
        hits = [place for place in places if place is not None]
        chances = []
        for output in range(len(OUTPUTS)):
            total = sum(map(self.weights[output].__getitem__, hits))
            logit = self.bias[output] + total * self.scale[output] * share
            chances.append(_sigmoid(self.slope[output] * logit + self.shift[output]))
        return Estimate(*chances)


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


@cache
def learned() -> Learned:
    """The shipped model, read once. Raises `ConfigError` or `OSError` when its file is damaged or missing."""
    return Learned.read(resources.files("anxin.safety").joinpath(_FILE).read_bytes())
