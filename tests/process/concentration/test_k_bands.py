"""Global bands are left by no more than their share of curves, and the test is exact."""

import numpy as np
import pytest

from townshift.process.concentration.bands import bands


def walks(seed, count, distances=60):
    return np.cumsum(np.random.default_rng(seed).normal(size=(count, distances)), axis=1)


def leaves(curves, found):
    return ((curves < found.global_low) | (curves > found.global_high)).any(axis=-1)


@pytest.mark.parametrize("alpha", [0.05, 0.10, 0.20])
def test_the_global_band_is_left_by_its_share_of_curves_at_most(alpha):
    curves = walks(1, 1_000)
    found = bands(curves[0], curves[1:], alpha)
    share = leaves(curves, found).mean()
    assert alpha - 0.01 < share <= alpha


def test_a_curve_leaves_the_band_exactly_when_its_p_value_is_not_above_the_level():
    curves = walks(2, 200)
    for row in range(60):
        found = bands(curves[row], np.delete(curves, row, axis=0), 0.10)
        assert leaves(curves[row], found) == (found.p_value <= 0.10)


def test_random_curves_are_rejected_at_the_nominal_rate():
    rejected = [bands(walks(seed, 100)[0], walks(seed, 100)[1:]).p_value <= 0.05 for seed in range(400)]
    assert 0.02 <= np.mean(rejected) <= 0.08


def test_local_bands_are_the_quantiles_of_each_distance():
    simulated = np.tile(np.arange(101.0)[:, None], 3)
    found = bands(np.array([50.0, 50.0, 50.0]), simulated, alpha=0.10)
    assert found.local_low.tolist() == [5, 5, 5]
    assert found.local_high.tolist() == [95, 95, 95]


def test_curves_that_are_alike_leave_no_band():
    found = bands(np.zeros(4), np.zeros((99, 4)))
    assert found.p_value == 1
    assert found.global_low.tolist() == found.global_high.tolist() == [0, 0, 0, 0]
