"""The state of one crawl in its process, and what is made of each answer. Scrapy's part is in `spider.py`.

Every answer is one transaction: the page's state, what it points to, its content's digest and how far the WARC reaches.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from anxin.corpus.crawl.archive import Answer, Archive, payload_digest
from anxin.corpus.crawl.consent import Rules, Wishes
from anxin.corpus.crawl.frontier import Frontier, Link, Place
from anxin.corpus.crawl.profile import Profile

__all__ = ["Site", "Visit", "retry_after"]

_LONGEST_PAUSE = 3600.0
_MOST_FAILURES = 10
_BUSY = frozenset({429, 503})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 522, 524})


@dataclass(slots=True)
class Site:
    """One site during one run: its rules, when it was last asked, and whether it is left alone until the next run."""

    rules: Rules | None = None
    read: float = 0.0
    asked: float = float("-inf")
    pause: float = float("-inf")
    failures: int = 0
    resting: str = ""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class Visit:
    """What one run knows: nothing of it needs to outlive the process but what `frontier` and `archive` hold."""

    profile: Profile
    agent: str
    frontier: Frontier
    archive: Archive
    sites: dict[str, Site] = field(default_factory=dict)
    busy: dict[int, Place] = field(default_factory=dict)
    wait_until: dict[int, float] = field(default_factory=dict)
    answered: int = 0
    bytes: int = 0
    asked: Counter[str] = field(default_factory=Counter)
    fault: str = ""

    def site(self, name: str) -> Site:
        """The state of a site, fresh at first sight."""
        return self.sites.setdefault(name, Site())

    def begin(self) -> None:
        """Put the start in and see how far earlier runs came."""
        with self.frontier.change():
            self.frontier.begin()
        self.answered = self.frontier.pages()

    def next(self) -> Place | None:
        """The next address that may be asked for now, marked as being asked for."""
        if self.fault or self.answered + len(self.busy) >= self.profile.limits.pages:
            return None
        for name in self.frontier.sites():
            mine = [place.number for place in self.busy.values() if place.site == name]
            if self.site(name).resting or len(mine) >= self.profile.limits.concurrent:
                continue
            if (place := self.frontier.due(name, mine)) is not None:
                self.busy[place.number] = place
                return place
        return None

    def more(self) -> bool:
        """Whether there is something left to ask for in this run."""
        if self.busy:
            return True
        if self.fault or self.answered >= self.profile.limits.pages:
            return False
        return any(not self.site(name).resting for name in self.frontier.sites())

    def keep(self, answer: Answer, first: tuple[str, str] | None = None) -> None:
        """Write an answer to the WARC and note how far it reaches; inside a transaction."""
        self.archive.add(answer, first)
        self.frontier.note("archive", self.archive.position)

    def keep_aside(self, answer: Answer) -> None:
        """Write an answer that is no page: robots.txt."""
        with self.frontier.change():
            self.keep(answer)

    def page(self, place: Place, answer: Answer, wishes: Wishes, links: Iterable[Link], refused: str = "") -> None:
        """An answer has come. `refused` names why its content was not taken (not_html, other_host ...)."""
        site = self.site(place.site)
        self.bytes += len(answer.body)
        if answer.status in _PASSING:
            header = next((value for name, value in answer.headers if name.lower() == "retry-after"), "")
            with self.frontier.change():
                self.keep(answer)
                self._later(place, f"status_{answer.status}", answer.status, retry_after(header))
            self._free(place)
            return
        site.failures = 0
        with self.frontier.change():
            if 300 <= answer.status < 400:
                self.keep(answer)
                self.frontier.follow(place, links)
                self.frontier.done(place, "redirect", status=answer.status)
            elif not 200 <= answer.status < 300:
                self.keep(answer)
                self.frontier.done(place, "failed", f"status_{answer.status}", answer.status)
            else:
                self._page(place, answer, wishes, links, refused)
        self._free(place)
        self.answered += 200 <= answer.status < 300

    def failed(self, place: Place, why: str) -> None:
        """No answer came: a timeout, a broken connection, a name that does not resolve."""
        with self.frontier.change():
            self._later(place, why, 0, None)
        self._free(place)

    def refuse(self, place: Place, why: str) -> None:
        """The address is not asked for, or its answer not taken."""
        with self.frontier.change():
            self.frontier.done(place, "refused", why)
        self._free(place)

    def leave(self, place: Place) -> None:
        """The address waits for another run: its site is left alone in this one."""
        self._free(place)

    def rest(self, name: str, why: str) -> None:
        """Ask nothing more of a site in this run."""
        self.site(name).resting = why

    def _page(self, place: Place, answer: Answer, wishes: Wishes, links: Iterable[Link], refused: str) -> None:
        if refused or not wishes.train or not wishes.archive:
            why = refused or ("noarchive" if wishes.train else "reserved")
            self.frontier.done(place, "refused", why, answer.status)
            self.frontier.follow(place, links)
            return
        digest = payload_digest(answer.body)
        first = self.frontier.seen(digest)
        self.keep(answer, first)
        if first:
            # What a copy points to is what the first one pointed to: not following it is what ends many a loop.
            self.frontier.done(place, "duplicate", status=answer.status)
            return
        self.frontier.remember(digest, answer.address, answer.date)
        self.frontier.done(place, "kept", "" if wishes.index else "noindex", answer.status)
        self.frontier.follow(place, links)

    def _later(self, place: Place, why: str, status: int, asked: float | None) -> None:
        site, limits = self.site(place.site), self.profile.limits
        pause = limits.backoff * 2**place.tries if asked is None else asked
        until = time.monotonic() + pause
        site.failures += 1
        if status in _BUSY or asked is not None:
            site.pause = max(site.pause, until)
        if pause > _LONGEST_PAUSE:
            self.rest(place.site, "asked_to_wait")
        elif site.failures >= _MOST_FAILURES:
            self.rest(place.site, "failing")
        elif place.tries >= limits.retries:
            self.frontier.done(place, "failed", why, status)
        else:
            self.frontier.later(place)
            self.wait_until[place.number] = until

    def _free(self, place: Place) -> None:
        self.busy.pop(place.number, None)


def retry_after(header: str) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, section 10.2.3); None where there is none to be read."""
    header = header.strip()
    if header.isdigit():
        return float(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
