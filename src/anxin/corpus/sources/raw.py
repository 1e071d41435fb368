"""What stands in a file before it is a sample: text, lines, table rows, elements of a JSON list. Whatever cannot be
read comes as `Damage` in its place, and reading goes on behind it; no file is held in memory whole.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from anxin.corpus.files import LONGEST_LINE, Damage, read_records, unpacked
from anxin.corpus.sample import Sample
from anxin.corpus.sources.encoding import BROKEN, guess, known
from anxin.errors import DataError

__all__ = ["Unreadable", "broken", "each", "elements", "lines", "number_of", "records", "rows", "texts", "words"]

_CHUNK = 1 << 18
_HEAD = 1 << 20
_EXCERPT = 2000
_ENDS = (EOFError, zlib.error, gzip.BadGzipFile)
_ESCAPED = re.compile(f"[{chr(BROKEN.start)}-{chr(BROKEN.stop - 1)}]")
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}\[\],]', re.DOTALL)
_INSIDE = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


class Unreadable(Exception):
    """A record that makes no sample; caught by `each`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


def words(record: Any, key: str, blank: bool = False) -> str:
    """The text under `key`. Raises `Unreadable` where there is none; `blank` allows an empty one."""
    value = record.get(key) if isinstance(record, Mapping) else None
    if not isinstance(value, str) or not (blank or value.strip()):
        raise Unreadable("missing_field", f"no {key}")
    return value


def number_of(record: Mapping[str, Any], key: str) -> int | None:
    """The whole number under `key`, also where it is written as text; None where there is none."""
    try:
        return int(record[key])
    except (KeyError, TypeError, ValueError):
        return None


def each(path: Path, found: Iterator[tuple[int, Any]], make: Callable[[int, Any], Sample]) -> Iterator[Sample | Damage]:
    """The sample `make` makes of each record; what is `Damage` already, or what `make` refuses, comes as `Damage`."""
    for number, record in found:
        if isinstance(record, Damage):
            yield record
            continue
        try:
            yield make(number, record)
        except (Unreadable, DataError) as error:
            reason = error.reason if isinstance(error, Unreadable) else "unreadable"
            yield broken(path, number, reason, str(error), record)


def broken(path: Path, number: int, reason: str, detail: str, record: object) -> Damage:
    """Damage at a record, with the beginning of what it holds."""
    excerpt = json.dumps(record, ensure_ascii=False, default=str)[:_EXCERPT]
    return Damage(reason, f"{path.name} record {number}: {detail}", excerpt)


def records(path: Path) -> Iterator[tuple[int, dict[str, Any] | Damage]]:
    """Number and object of each record: of JSON lines and Parquet, or of a `.json` list."""
    if not path.name.removesuffix(".gz").removesuffix(".zst").endswith(".json"):
        yield from read_records(path)
        return
    for number, element in elements(path):
        if isinstance(element, dict | Damage):
            yield number, element
        else:
            yield number, broken(path, number, "not_json", "not an object", element)


def texts(path: Path, encoding: str = "", otherwise: str = "") -> Iterator[str | Damage]:
    """The file's text, piece by piece, in the declared encoding or the one `guess` finds.

    Bytes that do not fit it stand in the text as `surrogateescape` leaves them. Where a packed file breaks off,
    `Damage` comes last; where no encoding fits and there is none to take `otherwise`, it is all there is. Raises
    `DataError` for a missing file or unknown encoding.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist")
    if encoding and not known(encoding):
        raise DataError(f"{encoding} is no encoding; name one such as utf-8, gb18030 or big5")
    pieces, head, end = _bytes(path), b"", None
    for piece in pieces:
        if isinstance(piece, Damage):
            end = piece
            break
        head += piece
        if len(head) >= _HEAD:
            break
    chosen = encoding or guess(head) or otherwise
    if not chosen:
        yield Damage(
            "wrong_encoding",
            f'{path.name} is not UTF-8, GB18030 or Big5; say which: encoding = "..."',
            ascii(head[:200]),
        )
        return
    # UTF-16 has no bytes that could be escaped one by one.
    decoder = codecs.getincrementaldecoder(chosen)("replace" if "16" in chosen else "surrogateescape")
    yield decoder.decode(head)
    for piece in pieces:
        if isinstance(piece, Damage):
            end = piece
            break
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)
    if end is not None:
        yield end


def lines(path: Path, encoding: str = "") -> Iterator[tuple[int, str | Damage]]:
    """Number and text of each line with its end. A line over 16 Mi characters, or with bytes of another encoding, and
    the place where a packed file breaks off, come as `Damage`.
    """
    number, held, size = 1, [""], 0
    for text in texts(path, encoding):
        if isinstance(text, Damage):
            yield number, text
            return
        begin = 0
        while begin < len(text):
            end = text.find("\n", begin) + 1
            piece = text[begin : end or len(text)]
            size += len(piece)
            if size <= LONGEST_LINE:
                held.append(piece)
            if not end:
                break
            yield number, _line(path, number, "".join(held), size)
            number, held, size, begin = number + 1, [""], 0, end
    if size:
        yield number, _line(path, number, "".join(held), size)


def _line(path: Path, number: int, text: str, size: int) -> str | Damage:
    if size > LONGEST_LINE:
        return Damage("too_long", f"{path.name} line {number} has {size >> 20} Mi characters", _safe(text))
    if _ESCAPED.search(text):
        return Damage("wrong_encoding", f"{path.name} line {number} is in another encoding", _safe(text))
    return text


def rows(
    path: Path, encoding: str = "", columns: tuple[str, ...] = ()
) -> Iterator[tuple[int, dict[str, str] | Damage]]:
    """Number (from 1) and fields by name of each row of a CSV file whose first row names them.

    `columns` must be among the names. Raises `DataError` where they are not: the file is not the one it is taken for.
    """
    csv.field_size_limit(LONGEST_LINE)
    faults: list[Damage] = []
    reader = csv.reader(_good(lines(path, encoding), faults))
    names = next(reader, [])
    missing = [column for column in columns if column not in names]
    if missing and not faults:
        raise DataError(f"{path} has no column {missing[0]}; it has {', '.join(names) or 'nothing'}")
    if missing:
        yield from enumerate(faults, start=1)
        return
    number = 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            row = None
        except csv.Error as error:
            yield number, Damage("not_csv", f"{path.name} line {reader.line_num}: {error}")
            continue
        for fault in faults:
            yield number, fault
            number += 1
        faults.clear()
        if row is None:
            return
        if not row:
            number -= 1
        elif len(row) == len(names):
            yield number, dict(zip(names, row, strict=True))
        else:
            where = f"{path.name} row {number} has {len(row)} fields instead of {len(names)}"
            yield number, Damage("ragged", where, "\t".join(row)[:_EXCERPT])


def _good(found: Iterator[tuple[int, str | Damage]], faults: list[Damage]) -> Iterator[str]:
    for _, line in found:
        if isinstance(line, Damage):
            faults.append(line)
        else:
            yield line


def elements(path: Path) -> Iterator[tuple[int, Any]]:
    """Number (from 1) and value of each element of a JSON list, one held at a time.

    An element that is no JSON, is not UTF-8 or has over 16 Mi characters comes as `Damage`, as does the place where
    the list breaks off. Where the file is not a list but an object a line, those are read.
    """
    buffer, scan, depth, number, inside, long = "", 0, 0, 0, False, 0
    pieces = texts(path, otherwise="utf-8")  # which is what JSON has to be in
    for text in pieces:
        if isinstance(text, Damage):
            yield number + 1, text
            return
        if not depth and not buffer.strip() and text.lstrip()[:1] == "{":
            yield from read_records(path)
            return
        buffer += text
        if inside:
            rest = _INSIDE.match(buffer)
            scan = rest.end() if rest else 0
            inside = buffer[scan : scan + 1] != '"'
            if inside:
                buffer, long = buffer[scan:], long + scan
                scan = 0
                continue
            scan += 1
        start = 0
        for token in _TOKEN.finditer(buffer, scan):
            mark = token.group()
            scan = token.end()
            if mark == '"':  # a string that goes on in the next piece
                scan = token.start()
                break
            if depth == 0 and mark != "[":
                yield 1, Damage("not_json", f"{path.name} is not a JSON list", buffer[:_EXCERPT])
                return
            if mark in "[{":
                depth += 1
                start = scan if depth == 1 else start
            elif mark in "]}":
                depth -= 1
            if (mark == "," and depth == 1) or depth == 0:
                whole = buffer[start : scan - 1]
                if long or whole.strip() or mark == ",":
                    number += 1
                    yield number, _element(path, number, whole, long)
                start, long = scan, 0
            if depth == 0:  # the list has ended; whether the packed file is whole shows behind it
                yield from ((number + 1, rest) for rest in pieces if isinstance(rest, Damage))
                return
        else:
            scan = len(buffer)
        buffer, scan = buffer[start:], scan - start
        if len(buffer) > LONGEST_LINE:
            inside = buffer[scan : scan + 1] == '"'
            cut = scan + inside
            buffer, long, scan = buffer[cut:], long + cut, 0
    if depth or buffer.strip():
        yield number + 1, Damage("truncated", f"{path.name} breaks off in element {number + 1}", _safe(buffer))


def _element(path: Path, number: int, text: str, long: int) -> Any:
    where = f"{path.name} element {number}"
    if long or len(text) > LONGEST_LINE:
        return Damage("too_long", f"{where} has {(long + len(text)) >> 20} Mi characters")
    if _ESCAPED.search(text):
        return Damage("not_utf8", where, _safe(text))
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        return Damage("not_json", f"{where}: {why}", _safe(text))


def _bytes(path: Path) -> Iterator[bytes | Damage]:
    with ExitStack() as held:
        stream: Any = unpacked(path, held)
        while True:
            try:
                piece: bytes = stream.read1(_CHUNK)
            except Exception as error:
                if not isinstance(error, _ENDS) and type(error).__name__ != "ZstdError":
                    raise
                yield Damage("truncated", f"{path.name} breaks off: {error}")
                return
            if not piece:
                return
            yield piece


def _safe(text: str) -> str:
    return text[:_EXCERPT].encode("utf-8", "replace").decode()
