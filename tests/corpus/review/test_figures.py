from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.corpus.review.figures import alpha, bootstrap, kappa, percent, rate, weighted

# Krippendorff 2011, section C: four observers, twelve units, some missing; . is missing.
_OBSERVERS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
_UNITS = [[row[place] for row in _OBSERVERS if row[place] != "."] for place in range(12)]


def test_alpha_is_that_of_the_worked_example() -> None:
    assert alpha(_UNITS) == pytest.approx(0.743, abs=0.0005)


def test_alpha_of_two_complete_raters_by_hand() -> None:
    """Ten items, fourteen zeros and six ones, four disagreements: alpha = 1 - (20 - 1) * 4 / (14 * 6), which is the
    0.095 of Krippendorff 2011, section A."""
    first, second = "0100000100", "1110010000"
    units = [[a, b] for a, b in zip(first, second, strict=True)]
    assert alpha(units) == pytest.approx(1 - 19 * 4 / (14 * 6), abs=1e-12)


def test_kappa_of_a_table_by_hand() -> None:
    """20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, by chance .5, so .4."""
    pairs = [(1, 1)] * 20 + [(1, 0)] * 5 + [(0, 1)] * 10 + [(0, 0)] * 15
    assert kappa(pairs) == pytest.approx(0.4)
    assert percent(pairs) == pytest.approx(0.7)


def test_what_is_undefined_is_none() -> None:
    assert alpha([]) is None
    assert alpha([["a", "a"], ["a", "a"]]) is None, "with one value only, chance and observation are the same"
    assert alpha([["a"], ["b"]]) is None, "nobody shares an item"
    assert kappa([]) is None and kappa([(1, 1)]) is None
    assert percent([["a"]]) is None
    assert bootstrap([], alpha) is None


def test_of_three_raters_agreement_counts_by_pairs() -> None:
    assert percent([["a", "a", "b"]]) == pytest.approx(1 / 3)


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=4), max_size=12), st.randoms(use_true_random=False))
def test_alpha_knows_no_order_and_is_at_most_one(units: list[list[str]], chance: object) -> None:
    found = alpha(units)
    assert found == (None if found is None else pytest.approx(alpha([unit[::-1] for unit in units[::-1]])))
    assert found is None or found <= 1


def test_the_bootstrap_holds_the_figure_and_is_the_same_twice() -> None:
    units = _UNITS * 4
    low, high = bootstrap(units, alpha, rounds=400) or (1.0, 0.0)
    assert low < (alpha(units) or 0) < high
    assert (low, high) == bootstrap(units, alpha, rounds=400)


def test_wilsons_interval() -> None:
    """0 of 10 and 5 of 10 at z = 1.96: upper 0.2775, and 0.2366 to 0.7634."""
    assert rate(0, 10).high == pytest.approx(0.2775, abs=1e-4) and rate(0, 10).low == 0
    found = rate(5, 10)
    assert [found.low, found.high] == pytest.approx([0.2366, 0.7634], abs=1e-4)
    assert rate(0, 0).share is None
    assert rate(10, 10).high == 1


def test_weights_say_what_a_case_stands_for_and_widen_the_interval() -> None:
    even, uneven = weighted([(1, True), (1, False)] * 20), weighted([(9, True), (1, False)] * 20)
    assert even.share == 0.5 and even == rate(20, 40)
    assert uneven.share == pytest.approx(0.9)
    assert uneven.n == 40
    assert uneven.high - uneven.low > rate(36, 40).high - rate(36, 40).low
