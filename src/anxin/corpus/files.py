"""Samples in files: JSON lines (plain, `.gz`, `.zst`) and Parquet, read so that one bad record costs only itself.

A stage's folder holds `data/` with the samples that go on, a folder for each `Aside` shard, `dropped/` with what was
left out and why, and `manifest.json`. Files of one stage carry the same shard names as the files they were made from.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from anxin.corpus.sample import Aside, Drop, Result, Sample, from_record, to_record
from anxin.errors import DataError, MissingExtra

__all__ = [
    "DATA",
    "DROPPED",
    "SUFFIXES",
    "Damage",
    "Shard",
    "Tally",
    "read_lines",
    "read_records",
    "read_samples",
    "shard_name",
    "shards",
    "to_line",
    "unpacked",
]

DATA, DROPPED = "data", "dropped"
SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")
LONGEST_LINE = 16 << 20
"""In bytes. A longer line is not a record of any corpus; it is read past without being held."""
_EXCERPT = 2000
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Damage:
    """A place in a file that could not be read: `reason` for the manifest's table, `where` for a person."""

    reason: str
    where: str
    excerpt: str = ""


@dataclass(slots=True)
class Tally:
    """What became of the samples of a shard or a stage. `changed` are kept ones whose text is not what it was;
    `dropped` and `aside` count by reason and by shard."""

    read: int = 0
    kept: int = 0
    changed: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        """Count the other's samples as well."""
        self.read, self.kept, self.changed = (
            self.read + other.read,
            self.kept + other.kept,
            self.changed + other.changed,
        )
        self.dropped.update(other.dropped)
        self.aside.update(other.aside)

    def to_json(self) -> dict[str, Any]:
        """As the manifest shows it, most frequent reasons first, whatever the order they were met in."""
        return {
            "read": self.read,
            "kept": self.kept,
            "changed": self.changed,
            "dropped": _by_count(self.dropped),
            "aside": _by_count(self.aside),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Tally:
        """The tally that `to_json` wrote."""
        return cls(body["read"], body["kept"], body["changed"], Counter(body["dropped"]), Counter(body["aside"]))


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def shards(place: Path) -> list[Path]:
    """The data files at `place` in the order of their names: itself, those of a stage's `data/`, or of a plain folder.

    Raises `DataError` where there are none.
    """
    if place.is_file():
        return [place]
    folder = place / DATA if (place / DATA).is_dir() else place
    found = sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES)) if folder.is_dir() else []
    if not found:
        raise DataError(f"{place} holds no {', '.join(SUFFIXES)} files")
    return found


def read_samples(path: Path, source: str = "") -> Iterator[Sample | Damage]:
    """The samples of one file as `Shard` writes them, in order; what cannot be read comes as `Damage`.

    `source` stands in where a record names none; a record without an id gets its line's number.
    """
    for number, record in read_records(path):
        if isinstance(record, Damage):
            yield record
            continue
        try:
            yield from_record(record, str(number), source)
        except DataError as error:
            yield Damage("unreadable", f"{path.name} record {number}: {error}", _excerpt(record))


def read_records(path: Path) -> Iterator[tuple[int, dict[str, Any] | Damage]]:
    """Number and JSON object of each record of one file: lines, or rows of Parquet. Empty lines are passed over."""
    if path.suffix == ".parquet":
        yield from _rows(path)
        return
    for number, line in read_lines(path):
        if isinstance(line, Damage):
            yield number, line
            continue
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            yield number, Damage("not_json", f"{path.name} line {number}: {why}", line[:_EXCERPT])
            continue
        if isinstance(record, dict):
            yield number, record
        else:
            yield number, Damage("not_json", f"{path.name} line {number} is not an object", line[:_EXCERPT])


def read_lines(path: Path) -> Iterator[tuple[int, str | Damage]]:
    """Number and text of each line. A line that is not UTF-8 or over 16 MiB, and the place where a packed file breaks
    off, come as `Damage`; every line before and after it is read. Raises `DataError` where there is no such file.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist")
    number = 0
    with ExitStack() as held:
        stream = unpacked(path, held)
        while True:
            number += 1
            try:
                raw = stream.readline(LONGEST_LINE)
                if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
                    size = len(raw)
                    while rest := stream.readline(LONGEST_LINE):
                        size += len(rest)
                        if rest.endswith(b"\n"):
                            break
                    yield number, Damage("too_long", f"{path.name} line {number} has {size >> 20} MiB", _start(raw))
                    continue
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                yield number, Damage("truncated", f"{path.name} breaks off at line {number}: {error}")
                return
            except Exception as error:
                if type(error).__name__ != "ZstdError":
                    raise
                yield number, Damage("truncated", f"{path.name} breaks off at line {number}: {error}")
                return
            if not raw:
                return
            try:
                yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                where = f"{path.name} line {number} is no UTF-8 (byte {error.start})"
                yield number, Damage("not_utf8", where, _start(raw))


def to_line(record: Mapping[str, Any]) -> bytes:
    """A record as one line of UTF-8. Half a surrogate pair, which UTF-8 cannot hold, is escaped with its whole line."""
    try:
        return json.dumps(record, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(record).encode() + b"\n"


def unpacked(path: Path, held: ExitStack) -> BinaryIO:
    """The bytes of a file, unpacked where it is `.gz` or `.zst`; `held` closes it. A packed file that breaks off raises
    `EOFError`, `zlib.error`, `gzip.BadGzipFile` or zstandard's `ZstdError` when it is read that far.
    """
    file = held.enter_context(path.open("rb"))
    if path.suffix == ".gz":
        return held.enter_context(gzip.open(file, "rb"))  # type: ignore[return-value]
    if path.suffix != ".zst":
        return file
    return io.BufferedReader(_Zstandard(file), 1 << 20)


class _Zstandard(io.RawIOBase):
    """A `.zst` file unpacked, frame after frame; EOFError where it ends in the middle of one, which the package's own
    reader passes over."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._unpack = _zstandard().ZstdDecompressor().decompressobj()
        self._packed = self._ready = b""
        self._whole = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            self._packed = self._packed or self._file.read(1 << 17)
            if not self._packed:
                if self._whole:
                    return 0
                self._whole = True
                raise EOFError("the packed file is not whole")
            if self._unpack.eof:
                self._unpack = _zstandard().ZstdDecompressor().decompressobj()
            self._ready = self._unpack.decompress(self._packed)
            self._whole = self._unpack.eof
            self._packed = self._unpack.unused_data if self._whole else b""
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | Damage]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise MissingExtra("reading Parquet", "corpus") from None
    if not path.is_file():
        raise DataError(f"{path} does not exist")
    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=512):
            for row in batch.to_pylist():
                number += 1
                yield number, {key: value for key, value in row.items() if value is not None}
    except (ArrowException, OSError) as error:
        yield number + 1, Damage("truncated", f"{path.name} breaks off at row {number + 1}: {str(error)[:200]}")


class Shard:
    """Writes one shard of a stage: every result to where it belongs, whole or not at all.

    Used as a context manager. Files take their names only when the block ends well; when it ends with an error or the
    process dies, nothing that looks complete is left behind. `tally` counts what was put.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.tally = Tally()
        self._folder, self._name = folder, name
        self._open: dict[str, _Packed] = {}

    def __enter__(self) -> Shard:
        self._out(DATA)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for packed in self._open.values():
            packed.close(kept=kind is None)

    def put(self, before: Sample | Damage, after: Result | None = None) -> None:
        """Write what a step made of a sample. Damage goes to `dropped/` under its own reason; `after` is then left out.

        Raises `DataError` when the disk is full; what earlier shards hold is complete.
        """
        self.tally.read += 1
        if isinstance(before, Damage):
            self.tally.dropped[before.reason] += 1
            self._write(DROPPED, {"reason": before.reason, "where": before.where, "excerpt": before.excerpt})
        elif after is None or isinstance(after, Sample):
            after = after or before
            self.tally.kept += 1
            self.tally.changed += (after.dialogue, after.document) != (before.dialogue, before.document)
            self._write(DATA, to_record(after))
        elif isinstance(after, Aside):
            self.tally.aside[after.shard] += 1
            self._write(after.shard, to_record(after.sample))
        else:
            self.tally.dropped[after.reason] += 1
            self.reject(before, after)

    def reject(self, part: Sample, why: Drop) -> None:
        """Write to `dropped/`, uncounted, what was taken out of a sample that goes on without it."""
        note = {"reason": why.reason} | ({"detail": why.detail} if why.detail else {})
        self._write(DROPPED, {**to_record(part), "dropped": note})

    def _write(self, where: str, record: Mapping[str, Any]) -> None:
        try:
            self._out(where).write(to_line(record))
        except OSError as error:
            raise DataError(f"cannot write to {self._folder}: {error.strerror}; make room and run again") from None

    def _out(self, where: str) -> _Packed:
        if where not in self._open:
            self._open[where] = _Packed(self._folder / where / f"{self._name}.jsonl.zst")
        return self._open[where]


class _Packed:
    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._part = path, path.with_name(f"{path.name}.{os.getpid()}.part")
        self._file = self._part.open("wb")
        self._pack = _zstandard().ZstdCompressor(_LEVEL).stream_writer(self._file)
        self.write: Callable[[bytes], int] = self._pack.write

    def close(self, kept: bool) -> None:
        try:
            if kept:
                self._pack.close()
                self._part.replace(self._path)
        except OSError as error:
            kept = False
            raise DataError(f"cannot write {self._path}: {error.strerror}; make room and run again") from None
        finally:
            self._file.close()
            if not kept:
                self._part.unlink(missing_ok=True)


def shard_name(path: Path) -> str:
    """A shard's name: the file's without its suffixes."""
    for suffix in SUFFIXES:
        if path.name.endswith(suffix):
            return path.name[: -len(suffix)]
    return path.stem


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise MissingExtra("reading and writing .zst files", "corpus") from None
    return zstandard


def _excerpt(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)[:_EXCERPT]


def _start(raw: bytes) -> str:
    return raw[:_EXCERPT].decode("utf-8", "replace")
