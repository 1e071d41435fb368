"""The step that takes personal data out of a sample."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from anxin.corpus.personal.finding import find_all
from anxin.corpus.personal.reading import HAN, plain
from anxin.corpus.personal.span import KINDS, Span
from anxin.corpus.personal.stand_ins import Cast, bracketed, institution
from anxin.corpus.sample import Sample
from anxin.dialogue import Language
from anxin.errors import ConfigError

__all__ = ["Personal"]

_HAN = re.compile(f"[{HAN}]")
_INSTITUTIONS = frozenset({"school", "hospital", "workplace"})
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Personal:
    """Replaces names, numbers, addresses and institutions, the same way all through a sample, thoughts included.

    `style`: "stand_in" gives people invented names and institutions a letter (A大学), so that what is learnt stays
    natural, and puts 〔电话〕 or [phone] for the rest; "placeholder" writes 〔姓名1〕, [name 1] for everything.
    `kinds`: which are replaced; all where empty.

    The metadata gets `personal`, how many places were replaced by kind. Other metadata is left as it is: titles or
    addresses there are the caller's to drop. What stands for whom depends on the sample's source and id alone.
    """

    style: Literal["stand_in", "placeholder"] = "stand_in"
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if unknown := set(self.kinds) - set(KINDS):
            raise ConfigError(f"personal: no kind {', '.join(sorted(unknown))}; known are {', '.join(KINDS)}")

    def __call__(self, sample: Sample) -> Sample:
        said = [text for message in sample.dialogue for text in (message.text, message.thought) if text]
        texts = tuple(dict.fromkeys([*said, sample.document] if sample.document else said))
        wanted = frozenset(self.kinds or KINDS)
        spans = [tuple(span for span in all_ if span.kind in wanted) for all_ in find_all(texts)]
        counts = Counter(span.kind for all_ in spans for span in all_)
        if not counts:
            return sample
        values = {
            kind: list(
                dict.fromkeys(
                    _key(text, span)
                    for text, all_ in zip(texts, spans, strict=True)
                    for span in all_
                    if span.kind == kind
                )
            )
            for kind in counts
        }
        names = [
            text[span.start : span.end]
            for text, all_ in zip(texts, spans, strict=True)
            for span in all_
            if span.kind == "name"
        ]
        cast = Cast(f"{sample.source}/{sample.id}", names, "\n".join(texts))
        letters = [value for kind in KINDS if kind in _INSTITUTIONS for value in values.get(kind, ())]
        changed: dict[str, str] = {}
        for text, all_ in zip(texts, spans, strict=True):
            pieces: list[str] = []
            at = 0
            for span in all_:
                pieces += text[at : span.start], self._instead(text, span, cast, values[span.kind], letters)
                at = span.end
            changed[text] = "".join([*pieces, text[at:]])
        cleaned = sample.rewritten(lambda text: changed.get(text, text))
        return cleaned.noting(personal={kind: counts[kind] for kind in KINDS if counts[kind]})

    def _instead(self, text: str, span: Span, cast: Cast, values: list[str], letters: list[str]) -> str:
        original = text[span.start : span.end]
        language: Language = "zh" if _HAN.search(original) or _HAN.search(text) else "en"
        if self.style == "placeholder":
            number = cast.number(original) if span.kind == "name" else values.index(_key(text, span)) + 1
            return bracketed(span.kind, language, number)
        if span.kind == "name":
            return cast.named(original)
        if span.kind in _INSTITUTIONS:
            place = letters.index(_key(text, span))
            letter = _LETTERS[place % 26] + (str(place // 26) if place >= 26 else "")
            return institution(original, span.kind, language, letter)
        return bracketed(span.kind, language, values.index(_key(text, span)) + 1 if len(values) > 1 else None)


def _key(text: str, span: Span) -> str:
    """What makes two mentions one: the same characters, whatever their width, spacing or case."""
    return re.sub(r"[\s\-.()]", "", plain(text[span.start : span.end])).casefold()
