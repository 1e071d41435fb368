"""How long a sample may be."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anxin.corpus.sample import Drop, Sample

__all__ = ["Length", "size"]

_HAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_OTHER = re.compile("[A-Za-z0-9\u00c0-\u1fff]+")
_WORTH = 1.5


def size(text: str) -> int:
    """How much is said, in Chinese characters: a word of another script counts one and a half, punctuation nothing."""
    return len(_HAN.findall(text)) + int(_WORTH * len(_OTHER.findall(text)))


@dataclass(frozen=True, slots=True)
class Length:
    """Drops what is `too_short`, `too_long`, or has `few_turns` or `many_turns`. Sizes as `size` counts them.

    A message of a dialogue has between `shortest` (a counsellor's "嗯。" is a turn; an empty one is not) and `longest`
    (an essay is no turn of talk); all of them together between `least` and `most`, in `fewest` to `turns` turns, a turn
    being a counsellor's message. A document has between `least_document` and `most_document`.
    """

    shortest: int = 1
    longest: int = 3000
    least: int = 10
    most: int = 30_000
    fewest: int = 1
    turns: int = 200
    least_document: int = 50
    most_document: int = 1_000_000

    def __call__(self, sample: Sample) -> Sample | Drop:
        if not len(sample.dialogue):
            whole = size(sample.document)
            return _outside(whole, self.least_document, self.most_document, "the document has") or sample
        sizes = [size(message.text) for message in sample.dialogue if message.role != "system"]
        turns = len(sample.dialogue.by("counsellor"))
        if turns < self.fewest:
            return Drop("few_turns", str(turns))
        if turns > self.turns:
            return Drop("many_turns", str(turns))
        return (
            _outside(sum(sizes), self.least, self.most, "the dialogue has")
            or _outside(min(sizes, default=0), self.shortest, self.longest, "a message has")
            or _outside(max(sizes, default=0), self.shortest, self.longest, "a message has")
            or sample
        )


def _outside(size: int, least: int, most: int, what: str) -> Drop | None:
    if size < least:
        return Drop("too_short", f"{what} {size}")
    return Drop("too_long", f"{what} {size}") if size > most else None
