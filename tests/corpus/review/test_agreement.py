from __future__ import annotations

from pathlib import Path

import pytest

from anxin.corpus.review import agreement, draw
from anxin.errors import DataError

from .parts import decide, stage


def test_two_reviewers_are_compared_where_both_decided(tmp_path: Path) -> None:
    review = tmp_path / "r"
    items = draw(stage(tmp_path / "s"), review, size=20).items
    for number, item in enumerate(items):
        decide(review / "decisions.jsonl", "lin", item.sample, "accept" if number % 2 else "reject", why="harmful")
        if number < 10:
            second = "unsure" if number == 0 else "accept" if number % 2 or number == 2 else "reject"
            decide(review / "decisions.jsonl", "mo", item.sample, second, why="harmful")  # type: ignore[arg-type]
    found = agreement(review)
    assert found["items"] == found["decided"] == 20
    assert found["reviewers"]["mo"] == {"accept": 6, "reject": 3, "unsure": 1}
    assert found["keep"]["items"] == 9, "who is unsure has not rated"
    assert found["keep"]["percent"] == pytest.approx(8 / 9, abs=1e-4)
    # lin 5 accept 4 reject, mo 6 accept 3 reject, 8 of 9 the same: chance (30 + 12) / 81
    assert found["keep"]["kappa"] == pytest.approx((8 * 9 - 42) / (81 - 42), abs=1e-4)
    low, high = found["keep"]["alpha_95"]
    assert low <= found["keep"]["alpha"] <= high
    assert found["why"] == {"counts": {"harmful": 13}, "same": 1.0}


def test_wrong_drops_are_counted_by_rule_and_weighed_by_what_the_rule_dropped(tmp_path: Path) -> None:
    review = tmp_path / "r"
    found = draw(stage(tmp_path / "s", kept=10, dropped=40), review, size=22, by="reason", also=["dropped"])
    dropped = [item for item in found.items if item.where == "dropped"]
    adverts = [item for item in dropped if item.reason == "advert"]
    assert (len(adverts), len(dropped)) == (6, 12)
    for item in dropped:
        choice = "accept" if item in adverts[:3] else "reject"
        decide(review / "decisions.jsonl", "lin", item.sample, choice, why="as_the_rule", where="dropped")  # type: ignore[arg-type]
    wrong = agreement(review)["wrong_drops"]
    assert wrong["kinds"]["advert"]["share"] == 0.5
    assert wrong["kinds"]["too_short"]["hits"] == 0
    assert wrong["all"]["share"] == pytest.approx(0.5 * 10 / 40), "ten adverts of forty drops"
    assert agreement(review)["wrong_keeps"] is None, "nobody has looked at what was kept"


def test_a_tie_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    review = tmp_path / "r"
    item = draw(stage(tmp_path / "s"), review, size=2).items[0]
    decide(review / "decisions.jsonl", "lin", item.sample, "accept")
    decide(review / "decisions.jsonl", "mo", item.sample, "reject", why="harmful")
    assert agreement(review)["wrong_keeps"] is None
    decide(review / "decisions.jsonl", "bai", item.sample, "reject", why="harmful")
    assert agreement(review)["wrong_keeps"]["all"]["hits"] == 1


def test_a_review_nobody_has_begun_says_so(tmp_path: Path) -> None:
    draw(stage(tmp_path / "s"), tmp_path / "r", size=2)
    with pytest.raises(DataError, match="anxin corpus review makes it"):
        agreement(tmp_path / "r")
    with pytest.raises(DataError, match="holds no drawn sample"):
        agreement(tmp_path / "s")
