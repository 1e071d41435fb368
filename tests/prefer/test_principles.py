"""The principles are whole in both languages, and say nothing twice."""

from __future__ import annotations

import pytest

from anxin.dialogue import Language
from anxin.prefer import principles, rubric
from anxin.prefer.principles import Said, principle_keys, total
from anxin.prefer.table import COLUMNS

from .parts import KEYS, scores


def test_the_seven_in_the_order_of_the_released_columns() -> None:
    assert principle_keys() == KEYS
    ratings = [f"{side}_{key}_rating" for side in ("chosen", "rejected") for key in principle_keys()]
    assert list(COLUMNS[-14:]) == ratings
    assert "2502.19731" in principles().paper


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_anchor_is_there_and_its_own(language: Language) -> None:
    said: list[Said] = [principle.said(language) for principle in principles().principle]
    anchors = [anchor for one in said for anchor in one.anchors]
    assert len(anchors) == 35 == len(set(anchors))
    longest = 80 if language == "zh" else 220
    assert all(5 < len(anchor) <= longest for anchor in anchors), max(anchors, key=len)
    han = [any("\u4e00" <= char <= "\u9fff" for char in text) for one in said for text in (one.title, one.about)]
    assert all(han) if language == "zh" else not any(han)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_length_is_named_among_what_is_not_scored(language: Language) -> None:
    words = " ".join(getattr(principles().not_scored, language))
    assert ("长短" if language == "zh" else "length") in words


def test_the_rubric_shows_each_principle_with_its_key_and_five_numbers() -> None:
    lines = rubric("en").splitlines()
    assert len(lines) == 7 * 6
    assert lines[0].startswith("1. Empathy and emotional understanding (empathy): ")
    assert [line.split()[0] for line in lines[1:6]] == ["1", "2", "3", "4", "5"]
    assert "（empathy）" not in rubric("zh") and "共情与情绪理解 (empathy)：" in rubric("zh")


def test_the_preference_score_is_the_mean_of_the_seven() -> None:
    assert total(scores(3)) == 3
    assert total(scores(3, empathy=5, staging=1)) == 3
    assert total(scores(4, safety=1)) == pytest.approx(25 / 7)
