"""Spaces and line breaks, made even."""

from __future__ import annotations

import re

from anxin.corpus.sample import Sample

__all__ = ["even", "spacing"]

_SPACE = re.compile(r"[ \t\r\f\v]+")
_BLANK = re.compile(r"\s*\n\s*")
_WIDE = re.compile("[\u2000-\u200a\u202f\u205f\u3000]+")
_SPREAD = re.compile(r"(?<![^\s])(?:[\u3400-\u9fff][，。！？、]? ){6,}[\u3400-\u9fff]")
_BEFORE = re.compile(r"(?<=[\u3400-\u9fff]) +(?=[，。！？；：、）】》”])")


def spacing(sample: Sample) -> Sample:
    """One space at most, no empty lines, none around a text; wide spaces read as spaces.

    A space between Chinese words stays: it is how many people end a clause. Where a space stands after every single
    character, as some converters leave it, all of them go, and so does one before Chinese punctuation.
    """
    return sample.rewritten(_spaced)


def even(text: str) -> str:
    """The text with runs of blanks as one blank, and line breaks with what surrounds them as one line break."""
    return _BLANK.sub("\n", _SPACE.sub(" ", text)).strip()


def _spaced(text: str) -> str:
    text = even(_WIDE.sub(" ", text))
    if " " not in text:
        return text
    return _BEFORE.sub("", _SPREAD.sub(lambda run: run.group().replace(" ", ""), text))
