"""Robots.txt and the pace of a crawl, as a downloader middleware of Scrapy.

Scrapy reads a Crawl-delay and does not keep it; its own robots middleware allows everything where robots.txt cannot be
had. Here (RFC 9309, section 2.3.1) an answer of 4xx allows everything; one of 5xx, 429 or none at all allows nothing.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from typing import Any
from urllib.parse import urljoin

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http.request import NO_CALLBACK

from anxin.corpus.crawl.address import site
from anxin.corpus.crawl.consent import Rules, read_rules, reservations
from anxin.corpus.crawl.spider import PageSpider, answer_of
from anxin.corpus.crawl.visit import Site, Visit

__all__ = ["Left", "Manners", "Refused"]

_MOST_HOPS = 5
_LARGEST = 5 << 20
_FRESH = 24 * 3600.0
"""Seconds after which a robots.txt is read again (RFC 9309, section 2.4)."""
_log = logging.getLogger(__name__)


class Refused(IgnoreRequest):  # type: ignore[misc]
    """An address that may not be asked for."""


class Left(IgnoreRequest):  # type: ignore[misc]
    """An address that waits for another run."""


class Manners:
    """Lets a request through when its site allows it and its turn has come."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        spider: PageSpider = crawler.spider
        self._visit: Visit = spider.visit

    @classmethod
    def from_crawler(cls, crawler: Any) -> Manners:
        """As Scrapy makes its middlewares."""
        return cls(crawler)

    async def process_request(self, request: Any) -> None:
        """Wait, or raise `Refused` or `Left`."""
        name = site(request.url)
        state = self._visit.site(name)
        if "place" not in request.meta:
            await self._turn(state)
            return
        rules = await self._rules(name, state)
        if rules is None:
            raise Left(state.resting)
        if not rules.allowed(request.url):
            raise Refused("robots")
        if rules.reserves(request.url):
            raise Refused("reserved")
        until = self._visit.wait_until.pop(request.meta["place"].number, None)
        if until is not None:
            await asyncio.sleep(max(0.0, until - time.monotonic()))
        await self._turn(state)
        if state.resting:
            raise Left(state.resting)

    async def _turn(self, state: Site) -> None:
        """One at a time, each no sooner after the one before than the site or the profile asks."""
        delay = max(self._visit.profile.limits.seconds, state.rules.delay if state.rules else 0.0)
        async with state.turn:
            # Again after a sleep: in the meantime another answer may have asked for a longer pause.
            while (wait := max(state.asked + delay, state.pause) - time.monotonic()) > 0:  # noqa: ASYNC110
                await asyncio.sleep(wait)
            state.asked = time.monotonic()

    async def _rules(self, name: str, state: Site) -> Rules | None:
        async with state.reading:
            if state.resting:
                return None
            if state.rules is None or time.monotonic() - state.read > _FRESH:
                state.rules = await self._read(name)
                state.read = time.monotonic()
                if state.rules is None:
                    self._visit.rest(name, "robots_unreachable")
            return state.rules

    async def _read(self, name: str) -> Rules | None:
        status, body = await self._get(f"{name}/robots.txt", _MOST_HOPS)
        if status == 429 or not 200 <= status < 500:
            return None
        rules = read_rules(body if status < 300 else b"")
        own = f"{name}/.well-known/tdmrep.json"
        if rules.no_training or not rules.allowed(own):
            return rules
        self._visit.site(name).rules = rules  # its delay counts for the next request already
        status, body = await self._get(own, _MOST_HOPS)
        if 200 <= status < 300:
            rules = Rules(rules.allowed, rules.delay, rules.no_training, reservations(body))
        return rules

    async def _get(self, address: str, hops: int) -> tuple[int, bytes]:
        """Status and body; status 0 where no answer came, or too many redirects."""
        request = Request(address, callback=NO_CALLBACK, dont_filter=True, meta={"download_maxsize": _LARGEST})
        request.meta["download_slot"] = site(address)
        try:
            response = await self._crawler.engine.download_async(request)
        except Exception as error:
            # Whatever kept us from the rules, the caller then asks nothing of the site.
            _log.warning("no answer from %s: %s", address, type(error).__name__)
            return 0, b""
        try:
            self._visit.keep_aside(answer_of(response))
        except (OSError, sqlite3.OperationalError) as error:
            self._visit.fault = f"cannot write to the crawl's folder: {error}; make room and run again"
            return 0, b""
        location = response.headers.get(b"Location", b"").decode("latin-1")
        if 300 <= response.status < 400 and location:
            target = urljoin(response.url, location)
            return await self._get(target, hops - 1) if hops and site(target) else (0, b"")
        return response.status, response.body
