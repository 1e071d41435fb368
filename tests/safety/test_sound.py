"""Words of danger by their sound are offered as what they may mean; ordinary words keep their own characters."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anxin.safety import Risk, screen
from anxin.safety.normal import fold
from anxin.safety.sound import sounded, torn


def _read(text: str) -> str:
    plain = fold(text).text
    for change in reversed(sounded(plain)):
        plain = plain[: change.start] + change.new + plain[change.end :]
    return plain


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("我想si", "我想死"),
        ("我想 si", "我想死"),
        ("好想zisha", "好想自杀"),
        ("好想 zi sha", "好想自杀"),
        ("我想自sha", "我想自杀"),
        ("wo bu xiang huo le", "wo 不想活了"),
        ("想z杀", "想自杀"),
        ("我想ge腕", "我想割腕"),
        ("想四了", "想死了"),
        ("我想子杀", "我想自杀"),
        ("昨晚歌腕了", "昨晚割腕了"),
        ("我不想货了", "我不想活了"),
        ("想跳搂", "想跳楼"),
        ("死嘞算了", "死了算了"),
    ],
)
def test_what_is_meant(text: str, meant: str) -> None:
    assert _read(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "我想四处走走",
        "我今年大四了",
        "买了一把紫砂壶泡茶",
        "相思最苦",
        "去沙漠看沙子",
        "我是歌手",
        "自己的字典",
        "或者明天再说",
        "艺术课上画画",
        "轻声跟我说",
        "看完两个小时的电影",
        "轮到自己的时候很紧张",
        "i can do it",
        "我 can 不 can 去",
        "今天吃了 sushi 和 ramen",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert _read(text) == fold(text).text


def test_a_full_stop_is_taken_out_of_a_word_only() -> None:
    assert torn("想自.杀") == [2]
    assert torn("我没事.杀青了") == []


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("唉，我想自sha了", "想自sha"),
        ("我想 zi sha", "想 zi sha"),
        ("😀😀我想自鯊", "想自鯊"),
        ("我 想 跳 搂", "想 跳 搂"),
        ("想自.殺", "想自.殺"),
    ],
)
def test_evidence_is_what_the_client_wrote(text: str, span: str) -> None:
    verdict = screen(text)
    assert verdict.risk >= Risk.T2
    assert any(text[found.start : found.end] == span for found in verdict.evidence), verdict


_PIECES = st.sampled_from(
    ["想", "四", "自", "沙", "zi", "sha", "z", "杀", "si", " ", ".", "跳", "搂", "我", "*", "殺", "了"]
)


@given(st.lists(st.one_of(_PIECES, st.text(st.characters(codec=None), max_size=8)), max_size=12).map("".join))
@settings(max_examples=300, deadline=None)
def test_changes_lie_in_the_text_in_order(text: str) -> None:
    plain = fold(text).text
    end = 0
    for change in sounded(plain):
        assert end <= change.start < change.end <= len(plain)
        assert change.new
        end = change.end
    assert all(plain[at] == "." for at in torn(plain))
