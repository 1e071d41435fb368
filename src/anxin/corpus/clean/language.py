"""Which language a sample is in."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from anxin.corpus.sample import Drop, Sample
from anxin.errors import ConfigError, MissingExtra

__all__ = ["Languages"]

_HAN = re.compile("[\u3400-\u9fff]+")
_KANA = re.compile("[\u3041-\u30ff]+")
_HANGUL = re.compile("[\uac00-\ud7a3]+")
_OTHER = re.compile("[\u0370-\u1fff]+")  # Greek, Cyrillic, Arabic, Indic scripts, Thai ...
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]+")
_ENGLISH = re.compile(
    r"\b(?:the|and|to|of|i|you|a|it|that|is|in|my|me|for|have|this|with|be|not|are|on|but|so|what|was|do|your|about|im"
    r"|can|just|if|we|he|she|they|feel|when|like|or)\b",
    re.I,
)
_LETTERS = 3  # Latin letters that say as much as one Chinese character
_FEW = 30  # Latin letters, below which no guess at a language is worth anything
_CERTAIN = 0.25  # share of English's commonest words: prose has .35 or more, other languages' below .1

_CODE = re.compile(r"[a-z]{2,3}")
_COUNTRIES = frozenset({"cn", "tw", "hk", "jp", "us", "uk"})


@dataclass(frozen=True, slots=True)
class Languages:
    """Keeps samples in the languages of `keep` and notes which in `language`; others are dropped (`language`).

    Scripts decide where they can: Chinese has Han characters and no kana; Chinese with English words is Chinese. Only
    Latin text without English's common words is shown to py3langid. A dialogue is judged as a whole, since nobody can
    tell the language of "ok"; one of a few Latin letters counts as English.
    """

    keep: tuple[str, ...] = ("zh", "en")

    def __post_init__(self) -> None:
        if not self.keep or any(not _CODE.fullmatch(code) or code in _COUNTRIES for code in self.keep):
            raise ConfigError("language: keep names languages by ISO 639: zh, en, ja, ko; und for none")

    def __call__(self, sample: Sample) -> Sample | Drop:
        language = _language(sample.text)
        if language not in self.keep:
            return Drop("language", language)
        return sample if sample.metadata.get("language") == language else sample.noting(language=language)


def _language(text: str) -> str:
    han, kana, hangul, other = (sum(map(len, script.findall(text))) for script in (_HAN, _KANA, _HANGUL, _OTHER))
    if han and not (kana or hangul or other) and len(text) < 3 * han:
        return "zh"
    words = _LATIN.findall(text)
    latin = sum(map(len, words)) // _LETTERS
    if kana * 8 > han + latin + kana:
        return "ja"
    if hangul * 2 > han + latin + hangul:
        return "ko"
    if other > _LETTERS * (han + latin):
        return _guessed(text)
    if han * 3 >= latin:
        return "zh" if han else "und"
    if len(_ENGLISH.findall(text)) >= _CERTAIN * len(words) or latin * _LETTERS < _FEW:
        return "en"
    return _guessed(text)


def _guessed(text: str) -> str:
    return _identifier()(text[:4000])


@cache
def _identifier() -> Callable[[str], str]:
    try:
        import py3langid
    except ImportError:
        raise MissingExtra("telling languages apart", "corpus") from None
    return lambda text: str(py3langid.classify(text)[0])
