"""A site as data: where to begin, what to leave alone, how to read its pages, and why one may.

A profile can only ask for more restraint than the crawler has by itself: robots.txt, the user agent and the delay that
a site asks for are nobody's to switch off.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from anxin.config import load_toml, parse
from anxin.corpus.crawl.encoding import known
from anxin.corpus.manifest import own_version
from anxin.errors import ConfigError

__all__ = ["AGENT", "Limits", "Profile", "Thread", "load_profile", "user_agent"]

AGENT = "Anxin-corpus"
"""The product token that a robots.txt may address."""
_SLOWEST_FLOOR = 1.0
_SHORTEST_TERMS = 20
_MAIL = re.compile(r"(?:mailto:)?[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_PAGE = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/%-]*)?")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a site, and how gently.

    `pages` ends the crawl, `depth` counts links from a start address, `page_bytes` is for one page, unpacked. `seconds`
    lie between two requests to a site, or more where its robots.txt asks for more. `alike` is how many addresses may
    differ in nothing but numbers, identifiers and the values of a query. `timeout` and `backoff` are seconds: for an
    answer, and before a page that failed is asked for again (twice as long each time), `retries` times at most.
    `file_bytes` is the size at which a WARC file is closed and the next begun.
    """

    pages: int = 1000
    depth: int = 8
    page_bytes: int = 4_000_000
    seconds: float = 2.0
    concurrent: int = 1
    alike: int = 1000
    timeout: float = 30.0
    retries: int = 2
    backoff: float = 30.0
    file_bytes: int = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Thread:
    """CSS selectors of a question and its answers. All but the first three are looked for inside one `answer`.

    `text` is the part of an answer that is its words (all of it where empty); `role` shows who answers, and where
    `roles` are given only an answer whose role holds one of them is kept; `votes` shows a number (an attribute as
    `.score::attr(data-value)`); `accepted` is there in an accepted answer only. `cut` is taken out of every text
    (signatures, quotes, adverts). `id` is a regular expression whose first group in the address names the thread, where
    one thread has several pages.
    """

    question: str
    answer: str
    title: str = ""
    text: str = ""
    role: str = ""
    roles: tuple[str, ...] = ()
    votes: str = ""
    accepted: str = ""
    cut: tuple[str, ...] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One site, or a few that belong together.

    `licence` is that of the pages; `terms` says in a sentence why they may be crawled: what was read, who agreed, when.
    `hosts` may be visited (those of `start` where empty; `*.example.org` takes in every host below it). `follow`,
    `refuse` and `keep` are regular expressions searched in addresses: what may be asked for, what may not, and which
    pages are samples rather than only a way to them. `encoding` stands in for what pages declare, where they lie.
    """

    name: str
    start: tuple[str, ...]
    kind: Literal["article", "thread"]
    licence: str
    terms: str
    hosts: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    language: str = ""
    encoding: str = ""
    contact: str = ""
    thread: Thread | None = None
    limits: Limits = field(default_factory=Limits)

    def allows(self, host: str) -> bool:
        """Whether a host (`example.org` or `example.org:8080`) may be visited."""
        name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
        return any(
            host == own or name == own or (own.startswith("*.") and name.endswith(own[1:])) for own in self.hosts
        )

    def wants(self, address: str) -> bool:
        """Whether a page is a sample, and not only on the way to one."""
        return not self.keep or any(re.search(pattern, address) for pattern in self.keep)


def load_profile(path: Path, pages: int | None = None) -> Profile:
    """The profile in a TOML file, `pages` in place of its own limit. Raises `ConfigError` that names what is wrong."""
    profile = parse(Profile, load_toml(path), f"{path}: ")
    hosts = profile.hosts or tuple(dict.fromkeys(_host(address, path) for address in profile.start))
    profile = replace(profile, hosts=tuple(host.lower() for host in hosts))
    if pages is not None:
        profile = replace(profile, limits=replace(profile.limits, pages=pages))
    _check(profile, path)
    return profile


def user_agent(contact: str) -> str:
    """The one user agent there is, with the address at which a site's owner reaches a person.

    Raises `ConfigError` where the contact is neither a mail address nor a plain web page.
    """
    contact = contact.strip()
    if not contact:
        raise ConfigError(
            "who crawls must be reachable: give --contact you@example.org, or contact = in the profile "
            "(a mail address or a web page)"
        )
    if _MAIL.fullmatch(contact):
        contact = f"mailto:{contact.removeprefix('mailto:')}"
    elif not _PAGE.fullmatch(contact):
        raise ConfigError(f"contact {contact!r} is neither a mail address nor a plain web address")
    return f"{AGENT}/{own_version()} (+{contact})"


def _host(address: str, path: Path) -> str:
    try:
        parts = urlsplit(address)
        host = parts.netloc if parts.scheme in ("http", "https") and parts.hostname and "@" not in address else ""
    except ValueError:
        host = ""
    if not host:
        raise ConfigError(f"{path}: start address {address!r} is not http:// or https:// with a host")
    return host.lower()


def _check(profile: Profile, path: Path) -> None:
    limits = profile.limits
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", profile.name):
        raise ConfigError(f"{path}: name {profile.name!r} may hold letters, digits, - and _ only; it names files")
    if not profile.start:
        raise ConfigError(f"{path}: start has no address in it")
    for address in profile.start:
        if not profile.allows(_host(address, path)):
            raise ConfigError(f"{path}: start address {address} is on none of the hosts {', '.join(profile.hosts)}")
    if not profile.licence.strip():
        raise ConfigError(f"{path}: licence is empty; write the licence of the pages, or what is known of it")
    if len(profile.terms.strip()) < _SHORTEST_TERMS:
        raise ConfigError(
            f"{path}: terms must say in a sentence why this site may be crawled: what you read, who agreed, when"
        )
    if profile.kind == "thread" and profile.thread is None:
        raise ConfigError(f"{path}: kind is thread, so a [thread] table with question and answer selectors is needed")
    if profile.kind == "article" and profile.thread is not None:
        raise ConfigError(f'{path}: there is a [thread] table; write kind = "thread", or take it out')
    for name in ("follow", "refuse", "keep"):
        _patterns(getattr(profile, name), f"{path}: {name}")
    if profile.thread is not None:
        _patterns((profile.thread.id,), f"{path}: thread.id")
        if profile.thread.id and not re.compile(profile.thread.id).groups:
            raise ConfigError(f"{path}: thread.id needs a group, as in /t/(\\d+)")
    if limits.seconds < _SLOWEST_FLOOR and not all(_loopback(host) for host in profile.hosts):
        raise ConfigError(f"{path}: limits.seconds must be at least {_SLOWEST_FLOOR}; it is somebody's machine")
    for name in ("pages", "page_bytes", "concurrent", "alike", "timeout", "file_bytes"):
        if getattr(limits, name) <= 0:
            raise ConfigError(f"{path}: limits.{name} must be more than 0")
    for name in ("depth", "seconds", "retries", "backoff"):
        if getattr(limits, name) < 0:
            raise ConfigError(f"{path}: limits.{name} must not be less than 0")
    if profile.encoding and not known(profile.encoding):
        raise ConfigError(f"{path}: encoding {profile.encoding!r} is not known; write gb18030, big5 ...")


def _patterns(patterns: Sequence[str], where: str) -> None:
    for pattern in patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ConfigError(f"{where}: {pattern!r} is not a regular expression: {error}") from None


def _loopback(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
