from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("numpy")

from anxin.corpus.dedup.fold import fold


def folded(*texts: str) -> list[str]:
    codes, starts = fold(texts)
    return ["".join(map(chr, codes[starts[n] : starts[n + 1]])) for n in range(len(texts))]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("你好，世界！", "你好世界"),
        ("Ｈｅｌｌｏ　World…", "helloworld"),
        ("第①条", "第1条"),
        ("STRASSE straße", "strassestrasse"),
        ("cafe\u0301 café", "cafécafé"),
        ("가 \u1100\u1161", "가가"),
        ("爱你❤\ufe0f😀", "爱你"),
        ("……？！", ""),
        ("", ""),
        ("\ud800坏", "坏"),
    ],
)
def test_letters_and_digits_are_left(text: str, left: str) -> None:
    assert folded(text) == [left]


def slowly(text: str) -> str:
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    selectors = {*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}
    return "".join(c for c in whole if unicodedata.category(c)[0] in "LNM" and ord(c) not in selectors)


@given(st.lists(st.text(max_size=12), max_size=5))
def test_the_table_folds_as_unicodedata_does(texts: list[str]) -> None:
    assert folded(*texts) == [slowly(text) for text in texts]


@pytest.mark.slow
def test_every_character_folds_alone_as_unicodedata_does() -> None:
    texts = [chr(code) for code in range(0x110000)]
    for text, left in zip(texts, folded(*texts), strict=True):
        assert left == slowly(text), f"{ord(text):x}"
