"""When a client is told again that this is an AI, and when they are reminded to rest; and in which words.

A function of times alone. What is due stays due until it is told, so that holding it back in a crisis loses nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources

from anxin.dialogue import Language
from anxin.safety.jurisdiction import Jurisdiction

__all__ = ["Notice", "NoticeKind", "Times", "due"]


class NoticeKind(StrEnum):
    """What is told: who is speaking (at the start, on return, again), and that a rest would be good."""

    START = "start"
    RETURN = "return"
    AGAIN = "again"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Notice:
    """A quiet line of Anxin's own beside the conversation; authored, never a model's."""

    kind: NoticeKind
    text: str


@dataclass(frozen=True, slots=True)
class Times:
    """When a conversation began, was last spoken in by the client, last disclosed and last rested; None: never."""

    started: datetime | None = None
    last_seen: datetime | None = None
    last_disclosed: datetime | None = None
    last_break: datetime | None = None

    def heard(self, now: datetime) -> Times:
        """After one more message of the client."""
        return replace(self, started=self.started or now, last_seen=now)

    def told(self, notices: Iterable[Notice], now: datetime) -> Times:
        """After these were shown. Who comes back has rested: a return counts as a break, too."""
        kinds = {notice.kind for notice in notices}
        times = replace(self, started=self.started or now)
        if kinds - {NoticeKind.BREAK}:
            times = replace(times, last_disclosed=now)
        if kinds & {NoticeKind.BREAK, NoticeKind.RETURN}:
            times = replace(times, last_break=now)
        return times


def due(
    jurisdiction: Jurisdiction,
    started: datetime | None,
    last_seen: datetime | None,
    last_disclosed: datetime | None,
    last_break: datetime | None,
    now: datetime,
    minor: bool = False,
    language: Language = "zh",
) -> tuple[Notice, ...]:
    """What the client should be told now: at most one disclosure, then at most one reminder to rest.

    Pure. The arguments are those of `Times`; one without a time zone is read as this machine's local time, and one that
    lies after `now`, as when a clock was set back, as unknown. `minor` takes the shorter of the two rhythms and the
    words for minors. The same times give the same words; each repeat has the next of them.
    """
    now = now.astimezone()
    started, seen, disclosed, rested = (_past(time, now) for time in (started, last_seen, last_disclosed, last_break))
    every, rest = jurisdiction.disclose_every, jurisdiction.break_every
    if minor:
        every = _shorter(every, jurisdiction.minor.disclose_every)
        rest = _shorter(rest, jurisdiction.minor.break_every)
    began = started or now
    away = _reached(seen, jurisdiction.disclose_on_return_after, now)
    kinds: list[tuple[NoticeKind, float]] = []
    if disclosed is None and (jurisdiction.disclose_at_start or _reached(began, every, now)):
        kinds.append((NoticeKind.START, 1))
    elif away and _reached(disclosed, jurisdiction.disclose_on_return_after, now):
        kinds.append((NoticeKind.RETURN, jurisdiction.disclose_on_return_after or 1))
    elif _reached(disclosed, every, now):
        kinds.append((NoticeKind.AGAIN, every or 1))
    since = began if rested is None else max(began, rested)
    # Who was away that long has rested; the caller's `Times.told` lets the next pause count from here.
    if not away and _reached(since, rest, now):
        kinds.append((NoticeKind.BREAK, rest or 1))
    hours = (now - began) / timedelta(hours=1)
    return tuple(Notice(kind, _words(kind, language, minor, int(hours / step))) for kind, step in kinds)


def _past(time: datetime | None, now: datetime) -> datetime | None:
    if time is None:
        return None
    time = time.astimezone()
    return None if time > now else time


def _reached(since: datetime | None, hours: float | None, now: datetime) -> bool:
    return since is not None and hours is not None and now - since >= timedelta(hours=hours)


def _shorter(first: float | None, second: float | None) -> float | None:
    known = [hours for hours in (first, second) if hours is not None]
    return min(known) if known else None


def _words(kind: NoticeKind, language: Language, minor: bool, turn: int) -> str:
    choices = authored(language)["minor" if minor else "adult"][kind.value]
    # The first repeat comes after one whole step, with the first of the words.
    return choices[max(0, turn - 1) % len(choices)]


@cache
def authored(language: Language) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Every word of a language, by `adult` and `minor` and by kind."""
    raw = tomllib.loads(resources.files("anxin.safety").joinpath(f"notices_{language}.toml").read_text("utf-8"))
    return {who: {kind.value: tuple(raw[who][kind.value]) for kind in NoticeKind} for who in ("adult", "minor")}
