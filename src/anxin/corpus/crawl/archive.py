"""WARC files (ISO 28500): written so that a kill leaves nothing half, read so that damage costs only what it hit.

Bodies are stored unpacked, as Common Crawl does: what is read from a record is the page.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from anxin.corpus.files import Damage
from anxin.errors import DataError, MissingExtra

__all__ = ["SUFFIXES", "Answer", "Archive", "Record", "payload_digest", "read_warc"]

SUFFIXES = (".warc", ".warc.gz", ".wet", ".wet.gz")
_NOT_AS_STORED = frozenset({"content-encoding", "transfer-encoding", "content-length"})
_KINDS = frozenset({"response", "revisit", "conversion", "resource"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What was asked and what came back. `date` is UTC as a WARC writes it; `body` is unpacked."""

    address: str
    asked: tuple[tuple[str, str], ...]
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    date: str
    ip: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """A page as a WARC keeps it. `kind` is response, revisit (the content stands elsewhere), resource or conversion."""

    kind: str
    address: str
    date: str
    status: int
    headers: tuple[tuple[str, str], ...]
    digest: str
    language: str
    body: bytes
    whole: bool = True

    def header(self, name: str) -> str:
        """The first header of that name, else nothing."""
        return next((value for own, value in self.headers if own.lower() == name), "")


def payload_digest(body: bytes) -> str:
    """SHA-1 in base 32, as WARC files write it."""
    return "sha1:" + base64.b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()


class Archive:
    """Appends records to `<folder>/<name>-00001.warc.gz` and so on.

    `position` (file name and size) is noted by the caller together with what the records belong to; begun again there,
    everything that was written after it is cut off, so that no record is kept twice or in part.
    """

    def __init__(self, folder: Path, name: str, about: Mapping[str, str], most: int, position: str = "") -> None:
        self._folder, self._name, self._about, self._most = folder, name, about, most
        self._writer_of = _warcio("WARCWriter", "warcio.warcwriter")
        self._headers = _warcio("StatusAndHeaders", "warcio.statusandheaders")
        folder.mkdir(parents=True, exist_ok=True)
        file, _, size = position.partition(" ")
        self._number = int(file.removesuffix(".warc.gz").rpartition("-")[2]) if file else 0
        for path in folder.glob(f"{name}-*.warc.gz"):
            if path.name > file:
                path.unlink()
        self._file: BinaryIO | None = None
        if file:
            path = folder / file
            if not path.is_file() or path.stat().st_size < int(size):
                raise DataError(f"{path} is shorter than the crawl had written it; give another folder")
            self._file = path.open("r+b")
            self._file.truncate(int(size))
            self._file.seek(int(size))

    @property
    def position(self) -> str:
        """How far the records are safely on disk."""
        return f"{self._path.name} {self._file.tell()}" if self._file else ""

    @property
    def _path(self) -> Path:
        return self._folder / f"{self._name}-{self._number:05}.warc.gz"

    def add(self, answer: Answer, first: tuple[str, str] | None = None) -> None:
        """Write answer and question. `first` is the address and date at which the same content was found before: it is
        then not written again. Raises `OSError` when there is no room.
        """
        file = self._room()
        writer = self._writer_of(file, gzip=True, warc_version="1.1")
        status = self._headers(f"{answer.status} {_phrase(answer.status)}", _stored(answer), "HTTP/1.1")
        warc = {"WARC-Date": answer.date} | ({"WARC-IP-Address": answer.ip} if answer.ip else {})
        if first is None:
            body = io.BytesIO(answer.body)
            kept = writer.create_warc_record(
                answer.address, "response", body, len(answer.body), http_headers=status, warc_headers_dict=warc
            )
        else:
            kept = writer.create_revisit_record(
                answer.address, payload_digest(answer.body), *first, http_headers=status, warc_headers_dict=warc
            )
        parts = urlsplit(answer.address)
        line = f"GET {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1"
        asked = self._headers(line, [("Host", parts.netloc), *answer.asked], is_http_request=True)
        question = writer.create_warc_record(answer.address, "request", http_headers=asked)
        writer.write_request_response_pair(question, kept)
        file.flush()
        os.fsync(file.fileno())

    def close(self) -> None:
        """Nothing more is written."""
        if self._file:
            self._file.close()
            self._file = None

    def _room(self) -> BinaryIO:
        if self._file and self._file.tell() < self._most:
            return self._file
        self.close()
        self._number += 1
        self._file = self._path.open("wb")
        writer = self._writer_of(self._file, gzip=True, warc_version="1.1")
        writer.write_record(writer.create_warcinfo_record(self._path.name, self._about))
        return self._file


def read_warc(path: Path, most: int = 16 << 20) -> Iterator[Record | Damage]:
    """The pages of a WARC or WET file (`.gz` or plain, ours or Common Crawl's), one held at a time.

    A body is read up to `most` bytes; one that is longer comes with `whole` false. What stands before the place where a
    file breaks off is given, then one `Damage`. Raises `DataError` where there is no such file.
    """
    iterator_of = _warcio("WARCIterator", "warcio.archiveiterator")
    if not path.is_file():
        raise DataError(f"{path} does not exist")
    read = 0
    with path.open("rb") as file:
        packed = _packed(file)
        stream = _Stream(gzip.GzipFile(fileobj=file).read1 if packed else file.read)
        records = iter(iterator_of(stream))
        while True:
            try:
                with _silent():
                    record = next(records, None)
                    if record is None:
                        if read and not packed:
                            _ends_well(file)
                        break
                    if not record.rec_headers.get_header("Content-Length"):
                        raise _BrokenOff("the last record is not whole")
                    page = _page(record, most) if record.rec_type in _KINDS else None
                    if page is None:
                        _skip(record)
            except _BrokenOff as error:
                yield Damage("truncated", f"{path.name} breaks off after {read} records: {error}")
                return
            except _short_errors() as error:
                # What warcio says quotes the place, which may be a page's text.
                yield Damage("truncated", f"{path.name} cannot be read after {read} records: {type(error).__name__}")
                return
            read += 1
            if page is not None:
                yield page
    if not read:
        yield Damage("truncated", f"{path.name} holds no WARC record")


def _page(record: Any, most: int) -> Record:
    warc, http = record.rec_headers, record.http_headers
    body, whole = b"", True
    if record.rec_type != "revisit":
        body = record.content_stream().read(most + 1)
        body, whole = body[:most], len(body) <= most
        _skip(record)
    status = http.get_statuscode() if http else ""
    return Record(
        record.rec_type,
        warc.get_header("WARC-Target-URI") or "",
        warc.get_header("WARC-Date") or "",
        int(status) if status.isdigit() else 0,
        tuple((name, value) for name, value in http.headers) if http else (),
        warc.get_header("WARC-Payload-Digest") or "",
        warc.get_header("WARC-Identified-Content-Language") or "",
        body,
        whole,
    )


def _skip(record: Any) -> None:
    """Read past a record's end, and say so where the file ends before it."""
    stream = record.raw_stream
    while stream.read(1 << 16):
        pass
    if getattr(stream, "limit", 0) > 0:
        raise _BrokenOff("the last record is not whole")


def _ends_well(file: BinaryIO) -> None:
    file.seek(-4, os.SEEK_END)
    if file.read() != b"\r\n\r\n":
        raise _BrokenOff("the last record is not whole")


class _BrokenOff(Exception):
    pass


class _Stream:
    """A file that says that it is damaged with an error of its own: warcio takes an EOFError for the end.

    It gives what one reading brings, so that nothing is lost of what stands before the damage.
    """

    def __init__(self, reading: Callable[[int], bytes]) -> None:
        self._reading, self._offset = reading, 0

    def read(self, size: int = -1) -> bytes:
        try:
            found = self._reading(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise _BrokenOff(str(error)) from None
        self._offset += len(found)
        return found

    def tell(self) -> int:
        return self._offset


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


@contextmanager
def _silent() -> Iterator[None]:
    """warcio writes what it stumbles over to stderr, and that is text of pages."""
    before, sys.stderr = sys.stderr, _Nowhere()
    try:
        yield
    finally:
        sys.stderr = before


def _packed(file: BinaryIO) -> bool:
    start = file.read(2)
    file.seek(0)
    return start == b"\x1f\x8b"


def _stored(answer: Answer) -> list[tuple[str, str]]:
    """The headers for a body that is no longer packed; what is no longer true is kept under another name."""
    headers: list[tuple[str, str]] = []
    for name, value in answer.headers:
        headers.append((f"X-Crawler-{name}" if name.lower() in _NOT_AS_STORED else name, _one_line(value)))
    return [*headers, ("Content-Length", str(len(answer.body)))]


def _one_line(value: str) -> str:
    return " ".join(value.splitlines())


def _short_errors() -> tuple[type[Exception], ...]:
    return (_warcio("ArchiveLoadFailed", "warcio.exceptions"), ValueError, zlib.error, UnicodeError, AttributeError)


def _warcio(name: str, module: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except ImportError:
        raise MissingExtra("WARC files", "crawl") from None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
