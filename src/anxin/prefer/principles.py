"""The seven principles by which a reply is judged, as data: titles, what each means, and what earns 1 to 5.

The list is that of Zhang et al. 2025 (arXiv 2502.19731); the words are ours (`principles.toml`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from anxin.config import parse
from anxin.dialogue import Language
from anxin.errors import ConfigError

__all__ = ["HIGHEST", "LOWEST", "Principle", "Principles", "Said", "principle_keys", "principles", "rubric", "total"]

LOWEST: Final = 1
HIGHEST: Final = 5


@dataclass(frozen=True, slots=True)
class Said:
    """A principle in one language: `anchors` say what is seen at 1, 2, 3, 4 and 5."""

    title: str
    about: str
    anchors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Principle:
    """`key` is its short name in scores and columns, `source` where the idea stands in the field's books."""

    key: str
    source: str
    zh: Said
    en: Said

    def said(self, language: Language) -> Said:
        """The principle in a language."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class NotScored:
    """What must not move a score, in each language."""

    zh: tuple[str, ...]
    en: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Principles:
    """All of `principles.toml`, in the order of the released columns."""

    paper: str
    not_scored: NotScored
    principle: tuple[Principle, ...]


@cache
def principles() -> Principles:
    """The principles, read once."""
    found = parse(Principles, tomllib.loads(files("anxin.prefer").joinpath("principles.toml").read_text("utf-8")))
    for principle in found.principle:
        if any(len(principle.said(language).anchors) != HIGHEST for language in ("zh", "en")):
            raise ConfigError(f"principles.toml: {principle.key} needs five anchors in each language")
    return found


@cache
def principle_keys() -> tuple[str, ...]:
    """The short names, in order."""
    return tuple(principle.key for principle in principles().principle)


def total(scores: Mapping[str, float]) -> float:
    """The preference score of a reply: the mean of its seven scores, 1 to 5 (Zhang et al. 2025, section 3)."""
    keys = principle_keys()
    return sum(scores[key] for key in keys) / len(keys)


def rubric(language: Language) -> str:
    """The principles and anchors as a judge, a person or a model, reads them."""
    parts: list[str] = []
    colon = "：" if language == "zh" else ": "
    for number, principle in enumerate(principles().principle, start=1):
        said = principle.said(language)
        parts.append(f"{number}. {said.title} ({principle.key}){colon}{said.about}")
        parts += [f"   {score} {anchor}" for score, anchor in enumerate(said.anchors, start=LOWEST)]
    return "\n".join(parts)
