"""Pairs in and out of files: our own JSON lines, TRL's conversational preference format, and the released table.

The released table is Psychotherapy-LLM/PsychoCounsel-Preference on the Hugging Face hub (CC BY-NC 4.0; Zhang et al.
2025). Its columns and their types are those of its dataset card: `ID` (string), `prefID` (int64), `question`, `chosen`,
`rejected`, `chosen_model`, `rejected_model` (strings), then for each side and principle an int64 `<side>_<key>_rating`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal

from anxin.corpus.files import Damage, read_records
from anxin.dialogue import Dialogue
from anxin.errors import ConfigError, DataError, MissingExtra
from anxin.prefer.pair import Pair, Side, pair_from, pair_record
from anxin.prefer.rating import checked

__all__ = ["COLUMNS", "Lines", "Shape", "psychocounsel", "read_pairs", "trl", "write_pairs"]

Shape = Literal["psychocounsel", "trl", "jsonl"]

_SIDES: Final = ("chosen", "rejected")
_KEYS: Final = ("empathy", "relevance", "clarity", "safety", "exploration", "autonomy", "staging")
_TEXTS: Final = ("question", "chosen", "rejected", "chosen_model", "rejected_model")
COLUMNS: Final = ("ID", "prefID", *_TEXTS, *(f"{side}_{key}_rating" for side in _SIDES for key in _KEYS))
"""The released table's columns, in its order."""
_ROWS: Final = 1024  # rows held before a group of a Parquet file is written


def read_pairs(path: Path) -> Iterator[Pair | Damage]:
    """The pairs of one file in any of the three shapes, told apart one by one; `Damage` where one is unreadable."""
    for number, record in read_records(path):
        if isinstance(record, Damage):
            yield record
            continue
        try:
            pair = _released(record) if "question" in record else pair_from(record)
        except DataError as error:
            yield Damage("unreadable", f"{path.name} record {number}: {error}")
            continue
        yield pair if pair.id else replace(pair, id=f"{path.stem}#{number}", item=pair.item or f"{path.stem}#{number}")


def psychocounsel(pair: Pair, number: int = 0) -> dict[str, Any] | str:
    """The pair as a row of the released table, or why it has no place there.

    The table holds one client's message and whole-number ratings: pairs with `many_turns` or `unscored` ones have no
    place, and means of several raters are rounded, half upwards. Where that turns the order of the two sums or makes
    them equal, the row would contradict itself (`rounding`). `number` stands in where the pair's id ends in none.
    """
    if len(pair.prompt) != 1:
        return "many_turns"
    if not pair.chosen.scores or not pair.rejected.scores:
        return "unscored"
    item, _, tail = pair.id.rpartition("#")
    row: dict[str, Any] = {"ID": pair.item or item or pair.id, "prefID": int(tail) if tail.isdecimal() else number}
    row |= {"question": pair.prompt.messages[0].text, "chosen": pair.chosen.text, "rejected": pair.rejected.text}
    row |= {"chosen_model": pair.chosen.model, "rejected_model": pair.rejected.model}
    sums: list[int] = []
    for name, side in (("chosen", pair.chosen), ("rejected", pair.rejected)):
        whole = {key: int(side.scores[key] + 0.5) for key in _KEYS}
        row |= {f"{name}_{key}_rating": value for key, value in whole.items()}
        sums.append(sum(whole.values()))
    return row if sums[0] > sums[1] or _exact(pair) else "rounding"


def trl(pair: Pair) -> dict[str, Any]:
    """The pair in TRL's conversational preference format with an explicit prompt, and nothing else."""
    return {
        "prompt": pair.prompt.to_wire(),
        "chosen": [{"role": "assistant", "content": pair.chosen.text}],
        "rejected": [{"role": "assistant", "content": pair.rejected.text}],
    }


def write_pairs(pairs: Iterable[Pair], path: Path, shape: Shape) -> tuple[int, Counter[str]]:
    """Write pairs to a `.jsonl`, `.jsonl.zst` or `.parquet` file, whole or not at all.

    Returns how many were written, and how many were left out by reason. Parquet takes the two shapes that have fixed
    columns. Raises `ConfigError` for another file name.
    """
    left: Counter[str] = Counter()
    written = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal written
        for number, pair in enumerate(pairs, start=1):
            row = psychocounsel(pair, number) if shape == "psychocounsel" else _row(pair, shape)
            if isinstance(row, str):
                left[row] += 1
                continue
            written += 1
            yield row

    if path.suffix == ".parquet":
        _parquet(rows(), path, shape)
    else:
        with Lines(path) as lines:
            for row in rows():
                lines.write(row)
    return written, left


class Lines:
    """JSON lines in a file that takes its name only when the block ends well. `.jsonl`, or `.jsonl.zst` packed."""

    def __init__(self, path: Path) -> None:
        if not path.name.endswith((".jsonl", ".jsonl.zst")):
            raise ConfigError(f"{path.name} must end in .jsonl, .jsonl.zst or .parquet")
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._file: BinaryIO | None = None
        self._out: Any = None

    def __enter__(self) -> Lines:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("wb")
        except OSError as error:
            raise DataError(f"cannot write {self._path}: {error.strerror}") from None
        self._out = _packer(self._file) if self._path.suffix == ".zst" else self._file
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        assert self._file is not None
        try:
            if kind is None:
                self._out.close()
                self._file.close()
                self._part.replace(self._path)
        except OSError as fault:
            raise DataError(f"cannot write {self._path}: {fault.strerror}; make room and run again") from None
        finally:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def write(self, record: Mapping[str, Any]) -> None:
        """One object, one line."""
        try:
            self._out.write(json.dumps(record, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        except OSError as error:
            raise DataError(f"cannot write {self._path}: {error.strerror}; make room and run again") from None


def _row(pair: Pair, shape: Shape) -> dict[str, Any]:
    return trl(pair) if shape == "trl" else pair_record(pair)


def _released(record: Mapping[str, Any]) -> Pair:
    for name in _TEXTS[:3]:
        if not isinstance(record.get(name), str):
            raise DataError(f"no {name} in the row")
    sides: dict[str, Side] = {}
    for name in _SIDES:
        scores = {key: record.get(f"{name}_{key}_rating") for key in _KEYS}
        given = checked(scores) if any(value is not None for value in scores.values()) else {}
        sides[name] = Side(record[name], model=str(record.get(f"{name}_model") or ""), scores=given)
    item = str(record.get("ID", ""))
    id = f"{item}#{record['prefID']}" if item and "prefID" in record else item
    prompt = Dialogue(id=item).says("client", record["question"])
    return Pair(id, item, prompt, sides["chosen"], sides["rejected"], source="psychocounsel")


def _exact(pair: Pair) -> bool:
    """Whether nothing of it was rounded: then the row says what the pair says, whatever that is."""
    return all(value == int(value) for side in (pair.chosen, pair.rejected) for value in side.scores.values())


def _parquet(rows: Iterator[dict[str, Any]], path: Path, shape: Shape) -> None:
    if shape == "jsonl":
        raise ConfigError("our own records have no fixed columns; write .jsonl, or --to trl or psychocounsel")
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("writing Parquet", "corpus") from None
    if shape == "psychocounsel":
        types = {name: pyarrow.string() for name in ("ID", *_TEXTS)}
        columns = pyarrow.schema([(name, types.get(name, pyarrow.int64())) for name in COLUMNS])
    else:
        messages = pyarrow.list_(pyarrow.struct([("role", pyarrow.string()), ("content", pyarrow.string())]))
        columns = pyarrow.schema([(name, messages) for name in ("prompt", "chosen", "rejected")])
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with parquet.ParquetWriter(part, columns) as writer:
            held: list[dict[str, Any]] = []
            for row in rows:
                held.append(row)
                if len(held) == _ROWS:
                    writer.write_table(pyarrow.Table.from_pylist(held, columns))
                    held.clear()
            if held:
                writer.write_table(pyarrow.Table.from_pylist(held, columns))
        part.replace(path)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror}; make room and run again") from None
    finally:
        part.unlink(missing_ok=True)


def _packer(file: BinaryIO) -> Any:
    try:
        import zstandard
    except ImportError:
        raise MissingExtra("writing .zst files", "corpus") from None
    return zstandard.ZstdCompressor(3).stream_writer(file, closefd=False)
