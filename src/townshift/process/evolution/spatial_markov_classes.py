"""Classes of areas' values: by quantiles of each year or of all years together, or by limits that are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from townshift.errors import Problem
from townshift.process.concentration.area_values import refuse

Classes = npt.NDArray[np.intp]


def classes_by_year(values: npt.NDArray[np.float64], classes: int = 5, where: str = "") -> Classes:
    """The quantile class of each area among all areas of its own year, 0 for the lowest.

    A value on a limit belongs to the lower class.

    Args:
        values: shape (areas, years), finite.
        classes: how many classes.
        where: what the values are, for messages.

    Returns:
        Shape (areas, years), 0 to `classes - 1`.

    Raises:
        MeasureError: a year has so many equal values that limits coincide (TS-CONC-044).

    Source: Quah (1993), for classes by year's own quantiles.

    Example:
        >>> classes_by_year(np.array([[1.0, 40.0], [2.0, 30.0], [3.0, 20.0], [4.0, 10.0]]), classes=2)
        array([[0, 1],
               [0, 1],
               [1, 0],
               [1, 0]])
    """
    columns = [classes_by_limits(year, quantile_limits(year, classes, where)) for year in values.T]
    return np.stack(columns, axis=1)


def classes_by_limits(values: npt.NDArray[np.float64], limits: Sequence[float] | npt.NDArray[np.float64]) -> Classes:
    """The class of each value between ascending limits; a value on a limit belongs to the lower class.

    Example:
        >>> classes_by_limits(np.array([0.5, 1.0, 1.1]), [1.0])
        array([0, 0, 1])
    """
    return np.asarray(np.searchsorted(np.asarray(limits), values, side="left"), dtype=np.intp)


def quantile_limits(values: npt.NDArray[np.float64], classes: int, where: str = "") -> npt.NDArray[np.float64]:
    """The limits between equally filled classes; shape (classes - 1,), ascending and distinct.

    Raises:
        MeasureError: many values are equal, so that a class stays empty.

    Example:
        >>> quantile_limits(np.array([1.0, 2.0, 3.0, 4.0]), 2)
        array([2.5])
    """
    limits = np.quantile(values, np.arange(1, classes) / classes)
    if len(np.unique(classes_by_limits(values, limits))) < classes:
        distinct = len(np.unique(values))
        refuse([Problem("TS-CONC-044", where, {"distinct": distinct, "classes": classes})])
    return np.asarray(limits, dtype=np.float64)
