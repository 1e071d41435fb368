"""Crisis lines: the dated data file, and which line is right here and now.

12356 must be open 18 hours a day or more, not round the clock everywhere: outside the hours that are safely inside
that, a line that is open comes first. Lines that take messages only come after those that can be called.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from functools import cache
from importlib import resources
from typing import Any, Literal

from anxin.dialogue import Language
from anxin.errors import ConfigError

__all__ = ["CrisisLine", "allowed_numbers", "allowed_sites", "crisis_lines", "emergency_number", "places", "regions"]

DEFAULT = "default"
_WAYS = ("call", "text", "web")

# Emergency numbers (medical, police) for when the data file cannot be read; a test holds them equal to the file's.
_BUILT_IN: Mapping[str, tuple[str, str]] = {
    "CN": ("120", "110"),
    "HK": ("999", "999"),
    "TW": ("119", "110"),
    "SG": ("995", "999"),
    "US": ("911", "911"),
    "GB": ("999", "999"),
    "IE": ("112", "112"),
}


@dataclass(frozen=True, slots=True)
class CrisisLine:
    """One line or emergency number, in the client's language. `open_now` holds for the moment it was asked for.

    `ways`: how it is reached (call, text, web). `checked`: the ISO day it was last looked at; `verified`: by a person.
    """

    name: str
    number: str
    hours: str
    note: str
    url: str
    kind: Literal["line", "emergency"]
    region: str
    open_now: bool
    use: Literal["", "medical", "police", "any"] = ""
    youth: bool = False
    ways: tuple[str, ...] = ("call",)
    checked: str = ""
    verified: bool = False

    @property
    def text_only(self) -> bool:
        """Whether it takes messages and no calls."""
        return "text" in self.ways and "call" not in self.ways


@dataclass(frozen=True, slots=True)
class _Entry:
    name: Mapping[str, str]
    number: str
    kind: Literal["line", "emergency"]
    use: Literal["", "medical", "police", "any"]
    languages: tuple[str, ...]
    windows: tuple[tuple[time, time], ...]
    hours: Mapping[str, str]
    note: Mapping[str, str]
    url: str
    youth: bool
    ways: tuple[str, ...]
    checked: str
    verified: bool


@dataclass(frozen=True, slots=True)
class _Region:
    code: str
    name: Mapping[str, str]
    offset: timezone | None
    entries: tuple[_Entry, ...]
    places: tuple[str, ...]


def crisis_lines(region: str, language: Language, now: datetime) -> tuple[CrisisLine, ...]:
    """Lines of a region, best first: those open now, those who speak the language, then the file's own order.

    Emergency numbers stand last. An unknown region gets the default. A `now` without a time zone is read as this
    machine's local time. Raises `ConfigError` or `OSError` when the data file is damaged or missing.
    """
    table = _table()
    place = table.get(region.strip().upper()) or table[DEFAULT]
    found = [(entry, _line(entry, place, language, now)) for entry in place.entries]
    ranked = sorted(
        enumerate(found),
        key=lambda item: (
            item[1][1].kind == "emergency",
            item[1][0].youth,
            not item[1][1].open_now,
            item[1][1].text_only,
            language not in item[1][0].languages,
            item[0],
        ),
    )
    return tuple(line for _, (_, line) in ranked)


def regions(language: Language) -> tuple[tuple[str, str], ...]:
    """Codes and names of all regions, in the file's order; the default is last."""
    return tuple((region.code, region.name[language]) for region in _table().values())


def emergency_number(region: str, use: Literal["medical", "police"]) -> str:
    """A region's emergency number without the data file, for when that is broken; "" where none is known."""
    numbers = _BUILT_IN.get(region.strip().upper())
    return "" if numbers is None else numbers[use == "police"]


@cache
def places() -> Mapping[str, str]:
    """Names of places, folded, and the code of the region whose lines serve them."""
    return {name: region.code for region in _table().values() for name in region.places}


@cache
def allowed_numbers() -> frozenset[str]:
    """Every number of the data file, digits only: a reply may name these and no others."""
    digits: set[str] = set()
    for region in _table().values():
        for entry in region.entries:
            for text in (entry.number, *entry.note.values()):
                # "WhatsApp 9151 1767" is one number written in two groups.
                digits.update(re.sub(r"\D", "", run) for run in re.findall(r"\d[\d \-]*\d", text))
    return frozenset(digits - {""})


@cache
def allowed_sites() -> frozenset[str]:
    """Every site of the data file, as host names without `www.`."""
    found = (entry.url for region in _table().values() for entry in region.entries if entry.url)
    return frozenset(url.split("://")[-1].split("/")[0].removeprefix("www.") for url in found)


def _line(entry: _Entry, region: _Region, language: Language, now: datetime) -> CrisisLine:
    return CrisisLine(
        name=entry.name[language],
        number=entry.number,
        hours=entry.hours[language],
        note=entry.note[language],
        url=entry.url,
        kind=entry.kind,
        region=region.code,
        open_now=_open(entry, region, now),
        use=entry.use,
        youth=entry.youth,
        ways=entry.ways,
        checked=entry.checked,
        verified=entry.verified,
    )


def _open(entry: _Entry, region: _Region, now: datetime) -> bool:
    if not entry.windows:
        return True
    here = now.astimezone(region.offset).time().replace(tzinfo=None)
    return any(start <= here < end if start < end else here >= start or here < end for start, end in entry.windows)


@cache
def _table() -> Mapping[str, _Region]:
    raw = tomllib.loads(resources.files("anxin.safety").joinpath("lines.toml").read_text("utf-8"))
    try:
        table = {region["code"]: _region(region) for region in raw["region"]}
        table[DEFAULT]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"lines.toml cannot be used: {error!r}; restore it from the release") from error
    return table


def _region(raw: Mapping[str, Any]) -> _Region:
    entries = tuple(_entry(line) for line in raw["line"])
    offset = _offset(raw["offset"]) if "offset" in raw else None
    if offset is None and any(entry.windows for entry in entries):
        raise ValueError(f"region {raw['code']} has opening hours and no offset")
    return _Region(raw["code"], raw["name"], offset, entries, tuple(raw.get("places", ())))


def _entry(raw: Mapping[str, Any]) -> _Entry:
    if raw["kind"] not in ("line", "emergency") or raw.get("use", "") not in ("", "medical", "police", "any"):
        raise ValueError(f"line {raw['name']} has an unknown kind or use")
    ways = tuple(raw.get("ways", ("call",)))
    if not ways or any(way not in _WAYS for way in ways):
        raise ValueError(f"line {raw['name']} has an unknown way to be reached")
    if not isinstance(raw["verified"], bool) or not raw["source"]:
        raise ValueError(f"line {raw['name']} needs a source and whether a person has verified it")
    return _Entry(
        name=_both(raw["name"]),
        number=raw["number"],
        kind=raw["kind"],
        use=raw.get("use", ""),
        languages=tuple(raw["languages"]),
        windows=tuple(_window(window) for window in raw.get("windows", ())),
        hours=_both(raw["hours"]),
        note=_both(raw["note"]),
        url=raw.get("url", ""),
        youth=raw.get("youth", False),
        ways=ways,
        checked=raw["checked"].isoformat(),
        verified=raw["verified"],
    )


def _both(raw: Mapping[str, str]) -> Mapping[str, str]:
    return {"zh": raw["zh"], "en": raw["en"]}


def _window(text: str) -> tuple[time, time]:
    start, end = text.split("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def _offset(text: str) -> timezone:
    hours, minutes = text[1:].split(":")
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-size if text.startswith("-") else size)
