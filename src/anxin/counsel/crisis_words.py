"""One sentence of a model's between the authored words of the crisis protocol, where the operator allows it.

It is heard out and checked before any of it is shown: nothing in a crisis is taken back. Whatever is wrong with it, a
fault, a line to wait in, a word it may not say, it is left out, and the authored words stand alone.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from dataclasses import dataclass
from itertools import dropwhile, islice, takewhile
from typing import Final

from anxin.counsel.patience import within
from anxin.counsel.window import fit
from anxin.counsel.wording import wording
from anxin.dialogue import Dialogue, Language, Message
from anxin.model import Done, Generation, Model, ModelInfo, Reply, Waiting
from anxin.retrieve import unfolded
from anxin.safety import Guard, Jurisdiction

__all__ = ["CrisisWords", "crisis_words", "may_say"]

_SECONDS: Final = 20.0
_LONGEST: Final = 120  # tokens
_SPARE: Final = 32  # tokens a count may miss
_SHOWN: Final = 5  # newest messages; what was said long before is not what is felt now
_SENTENCES: Final = 2
_MOST: Final = {"zh": 120, "en": 300}  # characters
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_SENTENCE = re.compile(r".+?(?:[。！？…]+|[.!?]+(?=\s|$))", re.DOTALL)
_ASKS = re.compile("[?？]")
_MARKUP = re.compile(r"[#*_`<>\[\]{}|~=@/\\]|^\s*[-•]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CrisisWords:
    """What the model says, whole and checked, and its tokens."""

    text: str
    prompt_tokens: int
    reply_tokens: int


def may_say(info: ModelInfo, language: Language) -> bool:
    """Whether a model is one to say anything in a crisis: it follows instructions and speaks the language."""
    return info.instructable and not info.demonstration and language in info.languages


async def crisis_words(
    dialogue: Dialogue, model: Model, language: Language, pack: Jurisdiction | None, seconds: float = _SECONDS
) -> CrisisWords | None:
    """A sentence or two that say the client is heard; None where there is none fit to be said. Total."""
    return await within(seconds, _asked(dialogue, model, language, pack), "the model in a crisis")


async def _asked(dialogue: Dialogue, model: Model, language: Language, pack: Jurisdiction | None) -> CrisisWords | None:
    newest = [message for message in unfolded(dialogue) if message.role != "system"][-_SHOWN:]
    spoken = tuple(dropwhile(lambda message: message.role != "client", newest))
    head = (Message("system", wording(language).crisis),)
    budget = model.info.context - _LONGEST - _SPARE
    window = await asyncio.to_thread(fit, head, spoken, budget, model.count)
    guard, said = Guard(language, pack), ""
    async with aclosing(model.stream(Generation(window.messages, _LONGEST, model.info.temperature))) as pieces:
        async for piece in pieces:
            if isinstance(piece, Waiting):
                return None  # the authored words wait for nobody
            if isinstance(piece, Reply):
                said += guard.feed(piece.text)
                if guard.tripped:
                    return None
            elif isinstance(piece, Done):
                said += guard.finish()
                text = "" if guard.tripped else _fit_to_say(said, language)
                return CrisisWords(text, piece.prompt_tokens, piece.reply_tokens) if text else None
    return None


def _fit_to_say(said: str, language: Language) -> str:
    """The first whole sentences up to a question, which is the protocol's to ask; nothing where they hold a number, a
    list, a link or another language."""
    found = takewhile(lambda sentence: not _ASKS.search(sentence), _SENTENCE.findall(said.strip()))
    text = "".join(islice(found, _SENTENCES)).strip()
    wrong = len(text) > _MOST[language] or any(char.isdigit() for char in text) or "\n" in text
    if wrong or _MARKUP.search(text) or (_HAN.search(text) is not None) != (language == "zh"):
        return ""
    return text
