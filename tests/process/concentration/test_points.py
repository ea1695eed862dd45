"""Points are taken or refused with a reason; nothing becomes a silent NaN."""

import numpy as np
import pytest

from townshift.errors import MeasureError
from townshift.process.concentration.points import checked_points

X = np.array([500_000.0, 500_300.0, 500_100.0, 500_900.0])
Y = np.array([3_400_000.0, 3_400_100.0, 3_400_700.0, 3_400_400.0])


def codes_of(*args, **keywords) -> list[str]:
    with pytest.raises(MeasureError) as caught:
        checked_points(*args, **keywords)
    return [problem.code for problem in caught.value.problems]


def test_good_points_are_taken_as_given():
    points = checked_points(X, Y, [1, 2, 3, 4], [True, True, True, False])
    assert points.x_m.tolist() == X.tolist()
    assert points.masses.tolist() == [1, 2, 3, 4]
    assert points.cases.tolist() == [0, 1, 2]


def test_points_without_weights_count_alike_and_are_all_cases():
    points = checked_points(X, Y)
    assert points.masses.tolist() == [1, 1, 1, 1]
    assert points.cases.tolist() == [0, 1, 2, 3]


def test_points_keep_no_hold_on_the_arrays_they_were_built_from():
    x = X.copy()
    points = checked_points(x, Y)
    x[0] = np.nan
    assert np.isfinite(points.x_m).all()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"y_m": Y[:3]}, "TS-CONC-001"),
        ({"weight": [1, 2, 3]}, "TS-CONC-001"),
        ({"case": [True, False]}, "TS-CONC-001"),
        ({"x_m": np.array([np.nan, 1e5, 1e5, 2e5])}, "TS-CONC-002"),
        ({"y_m": np.array([np.inf, 1e5, 1e5, 2e5])}, "TS-CONC-002"),
        ({"weight": [1, np.nan, 1, 1]}, "TS-CONC-002"),
        ({"x_m": np.array([120.1, 120.2, 120.3, 120.4]), "y_m": np.array([30.1, 30.2, 30.1, 30.9])}, "TS-CONC-003"),
        ({"x_m": X[:2], "y_m": Y[:2]}, "TS-CONC-004"),
        ({"x_m": np.array([]), "y_m": np.array([])}, "TS-CONC-004"),
        ({"x_m": np.full(4, 5e5), "y_m": np.full(4, 3e6)}, "TS-CONC-005"),
        ({"weight": [1, -2, 3, 4]}, "TS-CONC-006"),
        ({"weight": [0, 0, 0, 0]}, "TS-CONC-007"),
        ({"weight": [0, 0, 0, 9], "case": [True, True, True, False]}, "TS-CONC-007"),
        ({"case": [True, True, True, True]}, "TS-CONC-008"),
        ({"case": [True, True, False, False]}, "TS-CONC-009"),
    ],
)
def test_what_cannot_be_answered_for_is_refused_with_its_code(changed, code):
    assert codes_of(**{"x_m": X, "y_m": Y, **changed}) == [code]


def test_all_problems_are_named_at_once():
    found = codes_of([120.1, 120.2, 120.3], [30.1, 30.2, 30.4], weight=[-1, 1, 1], case=[True, True, True])
    assert found == ["TS-CONC-003", "TS-CONC-006", "TS-CONC-008"]


def test_rows_are_counted_from_one_and_only_the_first_are_named():
    x = np.full(20, np.nan)
    with pytest.raises(MeasureError, match="20 values are missing or infinite \\(rows 1, 2, 3, 4, 5, …\\)"):
        checked_points(x, np.arange(20.0))
