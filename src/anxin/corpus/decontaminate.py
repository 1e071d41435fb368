"""Keeping evaluation sets out of training data: a sample that shares too many n-grams with one of their items goes.

What is shared is counted in n-grams of folded text, within a message: 13 characters where Han (or kana) prevails, 8
words elsewhere. Brown et al. 2020 (GPT-3, appendix C) take as N the fifth percentile of an item's length in words, but
at least 8 and at most 13; the items here are short, so it is 8, and 8 Chinese words are some 13 characters. As there,
an n-gram that more than ten items have in common is a phrase and counts for nothing. A line too short for an n-gram
counts as one when it has at least 8 characters or 5 words, and is met only by a line that says just the same.

Unlike there, one common n-gram is not enough: the measure is the share of n-grams in common, of the item's or the
sample's, whichever are fewer (the overlap coefficient), so that a whole item in a long sample and a piece of a long
item both count in full, while people's common words for common troubles do not.
"""

from __future__ import annotations

import csv
import hashlib
import importlib.resources
import io
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from anxin.config import home
from anxin.corpus.dedup.fold import numpy, spell
from anxin.corpus.files import Damage, read_lines, read_records
from anxin.corpus.sample import Drop, Sample
from anxin.errors import ConfigError, DataError

__all__ = ["SETS", "Decontaminate", "Overlap", "Overlaps", "overlaps"]

SETS: Mapping[str, str] = {
    "anxin": "",
    "cbt_bench": "cbt_bench/CBT_LLM_data/*_test.json",
    "cpsycoun_e": "cpsycoun/CPsyCounE.jsonl*",
    "dialogue_safety": "dialogue_safety_zh/data/*.json",
    "psysuicide": "psysuicide/data/*.json",
    "safedialbench": "safedialbench_zh_partial/data/by_task/*/*.jsonl*",
    "vera_mh": "vera_mh/data/personas.tsv",
    "xstest": "xstest_odd/*.csv",
}
"""Evaluation sets by name and where they lie in the data folder; `anxin` are those that come with it, both halves."""

_VERSION = 1
_BASE, _MIX, _LINE = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0xD6E8FEB86659FD93
_SHORT_HAN, _SHORT_WORDS = 8, 5
_FAR = 63
_SPEAKER = re.compile(
    r"\s*\[?(?:seeker|supporter|client|counsell?or|求助者|支持者|来访者|心理咨询师|咨询师)\]?\s*[:：\]]\s*"
)


@dataclass(frozen=True, slots=True)
class Overlap:
    """The evaluation item that a sample shares most with: `share` of n-grams, `grams` of them in common."""

    set: str
    item: str
    share: float
    grams: int


@dataclass(frozen=True, slots=True)
class Decontaminate:
    """Drops a sample that shares too much with an evaluation item: `contaminated`, with set, share and item.

    against: names of `SETS`, `all` for every one of them, or files of your own (`.jsonl`, `.json`, `.csv`, `.tsv`,
        Parquet, or text with an item a line): every text in a record belongs to the item.
    data: the folder of the sets that do not come with Anxin; else ANXIN_DATA.
    share: the least overlap coefficient with which a sample goes.
    least: n-grams that must be shared at least, unless the item has fewer: then all of it.
    ngram, words: length of an n-gram in characters where Han prevails, in words elsewhere.
    common: an n-gram that more items than this have in common is left out.
    """

    against: tuple[str, ...] = ("anxin",)
    data: str = ""
    share: float = 0.5
    least: int = 6
    ngram: int = 13
    words: int = 8
    common: int = 10

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ConfigError(f"share must be above 0 and at most 1, not {self.share}")
        if min(self.ngram, self.words) < 2 or min(self.least, self.common) < 1:
            raise ConfigError("ngram and words must be at least 2, least and common at least 1")

    @property
    def reads(self) -> tuple[Path, ...]:
        """The files of the evaluation sets. Raises `ConfigError` or `DataError` where one cannot be found."""
        return tuple(path for entry in self.against for _, path in _files(entry, self.data))

    def __call__(self, sample: Sample) -> Sample | Drop:
        found = self.overlap(sample)
        if found is None or found.share < self.share:
            return sample
        return Drop("contaminated", f"{found.set} {found.share:.2f} {found.item}")

    def overlap(self, sample: Sample) -> Overlap | None:
        """What the sample shares with the evaluation item it shares most with; None where `least` is not reached."""
        np, index = numpy(), _index(self)
        asked = _grams(_said(sample), self.ngram, self.words)
        met = index.find(asked)
        if not len(met):
            return None
        items, counts = np.unique(
            np.concatenate([index.items[index.starts[place] : index.starts[place + 1]] for place in met.tolist()]),
            return_counts=True,
        )
        sizes = index.sizes[items]
        shares = counts / np.minimum(sizes, len(np.unique(asked)))
        shares[counts < np.minimum(sizes, self.least)] = 0
        best = int(np.argmax(shares))
        if not shares[best]:
            return None
        set_, _, item = index.names[items[best]].partition("\t")
        return Overlap(set_, item, min(1.0, float(shares[best])), int(counts[best]))


@dataclass(slots=True)
class Overlaps:
    """What overlapped: by set, the samples that go and those that share less, with shares and ids, never words."""

    samples: int = 0
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """For a report: sets in the order of samples dropped."""
        rows = sorted(self.sets.items(), key=lambda row: (-len(row[1]["dropped"]), row[0]))
        return {"samples": self.samples, "sets": dict(rows)}


def overlaps(samples: Iterable[Sample], step: Decontaminate) -> Overlaps:
    """Ask `step` about every sample and gather what it finds.

    By set: `items` and `unusable` (items all too short or common to be told apart), `dropped` (`[source/id, item,
    share]` each), `below` (how many samples share less than `share`, by tenths), `items_met` (those of dropped ones).
    """
    index = _index(step)
    found = Overlaps()
    for name, (items, unusable) in index.counts().items():
        found.sets[name] = {"items": items, "unusable": unusable, "dropped": [], "below": {}, "items_met": 0}
    met: dict[str, set[str]] = {name: set() for name in found.sets}
    for sample in samples:
        found.samples += 1
        overlap = step.overlap(sample)
        if overlap is None:
            continue
        row = found.sets[overlap.set]
        if overlap.share < step.share:
            tenth = f"{int(overlap.share * 10) / 10:.1f}"
            row["below"][tenth] = row["below"].get(tenth, 0) + 1
            continue
        name = f"{sample.source}/{sample.id}" if sample.source else sample.id
        row["dropped"].append([name, overlap.item, round(overlap.share, 3)])
        met[overlap.set].add(overlap.item)
        row["items_met"] = len(met[overlap.set])
    for row in found.sets.values():
        row["below"] = dict(sorted(row["below"].items()))
    return found


@dataclass(frozen=True, slots=True)
class _Index:
    """All n-grams of all items, sorted; those of `items[starts[n]:starts[n + 1]]` have the n-th. `sizes` counts an
    item's n-grams, `names` are `set <tab> item`."""

    grams: Any
    starts: Any
    items: Any
    sizes: Any
    names: list[str]
    seen: Any
    """A bit for every value of an n-gram's first 26: most of a sample's n-grams are told by it to be in no item."""

    def find(self, asked: Any) -> Any:
        """The places of those n-grams that are in any item, each once."""
        np = numpy()
        bits = self.seen[asked >> np.uint64(41)] >> (asked >> np.uint64(38) & np.uint64(7)).astype(np.uint8)
        asked = asked[(bits & 1).astype(bool)]
        if not len(asked):
            return asked
        places = np.minimum(np.searchsorted(self.grams, asked), len(self.grams) - 1)
        return np.unique(places[self.grams[places] == asked])

    def counts(self) -> dict[str, tuple[int, int]]:
        """By set: items, and items without an n-gram of their own."""
        every = Counter(name.partition("\t")[0] for name in self.names)
        usable = (name for name, size in zip(self.names, self.sizes.tolist(), strict=True) if not size)
        without = Counter(name.partition("\t")[0] for name in usable)
        return {name: (count, without[name]) for name, count in every.items()}


@lru_cache(maxsize=4)
def _index(step: Decontaminate) -> _Index:
    np = numpy()
    files = [(name, path) for entry in step.against for name, path in _files(entry, step.data)]
    digest = hashlib.blake2b(repr((_VERSION, step.ngram, step.words, step.common)).encode(), digest_size=16)
    for name, path in files:
        digest.update(f"{name}\t{path.name}\t".encode() + hashlib.blake2b(path.read_bytes()).digest())
    cached = home() / "cache" / "overlap" / f"{digest.hexdigest()}.npz"
    if cached.is_file():
        with np.load(cached) as held:
            arrays = {name.name: held[name.name] for name in fields(_Index)}
        return _Index(**arrays | {"names": arrays["names"].tolist()})
    index = _build(files, step)
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        part = cached.with_name(f"{cached.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            np.savez(file, **{name.name: getattr(index, name.name) for name in fields(index)})
        part.replace(cached)
    except OSError:
        pass  # it is only quicker with a cache
    return index


def _build(files: Iterable[tuple[str, Path]], step: Decontaminate) -> _Index:
    np = numpy()
    names: list[str] = []
    grams, items = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for name, path in files:
        for id, texts in _items(path):
            own = np.unique(_grams(texts, step.ngram, step.words, alone=True))
            grams.append(own)
            items.append(np.full(len(own), len(names)))
            names.append(f"{name}\t{id}")
    every, owners = np.concatenate(grams), np.concatenate(items)
    order = np.lexsort((owners, every))
    unique, counts = np.unique(every, return_counts=True)
    rare = counts <= step.common
    owners = owners[order][np.repeat(rare, counts)]
    bounds = np.concatenate(([0], np.cumsum(counts[rare])))
    unique = unique[rare]
    seen = np.zeros(1 << 23, np.uint8)
    np.bitwise_or.at(
        seen, unique >> np.uint64(41), np.uint8(1) << (unique >> np.uint64(38) & np.uint64(7)).astype(np.uint8)
    )
    return _Index(unique, bounds, owners, np.bincount(owners, minlength=len(names)), names, seen)


def _files(entry: str, data: str) -> list[tuple[str, Path]]:
    """Name and path of each file of a set."""
    if entry == "all":
        return [pair for name in SETS for pair in _files(name, data)]
    if entry == "anxin":
        # By its path: the room of evaluation stands above this one and is not imported.
        folder = Path(str(importlib.resources.files("anxin"))) / "evaluate" / "safety_sets"
        found = sorted(folder.glob("*.jsonl"))
        if not found:
            raise DataError(f"{folder} holds no evaluation sets; install Anxin again")
        return [(entry, path) for path in found]
    if entry in SETS:
        place = data or os.environ.get("ANXIN_DATA", "")
        if not place:
            raise DataError(f"evaluation set {entry}: name the data folder with data = or ANXIN_DATA")
        found = sorted(Path(place).glob(SETS[entry]))
        if not found:
            raise DataError(f"evaluation set {entry}: no {SETS[entry]} in {place}; put it there or leave {entry} out")
        return [(entry, path) for path in found]
    path = Path(entry)
    if not path.is_file():
        raise DataError(f"against: {entry} is neither a file nor one of all, {', '.join(sorted(SETS))}")
    return [(path.name.partition(".")[0], path)]


def _items(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Id and texts of each item of a file. Damage is passed over: what can be read still counts."""
    name = path.name.removesuffix(".zst").removesuffix(".gz")
    if name.endswith((".jsonl", ".parquet")):
        records: Iterable[tuple[object, object]] = read_records(path)
    elif name.endswith((".json", ".csv", ".tsv")):
        text = "".join(line for _, line in read_lines(path) if isinstance(line, str))
        if name.endswith(".json"):
            try:
                whole = json.loads(text)
            except json.JSONDecodeError as error:
                raise DataError(f"{path} is not JSON: {error}") from None
            records = whole.items() if isinstance(whole, dict) else enumerate(whole, start=1)
        else:
            csv.field_size_limit(1 << 24)
            comma = "\t" if name.endswith(".tsv") else ","
            records = enumerate(csv.DictReader(io.StringIO(text), delimiter=comma), start=1)
    else:
        records = read_lines(path)
    for number, record in records:
        if not isinstance(record, Damage):
            id = record.get("id", record.get("idx", number)) if isinstance(record, dict) else number
            yield f"{path.name.partition('.')[0]}:{id}", [_SPEAKER.sub("", text, count=1) for text in _texts(record)]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def _said(sample: Sample) -> list[str]:
    return [sample.document] if sample.document else [message.text for message in sample.dialogue]


def _grams(texts: list[str], characters: int, words: int, alone: bool = False) -> Any:
    """Hashes of the n-grams within each text and of the lines too short for one; `alone`: no lines of a text that has
    n-grams, for it is told by these, and its short lines may be anybody's.
    """
    np = numpy()
    units, places, message_starts, line_starts = _units(texts)
    if not len(units):
        return units
    han = units >> np.uint64(63) == 0
    message = np.searchsorted(message_starts, places, "right") - 1
    lengths = np.where(_mostly(han, message), characters, words)
    grams = [np.zeros(0, np.uint64)]
    for length in {characters, words}:
        if len(units) >= length:
            fits = (lengths == length)[: len(units) - length + 1] & (message[: 1 - length] == message[length - 1 :])
            if fits.any():
                grams.append(_rolled(units, length)[fits])
    line = np.searchsorted(line_starts, places, "right") - 1
    begins = np.flatnonzero(np.concatenate(([True], line[1:] != line[:-1])))
    sizes = np.diff(np.append(begins, len(units)))
    in_han = _mostly(han, line)[begins]
    short = (sizes < np.where(in_han, characters, words)) & (sizes >= np.where(in_han, _SHORT_HAN, _SHORT_WORDS))
    if alone:
        short &= (np.bincount(message)[message] < lengths)[begins]
    if short.any():
        within = np.arange(len(units)) - np.repeat(begins, sizes)
        grams.append(_mixed(np.add.reduceat(units * _powers(_LINE)[np.minimum(within, _FAR)], begins)[short]))
    return np.concatenate(grams)


def _units(texts: list[str]) -> tuple[Any, Any, Any, Any]:
    """A hash for each unit (a Han character or a word; the highest bit says word), where it begins in the joined text,
    and where messages and lines begin there."""
    np = numpy()
    pieces = [line for text in texts for line in text.replace("'", "").replace("’", "").split("\n")]
    codes, starts = spell([piece + " " for piece in pieces])
    first = np.cumsum([0, *(text.count("\n") + 1 for text in texts[:-1])]) if texts else np.zeros(0, np.int64)
    kept = np.flatnonzero(codes)
    if not len(kept):
        return np.zeros(0, np.uint64), kept, kept, kept
    letters = codes[kept]
    han = (letters >= 0x3400) & (letters < 0xA000) | (letters >= 0x3040) & (letters < 0x3100) | (letters >= 0x20000)
    han |= (letters >= 0xF900) & (letters < 0xFB00)
    begins = np.ones(len(kept), bool)
    begins[1:] = (kept[1:] != kept[:-1] + 1) | han[1:] | han[:-1]
    heads = np.flatnonzero(begins)
    hashes = letters.astype(np.uint64)
    if len(heads) < len(kept):
        within = np.arange(len(kept)) - np.repeat(heads, np.diff(np.append(heads, len(kept))))
        hashes = np.add.reduceat(hashes * _powers(_BASE)[np.minimum(within, _FAR)], heads)
    high = np.uint64(1 << 63)
    hashes = np.where(han[heads], hashes & ~high, _mixed(hashes) | high)
    return hashes, kept[heads], starts[first], starts[:-1]


@cache
def _powers(base: int) -> Any:
    np = numpy()
    return np.array([pow(base, place, 1 << 64) for place in range(_FAR + 1)], np.uint64)


def _mostly(han: Any, group: Any) -> Any:
    """For each unit whether at least half of its group's are Han."""
    np = numpy()
    return (2 * np.bincount(group, han) >= np.bincount(group))[group]


def _rolled(units: Any, length: int) -> Any:
    np = numpy()
    hashes = units[: len(units) - length + 1].copy()
    for place in range(1, length):
        hashes *= np.uint64(_BASE)
        hashes += units[place : len(units) - length + 1 + place]
    return _mixed(hashes)


def _mixed(hashes: Any) -> Any:
    np = numpy()
    hashes = (hashes ^ hashes >> np.uint64(32)) * np.uint64(_MIX)
    return hashes ^ hashes >> np.uint64(29)
