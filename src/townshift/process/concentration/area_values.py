"""Values of areas: checked once and all together, so that no measure answers with a silent NaN."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from townshift.errors import MeasureError, Problem
from townshift.process.concentration.points import Flags, Floats

FEWEST_AREAS = 2
"""Areas below which nothing can be spread unevenly."""


def area_values(values: npt.ArrayLike) -> Floats:
    """Values of areas as an array of their own: shape (areas,) or (areas, years).

    Example:
        >>> area_values([1, 2])
        array([1., 2.])
    """
    return np.array(values, dtype=np.float64)


def value_problems(
    values: Floats,
    what: str,
    where: str = "",
    fewest: int = FEWEST_AREAS,
    negative: bool = False,
    equal: bool = True,
) -> list[Problem]:
    """Everything that keeps a measure from answering for the values of areas.

    Args:
        values: shape (areas,), or (areas, years) where every year must hold.
        what: name of the values in the message.
        where: what they belong to, for the message.
        fewest: areas that the measure needs.
        negative: whether values below zero, and a sum of zero, are meant.
        equal: whether the same value in every area is meant.

    Returns:
        Problems, none where the values can be used: too few areas (TS-CONC-034), missing or infinite (030), negative
        (031), all zero (032), all equal (033).

    Example:
        >>> [problem.code for problem in value_problems(np.array([1.0, np.nan]), "jobs")]
        ['TS-CONC-030']
    """
    if len(values) < fewest:
        return [Problem("TS-CONC-034", where, {"what": what, "count": len(values), "fewest": fewest})]
    missing = ~np.isfinite(values)
    if missing.any():
        count = int(missing.sum())
        said = {"what": what, "count": count, "rows": _rows_of(missing)}
        return [Problem("TS-CONC-030", where, said, count=count)]
    if not negative:
        below = values < 0
        if below.any():
            count = int(below.sum())
            said = {"what": what, "count": count, "rows": _rows_of(below)}
            return [Problem("TS-CONC-031", where, said, count=count)]
        if (values.sum(axis=0) == 0).any():
            return [Problem("TS-CONC-032", where, {"what": what, "count": len(values)})]
    if not equal and (np.ptp(values, axis=0) == 0).any():
        return [Problem("TS-CONC-033", where, {"what": what, "count": len(values)})]
    return []


def length_problems(where: str = "", **lengths: int) -> list[Problem]:
    """The problem that columns of one table differ in length (TS-CONC-035), or none.

    Example:
        >>> length_problems(jobs=3, areas=3)
        []
    """
    if len(set(lengths.values())) <= 1:
        return []
    given = ", ".join(f"{name}: {length}" for name, length in lengths.items())
    return [Problem("TS-CONC-035", where, {"lengths": given})]


def whole_number_problems(values: Floats, what: str, where: str = "") -> list[Problem]:
    """The problem that row numbers or classes are no whole numbers (TS-CONC-046), or none.

    Example:
        >>> [problem.code for problem in whole_number_problems(np.array([0.0, 0.5]), "area")]
        ['TS-CONC-046']
    """
    broken = values != np.floor(values)
    if not broken.any():
        return []
    count = int(broken.sum())
    return [Problem("TS-CONC-046", where, {"what": what, "count": count, "rows": _rows_of(broken)}, count=count)]


def label_problems(labels: npt.NDArray[Any], what: str, where: str = "") -> list[Problem]:
    """The problem that some rows have no label (TS-CONC-030), or none.

    Example:
        >>> [problem.code for problem in label_problems(np.array(["a", None], dtype=object), "groups")]
        ['TS-CONC-030']
    """
    if labels.dtype.kind == "O":
        import pandas as pd  # knows every sign for a missing value, and takes a second to load

        missing = np.asarray(pd.isna(labels), dtype=np.bool_)
    else:
        missing = np.asarray(labels != labels, dtype=np.bool_)
    if not missing.any():
        return []
    count = int(missing.sum())
    return [Problem("TS-CONC-030", where, {"what": what, "count": count, "rows": _rows_of(missing)}, count=count)]


def part_problems(part: Floats, whole: Floats, where: str = "") -> list[Problem]:
    """The problems that an industry exceeds the whole in some area (TS-CONC-036) or is the whole everywhere (037).

    Example:
        >>> [problem.code for problem in part_problems(np.array([2.0, 3.0]), np.array([2.0, 3.0]))]
        ['TS-CONC-037']
    """
    above = part > whole
    if above.any():
        return [Problem("TS-CONC-036", where, {"rows": row_numbers(above)}, count=int(above.sum()))]
    return [Problem("TS-CONC-037", where, {"count": len(part)})] if np.array_equal(part, whole) else []


def setting_problems(name: str, value: float, low: float, high: float, where: str = "") -> list[Problem]:
    """The problem that a setting lies outside what a measure can use (TS-CONC-043), or none.

    Example:
        >>> setting_problems("neighbours", 4, 1, 9)
        []
    """
    if low <= value <= high:
        return []
    return [Problem("TS-CONC-043", where, {"name": name, "value": value, "low": low, "high": high})]


def refuse(problems: Iterable[Problem]) -> None:
    """Raise one error with all problems, or do nothing where there is none.

    Raises:
        MeasureError: there is a problem.

    Example:
        >>> refuse([])
    """
    found = list(problems)
    if found:
        raise MeasureError(*found)


def row_numbers(bad: Flags) -> str:
    """The first few row numbers, counted from 1 as a reader of a table would.

    Example:
        >>> row_numbers(np.array([False, True, True]))
        '2, 3'
    """
    rows = np.flatnonzero(bad)[:5] + 1
    return ", ".join(str(row) for row in rows) + (", …" if bad.sum() > len(rows) else "")


def _rows_of(bad: npt.NDArray[np.bool_] | np.bool_) -> str:
    flags: Flags = np.atleast_1d(bad)
    return row_numbers(np.asarray(flags.reshape(len(flags), -1).any(axis=1), dtype=np.bool_))
