"""Shapes: published values, the convention, invariances, and how often intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from townshift.errors import MeasureError
from townshift.process.concentration.shape import shape
from townshift.process.concentration.shape_drift import DRIFT_MEASURES, shape_drift

PUBLISHED = np.array(
    [
        (66.22, 32.54), (22.52, 22.39), (31.01, 81.21), (9.47, 31.02), (30.78, 60.10), (75.21, 58.93),
        (79.26, 7.68), (8.23, 39.93), (98.73, 77.17), (89.78, 42.53), (65.19, 92.08), (54.46, 8.48),
    ]
)  # fmt: skip
"""The twelve points of the docstrings of pointpats.centrography."""


def _at(measure: str) -> int:
    return DRIFT_MEASURES.index(measure)


def test_centre_distance_and_ellipse_of_twelve_points_are_the_published_ones():
    result = shape(*PUBLISHED.T)
    assert (result.x_m, result.y_m) == pytest.approx((52.57166667, 46.17166667), abs=1e-8)
    assert result.standard_distance_m == pytest.approx(40.149806489, abs=1e-8)
    assert (result.major_m, result.minor_m) == pytest.approx((47.94544609, 39.62386789), abs=1e-8)
    assert result.theta_rad == pytest.approx(0.46686948, abs=1e-8)
    assert result.bearing_deg == pytest.approx(90 - np.rad2deg(0.46686948), abs=1e-6)


def test_coordinates_of_millions_of_metres_cost_no_digits():
    near, far = shape(*PUBLISHED.T), shape(PUBLISHED[:, 0] + 5e5, PUBLISHED[:, 1] + 3.4e6)
    for name in ("standard_distance_m", "major_m", "minor_m", "theta_rad"):
        assert getattr(far, name) == pytest.approx(getattr(near, name), rel=1e-8)


def test_a_weight_of_three_is_three_points_for_centre_and_distance():
    weight = np.r_[3.0, np.ones(11)]
    weighted, repeated = shape(*PUBLISHED.T, weight), shape(*np.vstack([PUBLISHED, PUBLISHED[:1], PUBLISHED[:1]]).T)
    for name in ("x_m", "y_m", "standard_distance_m", "theta_rad"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), rel=1e-12)


def test_equal_weights_change_nothing_and_points_without_weight_are_not_there():
    plain = shape(*PUBLISHED[:11].T)
    weighted = shape(*PUBLISHED.T, np.r_[np.full(11, 7.0), 0.0])
    for name in ("x_m", "y_m", "standard_distance_m", "major_m", "minor_m", "theta_rad", "points"):
        assert getattr(weighted, name) == pytest.approx(getattr(plain, name), rel=1e-12)


@pytest.mark.parametrize("bearing", [0.0, 30.0, 90.0, 135.0, 179.0])
def test_the_bearing_is_that_of_the_line_along_which_points_were_laid(bearing):
    along = np.linspace(-1_000, 1_000, 9)
    result = shape(5e5 + along * np.sin(np.deg2rad(bearing)), 3e6 + along * np.cos(np.deg2rad(bearing)))
    assert min(abs(result.bearing_deg - bearing), 180 - abs(result.bearing_deg - bearing)) < 1e-6
    assert result.minor_m < 0.01
    assert result.major_m == pytest.approx(np.sqrt(2 * (along**2).sum() / 7))


def test_intervals_hold_the_centre_the_spread_and_the_drift_as_often_as_they_say():
    generator, held, runs = np.random.default_rng(41), np.zeros(6), 300
    firms = 160
    spread = np.array([[900.0, 0], [500, 600]])
    truth_sd = np.sqrt((spread**2).sum())
    axis = np.sqrt(2 * np.linalg.eigvalsh(spread @ spread.T)[1])
    for run in range(runs):
        first = generator.normal(size=(firms, 2)) @ spread.T
        second = first.copy()
        leavers = generator.random(firms) < 0.3
        second[leavers] = generator.normal(size=(leavers.sum(), 2)) @ spread.T + (1_500, -700)
        x, y = np.vstack([first, second]).T + np.array([[5e5], [3e6]])
        weight = generator.lognormal(0, 0.4, size=firms)
        result = shape_drift(
            x, y, [2000] * firms + [2010] * firms, np.tile(np.arange(firms), 2), np.tile(weight, 2), 300, run
        )
        wanted = {"x_m": (0, 5e5), "y_m": (0, 3e6), "standard_distance_m": (0, truth_sd), "major_m": (0, axis)}
        wanted |= {"east_m": (1, 450.0), "north_m": (1, -210.0)}
        for i, (name, (year, truth)) in enumerate(wanted.items()):
            low, high = result.interval(name)[year]
            held[i] += low <= truth <= high
    # Weights leave about 136 of 160 firms' worth of information; the spread of a sample is a little small.
    assert held[[0, 1, 4, 5]] / runs == pytest.approx(0.9, abs=0.05)
    assert (held[2:4] / runs > 0.82).all()


def test_firms_that_stay_make_the_drift_surer_than_two_separate_samples_would():
    generator = np.random.default_rng(42)
    x, y = generator.normal(size=(2, 100)) * 1_000 + 5e5
    both, years = np.tile(x, 2) + np.repeat([0, 50], 100), np.repeat([2000, 2001], 100)
    same = shape_drift(both, np.tile(y, 2), years, np.tile(np.arange(100), 2))
    other = shape_drift(both, np.tile(y, 2), years, np.arange(200))
    assert np.ptp(same.interval("east_m")[1]) < 1e-6 < 100 < np.ptp(other.interval("east_m")[1])
    assert same.values[1, _at("drift_m")] == pytest.approx(50)


def test_a_bearing_near_north_has_an_interval_about_itself_and_not_from_end_to_end():
    generator = np.random.default_rng(43)
    x, y = generator.normal(size=200) * 100 + 5e5, generator.normal(size=200) * 400 + 3e6
    result = shape_drift(np.tile(x, 2), np.tile(y, 2), np.repeat([1, 2], 200), np.tile(np.arange(200), 2))
    low, high = result.interval("bearing_deg")[0]
    assert low < result.values[0, _at("bearing_deg")] < high
    assert high - low < 30


def test_draws_are_the_same_for_the_same_seed_however_many_are_held_at_once(monkeypatch):
    x, y = np.random.default_rng(44).normal(size=(2, 60)) * 100 + 5e5
    call = (x, y, np.repeat([1, 2], 30), np.tile(np.arange(30), 2))
    whole = shape_drift(*call, draws=50, seed=1).draws
    monkeypatch.setattr("townshift.process.concentration.shape_drift.CELLS", 100)
    np.testing.assert_array_equal(shape_drift(*call, draws=50, seed=1).draws, whole)
    assert (shape_drift(*call, draws=50, seed=2).draws != whole).any()


def test_years_with_too_few_establishments_are_named_and_left_out():
    x, y = np.random.default_rng(45).normal(size=(2, 12)) * 100 + 5e5
    result = shape_drift(x, y, [1] * 5 + [2] * 2 + [3] * 5, np.arange(12))
    assert result.years.tolist() == [1, 3]
    assert result.years_left_out == (2,)
    assert np.isfinite(result.values).all()


def test_one_year_only_has_no_drift_and_says_so():
    x, y = np.random.default_rng(46).normal(size=(2, 12)) * 100 + 5e5
    with pytest.raises(MeasureError) as problem:
        shape_drift(x, y, np.ones(12), np.arange(12))
    assert [found.code for found in problem.value.problems] == ["TS-CONC-042"]


def test_rows_without_year_or_establishment_are_refused_together():
    x, y = np.random.default_rng(47).normal(size=(2, 6)) * 100 + 5e5
    with pytest.raises(MeasureError) as problem:
        shape_drift(x, y, [1, 1, 1, 2, 2, np.nan], ["a", "b", "c", "a", "b", None])
    assert [found.code for found in problem.value.problems] == ["TS-CONC-030", "TS-CONC-030"]


@pytest.mark.parametrize(
    ("x", "y", "weight", "code"),
    [
        ([120.1, 120.2, 120.3], [30.1, 30.2, 30.3], None, "TS-CONC-003"),
        ([5e5, 5e5, 5e5], [3e6, 3e6, 3e6], None, "TS-CONC-005"),
        ([5e5, 6e5], [3e6, 3e6], None, "TS-CONC-004"),
        ([5e5, np.nan, 6e5], [3e6, 3e6, 3e6], None, "TS-CONC-002"),
        ([5e5, 5.1e5, 6e5], [3e6, 3e6, 3e6], [1, -1, 1], "TS-CONC-006"),
        ([5e5, 5.1e5, 6e5], [3e6, 3e6, 3e6], [0, 0, 0], "TS-CONC-007"),
        ([5e5, 5.1e5, 6e5], [3e6, 3e6, 3e6], [1, 1, 0], "TS-CONC-034"),
    ],
)
def test_a_shape_is_refused_where_there_is_none(x, y, weight, code):
    with pytest.raises(MeasureError) as problem:
        shape(x, y, weight)
    assert code in [found.code for found in problem.value.problems]
