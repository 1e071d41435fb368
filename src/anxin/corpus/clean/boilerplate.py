"""What a site puts around every text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Sample
from anxin.dialogue import Message

__all__ = ["Boilerplate"]

_LONGEST = 80
_RUNNING = 6  # characters, below which a line may well recur in a tale
_ENDS = tuple('。！？!?.”"…，,：:；;')


@dataclass(frozen=True, slots=True)
class Boilerplate:
    """Takes out of documents the lines a site adds (copyright, sources, cookie notices, navigation, dates) and the
    running heads that come again `repeats` times; out of a counsellor's turn the phrases of question-and-answer sites
    ("谢邀", "以上是我个人的见解").

    Only short lines go; a sentence that recurs is the author's. A text of nothing else becomes empty, and `length`
    drops it.
    """

    repeats: int = 4

    def __call__(self, sample: Sample) -> Sample:
        if sample.document:
            text = self._without(sample.document)
            return sample if text == sample.document else replace(sample, document=text)
        messages = tuple(map(_spoken, sample.dialogue))
        if messages == sample.dialogue.messages:
            return sample
        return replace(sample, dialogue=replace(sample.dialogue, messages=messages))

    def _without(self, document: str) -> str:
        site = phrases("site")
        lines = document.split("\n")
        times = Counter(line.strip() for line in lines if len(line) <= _LONGEST)
        kept = []
        for line in lines:
            bare = line.strip()
            if bare and len(bare) <= _LONGEST and site.search(bare):
                continue
            if len(bare) >= _RUNNING and times[bare] >= self.repeats and not bare.endswith(_ENDS):
                continue
            kept.append(line)
        return "\n".join(kept)


def _spoken(message: Message) -> Message:
    forum = phrases("forum")
    if message.role != "counsellor" or not forum.search(message.text):
        return message
    return replace(message, text=forum.sub("", message.text).strip())
