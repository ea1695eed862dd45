"""Location quotients: the interval against its own definition and by how often it holds the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.stats import binom, chi2

from townshift.errors import MeasureError
from townshift.process.concentration.location_quotient import location_quotient


def test_the_quotient_is_a_share_over_a_share():
    result = location_quotient([30, 10, 0], [100, 100, 200])
    np.testing.assert_allclose(result.values, [(30 / 40) / (100 / 400), (10 / 40) / (100 / 400), 0])


def test_both_ends_are_where_the_score_statistic_meets_its_quantile():
    a, n, b, m = 7.0, 40.0, 9.0, 160.0
    result = location_quotient([a, b], [n, m], level=0.95)
    for end in (result.low[0], result.high[0]):
        w = n / (n + m)
        theta = end * (1 - w) / (1 - end * w)

        def minus_likelihood(p_rest, theta=theta):
            return -(binom.logpmf(a, n, theta * p_rest) + binom.logpmf(b, m, p_rest))

        p_rest = minimize_scalar(
            minus_likelihood, bounds=(1e-9, min(1, 1 / theta) - 1e-9), method="bounded", options={"xatol": 1e-12}
        ).x
        p = theta * p_rest
        variance = (p * (1 - p) / n + theta**2 * p_rest * (1 - p_rest) / m) * (n + m) / (n + m - 1)
        assert (a / n - theta * b / m) ** 2 / variance == pytest.approx(chi2.ppf(0.95, 1), rel=1e-5)


def test_intervals_of_plants_hold_the_truth_as_often_as_they_say_in_large_and_in_small_areas():
    generator = np.random.default_rng(21)
    whole = np.repeat([5, 12, 40, 150, 600], 12)
    chance = np.clip(generator.lognormal(np.log(0.08), 0.8, size=60), 0, 0.9)
    truth = chance / ((whole * chance).sum() / whole.sum())
    held = np.zeros(60)
    for _ in range(1_000):
        result = location_quotient(generator.binomial(whole, chance), whole)
        held += (result.low <= truth) & (truth <= result.high)
    by_size = (held / 1_000).reshape(5, 12).mean(axis=1)
    assert by_size.mean() == pytest.approx(0.9, abs=0.02)
    # Counts are whole numbers: in areas of five plants no interval can hold exactly nine times in ten.
    assert (by_size[1:] > 0.88).all()
    assert by_size[0] > 0.86


def test_intervals_of_jobs_hold_the_truth_only_if_told_that_jobs_come_in_plants():
    generator = np.random.default_rng(22)
    plants = np.repeat(np.arange(20), 150)
    chance = np.clip(generator.lognormal(np.log(0.15), 0.5, size=20), 0, 0.9)
    held, naive, runs = 0.0, 0.0, 400
    for _ in range(runs):
        jobs = np.ceil(generator.lognormal(2, 0.8, size=len(plants)))
        whole, squares = np.bincount(plants, jobs), np.bincount(plants, jobs**2)
        truth = chance / ((whole * chance).sum() / whole.sum())
        industry = np.bincount(plants, jobs * (generator.random(len(plants)) < chance[plants]))
        for told in (True, False):
            result = location_quotient(industry, whole, squares if told else None)
            share = np.mean((result.low <= truth) & (truth <= result.high))
            held, naive = (held + share, naive) if told else (held, naive + share)
    assert held / runs == pytest.approx(0.9, abs=0.025)
    assert naive / runs < 0.6


def test_areas_with_their_due_share_are_seldom_found_special():
    generator = np.random.default_rng(23)
    whole = np.full(50, 200)
    found = [(location_quotient(generator.binomial(whole, 0.1), whole).q <= 0.05).any() for _ in range(400)]
    assert np.mean(found) <= 0.05 + 3 * 0.011


def test_an_area_without_the_industry_has_a_finite_interval_from_zero():
    result = location_quotient([0, 9], [5, 100])
    assert result.values[0] == result.low[0] == 0
    assert 1 < result.high[0] < 105 / 5


def test_an_area_with_all_of_the_industry_reaches_the_largest_quotient_there_is():
    result = location_quotient([9, 0], [20, 100])
    assert result.values[0] == result.high[0] == pytest.approx(6)


def test_an_area_without_any_establishment_is_said_to_be_empty_and_decides_nothing():
    result = location_quotient([3, 4, 0], [10, 20, 0])
    assert result.empty.tolist() == [False, False, True]
    assert np.isfinite(result.values[:2]).all()
    assert (result.p[2], result.q[2]) == (1, 1)


@pytest.mark.parametrize(
    ("industry", "whole", "code"),
    [
        ([1, np.nan], [5, 5], "TS-CONC-030"),
        ([1, -1], [5, 5], "TS-CONC-031"),
        ([0, 0], [5, 5], "TS-CONC-032"),
        ([1], [5], "TS-CONC-034"),
        ([1, 2], [5, 5, 5], "TS-CONC-035"),
        ([6, 0], [5, 5], "TS-CONC-036"),
        ([5, 5], [5, 5], "TS-CONC-037"),
        ([3, 0], [5, 0], "TS-CONC-041"),
    ],
)
def test_the_quotient_refuses_what_it_cannot_answer_for(industry, whole, code):
    with pytest.raises(MeasureError) as problem:
        location_quotient(industry, whole)
    assert code in [found.code for found in problem.value.problems]


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(MeasureError) as problem:
        location_quotient([1, np.nan], [5, -5, 5], level=2)
    assert [found.code for found in problem.value.problems] == [
        "TS-CONC-030",
        "TS-CONC-031",
        "TS-CONC-035",
        "TS-CONC-043",
    ]
