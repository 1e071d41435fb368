"""One record for models and people; what is not a score is refused, never guessed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anxin.corpus.files import Damage
from anxin.errors import DataError
from anxin.prefer import Rating, average, candidates_of, read_ratings
from anxin.prefer.rating import checked, rating_from

from .parts import reply, scored_sample, scores


def test_a_record_goes_to_a_file_and_back() -> None:
    rating = Rating("s1", "r1", "Lin", scores(4, staging=2), "slow and kind")
    record = json.loads(json.dumps(rating.to_record()))
    assert record["scores"]["staging"] == 2 and type(record["scores"]["empathy"]) is int
    assert rating_from(record) == rating


def test_the_mean_of_several_keeps_how_far_they_differ() -> None:
    mean = average([Rating("s", "r", "a", scores(5)), Rating("s", "r", "b", scores(3, safety=5))])
    assert mean.scores["empathy"] == 4 and mean.deviation["empathy"] == 1 and mean.distance["empathy"] == 2
    assert mean.scores["safety"] == 5 and mean.deviation["safety"] == 0 == mean.distance["safety"]
    assert mean.total == pytest.approx((6 * 4 + 5) / 7)
    assert mean.raters == ("a", "b")
    with pytest.raises(DataError):
        average([])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (scores(3, empathy=6), "6, not from 1 to 5"),
        (scores(3, empathy=0), "0, not from 1 to 5"),
        (scores(3) | {"empathy": "5"}, "not a number"),
        (scores(3) | {"empathy": True}, "not a number"),
        (scores(3) | {"empathy": float("nan")}, "not from 1 to 5"),
        ({key: value for key, value in scores(3).items() if key != "clarity"}, "no score for clarity"),
        (scores(3) | {"warmth": 4}, "warmth is no principle"),
        ([3, 3, 3, 3, 3, 3, 3], "not an object"),
    ],
)
def test_what_is_no_score_is_refused(given: Any, says: str) -> None:
    with pytest.raises(DataError, match=says):
        checked(given)


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    good = Rating("s1", "r1", "Lin", scores(4)).to_record()
    bad = {**good, "scores": scores(9)}
    path = tmp_path / "people.jsonl"
    path.write_text(
        "\n".join([json.dumps(good), json.dumps(bad), "not json", json.dumps(good | {"rater": "Wu"})]), "utf-8"
    )
    read = list(read_ratings([path]))
    assert [type(one) for one in read] == [Rating, Damage, Damage, Rating]
    assert isinstance(read[1], Damage) and read[1].where.startswith("people.jsonl line 2: the score for empathy is 9")


def test_who_rates_a_reply_twice_has_changed_their_mind() -> None:
    first, second = Rating("s1", "r", "Lin", scores(1)), Rating("s1", "r", "Lin", scores(4))
    one = reply("a", "s1", judge=2).rated([first, second])
    assert [(rating.rater, rating.scores["safety"]) for rating in one.ratings] == [("judge", 2), ("Lin", 4)]
    (again,) = candidates_of(scored_sample(replace(one, ratings=(first, second))))
    assert [rating.scores["safety"] for rating in again.ratings] == [4]
