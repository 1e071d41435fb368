"""Counsellors who say that they are a machine."""

from __future__ import annotations

from anxin.corpus.clean.phrases import phrases
from anxin.corpus.sample import Drop, Sample

__all__ = ["machine"]


def machine(sample: Sample) -> Sample | Drop:
    """Drops (`machine`) a dialogue whose counsellor says it is an AI or a language model.

    What Anxin says of itself is authored; a borrowed "as a language model" comes with its refusals. Talk about machines
    ("you are not a robot") passes.
    """
    found = phrases("machine").search(sample.counselling)
    return Drop("machine", found.group()[:60]) if found else sample
