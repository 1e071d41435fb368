"""Which language the client writes, so that every authored word can follow it."""

from __future__ import annotations

import re

from anxin.dialogue import Dialogue, Language

__all__ = ["language_of"]

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_WORD = re.compile(r"[A-Za-z]{2,}(?:['’][a-z]+)?")
_FEW = 3  # "ok", "thank you": too little to leave the language of the dialogue


def language_of(dialogue: Dialogue, preferred: Language | None = None) -> Language:
    """The language of the client's newest message; where that says nothing, of earlier ones, then `preferred`, then zh.

    Any Chinese character makes a message Chinese: people mix English words into Chinese far more than the reverse.
    A few English words within a Chinese dialogue leave it Chinese.
    """
    spoken = [message.text for message in dialogue.by("client")]
    earlier = next((found for text in reversed(spoken[:-1]) if (found := _read(text))), None)
    newest = _read(spoken[-1]) if spoken else None
    if newest == "en" and earlier == "zh" and len(_WORD.findall(spoken[-1])) <= _FEW:
        return "zh"
    return newest or earlier or preferred or "zh"


def _read(text: str) -> Language | None:
    if _HAN.search(text):
        return "zh"
    return "en" if _WORD.search(text) else None
