"""Establishments as points on a projected plane: checked once, so that no measure answers with a silent NaN."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from townshift.errors import MeasureError, Problem

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

FEWEST = 3
"""Points below which no measure of concentration is answered."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Sites of establishments, one row each; built by `checked_points`.

    Attributes:
        x_m: shape (n,), metres east in a projected system.
        y_m: shape (n,), metres north in the same system.
        weight: shape (n,), employment or another mass, at least 0; None where every establishment counts alike.
        case: shape (n,), whether the establishment is of the industry studied; None where all points are.
    """

    x_m: Floats
    y_m: Floats
    weight: Floats | None = None
    case: Flags | None = None

    def __len__(self) -> int:
        return len(self.x_m)

    @property
    def masses(self) -> Floats:
        """The weights, or ones where there are none; shape (n,)."""
        return np.ones(len(self.x_m)) if self.weight is None else self.weight

    @property
    def cases(self) -> npt.NDArray[np.intp]:
        """Row numbers of the industry's establishments, ascending."""
        return np.arange(len(self.x_m)) if self.case is None else np.flatnonzero(self.case)


def checked_points(
    x_m: npt.ArrayLike,
    y_m: npt.ArrayLike,
    weight: npt.ArrayLike | None = None,
    case: npt.ArrayLike | None = None,
    where: str = "",
) -> Points:
    """Take points that a measure can answer for, or say everything that is wrong with them.

    Args:
        x_m: shape (n,), metres east in a projected system.
        y_m: shape (n,), metres north in the same system.
        weight: shape (n,), at least 0 and not all 0; None where every establishment counts alike.
        case: shape (n,), true for the industry studied, which must not be the whole registry; None where no other
            establishments are given, for measures that compare with a plane and not with other industries.
        where: what the points are, for the message: an industry, a year, a file.

    Returns:
        The points as arrays of their own.

    Raises:
        MeasureError: lengths differ (001), a value is missing or infinite (002), coordinates are degrees (003), fewer
            than three points (004) or cases (009), all at one spot (005), weights negative (006) or all zero (007),
            the industry is the whole registry (008); all of them at once.

    Source: what each measure of this folder needs; Duranton and Overman (2005), section 2, for sites and cases.

    Example:
        >>> points = checked_points([500000, 500100, 500000], [3400000, 3400000, 3400200], weight=[5, 1, 4])
        >>> len(points), float(points.masses.sum())
        (3, 10.0)
        >>> checked_points([120.1, 120.2, 120.3], [30.8, 30.9, 30.8])
        Traceback (most recent call last):
        townshift.errors.MeasureError: all 3 points lie within -180..180 and -90..90: degrees, not metres
        ...
    """
    x, y = np.array(x_m, dtype=np.float64).ravel(), np.array(y_m, dtype=np.float64).ravel()
    mass = None if weight is None else np.array(weight, dtype=np.float64).ravel()
    chosen = None if case is None else np.array(case, dtype=np.bool_).ravel()
    lengths = {len(values) for values in (x, y, mass, chosen) if values is not None}
    if len(lengths) > 1:
        given = ", ".join(str(length) for length in sorted(lengths))
        raise MeasureError(Problem("TS-CONC-001", where, {"lengths": given}))
    problems = [*_of_coordinates(x, y, where), *_of_weights(mass, chosen, where), *_of_cases(chosen, where)]
    if problems:
        raise MeasureError(*problems)
    return Points(x, y, mass, chosen)


def _of_coordinates(x: Floats, y: Floats, where: str) -> list[Problem]:
    if len(x) < FEWEST:
        return [Problem("TS-CONC-004", where, {"count": len(x), "fewest": FEWEST})]
    missing = ~(np.isfinite(x) & np.isfinite(y))
    if missing.any():
        bad = int(missing.sum())
        return [Problem("TS-CONC-002", where, {"what": "x_m, y_m", "count": bad, "rows": _rows(missing)}, count=bad)]
    problems = []
    if np.ptp(x) == 0 and np.ptp(y) == 0:
        problems.append(Problem("TS-CONC-005", where, {"count": len(x)}))
    if np.abs(x).max() <= 180 and np.abs(y).max() <= 90:
        problems.append(Problem("TS-CONC-003", where, {"count": len(x)}))
    return problems


def _of_weights(weight: Floats | None, case: Flags | None, where: str) -> list[Problem]:
    if weight is None or not weight.size:
        return []
    missing = ~np.isfinite(weight)
    if missing.any():
        bad = int(missing.sum())
        return [Problem("TS-CONC-002", where, {"what": "weight", "count": bad, "rows": _rows(missing)}, count=bad)]
    negative = weight < 0
    if negative.any():
        bad = int(negative.sum())
        return [Problem("TS-CONC-006", where, {"count": bad, "rows": _rows(negative)}, count=bad)]
    counted = weight if case is None or not case.any() else weight[case]
    return [] if (counted > 0).any() else [Problem("TS-CONC-007", where, {"count": len(counted)})]


def _of_cases(case: Flags | None, where: str) -> list[Problem]:
    if case is None or len(case) < FEWEST:
        return []
    if case.all():
        return [Problem("TS-CONC-008", where, {"count": len(case)})]
    count = int(case.sum())
    return [Problem("TS-CONC-009", where, {"count": count, "fewest": FEWEST})] if count < FEWEST else []


def _rows(bad: Flags) -> str:
    """The first few row numbers, counted from 1 as a reader of a table would."""
    rows = np.flatnonzero(bad)[:5] + 1
    return ", ".join(str(row) for row in rows) + (", …" if bad.sum() > len(rows) else "")


def check_cases(points: Points, weighted: bool) -> None:
    """Refuse points that no curve of an industry among others can be made of.

    Args:
        points: establishments of all industries.
        weighted: whether pairs or neighbours count by their weight.

    Raises:
        MeasureError: no cases are marked (011); weights are asked for and missing (012), or fewer than two
            establishments of the industry have any (013); all of them at once.

    Example:
        >>> check_cases(checked_points([0, 500, 900], [0, 400, 100]), weighted=False)
        Traceback (most recent call last):
        townshift.errors.MeasureError: no establishments are marked as the industry studied
        ...
    """
    problems = []
    if points.case is None:
        problems.append(Problem("TS-CONC-011"))
    if weighted and points.weight is None:
        problems.append(Problem("TS-CONC-012"))
    if weighted and points.weight is not None and points.case is not None:
        weighty = int(np.count_nonzero(points.weight[points.case]))
        if weighty < 2:
            problems.append(Problem("TS-CONC-013", "", {"count": weighty}))
    if problems:
        raise MeasureError(*problems)
