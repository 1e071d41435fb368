"""What a site asks of those who collect its pages: in robots.txt, in headers, in the page itself.

Sources: RFC 9309 (robots.txt); Google's robots meta tag and X-Robots-Tag; TDMRep, the TDM Reservation Protocol (W3C
community group, final report of 2024); Content-Signal in robots.txt (contentsignals.org) and Content-Usage (IETF AIPREF
draft); `noai`, as sites and platforms use it. Where two readings are possible the site's stricter one is taken.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from anxin.corpus.crawl.profile import AGENT
from anxin.errors import MissingExtra

__all__ = ["Rules", "Wishes", "read_rules", "read_wishes", "reservations"]

_META = re.compile(r"<meta\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")
_OWN_NAMES = frozenset({"robots", AGENT.lower()})
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_NO_TRAINING = frozenset({"noai", "noml", "noaitraining"})
_SIGNAL = re.compile(
    r"^\s*(?:content-signals?|content-usage)\s*:[^#\n]*\b(?:ai-train|train-ai)\s*=\s*(?:no?|\?0)\b", re.I | re.M
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a page allows: to be a sample, its links to be followed, a copy to be kept, models to be trained on it."""

    index: bool = True
    follow: bool = True
    archive: bool = True
    train: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """What a site's robots.txt and tdmrep.json allow. `delay` is the seconds it asks for between two requests."""

    allowed: Callable[[str], bool]
    delay: float = 0.0
    no_training: bool = False
    reserved: tuple[re.Pattern[str], ...] = ()

    def reserves(self, address: str) -> bool:
        """Whether the site keeps this page from text and data mining or training."""
        parts = urlsplit(address)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return self.no_training or any(pattern.match(path) for pattern in self.reserved)


def read_rules(robots: bytes) -> Rules:
    """The rules of a robots.txt for our agent; of an empty one, that everything is allowed.

    Raises `MissingExtra` where Scrapy, whose reader is used, is not installed.
    """
    try:
        from scrapy.robotstxt import ProtegoRobotParser
    except ImportError:
        raise MissingExtra("reading robots.txt", "crawl") from None
    parser: Any = ProtegoRobotParser(robots, None)
    rate = parser.rp.request_rate(AGENT)
    delays = [parser.rp.crawl_delay(AGENT) or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0.0]

    def allowed(address: str) -> bool:
        return bool(parser.allowed(address, AGENT))

    return Rules(allowed, max(delays), bool(_SIGNAL.search(robots.decode("utf-8", "replace"))))


def reservations(tdmrep: bytes) -> tuple[re.Pattern[str], ...]:
    """The paths that a `/.well-known/tdmrep.json` reserves; none where it is not one.

    Every entry that reserves counts, also where another one lets a part of it free: to be asked for, not inferred.
    """
    try:
        entries = json.loads(tdmrep.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return ()
    if not isinstance(entries, list):
        return ()
    return tuple(
        _location(entry["location"])
        for entry in entries
        if isinstance(entry, dict)
        and str(entry.get("tdm-reservation")) == "1"
        and isinstance(entry.get("location"), str)
    )


def read_wishes(headers: Iterable[tuple[str, str]], text: str) -> Wishes:
    """The wishes in a page's headers and its meta elements; without any, everything is allowed."""
    asked: set[str] = set()
    for name, value in headers:
        match name.lower():
            case "x-robots-tag":
                asked |= _robots_tag(value)
            case "tdm-reservation" if value.strip() == "1":
                asked.add("noai")
    for meta in _META.finditer(text):
        attributes = {name.lower(): html.unescape(raw.strip("\"'")) for name, raw in _ATTRIBUTE.findall(meta[1])}
        name, content = attributes.get("name", "").strip().lower(), attributes.get("content", "")
        if name in _OWN_NAMES:
            asked |= _words(content)
        elif name == "tdm-reservation" and content.strip() == "1":
            asked.add("noai")
    return Wishes(
        index=not asked & {"noindex", "none"},
        follow=not asked & {"nofollow", "none"},
        archive=not asked & {"noarchive", "nocache"},
        train=not asked & _NO_TRAINING,
    )


def _robots_tag(value: str) -> set[str]:
    """`noindex, nofollow`, or `otherbot: noindex, anxin-corpus: nofollow`: a name counts until the next one."""
    asked: set[str] = set()
    ours = True
    for part in value.split(","):
        name, colon, rest = part.partition(":")
        if colon and name.strip().lower() not in _WITH_VALUE:
            ours, part = name.strip().lower() in _OWN_NAMES, rest
        if ours:
            asked |= _words(part)
    return asked


def _words(content: str) -> set[str]:
    return {word for word in re.split(r"[,;\s]+", content.lower()) if word}


def _location(pattern: str) -> re.Pattern[str]:
    end = pattern.endswith("$")
    body = ".*".join(re.escape(part) for part in pattern.removesuffix("$").split("*"))
    return re.compile(("" if body.startswith(("/", ".*")) else "/") + body + ("$" if end else ""))
