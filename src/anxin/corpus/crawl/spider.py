"""Scrapy's part of a crawl, run as a process of its own: `python -m anxin.corpus.crawl`.

Its reactor cannot be started twice in one process. The parent writes one line of JSON to stdin and keeps it open; when
it closes, because the parent has ended in whatever way, this process ends too. Progress and the summary go to stdout, a
line of JSON each; Scrapy's log goes to a file.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from scrapy import Request, Spider, signals
from scrapy.core.scheduler import BaseScheduler
from scrapy.crawler import CrawlerProcess
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http import HtmlResponse
from scrapy.linkextractors import LinkExtractor
from scrapy.utils.response import get_meta_refresh

from anxin.corpus.crawl.archive import Answer, Archive
from anxin.corpus.crawl.consent import Wishes, read_wishes
from anxin.corpus.crawl.encoding import decode
from anxin.corpus.crawl.frontier import Frontier, Link, Place
from anxin.corpus.crawl.profile import Profile, load_profile
from anxin.corpus.crawl.visit import Visit
from anxin.errors import AnxinError

__all__ = ["PageSpider", "Progress", "Queue", "answer_of", "main", "settings"]

_KINDS = ("text/html", "application/xhtml")
_EVERY = 1.0
_MOST_LINKS = 5000
_PARENT_GONE = 75


class Queue(BaseScheduler):  # type: ignore[misc]
    """Scrapy's scheduler over the frontier: requests come from disk and nowhere else."""

    def __init__(self, spider: PageSpider) -> None:
        self._spider, self._visit = spider, spider.visit

    @classmethod
    def from_crawler(cls, crawler: Any) -> Queue:
        """As Scrapy makes its scheduler."""
        return cls(crawler.spider)

    def has_pending_requests(self) -> bool:
        """Whether the crawl goes on."""
        return self._visit.more()

    def enqueue_request(self, request: Any) -> bool:
        """Nothing is put in from outside."""
        return False

    def next_request(self) -> Any:
        """The next address as a request, or None for now."""
        if (place := self._visit.next()) is None:
            return None
        meta = {"place": place, "download_slot": place.site}
        return Request(place.address, self._spider.parse, meta=meta, dont_filter=True, errback=self._spider.trouble)


class PageSpider(Spider):  # type: ignore[misc]
    """Hands each answer to the visit."""

    name = "anxin"

    def __init__(self, visit: Visit, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.visit = visit

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> PageSpider:
        """As Scrapy makes its spiders."""
        spider: PageSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.only_pages, signal=signals.headers_received)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        """Nothing: the frontier has the start addresses."""
        nothing: tuple[Any, ...] = ()
        for request in nothing:
            yield request

    def only_pages(self, headers: Any, request: Any, **_: Any) -> None:
        """Stop a download when its headers say that it is no page: a film is not fetched to be thrown away."""
        kind = (headers.get(b"Content-Type") or b"").decode("latin-1").lower()
        if "place" in request.meta and kind and not kind.startswith(_KINDS):
            raise StopDownload(fail=False)

    def parse(self, response: Any) -> None:
        """An answer to a request of the frontier's."""
        place: Place = response.meta["place"]
        answer = answer_of(response)
        refused = "not_html" if "download_stopped" in response.flags else ""
        self._noting(lambda: self.visit.page(place, answer, *_read(response, answer, self.visit.profile, refused)))

    def trouble(self, failure: Any) -> None:
        """A request that was not let through, or not answered."""
        place: Place = failure.request.meta["place"]
        error = failure.value
        kind = type(error).__name__
        if kind == "Left":
            self.visit.leave(place)
        elif kind == "Refused":
            self._noting(lambda: self.visit.refuse(place, str(error)))
        elif kind == "DownloadCancelledError" or (isinstance(error, IgnoreRequest) and "MAXSIZE" in str(error)):
            self._noting(lambda: self.visit.refuse(place, "too_large"))
        else:
            why = "timeout" if "Timeout" in kind else "no_host" if "Resolve" in kind or "DNS" in kind else "broken_off"
            self._noting(lambda: self.visit.failed(place, why))

    def _noting(self, note: Any) -> None:
        try:
            note()
        except (OSError, sqlite3.OperationalError) as error:
            self._stop(f"cannot write to the crawl's folder: {error}; make room and run again")
        except Exception as error:
            # The outer door of a callback: what is not written down is asked for again by the next run.
            self.logger.exception("a page could not be noted")
            self._stop(f"the crawl stopped at a fault of its own ({type(error).__name__}); its log tells more")

    def _stop(self, why: str) -> None:
        self.visit.fault = self.visit.fault or why
        self.visit.busy.clear()


class Progress:
    """An extension that writes a line of JSON about the crawl every second."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        self._task: asyncio.Task[None] | None = None
        crawler.signals.connect(self._begin, signal=signals.spider_opened)
        crawler.signals.connect(self._end, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Any) -> Progress:
        """As Scrapy makes its extensions."""
        return cls(crawler)

    def _begin(self, spider: PageSpider) -> None:
        self._task = asyncio.ensure_future(self._tell(spider.visit))

    def _end(self, spider: PageSpider) -> None:
        if self._task:
            self._task.cancel()

    async def _tell(self, visit: Visit) -> None:
        while True:
            await asyncio.sleep(_EVERY)
            _write({"pages": visit.answered, "bytes": visit.bytes, **visit.frontier.states()})


def answer_of(response: Any) -> Answer:
    """A response of Scrapy's and the request it answers, as the archive keeps them."""
    return Answer(
        response.url,
        _headers(response.request.headers),
        response.status,
        _headers(response.headers),
        response.body,
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        str(response.ip_address or ""),
    )


def settings(profile: Profile, agent: str, log: Path) -> dict[str, Any]:
    """All of Scrapy's settings that matter here; no environment and no project file can change them."""
    room = "scrapy.downloadermiddlewares"
    return {
        "USER_AGENT": agent,
        "ROBOTSTXT_OBEY": False,  # Manners does it, more strictly
        "SCHEDULER": Queue,
        "SPIDER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES_BASE": {
            "anxin.corpus.crawl.manners.Manners": 100,
            f"{room}.downloadtimeout.DownloadTimeoutMiddleware": 350,
            f"{room}.defaultheaders.DefaultHeadersMiddleware": 400,
            f"{room}.useragent.UserAgentMiddleware": 500,
            f"{room}.httpcompression.HttpCompressionMiddleware": 590,
            f"{room}.httpproxy.HttpProxyMiddleware": 750,
        },
        "EXTENSIONS_BASE": {Progress: 0},
        "DEFAULT_REQUEST_HEADERS": {
            "Accept": "text/html,application/xhtml+xml",
            "Accept-Language": f"{profile.language},*;q=0.5" if profile.language else "*",
        },
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": profile.limits.concurrent,
        "DOWNLOAD_DELAY": 0,  # Manners keeps the time
        "DOWNLOAD_TIMEOUT": profile.limits.timeout,
        "DOWNLOAD_MAXSIZE": profile.limits.page_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "TELNETCONSOLE_ENABLED": False,
        "COOKIES_ENABLED": False,
        "HTTPCACHE_ENABLED": False,
        "STATS_DUMP": False,
        "LOG_FILE": str(log),
        "LOG_LEVEL": "WARNING",
    }


def main() -> int:
    """Crawl as the line on stdin says."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and closes stdin
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    folder = Path(order["folder"])
    try:
        profile = load_profile(Path(order["profile"]), order["pages"])
        visit = _open(profile, order["agent"], folder)
    except AnxinError as error:
        _write({"fault": str(error)})
        return 2
    process = CrawlerProcess(settings(profile, order["agent"], folder / "crawl.log"))
    process.crawl(PageSpider, visit=visit)
    process.start(install_signal_handlers=False)
    _write(_summary(visit))
    visit.archive.close()
    visit.frontier.close()
    return 0


def _open(profile: Profile, agent: str, folder: Path) -> Visit:
    frontier = Frontier(folder / "crawl.sqlite", profile)
    about = {
        "software": agent.partition(" ")[0],
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "robots": "obey",
        "http-header-user-agent": agent,
        "isPartOf": profile.name,
        "description": f"licence: {profile.licence}; terms: {' '.join(profile.terms.split())}",
    }
    archive = Archive(folder / "warc", profile.name, about, profile.limits.file_bytes, frontier.fact("archive"))
    visit = Visit(profile, agent, frontier, archive)
    visit.begin()
    return visit


def _summary(visit: Visit) -> dict[str, Any]:
    states = visit.frontier.states()
    waiting = states.pop("waiting", 0)
    enough = visit.answered >= visit.profile.limits.pages
    return {
        "summary": True,
        "fault": visit.fault,
        "pages": visit.answered,
        "bytes": visit.bytes,
        **{name: states.get(name, 0) for name in ("kept", "duplicate", "redirect")},
        "refused": visit.frontier.reasons("refused"),
        "failed": visit.frontier.reasons("failed"),
        "not_followed": visit.frontier.not_followed(),
        "waiting": waiting,
        "resting": {name: site.resting for name, site in visit.sites.items() if site.resting},
        "finished": not visit.fault and (enough or not waiting),
    }


def _read(response: Any, answer: Answer, profile: Profile, refused: str) -> tuple[Wishes, list[Link], str]:
    """What a page wishes, where it points to, and why it is not taken, if it is not."""
    if 300 <= answer.status < 400:
        location = response.headers.get(b"Location", b"").decode("latin-1")
        return Wishes(), [Link(urljoin(response.url, location), hop=True)] if location else [], ""
    if refused or not 200 <= answer.status < 300:
        return Wishes(), [], refused
    text, encoding = decode(answer.body, response.headers.get(b"Content-Type", b"").decode("latin-1"), profile.encoding)
    wishes = read_wishes(answer.headers, text)
    if not wishes.follow:
        return wishes, [], ""
    # In the page's own encoding, for it is that of the queries in its links.
    encoding = encoding if encoding not in ("", "utf-16") else "utf-8"
    page = HtmlResponse(response.url, body=text.encode(encoding, "replace"), encoding=encoding)
    return wishes, list(_links(page)), ""


def _links(page: Any) -> Iterator[Link]:
    delay, target = get_meta_refresh(page)
    if delay is not None and target:
        yield Link(target, hop=True)
    try:
        links = LinkExtractor().extract_links(page)
    except Exception:
        # A parser that gives up on a broken page: the page stays, what it points to is not known.
        return
    for link in links[:_MOST_LINKS]:
        if not link.nofollow:
            yield Link(link.url)


def _headers(headers: Any) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, values in headers.items() for value in values
    )


def _write(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """A crawl that nobody watches must not go on. Whatever is not written down yet is asked for again."""
    # Not sys.stdin: a thread that waits inside it keeps the interpreter from ending well.
    while os.read(0, 4096):
        pass
    os._exit(_PARENT_GONE)
