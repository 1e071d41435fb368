"""What the teacher and the judge are asked about one reply."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from anxin.config import parse
from anxin.dialogue import Language, Message

__all__ = ["Prompts", "asked", "judged", "prompts"]

_PER_WORD: Final = 2  # Chinese characters that hold about as much as an English word does, by `text.length`


@dataclass(frozen=True, slots=True)
class Prompts:
    """One language of `prompts.toml`."""

    teacher: str
    request: str
    client: str
    counsellor: str
    earlier: str
    judge: str
    question: str


@cache
def prompts(language: Language) -> Prompts:
    """The prompts in a language."""
    table = tomllib.loads(files(__package__).joinpath("prompts.toml").read_text(encoding="utf-8"))
    return parse(Prompts, table[language], f"{language}.")


def asked(
    before: Sequence[Message], reply: str, language: Language, low: int, high: int, most: int
) -> tuple[Message, ...]:
    """The teacher's prompt: `before` is what was said up to the reply, of which the last `most` characters are shown.

    `low` and `high` bound the thought, in Chinese characters as `text.length` counts them.
    """
    words = prompts(language)
    unit = _PER_WORD if language == "en" else 1
    system = words.teacher.replace("{low}", str(low // unit)).replace("{high}", str(high // unit))
    return Message("system", system), Message("client", _filled(words.request, before, reply, "", words, most))


def judged(before: Sequence[Message], reply: str, thought: str, language: Language, most: int) -> tuple[Message, ...]:
    """The judge's prompt."""
    words = prompts(language)
    return Message("system", words.judge), Message(
        "client", _filled(words.question, before, reply, thought, words, most)
    )


def _filled(template: str, before: Sequence[Message], reply: str, thought: str, words: Prompts, most: int) -> str:
    told = {"{dialogue}": _transcript(before, words, most), "{reply}": reply, "{thought}": thought}
    # In one pass: what a client wrote may look like one of our own marks.
    out, rest = "", template
    while rest:
        at, mark = min(((rest.find(mark), mark) for mark in told if mark in rest), default=(-1, ""))
        if at < 0:
            return out + rest
        out, rest = out + rest[:at] + told[mark], rest[at + len(mark) :]
    return out


def _transcript(before: Sequence[Message], words: Prompts, most: int) -> str:
    names = {"client": words.client, "counsellor": words.counsellor}
    lines: list[str] = []
    room = most
    for message in reversed(before):
        if message.role == "system":
            continue
        line = names[message.role] + message.text
        if len(line) > room:
            if not lines:  # of a newest message that is too long by itself, its end
                lines.append(line[len(line) - room :])
            lines.append(words.earlier)
            break
        room -= len(line) + 1
        lines.append(line)
    return "\n".join(reversed(lines))
