"""Text that goes round in circles."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from anxin.corpus.sample import Drop, Sample

__all__ = ["Repetition"]

_HAN = re.compile("[\u3400-\u9fff]")
_RUN = re.compile(r"([^\W_0-9])\1{39,}")
_NOT_SAID = re.compile(r"[\W_]+")
_GRAM = {True: 10, False: 30}  # characters: a clause, in Chinese and in English
_ENOUGH = 120  # characters, below which a refrain is a figure of speech
_SAME = 4  # characters of the pieces by which replies are compared
_SAID = 12  # characters a reply must have to be counted: "不客气" may come again
_LINES = 6


@dataclass(frozen=True, slots=True)
class Repetition:
    """Drops samples that repeat themselves: `repeats` within one text, `same_reply` from turn to turn.

    `loops`: the share of a text that lies in clauses (10 Chinese or 30 Latin characters) seen earlier in it. Prose
    stays below .1, songs and parallel clauses below .4; a model caught in a loop goes beyond .5. `lines`: the same for
    whole lines, where there are six or more. Gopher's limits (Rae et al. 2021, A1.1) count words, which Chinese does
    not space. Runs of one letter or character drop from 40 on: people in distress write "啊啊啊啊啊啊".

    `replies`: the share of the counsellor's replies that say again what an earlier one said (nine tenths of their
    4-character pieces are in it); at least two such. Thanks and goodbyes are too short to be counted.
    """

    loops: float = 0.45
    lines: float = 0.4
    replies: float = 0.34

    def __call__(self, sample: Sample) -> Sample | Drop:
        texts = [sample.document] if sample.document else [message.text for message in sample.dialogue]
        for text in texts:
            if _RUN.search(text):
                return Drop("repeats", "one character over and over")
            if len(text) >= _ENOUGH and (_looping(text) > self.loops or _relisted(text) > self.lines):
                return Drop("repeats", "in circles")
        again, counted = _again([message.text for message in sample.dialogue.by("counsellor")])
        if again >= 2 and again > self.replies * counted:
            return Drop("same_reply", f"{again} of {counted}")
        return sample


def _looping(text: str) -> float:
    """The share of the text's characters that lie in a clause-long piece seen earlier in it."""
    n = _GRAM[2 * len(_HAN.findall(text)) >= len(text)]
    seen: set[str] = set()
    covered, reach = 0, 0
    for start in range(len(text) - n + 1):
        piece = text[start : start + n]
        if piece in seen:
            covered += start + n - max(start, reach)
            reach = start + n
        else:
            seen.add(piece)
    return covered / len(text)


def _relisted(text: str) -> float:
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < _LINES:
        return 0.0
    return sum(len(line) * (times - 1) for line, times in Counter(lines).items()) / sum(map(len, lines))


def _again(replies: list[str]) -> tuple[int, int]:
    """How many of the replies long enough to be counted say an earlier one again, and how many are counted."""
    earlier: list[frozenset[str]] = []
    again = 0
    for reply in replies:
        said = _NOT_SAID.sub("", reply)
        if len(said) < _SAID:
            continue
        pieces = frozenset(said[place : place + _SAME] for place in range(len(said) - _SAME + 1))
        again += any(len(pieces & other) >= 0.9 * len(pieces) for other in earlier)
        earlier.append(pieces)
    return again, len(earlier)
