"""Folding keeps the meaning, drops the disguise and remembers where every character came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.safety.normal import View, clear, fold, fold_char, other_views


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("我想自殺", "我想自杀"),
        ("ＡＢＣ１２３", "abc123"),
        ("don’t", "dont"),
        ("I'm", "im"),
        ("a  b　 c", "a b c"),
        ("自\u200b\u2060杀\ufeff", "自杀"),
        ("ѕuісіdе", "suicide"),
        ("s̶u̶i̶c̶i̶d̶e̶", "suicide"),
        ("𝓴𝓲𝓵𝓵", "kill"),
        ("好，吗？", "好,吗?"),
        ("我想結束，臺灣的醫師", "我想结束,台湾的医师"),
        ("乾脆自殺", "干脆自杀"),
        ("🅺🅼🆂", "kms"),
        ("ｄｏｎ＇ｔ", "dont"),
        ("mу inјury", "my injury"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text).text == folded


@given(st.text(st.characters(codec=None)))
def test_every_folded_span_lies_in_the_original(text: str) -> None:
    view = fold(text)
    for place in range(len(view.text)):
        start, end = view.span(place, place + 1)
        assert 0 <= start < end <= len(text)
    if view.places is not None:
        assert list(view.places) == sorted(view.places)


def _others(text: str) -> list[str]:
    return [view.text for view in other_views(View(text))]


def test_separators_between_characters_are_taken_out() -> None:
    assert "我想自杀" in _others("我想自 杀")
    assert "我想自杀" in _others("我想自*-杀")


def test_clause_marks_between_characters_stay() -> None:
    assert _others("我没事,杀青了") == []


def test_spelled_out_and_leet_words_are_read() -> None:
    assert _others("s u i c i d e now") == ["suicide now"]
    assert _others("su1c1de") == ["suicide"]
    assert _others("i have 2 cats and 10 dogs") == []


def test_words_spelled_with_marks_are_read() -> None:
    assert _others("k*i*l*l myself") == ["kill myself"]
    assert _others("i want to d-i-e") == ["i want to die"]
    assert _others("a b c") == []


def test_what_is_thrown_in_between_is_left_out() -> None:
    assert "我想死" in _others("我 just 想死")
    assert "i want to disappear" in _others("i want 真的 to disappear")
    assert "想自杀" in _others("想自.杀")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("我 想 z i s h a", "我想自杀"),
        ("我 想 跳 搂", "我想跳楼"),
        ("just s-u-i-c-d-e", "just suicide"),
        ("今天天气不错,出去走走", "今天天气不错,出去走走"),
    ],
)
def test_every_disguise_is_read_at_once(text: str, read: str) -> None:
    assert clear(View(text)).text == read


@given(st.text(st.characters(codec=None)))
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["想", "si", "自 ", "sha", "kil ", "d-i-e", "💊", "*"]), st.text(st.characters(codec=None))
        )
    ).map("".join)
)
def test_every_span_of_every_view_lies_in_the_original(text: str) -> None:
    plain = fold(text)
    for view in (*other_views(plain), clear(plain)):
        for place in range(len(view.text)):
            begin, stop = view.span(place, place + 1)
            assert 0 <= begin < stop <= len(plain.text)
            start, end = plain.span(begin, stop)
            assert 0 <= start < end <= len(text)


@given(st.characters(codec=None))
def test_one_character_folds_as_it_does_in_a_text(char: str) -> None:
    if not fold_char(char).strip(" '"):
        return
    assert fold("x" + char).text == "x" + fold_char(char)
