"""Steps that choose: by source, by share, into train, validation and test. Stable, because they go by hash."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from anxin.corpus.sample import Aside, Drop, Sample
from anxin.errors import ConfigError

__all__ = ["Only", "Share", "Split", "Where", "place"]


def place(sample: Sample, salt: str, key: str = "") -> float:
    """Where a sample stands between 0 and 1, by a hash of `salt`, its source and `key` (else its id).

    It stays there when the corpus grows, shrinks or is read in another order.
    """
    name = f"{salt}\0{key}" if key else f"{salt}\0{sample.source}\0{sample.id}"
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64


@dataclass(frozen=True, slots=True)
class Split:
    """Set aside shards `test` and `valid`, these shares of the samples; the rest is for training.

    Near twins stay together: where `dedup` has noted a `cluster`, all of it goes to one side.
    """

    test: float = 0.01
    valid: float = 0.01
    salt: str = "split"

    def __post_init__(self) -> None:
        if min(self.test, self.valid) < 0 or self.test + self.valid > 1:
            raise ConfigError("split: test and valid are shares between 0 and 1, together at most 1")

    def __call__(self, sample: Sample) -> Sample | Aside:
        where = place(sample, self.salt, str(sample.metadata.get("cluster", "")))
        if where < self.test:
            return Aside("test", sample)
        return Aside("valid", sample) if where < self.test + self.valid else sample


@dataclass(frozen=True, slots=True)
class Share:
    """Keep this share of the samples, those of `sources` only where it names some."""

    of: float
    sources: tuple[str, ...] = ()
    salt: str = "share"

    def __post_init__(self) -> None:
        if not 0 <= self.of <= 1:
            raise ConfigError("share: of is between 0 and 1")

    def __call__(self, sample: Sample) -> Sample | Drop:
        if self.sources and sample.source not in self.sources:
            return sample
        return sample if place(sample, self.salt) < self.of else Drop("not_in_share")


@dataclass(frozen=True, slots=True)
class Only:
    """Keep the samples of these sources, or of all but some, or of one kind: dialogues or documents."""

    sources: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    kind: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("", "dialogue", "document"):
            raise ConfigError("only: kind is dialogue or document")

    def __call__(self, sample: Sample) -> Sample | Drop:
        if (self.sources and sample.source not in self.sources) or sample.source in self.without:
            return Drop("other_source")
        if self.kind and (self.kind == "document") != bool(sample.document):
            return Drop("other_kind")
        return sample


@dataclass(frozen=True, slots=True)
class Where:
    """Keep the samples whose metadata entry `key` contains one of the words `has`, or is from `least` to `most`.

    A sample without the entry is dropped like one with the wrong one; those of other sources than `sources`, where it
    names some, are not asked.
    """

    key: str
    has: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf
    sources: tuple[str, ...] = ()

    def __call__(self, sample: Sample) -> Sample | Drop:
        if self.sources and sample.source not in self.sources:
            return sample
        value = sample.metadata.get(self.key)
        if self.has and not any(word in str(value) for word in self.has):
            return Drop(f"other_{self.key}")
        if (self.least, self.most) != (-math.inf, math.inf):
            number = value if isinstance(value, (int, float)) else math.nan
            if not self.least <= number <= self.most:
                return Drop(f"other_{self.key}")
        return sample
