"""The crawl's memory on disk: every address that was found, what became of it, and how far the WARC is written.

One SQLite file, one transaction a page. Scrapy's own job folder loses its queue when the process is killed; here a page
is done with everything that follows from it, or is still waiting.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from anxin.corpus.crawl.address import canonical, circles, shape, site
from anxin.corpus.crawl.profile import Profile
from anxin.errors import DataError

__all__ = ["Frontier", "Link", "Place"]

_TABLES = """
CREATE TABLE IF NOT EXISTS page (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, address TEXT NOT NULL, site TEXT NOT NULL,
    depth INTEGER NOT NULL, hops INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting', why TEXT NOT NULL DEFAULT '', status INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS due ON page (site, tries, depth, number) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS site (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (state TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS found AFTER INSERT ON page BEGIN
    INSERT OR IGNORE INTO site VALUES (NEW.site);
    INSERT INTO tally VALUES (NEW.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER IF NOT EXISTS moved AFTER UPDATE OF state ON page WHEN OLD.state <> NEW.state BEGIN
    UPDATE tally SET count = count - 1 WHERE state = OLD.state;
    INSERT INTO tally VALUES (NEW.state, 1) ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TABLE IF NOT EXISTS content (digest TEXT PRIMARY KEY, address TEXT NOT NULL, date TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shape (shape TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (why TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_MOST_HOPS = 5


@dataclass(frozen=True, slots=True)
class Place:
    """An address that waits: `depth` links from a start, `hops` redirects from the link, asked for `tries` times."""

    number: int
    address: str
    site: str
    depth: int
    hops: int
    tries: int


@dataclass(frozen=True, slots=True)
class Link:
    """Where a page points; `hop` where it sends its reader on instead of answering."""

    address: str
    hop: bool = False


class Frontier:
    """Opened by one process at a time; a second one is told so."""

    def __init__(self, path: Path, profile: Profile) -> None:
        self._profile = profile
        self._follow = [re.compile(pattern) for pattern in profile.follow]
        self._refuse = [re.compile(pattern) for pattern in profile.refuse]
        try:
            self._base = sqlite3.connect(path, isolation_level=None, timeout=0.5)
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode = WAL")
            # A commit that a power cut undoes is behind the WARC, never ahead of it, and what is ahead is cut off.
            self._base.execute("PRAGMA synchronous = NORMAL")
            self._base.executescript(_TABLES)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise DataError(f"another crawl is writing to {path.parent}; wait for it or stop it") from None
            raise DataError(f"cannot write {path}: {error}; make room and run again") from None
        except sqlite3.DatabaseError as error:
            raise DataError(f"{path} is damaged ({error}); give another folder") from None

    def close(self) -> None:
        """Let the next process in."""
        self._base.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Everything inside takes effect together, or none of it."""
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._base.in_transaction:  # SQLite ends it by itself where the disk is full
                self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def fact(self, name: str, default: str = "") -> str:
        """What was noted under a name."""
        row = self._base.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def note(self, name: str, value: str) -> None:
        """Note something under a name."""
        self._base.execute(
            "INSERT INTO fact VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", (name, value)
        )

    def begin(self) -> None:
        """Put the start addresses in, once."""
        for address in self._profile.start:
            self._add(address, 0, 0)

    def follow(self, place: Place, links: Iterable[Link]) -> None:
        """Put in what a page points to, as far as the profile lets us go there; count what it does not."""
        for link in links:
            if link.hop:
                if place.hops >= _MOST_HOPS:
                    self.refuse("redirects")
                elif canonical(link.address) == canonical(place.address):
                    self._again_at(place, link.address)
                else:
                    self._add(link.address, place.depth, place.hops + 1)
            elif (reason := self._unwanted(link.address, place.depth + 1)) is None:
                self._add(link.address, place.depth + 1, 0)
            else:
                self.refuse(reason)

    def refuse(self, why: str) -> None:
        """Count a link that is not followed."""
        self._base.execute("INSERT INTO refused VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1", (why,))

    def sites(self) -> list[str]:
        """The sites on which addresses wait."""
        waits = "EXISTS (SELECT 1 FROM page WHERE site = name AND state = 'waiting')"
        return [row[0] for row in self._base.execute(f"SELECT name FROM site WHERE {waits} ORDER BY name")]

    def due(self, site: str, busy: Iterable[int] = ()) -> Place | None:
        """The next address of a site: breadth first in the order of finding, after those, what failed before."""
        taken = sorted(busy)
        row = self._base.execute(
            "SELECT number, address, site, depth, hops, tries FROM page WHERE site = ? AND state = 'waiting' "
            f"AND number NOT IN ({','.join('?' * len(taken))}) ORDER BY tries, depth, number LIMIT 1",
            (site, *taken),
        ).fetchone()
        return Place(*row) if row else None

    def done(self, place: Place, state: str, why: str = "", status: int = 0) -> None:
        """`state` is kept, duplicate, redirect, refused or failed."""
        self._base.execute(
            "UPDATE page SET state = ?, why = ?, status = ? WHERE number = ? AND address = ?",
            (state, why, status, place.number, place.address),
        )

    def later(self, place: Place) -> None:
        """The page is asked for again, after all others."""
        self._base.execute("UPDATE page SET tries = tries + 1 WHERE number = ?", (place.number,))

    def seen(self, digest: str) -> tuple[str, str] | None:
        """Address and date of the page that had this content first, if one had."""
        row = self._base.execute("SELECT address, date FROM content WHERE digest = ?", (digest,)).fetchone()
        return (row[0], row[1]) if row else None

    def remember(self, digest: str, address: str, date: str) -> None:
        """This content was first found here."""
        self._base.execute("INSERT OR IGNORE INTO content VALUES (?, ?, ?)", (digest, address, date))

    def pages(self) -> int:
        """How many pages were answered, whatever was then made of them."""
        (count,) = self._base.execute("SELECT COUNT(*) FROM page WHERE status BETWEEN 200 AND 299").fetchone()
        return int(count)

    def states(self) -> dict[str, int]:
        """Addresses by what became of them."""
        return dict(self._base.execute("SELECT state, count FROM tally WHERE count > 0 ORDER BY count DESC"))

    def reasons(self, state: str) -> dict[str, int]:
        """Addresses in a state, by reason."""
        rows = self._base.execute(
            "SELECT why, COUNT(*) FROM page WHERE state = ? GROUP BY why ORDER BY 2 DESC", (state,)
        )
        return dict(rows)

    def not_followed(self) -> dict[str, int]:
        """Links that were not followed, by reason."""
        return dict(self._base.execute("SELECT why, count FROM refused ORDER BY count DESC"))

    def _add(self, address: str, depth: int, hops: int) -> None:
        key, root = canonical(address), site(address)
        address = address.partition("#")[0]
        if not key:
            return self.refuse("no_web_address")
        if not self._profile.allows(urlsplit(root).netloc):
            return self.refuse("other_host")
        if any(pattern.search(address) for pattern in self._refuse):
            return self.refuse("pattern")
        if self._base.execute("SELECT 1 FROM page WHERE key = ?", (key,)).fetchone():
            return None
        alike = shape(address)
        (count,) = self._base.execute("SELECT COALESCE(MAX(count), 0) FROM shape WHERE shape = ?", (alike,)).fetchone()
        if count >= self._profile.limits.alike:
            return self.refuse("alike")
        self._base.execute("INSERT INTO shape VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1", (alike,))
        self._base.execute(
            "INSERT INTO page (key, address, site, depth, hops) VALUES (?, ?, ?, ?, ?)",
            (key, address, root, depth, hops),
        )
        return None

    def _again_at(self, place: Place, address: str) -> None:
        """A site that sends its reader to the same page with a session's name in the address is asked there."""
        if address == place.address or not self._profile.allows(urlsplit(site(address)).netloc):
            return self.refuse("redirects")
        self._base.execute(
            "UPDATE page SET address = ?, hops = hops + 1, state = 'waiting' WHERE number = ?", (address, place.number)
        )
        return None

    def _unwanted(self, address: str, depth: int) -> str | None:
        if depth > self._profile.limits.depth:
            return "depth"
        if self._follow and not any(pattern.search(address) for pattern in self._follow):
            return "pattern"
        return "circles" if circles(address) else None
