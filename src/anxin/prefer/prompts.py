"""Our words to models, one data file a language: to those that reply and to those that score."""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from anxin.config import parse
from anxin.dialogue import Dialogue, Language

__all__ = ["Prompts", "language_of", "prompts", "words_digest"]

_HAN: Final = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Prompts:
    """What `prompts_<language>.toml` holds. `counsellor` and `judge` are system prompts; the others are their parts."""

    counsellor: str
    judge: str
    one: str
    several: str
    which_one: str
    which_several: str
    said: str
    reply: str
    client: str
    counsellor_name: str
    begin: str
    end: str
    note: str
    ask_one: str
    ask_several: str


@cache
def prompts(language: Language) -> Prompts:
    """The words of a language, read once."""
    text = files("anxin.prefer").joinpath(f"prompts_{language}.toml").read_text("utf-8")
    return parse(Prompts, tomllib.loads(text))


def words_digest() -> str:
    """A hash of all our words to models: a manifest that names it tells whether they have changed since."""
    folder = files("anxin.prefer")
    words = [folder.joinpath(name).read_bytes() for name in ("principles.toml", "prompts_zh.toml", "prompts_en.toml")]
    return hashlib.sha256(b"\0".join(words)).hexdigest()[:16]


def language_of(dialogue: Dialogue, noted: Any = None) -> Language:
    """What the client writes: `noted` where it is zh or en, else zh where any Chinese character is in their words."""
    if noted == "zh" or noted == "en":
        language: Language = noted
        return language
    return "zh" if any(_HAN.search(message.text) for message in dialogue.by("client")) else "en"
