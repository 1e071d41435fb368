"""Agreement between raters."""

from __future__ import annotations

from typing import Any

import pytest

from anxin.prefer import Candidate, Pairing, pairs_of
from anxin.prefer.agreement import Agreement, Directions
from anxin.prefer.candidate import Unscored
from anxin.prefer.pairing import Paired

from .parts import reply, scored_sample, scores


def told(*replies: Candidate) -> dict[str, Any]:
    agreement = Agreement()
    for one in replies:
        agreement.add(one)
    return agreement.to_json()


def test_alpha_is_one_in_agreement_and_below_zero_against_it() -> None:
    same = told(reply("a", x=1, y=1), reply("b", x=5, y=5))["principles"]["empathy"]
    assert (same["alpha"], same["exact"], same["within_one"]) == (1, 1, 1)
    against = told(reply("a", x=1, y=5), reply("b", x=5, y=1))["principles"]["mean"]
    assert against["alpha"] < 0 and against["exact"] == 0


def test_alpha_by_hand() -> None:
    """Units (1,2), (3,3), (4,5). Within: 2*(1 + 0 + 1) = 4 over 1, so Do = 4/6. Over all 15 couples the squared
    differences sum to 60, so De = 2 * 60 / 30 = 4. alpha = 1 - (2/3)/4 = 0.8333."""
    found = told(reply("a", x=1, y=2), reply("b", x=3, y=3), reply("c", x=4, y=5))["principles"]["clarity"]
    values = [1, 2, 3, 3, 4, 5]
    assert sum((a - b) ** 2 for i, a in enumerate(values) for b in values[i + 1 :]) == 60
    assert found["alpha"] == pytest.approx(1 - (4 / 6) / 4, abs=1e-4)
    assert found["within_one"] == 1 and found["exact"] == pytest.approx(1 / 3, abs=1e-4)


def test_where_all_scores_are_the_same_there_is_no_alpha() -> None:
    assert told(reply("a", x=3, y=3), reply("b", x=3, y=3))["principles"]["empathy"]["alpha"] is None


def test_each_raters_part_is_told() -> None:
    flat, varied = reply("a", lazy=3), reply("b", lazy=4, careful=scores(3, safety=5))
    failed = reply("c").rated((), [Unscored("careful", "not_json")])
    found = told(flat, varied, failed)
    assert found["raters"]["lazy"] == {"ratings": 2, "flat": 1.0, "moved_by_order": 0.0}
    assert found["raters"]["careful"]["flat"] == 0.0
    assert found["unscored"] == {"careful: not_json": 1}


def test_in_how_many_pairs_all_raters_prefer_the_same_side() -> None:
    directions = Directions()
    for replies in ((reply("a", x=5, y=4), reply("b", x=2, y=1)), (reply("a", x=5, y=2), reply("b", x=2, y=3))):
        found = pairs_of(scored_sample(*replies), Pairing(test_share=0.0))
        assert isinstance(found, Paired)
        directions.add(found.pairs[0])
    told_of = directions.to_json()
    assert told_of["by_several"] == 2 and told_of["raters_agree"] == 0.5
    assert told_of["principles"]["safety"] == {"mean_gap": 2.0, "higher": 1.0, "equal": 0.0, "lower": 0.0}
