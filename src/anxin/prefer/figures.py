"""What replies, scores and pairs show when they are read back: for manifests and for `anxin prefer report`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from anxin.corpus.files import Damage, read_records, read_samples, shards
from anxin.corpus.sample import Sample
from anxin.prefer.agreement import Agreement, Directions
from anxin.prefer.candidate import candidates_of
from anxin.prefer.length import Lengths
from anxin.prefer.table import read_pairs

__all__ = ["of_candidates", "of_scores", "summary"]


def summary(paths: Sequence[Path]) -> dict[str, Any]:
    """Length balance, principles and agreement of raters in files of pairs, by file; or of scored replies."""
    found: dict[str, Any] = {}
    for path in paths:
        if _holds_candidates(path):
            found[path.name] = {"agreement": _agreement([path]).to_json()}
            continue
        lengths, directions, unread = Lengths(), Directions(), 0
        roads: Counter[str] = Counter()
        for one in read_pairs(path):
            if isinstance(one, Damage):
                unread += 1
                continue
            lengths.add(one)
            directions.add(one)
            roads[one.road or "unknown"] += 1
        found[path.name.split(".")[0] if len(paths) > 1 else path.name] = {
            "length": lengths.to_json(),
            **directions.to_json(),
            "roads": dict(roads),
            **({"unread": unread} if unread else {}),
        }
    return found


def of_candidates(out: Path) -> dict[str, Any]:
    """Who answered how, by model, temperature and seed; `failures` are answers that might come if asked for again."""
    by: dict[str, Counter[str]] = defaultdict(Counter)
    failures = 0
    for sample in _samples(out):
        for one in candidates_of(sample):
            counts = by[f"{one.model}@{one.temperature:g}#{one.seed}"]
            counts["replies"] += 1
            counts["characters"] += len(one.text)
            counts["unsafe"] += bool(one.unsafe)
            counts["cut"] += one.cut
        for missing in sample.metadata.get("unanswered", []):
            by[f"{missing['model']}@{missing['temperature']:g}#{missing['seed']}"][missing["why"]] += 1
            failures += missing["why"] not in ("language", "same_words")
    voices = {name: {key: value for key, value in counts.items() if value} for name, counts in sorted(by.items())}
    return {"replies": sum(counts["replies"] for counts in by.values()), "by_voice": voices, "failures": failures}


def of_scores(out: Path) -> dict[str, Any]:
    """How raters agree, and on how many replies one gave no scores."""
    agreement = _agreement(shards(out))
    return {"agreement": agreement.to_json(), "failures": sum(agreement.unscored.values())}


def _agreement(paths: Sequence[Path]) -> Agreement:
    agreement = Agreement()
    for path in paths:
        for sample in read_samples(path):
            if isinstance(sample, Sample):
                for one in candidates_of(sample):
                    agreement.add(one)
    return agreement


def _holds_candidates(path: Path) -> bool:
    """Whether a file holds statements with their replies, by its first record that can be read."""
    first = next((record for _, record in read_records(path) if isinstance(record, dict)), {})
    return "candidates" in first


def _samples(out: Path) -> Iterator[Sample]:
    for path in shards(out):
        for sample in read_samples(path):
            if isinstance(sample, Sample):
                yield sample
