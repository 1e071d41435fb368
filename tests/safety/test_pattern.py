"""The phrase language of the data files."""

from __future__ import annotations

import pytest

from anxin.errors import ConfigError
from anxin.safety.pattern import parse

_SETS = {"want": ["想", "要"]}


def _found(source: str, text: str, *, english: bool = False) -> list[str]:
    return [text[start:end] for start, end in parse(source, _SETS, english=english).spans(text)]


def test_a_literal() -> None:
    assert _found("自杀", "自杀自杀") == ["自杀", "自杀"]


def test_choices_sets_options_classes() -> None:
    assert _found("{want}(自杀|轻生)了?", "我想自杀了") == ["想自杀了"]
    assert _found("[1-3]天", "2天4天") == ["2天"]


def test_a_gap_stays_in_its_clause_unless_it_is_wide() -> None:
    assert _found("药~4吃了", "药我都吃了") == ["药我都吃了"]
    assert _found("楼顶~4跳", "楼顶,要跳") == []
    assert _found("楼顶~~4跳", "楼顶,要跳") == ["楼顶,要跳"]
    assert _found("楼顶~~4跳", "楼顶.要跳") == []


def test_a_wide_gap_of_no_words_runs_over_a_comma() -> None:
    assert _found("room ~~4 im ten", "in my room, im ten", english=True) == ["room, im ten"]
    assert _found("room ~4 im ten", "in my room, im ten", english=True) == []


def test_a_gap_never_runs_over_a_negator() -> None:
    assert _found("我~4自杀", "我不会自杀") == []
    assert _found("i ~3 kill myself", "i will not kill myself", english=True) == []


def test_english_matches_whole_words_and_counts_gaps_in_words() -> None:
    assert _found("die", "diet", english=True) == []
    assert _found("kill ~2 myself", "kill myself", english=True) == ["kill myself"]
    assert _found("took ~2 pills", "took all my pills", english=True) == ["took all my pills"]
    assert _found("took ~1 pills", "took all my pills", english=True) == []
    assert _found("don't", "dont", english=True) == ["dont"]


@pytest.mark.parametrize("source", ["~4", "(自杀", "自杀)", "a|b", "?", "{unknown}", "(自杀)?"])
def test_what_cannot_be_read_is_named(source: str) -> None:
    with pytest.raises(ConfigError, match="phrase"):
        parse(source, _SETS, english=False)


def test_anchors_are_the_words_without_which_nothing_matches() -> None:
    assert parse("{want}~3(自杀|轻生)", _SETS, english=False).anchors == ("自杀", "轻生")


def test_a_phrase_may_need_three_words() -> None:
    phrase = parse("(刀|斧头)~3(楼下|门口)~3等他", _SETS, english=False)
    assert {phrase.anchors, phrase.also, phrase.third} == {("刀", "斧头"), ("楼下", "门口"), ("等他",)}
