"""What a reply may not hold: the rules of the output guard, read from `guard_zh.toml` and `guard_en.toml`.

Both languages' rules watch every reply, since a model may change language; the replacement is the client's language's.
A jurisdiction may add claims: words that a reply may not use of Anxin itself.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from anxin.dialogue import Language
from anxin.errors import ConfigError
from anxin.safety.jurisdiction import Claim
from anxin.safety.machine import Machine, build
from anxin.safety.pattern import nodes_of

__all__ = ["Rule", "Rules", "rules"]

LANGUAGES: tuple[Language, ...] = ("zh", "en")
_KEYS = frozenset({"name", "say", "unless", "then"})
_REACH = {"zh": 10, "en": 28}  # characters before a match in which `unless` is looked for
_WAIT = {"zh": 16, "en": 40}  # characters after a match in which `then` is looked for


@dataclass(frozen=True, slots=True)
class Rule:
    """One forbidden kind in one language. `unless` is searched in the `reach` characters of the same clause before a
    match, `then` in the `wait` characters of the same sentence after it; either turns the meaning round."""

    name: str
    unless: re.Pattern[str] | None
    then: re.Pattern[str] | None
    reach: int
    wait: int


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules, the machine that finds their phrases, and by language and kind what is said instead."""

    machine: Machine
    rules: tuple[Rule, ...]
    instead: Mapping[Language, Mapping[str, str]]


@cache
def rules(claims: tuple[Claim, ...] = ()) -> Rules:
    """The shipped rules, with the claims of a jurisdiction.

    Raises `ConfigError`, or what reading TOML raises, when a file is broken.
    """
    made: list[Rule] = []
    phrases = []
    instead: dict[Language, Mapping[str, str]] = {}
    for language in LANGUAGES:
        file = f"guard_{language}.toml"
        raw = tomllib.loads(resources.files("anxin.safety").joinpath(file).read_text("utf-8"))
        instead[language] = raw["instead"]
        for row in raw["rule"]:
            _check(row, file)
            number = len(made)
            unless = _pattern(row.get("unless", ()), language, before=True)
            then = _pattern(row.get("then", ()), language, before=False)
            made.append(Rule(row["name"], unless, then, _REACH[language], _WAIT[language]))
            phrases += [(nodes_of(say, raw.get("sets", {})), number) for say in row["say"]]
    for claim in claims:
        unless = _pattern(claim.unless, claim.language, before=True)
        then = _pattern(claim.then, claim.language, before=False)
        words = {"word": claim.words}
        phrases += [(nodes_of(say, words), len(made)) for say in claim.say]
        made.append(Rule("human", unless, then, _REACH[claim.language], _WAIT[claim.language]))
    named = {rule.name for rule in made} | {"contact", "fault"}
    for language in LANGUAGES:
        missing = sorted(name for name in named if not instead[language].get(name))
        if missing:
            raise ConfigError(
                f"guard_{language}.toml has no replacement for {missing[0]!r}; add {missing[0]} under [instead]"
            )
    return Rules(build(phrases), tuple(made), instead)


def _check(row: Mapping[str, Any], file: str) -> None:
    unknown = row.keys() - _KEYS
    if unknown or not row.get("name") or not row.get("say"):
        raise ConfigError(f"a [[rule]] of {file} needs name and say, may have unless and then; found {sorted(row)}")


def _pattern(words: Iterable[str], language: Language, *, before: bool) -> re.Pattern[str] | None:
    words = tuple(words)
    if not words:
        return None
    if language == "en":
        end = "(?![a-z0-9])" if before else "(?=[^a-z0-9])"  # what follows is still streaming: a word must have ended
        return re.compile("|".join(_word(word.replace("'", ""), end) for word in words))
    if not before:
        return re.compile("|".join(map(re.escape, words)))
    # A single 不 turns the meaning only right before the phrase; longer words, and "~他", may stand further off.
    single = "".join(re.escape(word) for word in words if len(word) == 1)
    longer = [re.escape(word.removeprefix("~")) for word in words if len(word) > 1]
    return re.compile("|".join([*longer, *([f"[{single}][^,]?$"] if single else [])]))


def _word(word: str, end: str) -> str:
    start = "(?<![a-z0-9])" if word[0].isalnum() else ""
    return start + re.escape(word) + (end if word[-1].isalnum() else "")
