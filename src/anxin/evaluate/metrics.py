"""Pure measures of generated text. Tokens are characters without white space for Chinese, words for English."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["distinct", "looping", "tokens"]

_TOKEN = re.compile(r"[A-Za-z0-9']+|\S")


def tokens(text: str) -> list[str]:
    """Chinese characters and punctuation one by one, runs of Latin letters and digits as one."""
    return _TOKEN.findall(text)


def distinct(texts: Iterable[str], n: int) -> float:
    """Distinct-n over a whole set: different n-grams / all n-grams, 0 to 1 (Li et al. 2016, section 5.2).

    n-grams do not cross from one text to the next. 0.0 where there are none.
    """
    seen: set[tuple[str, ...]] = set()
    total = 0
    for text in texts:
        units = tokens(text)
        grams = [tuple(units[place : place + n]) for place in range(len(units) - n + 1)]
        seen.update(grams)
        total += len(grams)
    return len(seen) / total if total else 0.0


def looping(text: str, n: int = 4, times: int = 3) -> bool:
    """Whether some n-gram stands in the text `times` times or more: the loop a small model falls into."""
    units = tokens(text)
    grams = Counter(tuple(units[place : place + n]) for place in range(len(units) - n + 1))
    return any(count >= times for count in grams.values())
