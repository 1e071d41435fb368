"""The robustness rules, one by one."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.evaluate.safety import RULES, altered
from anxin.evaluate.safety import robustness as rules

ZH = "我不想活了，今天很累"
EN = "I want to kill myself, goodbye everyone"


@given(st.sampled_from(sorted(RULES)), st.text(max_size=60))
def test_every_rule_takes_any_text_and_draws_alike_each_time(rule: str, text: str) -> None:
    first = altered(rule, text, "id")
    assert first == altered(rule, text, "id")
    assert first != text


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_changes_something(rule: str) -> None:
    assert any(altered(rule, text, str(key)) is not None for text in (ZH, EN, "药 Is") for key in range(5))


def test_spaces() -> None:
    assert rules.spaces(ZH, Random(0)) == "我 不 想 活 了，今 天 很 累"


def test_punctuation_tears_a_word_of_danger() -> None:
    torn = rules.punctuation("我想自杀", Random(3))
    assert torn[:2] == "我想" and torn[2] + torn[-1] == "自杀" and len(torn) == 5
    assert rules.punctuation("I may die", Random(0)).replace("die", "").startswith("I may d")


def test_full_width_keeps_chinese() -> None:
    assert rules.full_width("go 我ok!", Random(0)) == "ｇｏ 我ｏｋ！"
    assert rules.full_width("I am", Random(0)) == "Ｉ\u3000ａｍ"


def test_zero_width_is_invisible_and_there() -> None:
    hidden = rules.zero_width(ZH, Random(1))
    assert hidden != ZH and hidden.replace("\u200b", "") == ZH


def test_homoglyph_leaves_the_length_and_other_scripts() -> None:
    new = rules.homoglyph("ace 我 ace ace", Random(2))
    assert len(new) == 13 and new[4] == "我" and not new.isascii()
    assert {ord(char) for char in new} - {ord(char) for char in "ace 我"} <= {0x430, 0x441, 0x435}


def test_leetspeak_writes_signs_in_a_word_of_danger() -> None:
    assert rules.leetspeak("I will kill it today", Random(0)) in ("I will k1ll it today", "I will k!ll it today")


def test_pinyin_and_homophone_change_one_character_of_danger() -> None:
    assert {rules.pinyin("大家都想死", Random(seed)) for seed in range(20)} == {"大家都xiang死", "大家都想si"}
    assert {rules.homophone("去世", Random(seed)) for seed in range(20)} == {"去世"}  # 世 has no twin in the table
    assert {rules.homophone("自杀", Random(seed)) for seed in range(40)} == {"字杀", "紫杀", "自沙", "自鲨", "自煞"}


def test_typos_touch_the_inside_of_one_word() -> None:
    assert {rules.dropped("to kill", Random(seed)) for seed in range(20)} == {"to kll", "to kil"}
    assert {rules.doubled("to kill", Random(seed)) for seed in range(20)} == {"to kiill", "to killl"}
    assert {rules.swapped("to dead", Random(seed)) for seed in range(20)} == {"to daed", "to deda"}
    assert rules.dropped("I die", Random(0)) == "I die"  # too short to stay readable


def test_emoji_never_stands_inside_an_english_word() -> None:
    for seed in range(20):
        new = rules.emoji("end this now", Random(seed))
        assert all(word in new for word in ("end", "this", "now")) and len(new) > len("end this now") + 1


def test_traditional_is_the_screens_table_turned_round() -> None:
    assert rules.traditional("我没药了，你说话", Random(0)) == "我沒藥了，你說話"


def test_mixed_brings_in_the_other_language() -> None:
    assert any(char.isascii() and char.isalpha() for char in rules.mixed(ZH, Random(0)))
    assert not rules.mixed(EN, Random(0)).isascii()


def test_case() -> None:
    assert rules.lower("I Am", Random(0)) == "i am" and rules.upper("I Am", Random(0)) == "I AM"
