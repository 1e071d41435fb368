"""How much of a counsellor's talk is the template "empathy + advice"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Drop, Sample

__all__ = ["Template"]

_SENTENCES = re.compile(r"[。！？!?\n]|(?<=[a-z])\. ")


@dataclass(frozen=True, slots=True)
class Template:
    """Notes in `template` which share of the counsellor's replies opens with empathy and goes on to advice in the
    sentences after it, 0 to 1, and drops (`template`) nothing unless `most` is below 1.

    One such reply is good craft; a dialogue of nothing else teaches a tic, so that a mix may weigh by this.
    """

    most: float = 1.0

    def __call__(self, sample: Sample) -> Sample | Drop:
        replies = sample.dialogue.by("counsellor")
        if not replies:
            return sample
        share = round(sum(map(_template, (reply.text for reply in replies))) / len(replies), 2)
        if share > self.most:
            return Drop("template", str(share))
        return sample if sample.metadata.get("template") == share else sample.noting(template=share)


def _template(text: str) -> bool:
    if not phrases("empathy").match(text):
        return False
    _, *rest = _SENTENCES.split(text, maxsplit=1)
    return bool(rest) and bool(phrases("advice").search(rest[0]))
