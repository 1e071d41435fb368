"""Length balance: what the numbers say, and that the sub-sample is balanced at every size of difference."""

from __future__ import annotations

import pytest

from anxin.dialogue import Dialogue
from anxin.prefer import Pair, Side
from anxin.prefer.length import Balance, Lengths

from .parts import scores


def pair(number: int, chosen: int, rejected: int, margin: float | None = 1.0) -> Pair:
    def side(length: int, score: float) -> Side:
        return Side("x" * length, scores=scores(score) if margin is not None else {})

    return Pair(
        str(number), str(number), Dialogue().says("client", "?"), side(chosen, 2 + (margin or 0)), side(rejected, 2)
    )


def lengths(*pairs: Pair) -> Lengths:
    counted = Lengths()
    for one in pairs:
        counted.add(one)
    return counted


def test_shares_means_and_correlation() -> None:
    told = lengths(pair(1, 30, 10), pair(2, 20, 10), pair(3, 10, 20), pair(4, 10, 10)).to_json()
    assert told["pairs"] == 4 and told["chosen_longer"] == 0.5 and told["chosen_shorter"] == 0.25
    assert told["longer_wins"] == pytest.approx(2 / 3, abs=1e-4)
    assert told["mean_chosen"] == 17.5 and told["mean_rejected"] == 12.5
    # Differences +-20, +-10, -+10, 0 against +-1: sum of products 20 over sqrt(600 * 4).
    assert told["correlation"] == pytest.approx(20 / (600 * 4) ** 0.5, abs=1e-4)


def test_length_that_follows_the_score_exactly_correlates_fully_and_against_it_inversely() -> None:
    assert lengths(pair(1, 20, 10, 1.0), pair(2, 30, 10, 2.0)).to_json()["correlation"] == pytest.approx(1)
    assert lengths(pair(1, 10, 20, 1.0), pair(2, 10, 30, 2.0)).to_json()["correlation"] == pytest.approx(-1)


def test_pairs_without_scores_have_no_correlation_and_none_at_all_no_numbers() -> None:
    assert lengths(pair(1, 20, 10, None)).to_json()["correlation"] is None
    assert lengths().to_json()["longer_wins"] is None


def test_the_sub_sample_is_balanced_and_the_same_on_every_run() -> None:
    pairs = [pair(number, 80, 40) for number in range(50)] + [pair(100 + number, 40, 80) for number in range(20)]
    pairs += [pair(200 + number, 400, 50) for number in range(10)]  # far longer, and nothing to set against it
    pairs += [pair(300 + number, 60, 60) for number in range(5)]
    kept: list[list[str]] = []
    for order in (pairs, pairs[::-1]):
        balance = Balance()
        for one in order:
            balance.add(one)
        out = balance.left_out()
        kept.append(sorted(one.id for one in order if not balance.is_in(one, out)))
    assert kept[0] == kept[1]
    left = lengths(*(one for one in pairs if one.id in kept[0]))
    assert (left.pairs, left.longer, left.shorter) == (45, 20, 20)
