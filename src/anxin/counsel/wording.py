"""The counsellor's authored words, one data file a language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from anxin.config import parse
from anxin.dialogue import Language

__all__ = ["Wording", "wording"]


@dataclass(frozen=True, slots=True)
class Wording:
    """What `counsel_<language>.toml` holds. `system` and the stages are read by models, `disclosure` and `speechless`
    by people: the latter is said where the model does not speak the client's language. `crosstalk`, `exercise` and
    `card` tell the model what is shown after its words, `crisis` what it may say in a crisis; `judge` is for a model
    that only judges."""

    disclosure: str
    system: str
    exploration: str
    insight: str
    action: str
    distress: str
    death: str
    crosstalk: str
    exercise: str
    card: str
    crisis: str
    judge: str
    speechless: str
    asks_for_action: tuple[str, ...]
    sees_a_pattern: tuple[str, ...]


@cache
def wording(language: Language) -> Wording:
    """The words of a language, read once."""
    text = files("anxin.counsel").joinpath(f"counsel_{language}.toml").read_text(encoding="utf-8")
    return parse(Wording, tomllib.loads(text))
