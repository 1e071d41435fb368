"""Every statistic against numbers worked by hand or printed in its source."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anxin.evaluate.safety.figures import (
    bootstrap,
    brier,
    calibration_error,
    change,
    confusion,
    percentile,
    pooled,
    rate,
    reliability,
    weighted_kappa,
    wilson,
)

Pairs = list[tuple[int, int]]


def test_wilson_gives_the_printed_limits() -> None:
    # Newcombe 1998, Stat Med 17:857, table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(29, 29)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


@given(st.integers(0, 400), st.integers(1, 400))
def test_wilson_holds_the_share_and_stays_a_share(hits: int, more: int) -> None:
    low, high = wilson(hits, hits + more)
    assert 0 <= low <= hits / (hits + more) <= high <= 1


def test_a_rate_of_nothing_has_no_value() -> None:
    assert rate(0, 0).value is None
    assert rate(3, 4).value == 0.75


def _paired(both: int, lost: int, gained: int, neither: int) -> list[tuple[bool, bool]]:
    return (
        [(True, True)] * both + [(True, False)] * lost + [(False, True)] * gained + [(False, False)] * neither
    )  # fmt: skip


def test_change_gives_the_printed_limits_of_newcombe() -> None:
    # Newcombe 1998, Stat Med 17:2635, table II, method 10: 36, 12, 2, 0 gives 0.0569 to 0.3404.
    found = change(_paired(36, 2, 12, 0))
    assert found.points == pytest.approx(20.0)
    assert (found.low, found.high) == pytest.approx((5.69, 34.04), abs=0.005)
    assert (found.n, found.lost, found.gained) == (50, 2, 12)


def test_change_turned_round_turns_its_limits_round() -> None:
    there, back = change(_paired(20, 9, 3, 8)), change(_paired(20, 3, 9, 8))
    assert there.points == pytest.approx(-15.0)
    assert there.low is not None and there.high is not None
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))


def test_change_on_nothing_says_nothing() -> None:
    assert change([]).points is None


def test_pooled_adds_changes_up() -> None:
    whole = pooled([change(_paired(8, 2, 0, 0)), change(_paired(0, 0, 1, 29)), change([])])
    assert (whole.n, whole.lost, whole.gained) == (40, 2, 1)
    assert whole.points == pytest.approx(100 * (9 - 10) / 40)
    assert whole.low is None


def test_confusion_has_the_label_in_its_rows() -> None:
    table = confusion([(4, 0), (4, 0), (0, 3)])
    assert table[4][0] == 2 and table[0][3] == 1 and sum(map(sum, table)) == 3


def test_weighted_kappa_by_hand() -> None:
    # Labelled 0 0 1 2, heard 0 1 1 2. Seen: one pair one apart = 1. Expected: margins (2, 1, 1) and (1, 2, 1) over 4,
    # weights 1 4 / 1 1 / 4 1: (2*2*1 + 2*1*4 + 1*1*1 + 1*1*1 + 1*1*4 + 1*2*1) / 4 = 20 / 4 = 5. Kappa = 1 - 1/5.
    assert weighted_kappa([(0, 0), (0, 1), (1, 1), (2, 2)]) == pytest.approx(0.8)


def test_weighted_kappa_at_its_ends() -> None:
    assert weighted_kappa([(level, level) for level in range(6)]) == 1.0
    assert weighted_kappa([(0, 5), (5, 0)]) == pytest.approx(-1.0)
    assert weighted_kappa([(0, 0), (0, 5), (5, 0), (5, 5)]) == pytest.approx(0.0)
    assert weighted_kappa([(2, 2), (2, 2)]) is None
    assert weighted_kappa([]) is None


def test_bootstrap_is_seeded_and_holds_what_it_should() -> None:
    items = [place / 199 for place in range(200)]
    found = bootstrap(items, fmean, seed=4)
    assert found == bootstrap(items, fmean, seed=4) != bootstrap(items, fmean, seed=5)
    error = 1 / math.sqrt(12 * 200)  # of the mean of an even spread
    assert found.low == pytest.approx(0.5 - 1.96 * error, abs=0.006)
    assert found.high == pytest.approx(0.5 + 1.96 * error, abs=0.006)


def test_bootstrap_leaves_the_undefined_undefined() -> None:
    found = bootstrap([(2, 2)] * 9, weighted_kappa)
    assert (found.value, found.low, found.high) == (None, None, None)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100), (0.0, 1)])
def test_percentile_is_the_nearest_rank(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_percentile_of_nothing() -> None:
    assert percentile([], 0.5) is None


def test_brier_by_hand() -> None:
    assert brier([(0.9, True), (0.4, False)]) == pytest.approx((0.01 + 0.16) / 2)
    assert brier([]) is None


def test_calibration_error_by_hand() -> None:
    # Bin (0.1, 0.2]: mean 0.2, none of two true. Bin (0.8, 0.9]: mean 0.85, one of two true.
    pairs = [(0.2, False), (0.2, False), (0.8001, True), (0.8999, False)]
    assert calibration_error(pairs) == pytest.approx((2 * 0.2 + 2 * 0.35) / 4)
    assert calibration_error([]) is None


def test_reliability_puts_every_prediction_in_one_bin() -> None:
    bins = reliability([(0.0, False), (0.1, True), (1.0, True)])
    assert [one.n for one in bins] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert bins[0].share == 0.5 and bins[1].share is None
