"""The rivals of the benchmark do what their names say: a crippled rival would prove nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import heuristics

from evidence.simulated_records import simulate_record


def facts(*rows: tuple[int, float, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["year", "value", "qualifier"])
    return frame.assign(fact_id=[f"F{k}" for k in range(len(frame))], same_as=None)


THREE = facts((2000, 100, "exact"), (2004, 1600, "exact"), (2004, 1600, "about"))


def test_naive_methods_read_a_worked_example():
    years = np.array([2000, 2001, 2002, 2003, 2004])
    assert heuristics.latest_value(THREE, years, "log") == pytest.approx([100, 100, 100, 100, 1600])
    assert heuristics.nearest_year(THREE, years, "log") == pytest.approx([100, 100, 1600, 1600, 1600])
    assert heuristics.interpolated(THREE, years, "log") == pytest.approx([100, 200, 400, 800, 1600])


def test_the_careful_heuristic_drops_a_lost_zero_and_a_second_entry():
    record = facts(*[(2000 + k, 1000.0, "exact") for k in range(5)], (2002, 100, "exact"))
    assert heuristics.ten_times_off(record, "log").tolist() == [0, 0, 0, 0, 0, -1]
    seconds = record.assign(same_as=["F1" if k == 5 else None for k in range(6)])
    assert len(heuristics.counted(seconds)) == 5


def test_a_band_fitted_on_other_records_covers_nine_in_ten():
    fitted = heuristics.fit_heuristic([simulate_record(seed) for seed in range(30_000, 30_150)])
    inside = []
    for seed in range(30_200, 30_300):
        record = simulate_record(seed)
        band = fitted.band(record.facts, record.truth.index.to_numpy(), record.scale)
        inside.extend((band.low <= record.truth.to_numpy()) & (record.truth.to_numpy() <= band.high))
    assert 0.8 < np.mean(inside) < 0.97
    assert fitted.nudges["log", "over"] > 0 > fitted.nudges["log", "under"]
