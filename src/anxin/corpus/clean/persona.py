"""Counsellors who play a part."""

from __future__ import annotations

import re
from dataclasses import dataclass

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Drop, Sample

__all__ = ["Persona"]

_STAGED = re.compile(
    r"\s*(?:[（(](?![^（）()\n]{0,20}(?:反馈|分析|建议|共情|澄清|总结|梳理|方法|倾听))[^（）()\n]{2,24}[）)]|\*[^*\n]{2,40}\*)"
)
_ECHO = 4  # characters; below, "微笑" may stand in the client's words too


@dataclass(frozen=True, slots=True)
class Persona:
    """Drops (`persona`) a dialogue whose counsellor plays somebody.

    Signs: the system message casts a part; one of `names` is spoken (艾薇 is EmoLLM's "aiwei"); or the share `staged`
    of the replies, two at least, opens with a stage direction, "（微笑）" or "*nods*". "（澄清）" and its like are
    labels of technique, not a part, and so is what the client said before, set off by such marks.
    It stands before `roles`, which takes system messages away.
    """

    names: tuple[str, ...] = ("艾薇",)
    staged: float = 0.3

    def __call__(self, sample: Sample) -> Sample | Drop:
        for message in sample.dialogue:
            if message.role == "system" and (cast := phrases("cast").search(message.text)):
                return Drop("persona", cast.group()[:60])
            for name in self.names:
                if name in message.text:
                    return Drop("persona", name)
        replies = sample.dialogue.by("counsellor")
        heard = "\n".join(message.text for message in sample.dialogue.by("client"))
        opened = [match.group().strip(" \n*（）()") for reply in replies if (match := _STAGED.match(reply.text))]
        staged = sum(len(words) < _ECHO or words not in heard for words in opened)
        return Drop("persona", f"{staged} staged") if staged >= 2 and staged >= self.staged * len(replies) else sample
