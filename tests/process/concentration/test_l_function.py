"""L is the formula with translation correction, is 0 on a random plane, and refuses what it cannot answer for."""

import numpy as np
import pytest

from process.concentration import direct
from townshift.engine.chunks import map_chunks
from townshift.errors import MeasureError
from townshift.process.concentration.l_function import LParameters, l_function
from townshift.process.concentration.points import checked_points

WINDOW = (1_000.0, 1_000.0, 11_000.0, 7_000.0)
QUICK = {"window_m": WINDOW, "simulations": 99, "distances": 21}


def plane(seed, n=200):
    draw = np.random.default_rng(seed)
    return draw.uniform(1_000, 11_000, n), draw.uniform(1_000, 7_000, n)


def test_l_is_the_direct_formula():
    x, y = plane(1)
    x[1], y[1] = x[0], y[0]
    found = l_function(checked_points(x, y), LParameters(**QUICK), seed=1)
    assert found.l_m == pytest.approx(direct.l_function(x, y, WINDOW, found.distance_m), rel=1e-12, abs=1e-9)
    assert found.distance_m[-1] == 1_500  # a quarter of the shorter side


def test_l_is_zero_on_average_on_a_random_plane_in_spite_of_its_edges():
    found = l_function(checked_points(*plane(2)), LParameters(window_m=WINDOW, simulations=999, distances=16), seed=1)
    assert np.abs(found.bands.mean[5:]).max() < 10  # metres, at distances of 500 to 1,500


def test_points_in_clumps_are_above_and_points_on_a_lattice_below_the_band():
    draw = np.random.default_rng(3)
    centres = draw.uniform((2_000, 2_000), (10_000, 6_000), (8, 2))
    clumps = (centres[draw.integers(0, 8, 200)] + draw.normal(0, 200, (200, 2))).T
    found = l_function(checked_points(*clumps), LParameters(**QUICK), seed=1)
    assert (found.l_m[3:8] > found.bands.global_high[3:8]).all()
    lattice = np.meshgrid(np.arange(1_250, 11_000, 500.0), np.arange(1_250, 7_000, 500.0))
    found = l_function(checked_points(*(axis.ravel() for axis in lattice)), LParameters(**QUICK), seed=1)
    assert (found.l_m < found.bands.global_low).any()
    assert found.bands.p_value <= 0.05


def test_against_sites_an_industry_at_random_is_not_concentrated_though_sites_are():
    draw = np.random.default_rng(4)
    centres = draw.uniform((2_000, 2_000), (10_000, 6_000), (8, 2))
    x, y = (centres[draw.integers(0, 8, 400)] + draw.normal(0, 200, (400, 2))).T
    case = np.zeros(400, dtype=bool)
    case[draw.choice(400, 80, replace=False)] = True
    points = checked_points(x, y, case=case)
    assert l_function(points, LParameters(null="plane", **QUICK), seed=1).bands.p_value <= 0.05
    assert l_function(points, LParameters(null="sites", **QUICK), seed=1).bands.p_value > 0.05


def test_without_a_window_the_bounding_box_is_widened():
    found = l_function(checked_points([1_000, 3_000, 2_000], [1_000, 2_000, 3_000]), LParameters(simulations=19))
    assert found.window_m == (0, 0, 4_000, 4_000)


def test_a_result_does_not_depend_on_workers():
    def on_two(function, seeds, chunk_size):
        return map_chunks(function, seeds, 13, workers=2, serial_seconds=0)

    points = checked_points(*plane(5))
    alone = l_function(points, LParameters(**QUICK), seed=5)
    together = l_function(points, LParameters(**QUICK), seed=5, chunks=on_two)
    assert alone.bands.global_high.tobytes() == together.bands.global_high.tobytes()


@pytest.mark.parametrize(
    ("x", "y", "given", "code"),
    [
        ([1_000, 2_000, 3_000], [1_000, 2_000, 3_000], {"null": "sites"}, "TS-CONC-011"),
        ([1_000, 2_000, 3_000], [1_000, 1_000, 1_000], {}, "TS-CONC-016"),
        ([1_000, 2_000, 3_000], [1_000, 2_000, 9_000], {"window_m": WINDOW}, "TS-CONC-016"),
        ([1_000, 2_000, 3_000], [1_000, 2_000, 3_000], {"window_m": WINDOW, "distance_max_m": 6_000}, "TS-CONC-017"),
    ],
)
def test_what_cannot_be_answered_for_is_refused(x, y, given, code):
    with pytest.raises(MeasureError, match=code):
        l_function(checked_points(x, y), LParameters(**given))
