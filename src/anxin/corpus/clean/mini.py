"""The cleaning that `recipes/anxin-mini.toml` was made with, kept so that its model card stays true."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from anxin.corpus.clean.roles import in_turn
from anxin.corpus.clean.spacing import even
from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Dialogue, Message

__all__ = ["clean"]

_CONTACT = re.compile(
    r"https?://|www\.|@\w|\d{3,4}[- ]?\d{6,}|(?:微信|QQ|扣扣|公众号|加我)[号:：]?|\b[\w.]+@[\w.]+\b", re.IGNORECASE
)
_MACHINE = re.compile(r"语言模型|人工智能助手|作为(?:一个|一名)?AI|OpenAI|ChatGPT|as an AI", re.IGNORECASE)
_MARKUP = re.compile(r"<[^>\n]{1,80}>|&nbsp;?|\xa0|\u200b|\ufeff")


def clean(sample: Sample, crisis: Iterable[str]) -> Sample | Drop:
    """The sample with markup and spacing repaired and its roles in order, or why it is dropped.

    A dialogue begins with the client, alternates, and ends with the counsellor; neighbours of one side are joined.
    A dialogue in which either side uses a phrase of `crisis` is dropped: crisis is never taught from this data.
    """
    if sample.document:
        text = _tidy(sample.document)
        return replace(sample, document=text) if len(text) >= 80 else Drop("short")
    messages = in_turn(Message(message.role, _tidy(message.text)) for message in sample.dialogue)
    if not messages:
        return Drop("one_sided")
    whole = "\n".join(message.text for message in messages).casefold()
    if any(phrase in whole for phrase in crisis):
        return Drop("crisis")
    spoken = "\n".join(message.text for message in messages if message.role == "counsellor")
    if _CONTACT.search(spoken):
        return Drop("contact")
    if _MACHINE.search(spoken):
        return Drop("machine")
    return replace(sample, dialogue=Dialogue(messages, sample.id))


def _tidy(text: str) -> str:
    return even(_MARKUP.sub(" ", text))
