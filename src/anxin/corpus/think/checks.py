"""Whether a thought may stand before a reply: one small question each, and a word for the answer no.

None of them understands the thought. `related` in particular is a proxy: a thought that leads from this client to this
reply has words of both in it, and one that would fit anybody has not (measured on the authored pairs of
`tests/corpus/think/pairs.toml`: docs in `related`). A judge model may be asked on top.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from anxin.corpus.sample import Drop
from anxin.corpus.think.prompts import prompts
from anxin.corpus.think.text import content, copied, language_of, length, repeated
from anxin.corpus.think.words import words
from anxin.dialogue import Language, Message
from anxin.safety import Guard

__all__ = ["CHECKS", "Bounds", "Thinking", "bounds", "fault"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a thought may be, in Chinese characters (`text.length`)."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Thinking:
    """A thought in its place: what was said before, the reply it shall lead to, how the answer ended."""

    thought: str
    before: Sequence[Message]
    reply: str
    language: Language
    bounds: Bounds
    cut: bool = False


_RECENT: Final = 3  # of the client's messages; a reply seldom answers what is further back
_SHARE: Final = 0.12
_ENOUGH: Final = 4  # shared words that settle it, however long the message
_COPIED: Final = 0.4
_QUOTED: Final = 0.15
_REPEATED: Final = 0.15
_FOREIGN: Final = 0.08


def bounds(reply: str, shortest: int, longest: int) -> Bounds:
    """A thought is at least `shortest` and a third of the reply, at most `longest` and 200 more than six replies."""
    size = length(reply)
    low = max(shortest, size // 3)
    return Bounds(low, max(low + 40, min(longest, 200 + 6 * size)))


def cut(it: Thinking) -> Drop | None:
    """The teacher's answer was cut off by its length in tokens."""
    return Drop("thought_truncated") if it.cut else None


def empty(it: Thinking) -> Drop | None:
    return None if any(char.isalnum() for char in it.thought) else Drop("thought_empty")


def refused(it: Thinking) -> Drop | None:
    """The teacher would not."""
    return Drop("thought_refused") if words().refusal.search(it.thought[:160]) else None


def leaks(it: Thinking) -> Drop | None:
    """It tells that the reply was given, speaks of the task or as a model, or quotes the instructions."""
    if (found := words().leak.search(it.thought)) is not None:
        return Drop("thought_leak", found.group())
    told = prompts(it.language)
    quoted = copied(f"{told.teacher}\n{told.request}", it.thought, it.language)
    return Drop("thought_leak", f"{quoted:.0%} of it is the instructions") if quoted > _QUOTED else None


def spoken(it: Thinking) -> Drop | None:
    """It is said to the client, or plays the conversation on, as small models do, instead of thinking.

    A thought speaks of the client; what says "you" more often than that, quotations left out, is another reply.
    """
    known = words()
    if (found := known.played.search(it.thought)) is not None:
        return Drop("thought_spoken", found.group())
    own = known.quoted.sub("", it.thought)
    to, of = len(known.addressed.findall(own)), len(known.told_of.findall(own))
    return Drop("thought_spoken", f"says you {to} times, speaks of the client {of} times") if to > of else None


def foreign(it: Thinking) -> Drop | None:
    """It is not in the dialogue's language, or too much of it is not."""
    if language_of(it.thought) != it.language:
        return Drop("thought_language")
    known = content("\n".join([it.reply, *(message.text for message in it.before)]))
    units = content(it.thought)
    strange = sum(unit not in known and unit.isascii() == (it.language == "zh") for unit in units)
    share = strange / len(units) if units else 0.0
    return Drop("thought_language", f"{share:.0%} of its words") if share > _FOREIGN else None


def short(it: Thinking) -> Drop | None:
    size = length(it.thought)
    return Drop("thought_short", f"{size} < {it.bounds.low}") if size < it.bounds.low else None


def long(it: Thinking) -> Drop | None:
    size = length(it.thought)
    return Drop("thought_long", f"{size} > {it.bounds.high}") if size > it.bounds.high else None


def copies(it: Thinking) -> Drop | None:
    """It says the reply over, or repeats what the client said instead of thinking about it."""
    share = copied(it.thought, it.reply, it.language)
    if share > _COPIED:
        return Drop("thought_copied", f"{share:.0%} of the reply")
    said = "\n".join(message.text for message in it.before)
    share = copied(said, it.thought, it.language)
    return Drop("thought_copied", f"{share:.0%} of it stands in the dialogue") if share > _COPIED else None


def repeats(it: Thinking) -> Drop | None:
    """It goes round in circles."""
    share = repeated(it.thought, it.language)
    return Drop("thought_repeats", f"{share:.0%}") if share > _REPEATED else None


def related(it: Thinking) -> Drop | None:
    """It shares words with what the client has just said and with the reply.

    A proxy for "leads from one to the other". The share asked for, 12 % of what either is about and four words at most,
    was set on half of the authored pairs. On the other half it lets through all 11 right thoughts, none of 111 written
    for another dialogue, none of 44 that would fit any, and 2 of 111 that lead to another reply to the same client.
    """
    heard = [message.text for message in it.before if message.role == "client"][-_RECENT:]
    own = content(it.thought)
    for name, wanted, among in (
        ("client", content(heard[-1] if heard else ""), content("\n".join(heard))),
        ("reply", content(it.reply), content(it.reply)),
    ):
        least = min(_ENOUGH, max(1, math.ceil(_SHARE * len(wanted)))) if wanted else 0
        if (shared := len(own & among)) < least:
            return Drop("thought_unrelated", f"{shared} of {least} words of the {name}")
    return None


def unsafe(it: Thinking) -> Drop | None:
    """The output guard of the living road would stop it."""
    guard = Guard(it.language)
    guard.feed(it.thought)
    guard.finish()
    return Drop("thought_unsafe", guard.tripped) if guard.tripped else None


CHECKS: Final[tuple[Callable[[Thinking], Drop | None], ...]] = (
    empty, cut, refused, leaks, foreign, spoken, short, long, copies, repeats, unsafe, related,
)  # fmt: skip
"""In order; the first that objects gives the reason."""


def fault(it: Thinking) -> Drop | None:
    """Why the thought may not be used, or None."""
    return next((found for check in CHECKS if (found := check(it)) is not None), None)
