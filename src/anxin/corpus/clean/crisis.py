"""Dialogues that touch crisis go to a shard of their own."""

from __future__ import annotations

from dataclasses import dataclass

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Aside, Sample
from anxin.safety import screen

__all__ = ["Crisis"]


@dataclass(frozen=True, slots=True)
class Crisis:
    """Sets aside, in the shard `crisis`, a dialogue that touches crisis; what is known of it is noted in `crisis`.

    It does where either side names it (suicide, self-harm, violence), or where the screen of `anxin.safety` finds
    `level` or more in any message of the client. Nothing is skipped: the learned half of the screen hears what no list
    of words foresees, so that no quick look can stand in for it. Cost: about a millisecond a message.

    What a corpus says in a crisis is never taught from the main shard (design, section Risk): the protocol is authored.
    """

    level: int = 2

    def __call__(self, sample: Sample) -> Sample | Aside:
        for message in sample.dialogue:
            if message.role != "system" and (found := phrases("crisis").search(message.text)):
                return Aside("crisis", sample.noting(crisis={"named": found.group(), "by": message.role}))
        for message in sample.dialogue.by("client"):
            risk = screen(message.text).risk
            if risk >= self.level:
                return Aside("crisis", sample.noting(crisis={"risk": int(risk), "by": message.role}))
        return sample
