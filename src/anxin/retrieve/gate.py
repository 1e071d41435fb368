"""Whether anything is offered, and of what kind; decided before anything is searched.

Humour needs T0 throughout the conversation, a lightened mood and the client's setting (design, Risk): a risk heard once
keeps it out for the whole conversation, which is its cool-off. Exercises may be offered in distress (T1) too, where the
client asks for one or it is time to act; nothing at T2 or above. Most turns offer nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from anxin.dialogue import Dialogue, Language
from anxin.retrieve.folded import Shown
from anxin.retrieve.piece import Kind, Topic
from anxin.retrieve.signs import fold_text, holds, mood, signs
from anxin.safety import Concern, Ledger, Risk

__all__ = ["Wish", "whether"]

_HEARD_FIRST = 3  # client's messages before anything is offered unasked
_LIGHT_OVER = 2  # newest client's messages that must be free of weight
_HUMOUR_EVERY = 6  # client's messages from one crosstalk piece to the next unasked one
_OFFER_EVERY = 4  # client's messages from any offer to an unasked one
_QUERY_OVER = 3  # newest client's messages that are searched with
_QUERY_LONGEST = 400  # characters of a query


@dataclass(frozen=True, slots=True)
class Wish:
    """What to search for. `topic` narrows it; `fitting`: only a piece one of whose `words` stands in `query`."""

    kind: Kind
    language: Language
    query: str
    without: frozenset[str]
    topic: Topic | None = None
    fitting: bool = False


def whether(
    dialogue: Dialogue, ledger: Ledger, language: Language, shown: Shown, *, humour: bool, acting: bool
) -> Wish | None:
    """What may be offered after this turn's reply, or None.

    `dialogue` ends with the client's message, which `ledger` holds already; `shown` is what the conversation has been
    offered; `acting`: the turn is in Hill's stage of action.
    """
    said = [fold_text(message.text) for message in dialogue.by("client")]
    if not said or ledger.risk >= Risk.T2 or any(concern is not Concern.MINOR for concern in ledger.concerns):
        return None
    newest, known = said[-1], signs(language)
    recent = "\n".join(said[-_QUERY_OVER:])
    if holds(recent, known.apart):
        return None
    query = recent[-_QUERY_LONGEST:]
    funny = humour and ledger.calm and not any(holds(text, known.grave) for text in said)
    if holds(newest, known.jokes):
        return Wish("crosstalk", language, query, shown.ids) if funny else None
    if topic := _asked_for(newest, language):
        return Wish("exercise", language, newest[-_QUERY_LONGEST:], shown.ids, topic)
    if holds(newest, known.why):
        return Wish("card", language, newest[-_QUERY_LONGEST:], shown.ids, fitting=True)
    if len(said) < _HEARD_FIRST or ledger.peak >= Risk.T2 or shown.ago < _OFFER_EVERY:
        return None
    if acting:
        return Wish("exercise", language, query, shown.ids, fitting=True)
    if funny and shown.crosstalk_ago >= _HUMOUR_EVERY and _lightened(said, language):
        return Wish("crosstalk", language, query, shown.ids)
    return None


def _asked_for(newest: str, language: Language) -> Topic | None:
    """The topic of the exercise that the message asks for."""
    known = signs(language)
    asks = holds(newest, known.shows)
    return next((need.topic for need in known.need if (need.alone or asks) and holds(newest, need.signs)), None)


def _lightened(said: list[str], language: Language) -> bool:
    """Whether the newest message is light and neither it nor the one before carries any weight."""
    moods = [mood(text, language) for text in said[-_LIGHT_OVER:]]
    return moods[-1].light > 0 and all(heard.heavy == 0 for heard in moods)
