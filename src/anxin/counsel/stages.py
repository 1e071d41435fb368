"""Hill's three stages of helping, read from the dialogue (Hill, Helping Skills, part I: exploration, insight, action).

A helper explores first, goes back to exploring when the pain grows, and moves to action when the client asks for it
and has been heard. The words that show it are data, in `counsel_zh.toml` and `counsel_en.toml`.
"""

from __future__ import annotations

from anxin.counsel.events import Stage
from anxin.counsel.wording import wording
from anxin.dialogue import Dialogue, Language
from anxin.safety import Risk

__all__ = ["stage_of"]

_HEARD = 2  # client's turns before anything but exploration
_LONG = 7  # client's turns after which a next step is due even unasked


def stage_of(dialogue: Dialogue, language: Language, risk: Risk, before: Risk) -> Stage:
    """The stage this turn is in. `risk` is the conversation's with this message, `before` without it."""
    spoken = dialogue.by("client")
    if len(spoken) <= _HEARD or (risk > before and risk >= Risk.T2):
        return Stage.EXPLORATION
    newest = spoken[-1].text.casefold()
    words = wording(language)
    if any(sign in newest for sign in words.asks_for_action):
        return Stage.ACTION
    if any(sign in newest for sign in words.sees_a_pattern):
        return Stage.INSIGHT
    return Stage.INSIGHT if len(spoken) < _LONG else Stage.ACTION
