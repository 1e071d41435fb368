"""Blocks: what is known of up to 32,768 samples of one shard, in files that are read in slices.

`keys` holds one sorted row for each column (the digest, then every band), `order` the sample each key belongs to;
because the rows are sorted, all keys of one range of values are found without reading the others. A shard's blocks lie
in one folder that takes its name when the last of them is written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anxin.corpus.dedup.fold import fold, numpy
from anxin.corpus.dedup.options import Dedup
from anxin.corpus.dedup.signature import band_keys, digests, signatures
from anxin.corpus.files import Damage, read_samples
from anxin.corpus.sample import Sample

__all__ = ["Block", "blocks", "save", "sign"]

_SAMPLES = 1 << 15
_CHARACTERS = 1 << 17
"""Folded at once: arrays of this length stay in the processor's cache."""
_LAST = (1 << 32) - 1
_FILES = ("keys", "order", "signatures", "low", "rank", "ends")


@dataclass(frozen=True, slots=True)
class Block:
    """`first` is the number of its first sample in the whole corpus; `near` of them are long enough for bands."""

    path: Path
    first: int
    samples: int
    near: int

    def load(self, what: str) -> Any:
        """One of its arrays, not yet read: slices of it are read when they are used."""
        return numpy().load(self.path.with_name(f"{self.path.name}.{what}.npy"), mmap_mode="r")

    def names(self, places: Sequence[int]) -> list[str]:
        """`source/id` of these samples of the block."""
        ends = self.load("ends")
        found = []
        with self.path.with_name(f"{self.path.name}.names").open("rb") as file:
            for place in places:
                start = int(ends[place - 1]) if place else 0
                file.seek(start)
                found.append(file.read(int(ends[place]) - start).decode("utf-8", "surrogatepass"))
        return found


def sign(path: Path, folder: Path, options: Dedup) -> None:
    """Write the blocks of the shard at `path` into `folder`; nothing is done where it is complete."""
    if folder.is_dir():
        return
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    sizes = [_Signed(options).write(part / f"{number:05d}", held) for number, held in enumerate(_gathered(path))]
    (part / "blocks.json").write_text(json.dumps(sizes))
    part.replace(folder)


def blocks(folders: Sequence[Path]) -> tuple[list[Block], list[int]]:
    """The blocks of all shards in order, and the number of each shard's first sample, with the end last."""
    found: list[Block] = []
    firsts = [0]
    for folder in folders:
        first = firsts[-1]
        for number, (samples, near) in enumerate(json.loads((folder / "blocks.json").read_text())):
            found.append(Block(folder / f"{number:05d}", first, samples, near))
            first += samples
        firsts.append(first)
    return found, firsts


def save(path: Path, array: Any) -> None:
    """Write an array, whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        numpy().save(file, array)
    part.replace(path)


def _gathered(path: Path) -> Iterator[Iterator[list[Sample]]]:
    """The samples of a shard in batches to be folded at once, the batches in blocks."""
    batches = _batches(path)
    while (first := next(batches, None)) is not None:
        yield _block(first, batches)


def _block(first: list[Sample], batches: Iterator[list[Sample]]) -> Iterator[list[Sample]]:
    samples = len(first)
    yield first
    while samples < _SAMPLES and (batch := next(batches, None)) is not None:
        samples += len(batch)
        yield batch


def _batches(path: Path) -> Iterator[list[Sample]]:
    batch: list[Sample] = []
    characters = 0
    for sample in read_samples(path):
        if isinstance(sample, Damage):
            continue
        batch.append(sample)
        characters += len(sample.text)
        if characters >= _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


class _Signed:
    """Gathers the columns of one block."""

    def __init__(self, options: Dedup) -> None:
        self._options = options
        self._columns: dict[str, list[Any]] = {"signatures": [], "low": [], "high": [], "rank": [], "length": []}
        self._names, self._ends = bytearray(), [0]

    def write(self, path: Path, batches: Iterator[list[Sample]]) -> tuple[int, int]:
        for batch in batches:
            self._take(batch)
        np, options = numpy(), self._options
        held = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        long = np.flatnonzero(held["length"] >= options.ngram)
        samples, width = len(held["low"]), 1 + sum(bands for bands, _ in options.bandings)
        keys, order = np.zeros((width, samples), np.uint64), np.zeros((width, samples), np.uint32)
        order[0] = np.argsort(held["high"], kind="stable")
        keys[0] = held["high"][order[0]]
        column = 1
        for bands, rows in options.bandings:
            for row in band_keys(held["signatures"][long], bands, rows):
                sorted_ = np.argsort(row, kind="stable")
                keys[column, : len(long)], order[column, : len(long)] = row[sorted_], long[sorted_]
                column += 1
        held |= {"keys": keys, "order": order, "ends": np.array(self._ends[1:], np.uint64)}
        for name in _FILES:
            np.save(path.with_name(f"{path.name}.{name}.npy"), held[name])
        path.with_name(f"{path.name}.names").write_bytes(self._names)
        return samples, len(long)

    def _take(self, batch: list[Sample]) -> None:
        np = numpy()
        texts = [sample.text for sample in batch]
        codes, starts = fold(texts)
        high, low = digests(codes, starts, texts)
        lengths = np.diff(starts)
        found = {"signatures": signatures(codes, starts, self._options), "high": high, "low": low, "length": lengths}
        found["rank"] = _ranks(batch, lengths, self._options)
        for name, array in found.items():
            self._columns[name].append(array)
        for sample in batch:
            name = f"{sample.source}/{sample.id}" if sample.source else sample.id
            self._names += name.encode("utf-8", "surrogatepass")
            self._ends.append(len(self._names))


def _ranks(batch: list[Sample], lengths: Any, options: Dedup) -> Any:
    """The less, the better: 16 bits for the place of the source among the preferred, 32 for the rule."""
    np = numpy()
    places = {source: place for place, source in enumerate(options.prefer)}
    ranks = np.array([places.get(sample.source, len(places)) for sample in batch], np.uint64) << np.uint64(32)
    if options.keep == "longest":
        ranks |= np.uint64(_LAST) - np.minimum(lengths, _LAST).astype(np.uint64)
    elif options.keep == "score":
        ranks |= np.array([_scored(sample.metadata.get(options.score)) for sample in batch], np.uint64)
    return ranks


def _scored(value: object) -> int:
    """The better the score, the smaller the number, in the order of 32-bit floating point; `_LAST` without a score."""
    np = numpy()
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return _LAST
    with np.errstate(over="ignore"):
        bits = int(np.float32(value + 0.0).view(np.uint32))
    # A float's bits rise with its size; those of negative ones are turned over so that they fall.
    ascending = bits ^ (_LAST if bits >> 31 else 1 << 31)
    return _LAST - 1 - min(ascending, _LAST - 1)
