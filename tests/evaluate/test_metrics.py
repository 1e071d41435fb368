from __future__ import annotations

import pytest

from anxin.evaluate import distinct, looping
from anxin.evaluate.metrics import tokens


def test_chinese_counts_by_character_and_english_by_word() -> None:
    assert tokens("我 don't 知道 42。") == ["我", "don't", "知", "道", "42", "。"]


@pytest.mark.parametrize(
    ("texts", "n", "expected"),
    [
        (["我我我"], 1, 1 / 3),
        (["我我我"], 2, 1 / 2),
        (["你好", "你好"], 1, 1 / 2),
        (["ab", "cd"], 2, 0.0),  # one token each: no bigram crosses the border
        ([], 1, 0.0),
    ],
)
def test_distinct_is_the_share_of_different_grams(texts: list[str], n: int, expected: float) -> None:
    assert distinct(texts, n) == pytest.approx(expected)


def test_a_loop_is_found_and_plain_speech_is_not() -> None:
    assert looping("我会陪着你，我会陪着你，我会陪着你")
    assert not looping("听见你这么说，我能感觉到这几天有多难熬。今晚想先说哪一件？")
