"""The words the checks go by."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from anxin.config import parse

__all__ = ["Words", "words"]


@dataclass(frozen=True, slots=True)
class Words:
    """`words.toml`, ready for use."""

    refusal: re.Pattern[str]
    leak: re.Pattern[str]
    played: re.Pattern[str]
    addressed: re.Pattern[str]
    told_of: re.Pattern[str]
    quoted: re.Pattern[str]
    common: frozenset[str]
    empty: frozenset[str]


@dataclass(frozen=True, slots=True)
class _File:
    refusal: tuple[str, ...]
    leak: tuple[str, ...]
    played: tuple[str, ...]
    addressed: tuple[str, ...]
    told_of: tuple[str, ...]
    quoted: tuple[str, ...]
    common_zh: str
    common_en: str
    empty_zh: str


@cache
def words() -> Words:
    """Read once. Raises `ConfigError` for a key that is not known."""
    file = parse(_File, tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8")))
    return Words(
        refusal=_any(file.refusal),
        leak=_any(file.leak),
        played=_any(file.played),
        addressed=_any(file.addressed),
        told_of=_any(file.told_of),
        quoted=_any(file.quoted),
        common=frozenset(f"{file.common_zh} {file.common_en}".split()),
        empty=frozenset(file.empty_zh),
    )


def _any(rows: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(rows), re.IGNORECASE)
