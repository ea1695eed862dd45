"""M is the formula of its paper, finds planted concentration, and refuses what it cannot answer for."""

import numpy as np
import pytest

from process.concentration import direct
from townshift.engine.chunks import map_chunks
from townshift.errors import MeasureError
from townshift.process.concentration import m_function as module
from townshift.process.concentration.m_function import MParameters, m_function
from townshift.process.concentration.points import checked_points

QUICK = {"relabellings": 99, "distances": 21}


def points(seed, n=300, cases=60, close=False):
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(1_000, 21_000, (2, n))
    x[1], y[1] = x[0], y[0]  # two on one spot
    case = np.zeros(n, dtype=bool)
    case[np.argsort(np.hypot(x - 9_000, y - 9_000))[:cases] if close else draw.choice(n, cases, replace=False)] = True
    return checked_points(x, y, weight=draw.lognormal(2, 1, n), case=case)


@pytest.mark.parametrize("weighted", [False, True])
def test_m_is_the_direct_formula(weighted):
    given = points(1)
    found = m_function(given, MParameters(weighted=weighted, **QUICK), seed=1)
    mass = given.masses if weighted else np.ones(len(given))
    expected = direct.m_function(given.x_m, given.y_m, mass, given.case, found.distance_m)
    assert found.m == pytest.approx(expected, rel=1e-12)


def test_neighbours_kept_or_counted_anew_give_the_same_curves(monkeypatch):
    given = points(2)
    kept = m_function(given, MParameters(**QUICK), seed=1)
    monkeypatch.setattr(module, "KEPT_NUMBERS", 0)
    anew = m_function(given, MParameters(**QUICK), seed=1)
    assert kept.m == pytest.approx(anew.m)


def test_an_industry_in_one_quarter_is_concentrated_at_short_distances():
    found = m_function(points(3, close=True), MParameters(**QUICK), seed=1)
    assert found.bands.p_value <= 0.05
    assert found.m[1] > 3
    assert found.m[1] > found.bands.global_high[1]


def test_relabelled_industries_are_one_on_average():
    found = m_function(points(4), MParameters(relabellings=999, distances=11), seed=1)
    assert found.bands.mean[3:] == pytest.approx(np.ones(8), abs=0.02)


def test_where_nobody_has_a_neighbour_m_is_one_and_said_to_rest_on_nothing():
    given = checked_points(np.arange(1, 9) * 1_000.0, np.zeros(8), case=np.arange(8) < 4)
    found = m_function(given, MParameters(distance_max_m=2_000, distances=5, relabellings=19))
    assert found.m[:2].tolist() == [1, 1]
    assert found.with_neighbours.tolist() == [0, 0, 4, 4, 4]


@pytest.mark.parametrize("weighted", [False, True])
def test_a_result_does_not_depend_on_workers(weighted):
    def on_two(function, seeds, chunk_size):
        return map_chunks(function, seeds, 13, workers=2, serial_seconds=0)

    given = MParameters(weighted=weighted, relabellings=39, distances=11)
    alone, together = m_function(points(5), given, seed=5), m_function(points(5), given, seed=5, chunks=on_two)
    assert alone.bands.global_high.tobytes() == together.bands.global_high.tobytes()


def test_what_cannot_be_answered_for_is_refused():
    x, y = np.arange(1, 9) * 1_000.0, np.zeros(8)
    case = np.arange(8) < 4
    for given, parameters, code in (
        (checked_points(x, y), {}, "TS-CONC-011"),
        (checked_points(x, y, case=case), {"weighted": True}, "TS-CONC-012"),
        (checked_points(x, y, np.arange(8.0) == 2, case), {"weighted": True}, "TS-CONC-013"),
        (checked_points(np.where(np.arange(8) < 7, 1_000.0, 2_000.0), y, case=case), {}, "TS-CONC-014"),
    ):
        with pytest.raises(MeasureError, match=code):
            m_function(given, MParameters(**parameters))
