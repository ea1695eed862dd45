"""The arithmetic on joint draws, against numbers worked out by hand."""

import numpy as np
import pytest

from townshift.draws import (
    INCONSISTENT_BELOW,
    LOW_ACCEPTANCE,
    log_growth,
    probability,
    ratio,
    summarise,
    summarise_rows,
)


def test_summary_is_median_and_central_interval():
    assert summarise(np.arange(0.0, 101.0)) == (50.0, 5.0, 95.0)
    assert summarise(np.arange(0.0, 101.0), level=0.5) == (50.0, 25.0, 75.0)


def test_order_of_draws_does_not_change_the_summary():
    draws = np.random.default_rng(1).normal(size=400)
    assert summarise(draws) == summarise(draws[::-1])


def test_rejected_draws_are_left_out_of_the_summary():
    assert summarise(np.array([np.nan, 1.0, 2.0, 3.0, np.inf]), level=1.0) == (2.0, 1.0, 3.0)


def test_a_figure_without_draws_has_no_summary():
    assert np.isnan(summarise(np.full(5, np.nan))).all()


@pytest.mark.filterwarnings("error")
def test_rows_without_draws_raise_no_warning_and_leave_others_alone():
    rows = summarise_rows(np.array([[np.nan, np.nan], [4.0, 4.0]]))
    assert np.isnan(rows[0]).all()
    assert rows[1].tolist() == [4.0, 4.0, 4.0]


def test_probability_counts_only_draws_that_exist():
    assert probability(np.array([1.0, 2.0, np.nan, np.nan]), 1.5) == 0.5
    assert np.isnan(probability(np.array([np.nan]), 0.0))


def test_probability_of_exactly_the_threshold_is_not_above_it():
    assert probability(np.array([1.0, 1.0]), 1.0) == 0.0


def test_a_share_never_exceeds_one_and_keeps_positions():
    draws, accepted = ratio(np.array([30.0, 120.0, 90.0]), np.full(3, 100.0), share=True)
    assert draws[0] == 0.3
    assert np.isnan(draws[1])
    assert draws[2] == 0.9
    assert float(accepted) == pytest.approx(2 / 3)


def test_a_plain_ratio_may_exceed_one():
    draws, accepted = ratio(np.array([300.0]), np.array([100.0]))
    assert draws.tolist() == [3.0]
    assert float(accepted) == 1.0


def test_a_share_of_exactly_the_whole_is_allowed():
    draws, accepted = ratio(np.array([100.0]), np.array([100.0]), share=True)
    assert draws.tolist() == [1.0]
    assert float(accepted) == 1.0


def test_a_negative_part_is_rejected_from_a_share():
    _, accepted = ratio(np.array([-1.0, 1.0]), np.array([2.0, 2.0]), share=True)
    assert float(accepted) == 0.5


@pytest.mark.filterwarnings("error")
def test_nothing_is_divided_by_zero():
    draws, accepted = ratio(np.array([1.0, 1.0]), np.array([0.0, -2.0]))
    assert np.isnan(draws).all()
    assert float(accepted) == 0.0


def test_acceptance_is_reported_for_each_year():
    part = np.array([[1.0, 3.0], [1.0, 1.0]])
    draws, accepted = ratio(part, np.full((2, 2), 2.0), share=True)
    assert accepted.tolist() == [0.5, 1.0]
    assert draws.shape == (2, 2)


def test_conditioning_a_half_overlapping_share_matches_the_exact_truncation():
    # part ~ U(0, 2), whole = 1: given part <= whole the share is U(0, 1), so its median is 1/2 and half is accepted.
    part = np.linspace(0.0, 2.0, 4001)
    draws, accepted = ratio(part, np.ones_like(part), share=True)
    assert float(accepted) == pytest.approx(0.5, abs=1e-3)
    assert summarise(draws)[0] == pytest.approx(0.5, abs=1e-3)


def test_growth_is_the_log_ratio_over_the_years():
    assert log_growth(np.array([100.0]), np.array([100.0 * np.e]), 5.0)[0] == pytest.approx(0.2)
    assert log_growth(np.array([8.0]), np.array([2.0]), 2.0)[0] == pytest.approx(-np.log(2))


@pytest.mark.filterwarnings("error")
def test_growth_of_nothing_is_not_a_number():
    assert np.isnan(log_growth(np.array([0.0, -1.0, np.nan]), np.array([1.0, 1.0, 1.0]), 1.0)).all()


def test_growth_over_no_time_is_refused():
    with pytest.raises(ValueError, match="years"):
        log_growth(np.array([1.0]), np.array([1.0]), 0.0)


def test_an_inconsistent_pair_is_a_stronger_word_than_a_low_acceptance():
    assert 0 < INCONSISTENT_BELOW < LOW_ACCEPTANCE < 1
