"""Text folded to what counts for sameness: letters, digits and marks, case and width ignored; as code points.

The fold of a text is the letters, numbers and combining marks of NFKC(casefold(NFKC(text))); spaces, punctuation and
symbols are left out. A table over code points does it for whole batches, about fifty times as fast as `unicodedata`;
the rare texts with characters that a table cannot fold one by one (they compose with a neighbour, or become several
letters) go through `unicodedata`, to the same result.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

from anxin.errors import MissingExtra

__all__ = ["fold", "numpy", "spell"]

_SLOW = 0xFFFFFFFF
_SPACE, _END = 0x20, 0x110000


def numpy() -> Any:
    """The array package. Raises `MissingExtra` where it is not installed."""
    try:
        import numpy
    except ImportError:
        raise MissingExtra("comparing samples", "corpus") from None
    return numpy


def fold(texts: Sequence[str]) -> tuple[Any, Any]:
    """The folded texts one after another as uint32 code points, and where each begins, with the end last (int64)."""
    codes, starts = spell(texts)
    kept = numpy().flatnonzero(codes)
    return codes[kept], numpy().searchsorted(kept, starts)


def spell(texts: Sequence[str]) -> tuple[Any, Any]:
    """As `fold`, with a 0 for each space, sign or symbol, so that words stay apart."""
    np = numpy()
    points, starts = _points(texts)
    codes = _table()[points]
    found = np.flatnonzero(codes == _SLOW)
    if len(found):
        whole = set((np.searchsorted(starts, found, "right") - 1).tolist())
        points, starts = _points([_plain(text) if place in whole else text for place, text in enumerate(texts)])
        codes = _table()[points]
        for place in whole:
            slowly = points[starts[place] : starts[place + 1]]
            codes[starts[place] : starts[place + 1]] = np.where(slowly == _SPACE, 0, slowly)
    return codes, starts


def _points(texts: Sequence[str]) -> tuple[Any, Any]:
    np = numpy()
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    starts = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)), out=starts[1:])
    return points, starts


def _plain(text: str) -> str:
    """The fold of one text, slowly; a space for what does not count."""
    return "".join(character if _counts(character) else " " for character in _same(text))


def _same(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _counts(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM" and not _selects(ord(character))


def _selects(code: int) -> bool:
    """Variation selectors are marks by category; they only choose how an emoji or a Han character is drawn."""
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


@cache
def _table() -> Any:
    """For each code point its fold: one code point, 0 for nothing, or `_SLOW`."""
    np = numpy()
    table = np.zeros(_END, np.uint32)
    itself = [(0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0x20000, 0x2F800), (0x30000, 0x33480)]
    for start, end in itself:  # Han and Hangul syllables: the same in every form
        known = (unicodedata.category(chr(code)) == "Lo" for code in range(start, end))
        table[start:end] = np.fromiter(known, np.uint32, end - start) * np.arange(start, end, dtype=np.uint32)
    others = [(0, 0x3400), (0x4DC0, 0x4E00), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xF900, 0x20000), (0x2F800, 0x2FA20)]
    for start, end in others:
        for code in range(start, end):
            table[code] = _one(chr(code))
    return table


def _one(character: str) -> int:
    folded = "".join(filter(_counts, _same(character)))
    # Marks and the vowels and finals of Hangul may compose with what stands before them.
    if (unicodedata.category(character)[0] == "M" or 0x1160 <= ord(character) <= 0x11FF) and folded:
        return _SLOW
    if not folded:
        return 0
    return ord(folded) if len(folded) == 1 else _SLOW
