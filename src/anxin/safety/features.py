"""What the learned screen looks at: short runs of characters and words, and of the kinds of words they are.

A message is written in one code point a unit, so that a run of units is a slice of a string:
    units    Chinese characters and signs as they are, each known Latin word as one private code point: runs of one to
             three, and pairs with one unit between
    coarse   words (longest match in the table) by their coarse group, of about a hundred: runs of one to three
    fine     the same words by their fine group, of about a thousand: one by one
Groups are clusters of word vectors: words that stand in like places share one. Pure, standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Words", "features"]

_TOKEN = re.compile(r"[a-z]+|[0-9]+|[\u3400-\u9fff]+|[^\sa-z0-9]")
_LONGEST = 4  # characters of the longest Chinese word in the table
_WORD, _COARSE, _FINE = 0xF0000, 0x100000, 0x108000  # private planes: words, coarse groups, fine groups
_NUMBER, _UNKNOWN = "\ue000", "\ue001"
_START, _END = "\ue002", "\ue003"
_LETTERS = 4  # an unknown Latin word is seen by runs of so many letters


@dataclass(frozen=True, slots=True)
class Words:
    """Each known word's code point in the three strings; `latin` words are one unit, Chinese ones are not."""

    latin: Mapping[str, str]
    coarse: Mapping[str, str]
    fine: Mapping[str, str]

    @classmethod
    def of(cls, groups: Mapping[str, tuple[int, int]]) -> Words:
        """From each word's coarse and fine group, in a fixed order: a Latin word's place is its code point."""
        latin = (word for word in groups if word.isascii())
        return cls(
            latin={word: chr(_WORD + place) for place, word in enumerate(latin)},
            coarse={word: chr(_COARSE + group) for word, (group, _) in groups.items()},
            fine={word: chr(_FINE + group) for word, (_, group) in groups.items()},
        )


def features(text: str, words: Words) -> set[str]:
    """The features of folded text. Their number grows with its length, about seven for each unit."""
    units, coarse, fine, found = [_START], [_START], [_START], set[str]()
    for token in _TOKEN.findall(text):
        first = token[0]
        if "\u3400" <= first <= "\u9fff":
            units.append(token)
            _split(token, words, coarse, fine)
        elif "a" <= first <= "z":
            code = words.latin.get(token)
            units.append(code or _UNKNOWN)
            coarse.append(words.coarse.get(token, _UNKNOWN))
            fine.append(words.fine.get(token, _UNKNOWN))
            if code is None:
                found.add(token)
                padded = f"<{token}>"
                found.update(padded[at : at + _LETTERS] for at in range(len(padded) - _LETTERS + 1))
        else:
            sign = _NUMBER if first.isdigit() else token
            for row in (units, coarse, fine):
                row.append(sign)
    found.update(fine)
    line = "".join([*units, _END])
    found.update(line)
    found.update([line[at : at + 2] for at in range(len(line) - 1)])
    found.update([line[at : at + 3] for at in range(len(line) - 2)])
    found.update([one + " " + two for one, two in zip(line, line[2:], strict=False)])
    line = "".join([*coarse, _END])
    found.update(line)
    found.update([line[at : at + 2] for at in range(len(line) - 1)])
    found.update([line[at : at + 3] for at in range(len(line) - 2)])
    return found


def _split(run: str, words: Words, coarse: list[str], fine: list[str]) -> None:
    """Chinese characters into the longest words the table knows, from the left."""
    at, end = 0, len(run)
    while at < end:
        for size in range(min(_LONGEST, end - at), 0, -1):
            word = run[at : at + size]
            group = words.coarse.get(word)
            if group is not None:
                coarse.append(group)
                fine.append(words.fine[word])
                break
            if size == 1:
                coarse.append(word)
                fine.append(word)
        at += size
