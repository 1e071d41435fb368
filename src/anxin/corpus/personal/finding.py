"""Everything personal in a text, as disjoint spans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

from anxin.corpus.personal.chinese import again, chinese_names
from anxin.corpus.personal.english import again_english, english_names
from anxin.corpus.personal.numbers import numbers
from anxin.corpus.personal.places import places
from anxin.corpus.personal.reading import HAN, plain
from anxin.corpus.personal.span import Found, Span, settle

__all__ = ["find", "find_all"]


def find(text: str) -> tuple[Span, ...]:
    """Personal data in one text: sorted, disjoint spans, offsets in code points.

    A name found once is found wherever it stands in the text. Crisis lines and public figures are never in it.
    """
    return find_all((text,))[0]


def find_all(texts: tuple[str, ...]) -> tuple[tuple[Span, ...], ...]:
    """The spans of each of the texts of one conversation: a name found in one is found in all."""
    read = [plain(text) for text in texts]
    found = [_once(text) for text in read]
    names = {
        text[one.start : one.end] for text, all_ in zip(read, found, strict=True) for one in all_ if one.kind == "name"
    }
    forms = _forms(names)
    for text, all_ in zip(read, found, strict=True):
        for form in forms:
            all_ += _again(text, form)
    return tuple(settle(all_) for all_ in found)


def _once(text: str) -> list[Found]:
    found = [*numbers(text), *places(text), *english_names(text)]
    if not text.isascii():
        found += chinese_names(text)
    return found


def _forms(names: Set[str]) -> list[str]:
    """Every name again, in its other forms."""
    chinese = again({name for name in names if _HAN_FIRST.match(name)})
    return [*chinese, *again_english({name for name in names if name.isascii()})] if names else []


def _again(text: str, form: str) -> Iterator[Found]:
    latin = form.isascii()
    at = text.find(form)
    while at >= 0:
        end = at + len(form)
        # Latin letters right beside it make another word of it.
        if not latin or not (_LETTER.match(text, at - 1, at) or _LETTER.match(text, end)):
            yield Found(at, end, "name", 1.0)
        at = text.find(form, end)


_LETTER = re.compile("[A-Za-z]")
_HAN_FIRST = re.compile(f"[{HAN}]")
