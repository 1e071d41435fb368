"""Pairs: by margin to train, best against worst to test, never the same words in both."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus import Drop
from anxin.errors import ConfigError
from anxin.prefer import Candidate, Pairing, pairs_of
from anxin.prefer.pairing import Paired, split_of

from .parts import reply, says, scored_sample, scores

TRAIN, TEST = Pairing(test_share=0.0), Pairing(test_share=1.0)


def made(*replies: Candidate, how: Pairing = TRAIN) -> list[tuple[str, str]]:
    found = pairs_of(scored_sample(*replies), how)
    assert isinstance(found, Paired), found
    return [(pair.chosen.text, pair.rejected.text) for pair in found.pairs]


A, B, C, D = reply("a", judge=5), reply("b", judge=4), reply("c", judge=3.5), reply("d", judge=1)


def test_training_takes_every_couple_a_point_apart_on_the_mean_widest_first() -> None:
    pairs = made(D, C, B, A)
    assert pairs[:3] == [("a", "d"), ("b", "d"), ("c", "d")]
    assert set(pairs[3:]) == {("a", "b"), ("a", "c")}  # b and c are half a point apart


def test_the_margin_is_on_the_mean_not_on_the_sum() -> None:
    """Six points apart as a sum of seven, but less than one on the mean."""
    found = pairs_of(scored_sample(reply("x", judge=3), reply("y", judge=scores(4, safety=3))), TRAIN)
    assert found == Drop("too_close")
    assert made(reply("x", judge=3), reply("y", judge=scores(4, safety=3)), how=replace(TRAIN, margin=0.8))


def test_a_mean_of_sevenths_reaches_the_margin_it_equals() -> None:
    low = scores(2, empathy=3, clarity=1)
    high = scores(3, empathy=4, clarity=2)
    assert made(reply("x", judge=low), reply("y", judge=high)) == [("y", "x")]


def test_most_pairs_a_statement_gives() -> None:
    assert made(A, B, C, D, how=replace(TRAIN, most=2)) == [("a", "d"), ("b", "d")]


def test_testing_takes_the_best_and_the_worst_only_however_close() -> None:
    assert made(B, D, A, C, how=TEST) == [("a", "d")]
    assert made(B, C, how=TEST) == [("b", "c")]


def test_ties_are_no_pairs_and_counted() -> None:
    twin = reply("twin", judge=5)
    found = pairs_of(scored_sample(A, twin, D), TRAIN)
    assert isinstance(found, Paired) and found.counts == {"tied": 1, "paired": 2}
    assert pairs_of(scored_sample(A, twin), TEST) == Drop("tied")


def test_unsafe_and_cut_replies_are_never_chosen() -> None:
    unsafe = replace(A, unsafe="toxic")
    cut = replace(B, cut=True)
    assert made(unsafe, D, replace(C, unsafe="toxic"), cut, reply("e", judge=2)) == [("e", "d")]
    assert pairs_of(scored_sample(unsafe, D), TRAIN) == Drop("barred")
    found = pairs_of(scored_sample(A, replace(D, unsafe="toxic")), TRAIN)
    assert isinstance(found, Paired) and found.pairs[0].rejected.barred == "unsafe:toxic"


def test_only_raters_that_scored_both_count() -> None:
    """The strict rater saw one reply only: what they said would make it look worse than it is."""
    one = reply("one", kind=4, strict=1)
    other = reply("other", kind=2)
    found = pairs_of(scored_sample(one, other), TRAIN)
    assert isinstance(found, Paired)
    (pair,) = found.pairs
    assert pair.chosen.text == "one" and pair.margin == 2 and pair.leads == {"kind": 2}
    assert pairs_of(scored_sample(one, other), replace(TRAIN, raters=2)) == Drop("unscored")
    assert pairs_of(scored_sample(one, reply("none")), TRAIN) == Drop("unscored")
    assert pairs_of(scored_sample(one), TRAIN) == Drop("one_reply")


def test_a_pair_carries_scores_lengths_and_who_leads_it() -> None:
    better, worse = reply("better!", a=4, b=2), reply("worse", a=1, b=3)
    found = pairs_of(scored_sample(better, worse), replace(TRAIN, margin=0.5))
    assert isinstance(found, Paired)
    (pair,) = found.pairs
    assert pair.id == "s1#0" and pair.chosen.scores == scores(3) and pair.rejected.scores == scores(2)
    assert (pair.chosen.length, pair.rejected.length) == (7, 5)
    assert pair.leads == {"a": 3, "b": -1} and pair.margin == 1 and pair.road == "principles"
    assert "candidates" not in pair.metadata


def test_the_same_words_are_in_the_same_split_wherever_they_come_from() -> None:
    splits = [split_of(says(f"I feel {number}", str(number)), 0.3, 1) for number in range(400)]
    assert 80 < splits.count("test") < 160
    assert splits == [split_of(says(f" I  feel {number}\n", f"other{number}"), 0.3, 1) for number in range(400)]
    assert splits != [split_of(says(f"I feel {number}", str(number)), 0.3, 2) for number in range(400)]


@given(st.lists(st.integers(7, 35), min_size=2, max_size=6), st.integers(1, 28))
def test_every_pair_is_in_order_and_far_enough_apart(totals: list[int], sevenths: int) -> None:
    replies = []
    for number, total in enumerate(totals):
        base, more = divmod(total, 7)
        given_scores = {key: base + (place < more) for place, key in enumerate(scores(1))}
        replies.append(reply(f"reply {number}", judge=given_scores))
    found = pairs_of(scored_sample(*replies), replace(TRAIN, margin=sevenths / 7))
    expected = sum(abs(a - b) >= sevenths for i, a in enumerate(totals) for b in totals[i + 1 :])
    pairs = found.pairs if isinstance(found, Paired) else ()
    assert len(pairs) == expected
    assert all(pair.margin is not None and pair.margin >= sevenths / 7 - 1e-9 for pair in pairs)


@pytest.mark.parametrize("bad", [{"margin": 0.0}, {"margin": 4.5}, {"test_share": 1.5}, {"raters": 0}, {"most": -1}])
def test_options_that_make_no_sense_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        Pairing(**bad)  # type: ignore[arg-type]
