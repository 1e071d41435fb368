"""Mixing by ratio: how much of each part, which samples of it, and a shuffled order, all from one seed.

PsyLite mixes general reasoning and psychology 10 : 3 (section 3.1). Memory holds one 8-byte key for each sample and,
while it shuffles, one bucket of text; never the corpus.
"""

from __future__ import annotations

import json
import shutil
from array import array
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from anxin.corpus.files import Damage, Shard, Tally, read_samples, shards, to_line
from anxin.corpus.manifest import write_atomically
from anxin.corpus.sample import Sample, to_record
from anxin.corpus.select import place
from anxin.corpus.stage import Report, finished, mark
from anxin.errors import ConfigError, DataError

__all__ = ["Mix", "Part", "mix"]

_BUCKET = 20_000


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a mix: the folder of a stage (`clean`, `split/train`), those `sources` of it where it names some.

    `ratio` is its weight against the other parts. A part too small for its share is repeated up to `most` times;
    beyond that the whole mix becomes smaller.
    """

    of: str
    ratio: float
    sources: tuple[str, ...] = ()
    most: float = 1.0


@dataclass(frozen=True, slots=True)
class Mix:
    """How to mix. `samples` is the size wanted, 0 for as many as the ratio allows; `unit` is what the ratio counts."""

    parts: tuple[Part, ...]
    samples: int = 0
    unit: str = "samples"
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.parts or any(part.ratio <= 0 or part.most <= 0 for part in self.parts):
            raise ConfigError("mix: give parts, each with a ratio and a most above 0")
        if self.unit not in ("samples", "characters"):
            raise ConfigError("mix: unit is samples or characters")


@dataclass(slots=True)
class _Keys:
    """Of one part: where each sample stands by hash, and its size in the unit of the ratio."""

    place: array[float]
    size: array[float]

    @property
    def whole(self) -> float:
        return sum(self.size)


def mix(folders: Sequence[Path], out: Path, options: Mix, report: Report) -> Tally:
    """Write the mix of the parts, whose folders come in the same order, to `out`; the tally counts every sample read.

    A sample taken twice gets the number of its copy behind its id (`17#2`). What is not taken is dropped as
    `beyond_ratio`. Shards written by an earlier run that was interrupted are not written again.
    """
    keys = [_measure(folder, part, options, report) for folder, part in zip(folders, options.parts, strict=True)]
    for part, found in zip(options.parts, keys, strict=True):
        if not found.place:
            raise DataError(" ".join(("mix: no samples in", part.of, *(f"of {source}" for source in part.sources))))
    unit = min(found.whole * part.most / part.ratio for part, found in zip(options.parts, keys, strict=True))
    if options.samples:
        asked = _unit_for(options, keys)
        if asked > unit * 1.000001:
            raise ConfigError(
                f"mix: the parts do not hold {options.samples} samples in this ratio; raise most, or ask less"
            )
        unit = asked
    limits = [_limit(found, part.ratio * unit) for part, found in zip(options.parts, keys, strict=True)]
    return _shuffle(folders, out, options, limits, keys, report)


def _measure(folder: Path, part: Part, options: Mix, report: Report) -> _Keys:
    keys = _Keys(array("d"), array("d"))
    for sample in _of(folder, part):
        if isinstance(sample, Sample):
            keys.place.append(_place(sample, options))
            keys.size.append(1.0 if options.unit == "samples" else float(len(sample.text)))
    report(f"measuring {part.of}", 1, 1)
    return keys


def _unit_for(options: Mix, keys: Sequence[_Keys]) -> float:
    """The unit of the ratio with which the parts hold the number of samples wanted together."""
    means = [found.whole / len(found.place) for found in keys]
    a_unit = sum(part.ratio / mean for part, mean in zip(options.parts, means, strict=True))
    return options.samples / a_unit


@dataclass(frozen=True, slots=True)
class _Taken:
    """Of one part: every sample so many times whole, and once more those that stand at or below `upto`."""

    times: int
    upto: float


def _limit(keys: _Keys, wanted: float) -> _Taken:
    whole = keys.whole
    times = int(wanted / whole + 1e-9)
    left = wanted - times * whole
    upto = -1.0
    for at in sorted(range(len(keys.place)), key=keys.place.__getitem__):
        if left < keys.size[at] * 0.5:
            break
        left -= keys.size[at]
        upto = keys.place[at]
    return _Taken(times, upto)


def _shuffle(
    folders: Sequence[Path], out: Path, options: Mix, limits: Sequence[_Taken], keys: Sequence[_Keys], report: Report
) -> Tally:
    """Deal the samples into buckets by their place in the new order, then write each bucket sorted."""
    work = out / ".work"
    dealt = work / "dealt.json"
    copies = sum(len(found.place) * (limit.times + 1) for limit, found in zip(limits, keys, strict=True))
    buckets = [work / f"{number:05}.jsonl" for number in range(max(1, copies // _BUCKET))]
    if dealt.exists():
        total = Tally.from_json(json.loads(dealt.read_text(encoding="utf-8")))
    else:
        total = _deal(folders, options, limits, buckets, report)
        write_atomically(dealt, json.dumps(total.to_json()))
    for number, bucket in enumerate(buckets, start=1):
        name = f"mix-{number - 1:05}"
        if finished(out, name) is None:
            samples = [sample for sample in read_samples(bucket) if isinstance(sample, Sample)]
            with Shard(out, name) as shard:
                for sample in sorted(samples, key=lambda sample: _turn(sample, options)):
                    shard.put(sample)
            mark(out, name, shard.tally)
        report("shuffling", number, len(buckets))
    shutil.rmtree(work, ignore_errors=True)
    return total


def _deal(
    folders: Sequence[Path], options: Mix, limits: Sequence[_Taken], buckets: Sequence[Path], report: Report
) -> Tally:
    shutil.rmtree(buckets[0].parent, ignore_errors=True)
    buckets[0].parent.mkdir(parents=True)
    total = Tally()
    with ExitStack() as held:
        files = [held.enter_context(bucket.open("wb")) for bucket in buckets]
        for number, (folder, part, limit) in enumerate(zip(folders, options.parts, limits, strict=True), start=1):
            for sample in _of(folder, part):
                total.read += 1
                if isinstance(sample, Damage):
                    total.dropped[sample.reason] += 1
                    continue
                copies = limit.times + (_place(sample, options) <= limit.upto)
                if copies:
                    total.kept += 1
                else:
                    total.dropped["beyond_ratio"] += 1
                for copy in range(1, copies + 1):
                    dealt = sample if copy == 1 else replace(sample, id=f"{sample.id}#{copy}")
                    file = files[int(_turn(dealt, options) * len(files))]
                    file.write(to_line(to_record(dealt)))
            report("dealing", number, len(folders))
    return total


def _of(folder: Path, part: Part) -> Iterator[Sample | Damage]:
    for file in shards(folder):
        for sample in read_samples(file):
            if isinstance(sample, Damage) or not part.sources or sample.source in part.sources:
                yield sample


def _place(sample: Sample, options: Mix) -> float:
    return place(sample, f"mix/{options.seed}")


def _turn(sample: Sample, options: Mix) -> float:
    return place(sample, f"order/{options.seed}")
