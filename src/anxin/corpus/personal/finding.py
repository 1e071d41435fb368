"""Everything personal in a text, as disjoint spans.

Written forms (numbers, addresses on the net, accounts) are found by rules. Names, institutions and addresses are
decided by a tagger learned from authored text (`tagger.py`); what the rules for them found is one hint among others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING

from anxin.corpus.personal.chinese import again, chinese_names, known_figures, torn
from anxin.corpus.personal.english import again_english, english_names, known_figures_english
from anxin.corpus.personal.handles import handles, without_data
from anxin.corpus.personal.numbers import numbers
from anxin.corpus.personal.places import places
from anxin.corpus.personal.reading import HAN, plain
from anxin.corpus.personal.span import TAGGED, Found, Span, settle
from anxin.errors import MissingExtra

if TYPE_CHECKING:
    from anxin.corpus.personal.tagger import Tagger

__all__ = ["by_rule", "decide", "find", "find_all", "hints"]


def find(text: str) -> tuple[Span, ...]:
    """Personal data in one text: sorted, disjoint spans, offsets in code points.

    A name found once is found wherever it stands in the text. Crisis lines and public figures are never in it.
    """
    return find_all((text,))[0]


def find_all(texts: tuple[str, ...]) -> tuple[tuple[Span, ...], ...]:
    """The spans of each of the texts of one conversation: a name found in one is found in all.

    Raises `MissingExtra` without numpy.
    """
    try:
        from anxin.corpus.personal.tagger import tagger
    except ImportError as error:
        raise MissingExtra("finding personal data", "corpus") from error
    return decide([plain(text) for text in texts], tagger())


def decide(read: Sequence[str], model: Tagger, lean: float | None = None) -> tuple[tuple[Span, ...], ...]:
    """The spans of the plain texts of one conversation by a tagger; `lean` as in `Tagger.find`."""
    read = [without_data(text) for text in read]
    ruled = [by_rule(text) for text in read]
    hinted = [hints(all_) for all_ in ruled]
    tagged = model.find(read, hinted) if lean is None else model.find(read, hinted, lean)
    tagged = [
        _unknown(text, learned, ruled_, model.small) for text, learned, ruled_ in zip(read, tagged, hinted, strict=True)
    ]
    # What a rule found and the tagger did not see at all stays: the rules find little, but hardly anything wrongly.
    tagged = [_joined(learned, ruled_) for learned, ruled_ in zip(tagged, hinted, strict=True)]
    names = {
        text[one.start : one.end] for text, all_ in zip(read, tagged, strict=True) for one in all_ if one.kind == "name"
    }
    forms = _forms(names)
    found = []
    for text, rules, learned in zip(read, ruled, tagged, strict=True):
        all_ = [*(one for one in rules if one.kind not in TAGGED or one.kind == "account"), *learned]
        for form in forms:
            all_ += _again(text, form)
        found.append(settle(all_))
    return tuple(found)


def _unknown(text: str, learned: Sequence[Found], ruled: Sequence[Found], small: Mapping[str, int]) -> list[Found]:
    """Without public figures and words torn apart, unless the rules saw a person announced there ("我叫李健")."""
    if all(one.kind != "name" for one in learned):
        return list(learned)
    known = known_figures_english(text) + ([] if text.isascii() else known_figures(text))
    return [
        one
        for one in learned
        if one.kind != "name"
        or not (
            _opens(text, one, small)
            or torn(text, one.start, one.end)
            or any(start <= one.start and one.end <= end for start, end in known)
        )
        or any(rule.kind == "name" and rule.start < one.end and one.start < rule.end for rule in ruled)
    ]


def _opens(text: str, one: Found, small: Mapping[str, int]) -> bool:
    """Whether it is an ordinary word with the capital of a sentence's beginning ("Marks are not everything")."""
    word = text[one.start : one.end]
    opens = not text[: one.start].strip() or text[: one.start].rstrip()[-1] in ".!?\n"
    return opens and word.isascii() and word[:1].isupper() and word.casefold() in small


def _joined(learned: Sequence[Found], ruled: Sequence[Found]) -> list[Found]:
    left = (
        one
        for one in ruled
        if one.kind in TAGGED and all(one.end <= other.start or other.end <= one.start for other in learned)
    )
    return [*learned, *left]


def by_rule(text: str) -> list[Found]:
    """What the rules find in a plain text, overlaps and all."""
    found = [*numbers(text), *handles(text), *places(text), *english_names(text)]
    if not text.isascii():
        found += chinese_names(text)
    return found


def hints(found: Sequence[Found]) -> list[Found]:
    """What the rules found, disjoint, as the tagger takes it."""
    return [Found(one.start, one.end, one.kind) for one in settle(found)]


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
