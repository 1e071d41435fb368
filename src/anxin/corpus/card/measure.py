"""Counting a data set in one pass, in memory that does not grow with it."""

from __future__ import annotations

import heapq
import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from anxin.corpus.files import Damage
from anxin.corpus.sample import Sample
from anxin.corpus.select import place

__all__ = ["Facts", "Lengths", "measure", "topics_of"]

_HAN = re.compile(r"[\u3400-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]+")
_STEPS_TO_DOUBLE = 8


@dataclass(slots=True)
class Lengths:
    """How long things are: exact sum and extremes, quantiles to within 9 % (buckets of a factor 2^(1/8))."""

    count: int = 0
    total: int = 0
    shortest: int = 0
    longest: int = 0
    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, length: int) -> None:
        """Count one more; `length` is at least 0."""
        self.shortest = min(self.shortest, length) if self.count else length
        self.longest = max(self.longest, length)
        self.count, self.total = self.count + 1, self.total + length
        self.buckets[math.floor(_STEPS_TO_DOUBLE * math.log2(length)) if length else -1] += 1

    @property
    def mean(self) -> float:
        """0 where nothing was counted."""
        return self.total / self.count if self.count else 0.0

    def quantile(self, share: float) -> int:
        """The length which this share of things does not exceed, to within a bucket."""
        left = share * self.count
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket]
            if left <= 0:
                upper = math.floor(2 ** ((bucket + 1) / _STEPS_TO_DOUBLE)) if bucket >= 0 else 0
                return max(self.shortest, min(upper, self.longest))
        return self.longest


@dataclass(slots=True)
class Facts:
    """What one pass over a data set finds. Lengths are in characters, turns in messages."""

    samples: Counter[str] = field(default_factory=Counter)
    characters: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    turns: Lengths = field(default_factory=Lengths)
    client: Lengths = field(default_factory=Lengths)
    counsellor: Lengths = field(default_factory=Lengths)
    documents: Lengths = field(default_factory=Lengths)
    thoughts: Lengths = field(default_factory=Lengths)
    personal: Counter[str] = field(default_factory=Counter)
    damaged: int = 0
    examples: list[Sample] = field(default_factory=list)


def measure(samples: Iterable[Sample | Damage], examples: int = 0) -> Facts:
    """Count `samples`. The examples are those that stand first by hash: the same ones whatever the order."""
    facts = Facts()
    chosen: list[tuple[float, int, Sample]] = []
    for number, sample in enumerate(samples):
        if isinstance(sample, Damage):
            facts.damaged += 1
            continue
        _count(sample, facts)
        entry = (-place(sample, "example"), number, sample)
        if len(chosen) < examples:
            heapq.heappush(chosen, entry)
        elif examples and entry > chosen[0]:
            heapq.heapreplace(chosen, entry)
    facts.examples = [sample for _, _, sample in sorted(chosen, reverse=True)]
    return facts


def topics_of(sample: Sample) -> list[str]:
    """The topics of `topics.toml` that the client's words name; none for a document."""
    said = "\n".join(message.text for message in sample.dialogue.by("client")).casefold()
    return [topic for topic, pattern in _topics().items() if pattern.search(said)] if said else []


def _count(sample: Sample, facts: Facts) -> None:
    text = sample.text
    facts.samples[sample.source or "unnamed"] += 1
    facts.characters[sample.source or "unnamed"] += len(text)
    facts.kinds["document" if sample.document else "dialogue"] += 1
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    facts.languages["zh" if han > latin else "en" if latin else "other"] += 1
    facts.topics.update(topics_of(sample))
    if sample.document:
        facts.documents.add(len(sample.document))
    else:
        facts.turns.add(len(sample.dialogue))
    for message in sample.dialogue:
        if message.role == "client":
            facts.client.add(len(message.text))
        elif message.role == "counsellor":
            facts.counsellor.add(len(message.text))
        if message.thought:
            facts.thoughts.add(len(message.thought))
    personal = sample.metadata.get("personal")
    if isinstance(personal, Mapping):
        facts.personal.update({str(kind): int(count) for kind, count in personal.items()})


@cache
def _topics() -> Mapping[str, re.Pattern[str]]:
    table = tomllib.loads(files("anxin.corpus.card").joinpath("topics.toml").read_text(encoding="utf-8"))
    return {
        name: re.compile(
            "|".join([re.escape(word) for word in words["zh"]] + [rf"\b{re.escape(word)}" for word in words["en"]])
        )
        for name, words in table.items()
    }
