"""Adverts: someone wants to be followed, paid or contacted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Drop, Sample

__all__ = ["Adverts"]


@dataclass(frozen=True, slots=True)
class Adverts:
    """Takes advertising lines out of documents, and drops (`advert`) a dialogue whose counsellor advertises.

    Meant: "come to me on another channel", "rate me", "pay me", sales. Not meant: that the client might write to a
    friend, see a counsellor, take a course, or come back to talk. A client's own words are never read.

    `cut = true` cuts the advertising sentence out of a counsellor's turn instead, and what follows may hang in the air.
    """

    cut: bool = False

    def __call__(self, sample: Sample) -> Sample | Drop:
        advert = phrases("advert")
        if sample.document:
            lines = sample.document.split("\n")
            contact = phrases("contact_line")
            kept = [line for line in lines if len(line) > _LONGEST or not (advert.search(line) or contact.search(line))]
            return sample if len(kept) == len(lines) else replace(sample, document="\n".join(kept))
        for message in sample.dialogue.by("counsellor"):
            found = advert.search(message.text)
            if found and not self.cut:
                return Drop("advert", found.group()[:60])
        return self._cut(sample) if self.cut else sample

    def _cut(self, sample: Sample) -> Sample:
        messages = tuple(
            replace(
                message,
                text="".join(part for part in _SENTENCE.findall(message.text) if not phrases("advert").search(part)),
            )
            if message.role == "counsellor"
            else message
            for message in sample.dialogue
        )
        if messages == sample.dialogue.messages:
            return sample
        return replace(sample, dialogue=replace(sample.dialogue, messages=messages))


_LONGEST = 200  # characters: a longer line is a paragraph, in which one phrase does not make an advert of the whole
_SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?\n]?")
