"""Records that belong together brought together, on disk: memory does not grow with how many there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

__all__ = ["Groups"]


class Groups:
    """A file of records by group. Groups come back in the order in which they first appeared, records in theirs."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        self._path = path
        with closing(self._opened()) as base:
            base.executescript(
                "create table groups (id integer primary key, name text unique not null);"
                "create table records (id integer primary key, of integer not null, body text not null);"
                "create index place on records (of, id);"
            )
        self._base = self._opened()

    def add(self, name: str, body: str) -> None:
        """Put a record to its group."""
        self._base.execute("insert or ignore into groups (name) values (?)", (name,))
        self._base.execute("insert into records (of, body) select id, ? from groups where name = ?", (body, name))

    def close(self) -> None:
        """No record is added any more."""
        self._base.commit()
        self._base.close()

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        with closing(self._opened()) as base:
            for id, name in base.execute("select id, name from groups order by id"):
                found = base.execute("select body from records where of = ? order by id", (id,))
                yield name, [body for (body,) in found]

    def _opened(self) -> sqlite3.Connection:
        base = sqlite3.connect(self._path)
        base.executescript("pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -16000;")
        return base
