"""The shift from village to park: which share of making stands in industrial parks, by year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.process.clusters.town_uses import USES
from townshift.types import LEVEL

SHIFT_COLUMNS: tuple[str, ...] = ("year", "n", "in_park", "share", "low", "high", "flags")

MAKING: tuple[str, ...] = ("workshop", "park_plant")
"""Uses that are making: in the village and in the park."""


def village_to_park(
    use: npt.ArrayLike, year: npt.ArrayLike, years: Sequence[int], min_points: int = 10
) -> pd.DataFrame:
    """Which share of the places of making stands in a park, by year: `park_plant / (workshop + park_plant)`.

    The interval is Jeffreys' for a binomial share: what the share of the process could be that placed these
    establishments. A register that holds all of them has no sampling error beside it.

    Args:
        use: shape (n,), use of each point in its year; other uses than `MAKING` are passed over.
        year: shape (n,), calendar year of each row; an establishment has one row per year.
        years: years to be answered.
        min_points: places of making below which a year's share is suppressed (NaN, flag `suppressed`).

    Returns:
        One row per year with `SHIFT_COLUMNS`; a year without any row has the flag `no_data`.

    Raises:
        MeasureError: no year (TS-CLUSTERS-003); lengths differ (TS-CONC-001); unknown uses (TS-CLUSTERS-010).

    Source: Brown, Cai and DasGupta (2001), for the interval.

    Example:
        >>> use = ["workshop"] * 15 + ["park_plant"] * 5
        >>> village_to_park(use, [2010] * 20, [2010, 2011]).round(3).values.tolist()
        [[2010, 20, 5, 0.25, 0.122, 0.429, ''], [2011, 0, 0, nan, nan, nan, 'no_data']]
    """
    from scipy.stats import beta

    names, when = np.asarray(use, dtype=object).ravel(), np.asarray(year, dtype=np.float64).ravel()
    if not len(years):
        raise MeasureError(Problem("TS-CLUSTERS-003"))
    if len(names) != len(when):
        raise MeasureError(Problem("TS-CONC-001", "use", {"lengths": f"{len(names)}, {len(when)}"}))
    wrong = ~np.isin(names.astype(str), USES)
    if wrong.any():
        found = ", ".join(sorted({str(name) for name in names[wrong]})[:5])
        values = {"count": int(wrong.sum()), "found": found, "known": ", ".join(USES)}
        raise MeasureError(Problem("TS-CLUSTERS-010", "use", values, count=int(wrong.sum())))
    rows = []
    for wanted in sorted(set(years)):
        making = names[(when == wanted) & np.isin(names.astype(str), MAKING)]
        n, park = len(making), int((making == "park_plant").sum())
        if n < min_points:
            rows.append((wanted, n, park, *(float("nan"),) * 3, "suppressed" if n else "no_data"))
            continue
        tail = (1 - LEVEL) / 2
        low, high = beta.ppf([tail, 1 - tail], park + 0.5, n - park + 0.5)
        rows.append((wanted, n, park, park / n, 0.0 if park == 0 else low, 1.0 if park == n else high, ""))
    return pd.DataFrame(rows, columns=list(SHIFT_COLUMNS))
