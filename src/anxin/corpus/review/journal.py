"""Records, a line each, that are on the disk before the one who wrote them is told so."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from anxin.corpus.files import to_line
from anxin.errors import DataError

__all__ = ["Journal"]


class Journal:
    """A file of JSON lines that several processes may write to at once.

    What `put` has returned from survives a kill and a loss of power. A line that a kill has broken off was never told
    to be there; the next one begins on a line of its own.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def put(self, record: Mapping[str, Any]) -> None:
        """Add a record. Raises `DataError` where it cannot be written; the file is then as it was."""
        with self._alone():
            self._append(to_line(record))

    def put_instead(self, record: Mapping[str, Any], of: Callable[[Mapping[str, Any]], bool]) -> None:
        """Add a record and take out those that `of` names: both, or neither."""
        with self._alone():
            raw = self.path.read_bytes() if self.path.exists() else b""
            lines = [line for line in raw.split(b"\n") if line.strip()]
            kept = [line for line in lines if (known := _record(line)) is None or not of(known)]
            if len(kept) == len(lines):
                self._append(to_line(record))
            else:
                self._replace(b"\n".join([*kept, to_line(record)]))

    def _append(self, line: bytes) -> None:
        fresh = not self.path.exists()
        with self.path.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                line = line if file.read(1) == b"\n" else b"\n" + line
            try:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(end)
                raise
        if fresh:
            _settle(self.path.parent)

    def _replace(self, content: bytes) -> None:
        part = self.path.with_name(self.path.name + ".part")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        _settle(self.path.parent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes out. The lock is a file of its own: the journal's may be replaced."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_name(f".{self.path.name}.lock").open("ab") as lock:
                _lock(lock.fileno())
                yield
        except OSError as error:
            raise DataError(f"cannot write {self.path}: {error.strerror}; make room and try again") from None


def _record(line: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _lock(descriptor: int) -> None:
    """Wait for the lock, which the closing of the file gives back."""
    try:
        import fcntl
    except ImportError:  # Windows opens for appending without a lock; one line is written at once there too
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _settle(folder: Path) -> None:
    """The name of a new file is on the disk, too."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # no folders to open on Windows
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
