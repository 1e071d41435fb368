"""Jurisdiction packs: what a place asks of a companion, as dated, sourced data. Not legal advice.

A rule rests on a source of law or is a house rule, which claims nothing about any law. No lawyer has read any of it.
What a pack does not say it takes from the default pack. The data and its legend: `jurisdictions.toml`; the table for
people: docs/jurisdictions.md.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any, Literal, cast

from anxin.dialogue import Language
from anxin.errors import ConfigError
from anxin.safety.lines import regions

__all__ = ["Claim", "Jurisdiction", "Minor", "Row", "Source", "jurisdiction", "jurisdictions"]

DEFAULT = "default"
_LANGUAGES: tuple[Language, ...] = ("zh", "en")
_HOURS = ("disclose_on_return_after", "disclose_every", "break_every", "minor_disclose_every", "minor_break_every")
_YEARS = ("minor_age", "minor_guardian_below")
_WORDS = ("forbidden_zh", "forbidden_en")
_RULES = ("disclose_at_start", *_HOURS[:3], *_YEARS, *_HOURS[3:], "emergency_contact", *_WORDS)


@dataclass(frozen=True, slots=True)
class Source:
    """A law as it was found. `in_force` is None where no day was found; `checked` is when we last looked."""

    key: str
    law: Mapping[Language, str]
    in_force: date | None
    checked: date
    found: str
    confidence: Literal["text", "secondary", "disputed"]
    note: str
    reviewed_by_counsel: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of a pack and what it rests on. Without a source it is a house rule."""

    rule: str
    value: bool | float | str | tuple[str, ...] | None
    says: str
    source: Source | None = None
    article: str = ""


@dataclass(frozen=True, slots=True)
class Minor:
    """For clients under `age` (years): how often they are told and reminded (hours; None: never). Below
    `guardian_below` an adult should know; Anxin asks nobody's age and asks no guardian itself."""

    age: int
    guardian_below: int
    disclose_every: float | None
    break_every: float | None


@dataclass(frozen=True, slots=True)
class Claim:
    """Ways of describing oneself by the forbidden words of one language, in the phrase language of the guard."""

    language: Language
    say: tuple[str, ...]
    unless: tuple[str, ...]
    then: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """What one place asks. Times are in hours, None: never; `region` is whose crisis lines are the default.

    `emergency_contact` "required": the operator has to keep one and reach it; Anxin itself contacts nobody.
    `forbidden`: words Anxin may not use of itself. `rows` tell what each rule rests on.
    """

    code: str
    title: Mapping[Language, str]
    region: str
    disclose_at_start: bool
    disclose_on_return_after: float | None
    disclose_every: float | None
    break_every: float | None
    minor: Minor
    emergency_contact: Literal["offered", "required"]
    forbidden: Mapping[Language, tuple[str, ...]]
    claims: tuple[Claim, ...]
    rows: tuple[Row, ...]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The laws behind the rows, each once; empty where all are house rules."""
        found = {row.source.key: row.source for row in self.rows if row.source is not None}
        return tuple(found.values())

    @property
    def reviewed_by_counsel(self) -> bool:
        """Whether a lawyer has read every source; False as long as there is none."""
        return bool(self.sources) and all(source.reviewed_by_counsel for source in self.sources)


def jurisdiction(code: str) -> Jurisdiction:
    """The pack of a code, in any case. Raises `ConfigError` that names the nearest for an unknown one."""
    table = _table()
    wanted = code.strip().casefold()
    for known in table.values():
        if wanted == known.code.casefold():
            return known
    raise ConfigError(
        f"jurisdiction {code!r} is not known; did you mean {_nearest(wanted)}? Known are {', '.join(table)}"
    )


def jurisdictions() -> tuple[Jurisdiction, ...]:
    """Every pack, in the file's order; the default is last. Raises `ConfigError` when the file is damaged."""
    return tuple(_table().values())


def _nearest(wanted: str) -> str:
    names: dict[str, str] = {}
    for known in _table().values():
        # A state by its own letters ("CA"), a place by its name ("California"), Britain as most people write it.
        own = [known.code, *known.title.values()]
        if "-" in known.code:
            own.append(known.code.partition("-")[2])
        names |= {name.casefold(): known.code for name in own}
    names |= {"uk": "GB", "china": "CN", "中国": "CN", "europe": "EU", "us": "US-CA", "usa": "US-CA"}
    near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
    return names[near[0]] if near else DEFAULT


@cache
def _table() -> Mapping[str, Jurisdiction]:
    raw = tomllib.loads(resources.files("anxin.safety").joinpath("jurisdictions.toml").read_text("utf-8"))
    try:
        return _read(raw)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"jurisdictions.toml cannot be used: {error!r}; restore it from the release") from error


def _read(raw: Mapping[str, Any]) -> Mapping[str, Jurisdiction]:
    sources = {row["key"]: _source(row) for row in raw["source"]}
    packs = {pack["code"]: pack for pack in raw["pack"]}
    house = {row["rule"]: _row(row, sources) for row in packs[DEFAULT]["row"]}
    if set(house) != set(_RULES) or any(row.source is not None for row in house.values()):
        raise ValueError(f"the default pack must have a house row for each of {', '.join(_RULES)}")
    claims = {language: raw["claims"][language] for language in _LANGUAGES}
    known = {code for code, _ in regions("en")}
    return {code: _pack(pack, house, sources, claims, known) for code, pack in packs.items()}


def _pack(
    raw: Mapping[str, Any],
    house: Mapping[str, Row],
    sources: Mapping[str, Source],
    claims: Mapping[Language, Mapping[str, Any]],
    known: set[str],
) -> Jurisdiction:
    if raw["region"] not in known:
        raise ValueError(f"pack {raw['code']} has region {raw['region']}, which lines.toml does not have")
    own = {row["rule"]: _row(row, sources) for row in raw.get("row", ())}
    if len(own) != len(raw.get("row", ())):
        raise ValueError(f"pack {raw['code']} has two rows for one rule")
    rows = {rule: own.get(rule, house[rule]) for rule in _RULES}
    value: dict[str, Any] = {rule: row.value for rule, row in rows.items()}
    forbidden: dict[Language, tuple[str, ...]] = {"zh": value["forbidden_zh"], "en": value["forbidden_en"]}
    return Jurisdiction(
        code=raw["code"],
        title={language: raw["title"][language] for language in _LANGUAGES},
        region=raw["region"],
        disclose_at_start=value["disclose_at_start"],
        disclose_on_return_after=value["disclose_on_return_after"],
        disclose_every=value["disclose_every"],
        break_every=value["break_every"],
        minor=Minor(
            value["minor_age"],
            value["minor_guardian_below"],
            value["minor_disclose_every"],
            value["minor_break_every"],
        ),
        emergency_contact=value["emergency_contact"],
        forbidden=forbidden,
        claims=tuple(_claim(language, claims[language], forbidden[language]) for language in _LANGUAGES),
        rows=tuple(rows.values()),
    )


def _source(raw: Mapping[str, Any]) -> Source:
    if raw["confidence"] not in ("text", "secondary", "disputed") or not isinstance(raw["reviewed_by_counsel"], bool):
        raise ValueError(f"source {raw['key']} needs a known confidence and whether counsel has reviewed it")
    if not raw["found"]:
        raise ValueError(f"source {raw['key']} does not say where it was found")
    return Source(
        key=raw["key"],
        law={language: raw["law"][language] for language in _LANGUAGES},
        in_force=None if "in_force" not in raw else _day(raw["in_force"]),
        checked=_day(raw["checked"]),
        found=raw["found"],
        confidence=raw["confidence"],
        note=raw.get("note", ""),
        reviewed_by_counsel=raw["reviewed_by_counsel"],
    )


def _row(raw: Mapping[str, Any], sources: Mapping[str, Source]) -> Row:
    unknown = raw.keys() - {"rule", "value", "source", "article", "says"}
    if unknown or not raw["says"] or ("source" in raw) != ("article" in raw):
        raise ValueError(f"row {raw['rule']} needs says, and source and article together or neither; {sorted(unknown)}")
    source = sources[raw["source"]] if "source" in raw else None
    return Row(raw["rule"], _value(raw["rule"], raw["value"]), raw["says"], source, raw.get("article", ""))


def _value(rule: str, raw: object) -> bool | float | str | tuple[str, ...] | None:
    number = isinstance(raw, int | float) and not isinstance(raw, bool) and raw > 0
    if rule == "disclose_at_start" and isinstance(raw, bool):
        return raw
    if rule in _HOURS and (raw == "never" or number):
        return None if raw == "never" else float(cast(float, raw))
    if rule in _YEARS and number and isinstance(raw, int):
        return raw
    if rule == "emergency_contact" and isinstance(raw, str) and raw in ("offered", "required"):
        return raw
    if rule in _WORDS and isinstance(raw, list) and raw and all(isinstance(word, str) and word for word in raw):
        return tuple(raw)
    raise ValueError(f"{rule} = {raw!r} is no known rule or no value it can have")


def _claim(language: Language, raw: Mapping[str, Any], words: tuple[str, ...]) -> Claim:
    return Claim(language, tuple(raw["say"]), tuple(raw["unless"]), tuple(raw["then"]), words)


def _day(raw: object) -> date:
    if not isinstance(raw, date):
        raise TypeError(f"{raw!r} is no day")
    return raw
