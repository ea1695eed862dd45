"""Both ways to sum a kernel over all pairs agree with the direct formula to 1e-10 of the curve's maximum."""

import numpy as np
import pytest

from process.concentration import direct
from townshift.process.concentration import k_grid
from townshift.process.concentration.k_exact import PairSum, spatial_order
from townshift.process.concentration.k_grid import COARSE, EXACT, GridSetting, fourier_sum


def sites(seed, n, width=50_000.0, height=50_000.0):
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(400_000, 400_000 + width, n), draw.uniform(3_000_000, 3_000_000 + height, n)
    x[1], y[1] = x[0], y[0]  # two on one spot
    return x, y, draw.uniform(0, 5, n)


CASES = {
    "many bandwidths in reach": (600, 50_000.0, 50_000.0, 300.0, 400.0, 80),
    "step finer than the bandwidth": (400, 50_000.0, 50_000.0, 6_000.0, 100.0, 101),
    "step coarser than the bandwidth": (400, 50_000.0, 50_000.0, 200.0, 2_500.0, 12),
    "bandwidth beyond the curve": (300, 50_000.0, 50_000.0, 60_000.0, 100.0, 9),
    "a strip along a river": (400, 90_000.0, 1_500.0, 700.0, 450.0, 90),
    "a strip the other way": (400, 1_500.0, 90_000.0, 700.0, 450.0, 90),
    "on a line": (200, 60_000.0, 0.0, 500.0, 300.0, 60),
    "three points": (3, 50_000.0, 50_000.0, 900.0, 500.0, 101),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("weighted", [False, True])
def test_sums_over_pairs_and_by_fourier_agree_with_the_direct_formula(name, weighted):
    n, width, height, bandwidth, step, steps = CASES[name]
    x, y, weight = sites(7, n, width, height)
    mass = weight if weighted else np.ones(n)
    curve = PairSum(steps, step, bandwidth)
    total = (mass.sum() ** 2 - mass @ mass) / 2
    expected = direct.k_density(x, y, mass, np.arange(steps) * step, bandwidth)
    fourier = fourier_sum(x, y, curve, EXACT)
    found = {
        "pairs": curve(x, y, mass) / total,
        "fourier": fourier.pairs(fourier.power_at(x, y, mass), mass) / total,
    }
    for way, density in found.items():
        assert np.max(np.abs(density - expected)) <= 1e-10 * expected.max(), way


def test_the_density_integrates_to_the_share_of_pairs_within_the_curve():
    x, y, mass = sites(8, 500)
    density = PairSum(1_001, 100.0, 400.0)(x, y, mass) / ((mass.sum() ** 2 - mass @ mass) / 2)
    assert np.trapezoid(density, dx=100.0) == pytest.approx(1.0, abs=1e-6)  # the reflection keeps all mass above zero


def test_sums_over_pairs_do_not_depend_on_the_order_of_points():
    x, y, mass = sites(9, 700)
    order = spatial_order(x, y)
    curve = PairSum(60, 300.0, 800.0)
    given, sorted_ = curve(x, y, mass), curve(x[order], y[order], mass[order])
    assert np.max(np.abs(given - sorted_)) <= 1e-12 * given.max()


def test_masses_on_chosen_sites_are_summed_as_if_there_were_no_others():
    x, y, mass = sites(10, 800)
    fourier = fourier_sum(x, y, PairSum(60, 300.0, 800.0), EXACT)
    chosen = np.arange(5, 800, 7)
    found = fourier.pairs(fourier.power(fourier.windows(x, y), chosen, mass[chosen]), mass[chosen])
    expected = PairSum(60, 300.0, 800.0)(x[chosen], y[chosen], mass[chosen])
    assert np.max(np.abs(found - expected)) <= 1e-10 * expected.max()


@pytest.mark.parametrize("setting", COARSE[::4])
def test_a_coarse_grid_is_off_by_what_it_leaves_out(setting):
    x, y, mass = sites(11, 2_000)
    curve = PairSum(60, 400.0, 700.0)
    exact = curve(x, y, mass)
    coarse = fourier_sum(x, y, curve, setting)
    off = np.max(np.abs(coarse.pairs(coarse.power_at(x, y, mass), mass) - exact)) / exact.max()
    assert 1e-12 < off < 5e-3


def test_a_grid_reaches_far_enough_that_no_period_sees_the_next():
    curve = PairSum(60, 400.0, 700.0)
    for setting in (EXACT, GridSetting(2.5, 6, True)):
        cell, (rows, columns) = k_grid.grid_shape((50_000.0, 3_000.0), curve.reach_m, 700.0, setting)
        assert columns * cell >= 50_000 + curve.reach_m
        assert rows * cell >= 3_000 + curve.reach_m
        assert columns % rows == 0  # whole ratio, on which the shells rest
