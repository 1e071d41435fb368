"""Counsellors who tell of a life of their own."""

from __future__ import annotations

import re

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Drop, Sample

__all__ = ["discloses"]

_QUOTED = re.compile(
    r"“[^”]{0,300}”|\"[^\"\n]{0,300}\"|「[^」]{0,300}」|『[^』]{0,300}』|‘[^’]{0,200}’|(?<!\w)'[^'\n]{0,200}'(?!\w)"
)

_ECHO = 12  # characters; two people do not say so many alike by chance


def discloses(sample: Sample) -> Sample | Drop:
    """Drops (`discloses`) a dialogue whose counsellor tells of a life of its own: its family, youth, illness, losses.

    Data written from forum answers is full of it, and from a model it is untrue. First-person words lent to the client
    ("you could say: my mother ...") and quotations pass, also those without marks: a dozen characters on end that the
    client said just so.
    """
    heard = "\n".join(message.text for message in sample.dialogue.by("client"))
    for message in sample.dialogue.by("counsellor"):
        text = _QUOTED.sub("“”", message.text)
        for life, lent in (("life", "lent"), ("life_en", "lent_en")):
            for found in phrases(life).finditer(text):
                before = text[max(0, found.start() - 60) : found.start()]
                if not _echoes(text, found, heard) and not phrases(lent).search(before):
                    return Drop("discloses", found.group().strip()[:60])
    return sample


def _echoes(text: str, found: re.Match[str], heard: str) -> bool:
    said = text[found.start() : max(found.end(), found.start() + _ECHO)]
    return len(said) >= _ECHO and said in heard
