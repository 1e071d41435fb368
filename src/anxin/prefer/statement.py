"""What a client said, taken from a corpus sample: the part that a reply can be written to, or why there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Final

from anxin.corpus.sample import Drop, Sample
from anxin.dialogue import Dialogue
from anxin.prefer.prompts import language_of
from anxin.safety import Risk, screen

__all__ = ["Statements", "same_words"]

_FROM: Final = Risk.T2


@dataclass(frozen=True, slots=True)
class Statements:
    """Makes a statement of a sample: a document becomes the client's one message, a dialogue must end with the client.

    `trim` takes a dialogue that ends with the counsellor up to the client's last message. `crisis` keeps what the
    screen puts at T2 or above, which is left out otherwise: how to speak in a crisis is never learned from whatever a
    model happens to say. The language is noted.
    """

    trim: bool = False
    crisis: bool = False

    def __call__(self, sample: Sample) -> Sample | Drop:
        shaped = self.shaped(sample)
        if isinstance(shaped, Drop):
            return shaped
        if not self.crisis:
            risk = max(screen(message.text).risk for message in shaped.dialogue.by("client"))
            if risk >= _FROM:
                return Drop("crisis", risk.name)
        return shaped.noting(language=language_of(shaped.dialogue, sample.metadata.get("language")))

    def shaped(self, sample: Sample) -> Sample | Drop:
        """The same without the screen."""
        dialogue = Dialogue().says("client", sample.document) if sample.document else sample.dialogue
        messages = dialogue.messages
        while self.trim and messages and messages[-1].role != "client":
            messages = messages[:-1]
        if not messages or messages[-1].role != "client":
            return Drop("not_the_clients", "the last words are not the client's; trim may help")
        if not messages[-1].text.strip():
            return Drop("empty")
        return replace(sample, dialogue=Dialogue(messages, sample.id), document="")


def same_words(sample: Sample, seen: Set[bytes] = frozenset()) -> tuple[bytes, bool]:
    """A short hash of all that is said in a statement, and whether it is among `seen`."""
    words = "\0".join(f"{message.role}:{' '.join(message.text.split())}" for message in sample.dialogue)
    mark = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return mark, mark in seen
