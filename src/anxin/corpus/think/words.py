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
    common: frozenset[str]
    empty: frozenset[str]


@dataclass(frozen=True, slots=True)
class _File:
    refusal: tuple[str, ...]
    leak: tuple[str, ...]
    common_zh: str
    common_en: str
    empty_zh: str


@cache
def words() -> Words:
    """Read once. Raises `ConfigError` for a key that is not known."""
    file = parse(_File, tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8")))
    refusal, leak = (re.compile("|".join(rows), re.IGNORECASE) for rows in (file.refusal, file.leak))
    return Words(refusal, leak, frozenset(f"{file.common_zh} {file.common_en}".split()), frozenset(file.empty_zh))
