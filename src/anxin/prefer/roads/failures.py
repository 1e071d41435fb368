"""How a reply goes wrong, by kind: authored sentences of each language, and the client's words that fill them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from anxin.config import parse
from anxin.dialogue import Language
from anxin.errors import ConfigError

__all__ = ["KINDS", "Failures", "Words", "failures", "failures_digest", "words_of"]

KINDS: Final = (
    "nonsense",
    "humanoid_mimicry",
    "linguistic_neglect",
    "unamiable_judgment",
    "toxic_language",
    "unauthorized_preachment",
    "nonfactual_statement",
    "premature_advice",
    "interrogation",
    "false_reassurance",
    "minimising",
)
"""The seven unsafe kinds of DialogueSafety (Qiu et al. 2023, arXiv 2307.16457), then four that spoil a session."""

_SLOT = re.compile(r"\{(\w+)\}")
_SLOTS = frozenset({"said", "who", "feeling"})
_CLAUSE: Mapping[Language, re.Pattern[str]] = {
    "zh": re.compile(r"[^，。！？；：、,.!?;:\n…“”\"（）()\s]{4,14}(?=[，。！；,.!;\n…]|$)"),
    "en": re.compile(r"[A-Za-z'’][A-Za-z'’ -]{8,60}(?=[,.!;\n]|$)"),
}
_NOT_ECHOED: Mapping[Language, re.Pattern[str]] = {
    "zh": re.compile(r"[你您0-9]|吗|呢|什么|怎么|谢谢|您好|老师|咨询|医生|^(?:嗯|对|是的|好的|其实)"),
    "en": re.compile(r"\b(?:you|your|yours|thanks?|hello|hi|doctor|therapist)\b|\b(?:what|how|why|should) ", re.I),
}
_LEADING = re.compile(r"^(?:(?:and|but|so|because|that|then|also|or|which|if|when|while)\s+)+", re.I)
_TURNED: Mapping[str, str] = {
    "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "i": "you", "me": "you", "my": "your",
    "mine": "yours", "myself": "yourself", "am": "are", "we": "you", "our": "your", "us": "you", "im": "you're",
    "ive": "you've",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")


@dataclass(frozen=True, slots=True)
class Failures:
    """What `failures_<language>.toml` holds."""

    language: Language
    feelings: tuple[str, ...]
    people: tuple[str, ...]
    say: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Words:
    """What a client's words offer to each slot."""

    said: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    feeling: tuple[str, ...] = ()

    def fill(self, sentence: str, draw: int) -> str:
        """The sentence with its slots filled, by the number `draw`; empty where the client offers nothing for one."""
        offered: dict[str, str] = {}
        for slot in _SLOT.findall(sentence):
            choices: tuple[str, ...] = getattr(self, slot)
            if not choices:
                return ""
            offered[slot] = choices[draw % len(choices)]
        return _SLOT.sub(lambda found: offered[found[1]], sentence)


@cache
def failures(language: Language) -> Failures:
    """The sentences of a language, read once. Raises `ConfigError` where a kind is missing or a slot unknown."""
    text = files("anxin.prefer.roads").joinpath(f"failures_{language}.toml").read_text("utf-8")
    found = parse(Failures, tomllib.loads(text))
    if set(found.say) != set(KINDS):
        raise ConfigError(f"failures_{language}.toml: kinds must be {', '.join(KINDS)}")
    for kind, sentences in found.say.items():
        for sentence in sentences:
            if unknown := set(_SLOT.findall(sentence)) - _SLOTS:
                raise ConfigError(f"failures_{language}.toml: {kind} has an unknown slot {unknown.pop()}")
    return found


def failures_digest() -> bytes:
    """What a manifest must change with: the sentences of both languages."""
    folder = files("anxin.prefer.roads")
    return b"\0".join(folder.joinpath(f"failures_{language}.toml").read_bytes() for language in ("zh", "en"))


def words_of(said: Sequence[str], language: Language) -> Words:
    """What the client's messages offer: clauses of the last one turned to "you", people and feelings of all."""
    known = failures(language)
    whole = "\n".join(said)
    clauses = [found.group().strip() for found in _CLAUSE[language].finditer(said[-1] if said else "")]
    turned = [_turned(clause, language) for clause in clauses if not _NOT_ECHOED[language].search(clause)]
    return Words(
        tuple(dict.fromkeys(clause for clause in turned if clause)),
        _named(known.people, whole, language),
        _named(known.feelings, whole, language),
    )


def _named(words: Iterable[str], text: str, language: Language) -> tuple[str, ...]:
    if language == "zh":
        return tuple(word for word in words if word in text)
    return tuple(word for word in words if re.search(rf"\b{re.escape(word)}\b", text, re.I))


def _turned(clause: str, language: Language) -> str:
    """A client's clause as one says it back to them; empty where it does not lend itself."""
    if language == "zh":
        return clause.replace("咱们", "你们").replace("我", "你")
    clause = _LEADING.sub("", clause)
    words = _WORD.findall(clause)
    if not 3 <= len(words) <= 10:
        return ""
    clause = clause.replace("’", "'").replace("I was", "you were").replace("i was", "you were")
    made = _WORD.sub(lambda found: _TURNED.get(found.group().lower(), found.group()), clause)
    return made[0].lower() + made[1:]
