"""Answers that have been paid for, kept in a file: asked again, they cost nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

from anxin.errors import DataError
from anxin.model.protocol import Generation

__all__ = ["Answer", "Cache"]

_PATIENCE: Final = 60.0  # seconds another process may hold the file while it writes


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Counts are in the model's tokens; `cached` when nobody was asked for it this time."""

    text: str
    thought: str
    reason: Literal["stop", "length"]
    prompt_tokens: int
    reply_tokens: int
    cached: bool


class Cache:
    """Answers by question in an SQLite file, which is made where there is none. A context manager.

    A question is the model's name and all of its `Generation`, the seed too: who wants several answers to the same
    words asks with several seeds. An answer is in the file once `put` returns and outlives the process being killed;
    several processes may use one file. Raises `DataError` for a file that is something else or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            with self._told():
                self._begin()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.close()

    def __len__(self) -> int:
        with self._told():
            return int(self._file.execute("SELECT count(*) FROM answers").fetchone()[0])

    @staticmethod
    def key(model: str, generation: Generation) -> str:
        """The question's name: SHA-256 over the model's name and everything that is sent, as JSON."""
        asked = [
            model,
            [[m.role, m.text, m.thought] if m.thought else [m.role, m.text] for m in generation.messages],
            generation.max_tokens,
            generation.temperature,
            generation.top_p,
            generation.stop,
            generation.seed,
            generation.schema,  # in its own order: a model writes the keys as the schema names them
        ]
        return hashlib.sha256(json.dumps(asked, separators=(",", ":")).encode()).hexdigest()

    def get(self, key: str) -> Answer | None:
        """The answer known for a key, marked as cached."""
        with self._told():
            found = self._file.execute("SELECT answer FROM answers WHERE question = ?", (key,)).fetchone()
        if found is None:
            return None
        try:
            text, thought, reason, prompt, reply = json.loads(found[0].decode("utf-8", "surrogatepass"))
        except (ValueError, TypeError, AttributeError):
            return None  # not written by us: asked again and written over
        return Answer(text, thought, reason, prompt, reply, cached=True)

    def put(self, key: str, answer: Answer) -> None:
        """Keep an answer."""
        kept = [answer.text, answer.thought, answer.reason, answer.prompt_tokens, answer.reply_tokens]
        packed = json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass")
        with self._told():
            self._file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, packed))

    def forget(self) -> None:
        """Delete every answer, from the file too."""
        with self._told():
            self._file.execute("DELETE FROM answers")
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._file.execute("VACUUM")
            self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _begin(self) -> None:
        """WAL: a reader never waits for a writer, and a killed process leaves nothing half-written."""
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                self._file.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError as error:
                # SQLite does not wait by itself while several processes make the same new file.
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.02)
        self._file.execute("PRAGMA synchronous=NORMAL")
        self._file.execute("CREATE TABLE IF NOT EXISTS answers (question TEXT PRIMARY KEY, answer BLOB)")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise DataError(f"cannot keep answers in {self._path}: {error}; make room or name another file") from error
