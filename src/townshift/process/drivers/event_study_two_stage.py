"""Gardner's two-stage difference in differences, through pyfixest: a second estimator beside the group-time effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

MAX_DENSE = 60_000_000
"""Cells of the design matrix (rows × units and years) up to which pyfixest's covariance fits in memory."""


@dataclass(frozen=True, slots=True)
class TwoStage:
    """Effects by the two-stage estimator.

    Attributes:
        att, se: the average effect on treated observations, and its standard error.
        event_time: shape (k,), years since the act.
        effects, ses: shape (k,).
    """

    att: float
    se: float
    event_time: Whole
    effects: Real
    ses: Real


def fits_in_memory(n_units: int, n_years: int) -> bool:
    """Whether the two-stage estimator can be asked of so many units and years."""
    return n_units * n_years * (n_units + n_years) <= MAX_DENSE


def two_stage(
    unit: Whole, year: Whole, outcome: Real, first: Whole, cluster: Whole | None = None, by_event_time: bool = True
) -> TwoStage:
    """Effects from residuals of a model of untreated observations.

    Formula: (1) `y = a_i + l_t` on observations not yet treated; (2) regress `y - a_i - l_t` on being treated, or on
    years since the act; the covariance is that of both stages together, clustered.

    Args:
        unit: shape (rows,), number of the unit, or of the group of units, that has a level of its own.
        year: shape (rows,).
        outcome: shape (rows,).
        first: shape (rows,), first year treated, 0 = never.
        cluster: shape (rows,); none = units.
        by_event_time: whether effects by year since the act are wanted too.

    Source: Gardner (2021), Two-stage differences in differences; pyfixest, did2s.
    """
    from pyfixest.did.estimation import did2s

    treated = (first > 0) & (year >= first)
    frame = pd.DataFrame({"unit": unit, "year": year, "y": outcome, "treat": treated})
    frame["cluster"] = unit if cluster is None else cluster
    since = np.where(first > 0, year - first, 0)
    frame["since"] = np.where(treated, since + 1, 0)  # 0 = not treated, 1 = the year of the act
    # effects of years as columns: pyfixest sweeps two fixed effects in an order that differs between processes
    later = np.unique(year)[1:]
    for value in later:
        frame[f"year{int(value)}"] = (year == value).astype(np.float64)
    stage = f"~ {' + '.join(f'year{int(value)}' for value in later)} | unit"
    overall = did2s(frame.copy(), "y", stage, "~ i(treat, ref=False)", "treat", "cluster")
    times, effects, ses = np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0)
    if by_event_time:
        dynamic = did2s(frame.copy(), "y", stage, "~ i(since, ref=0)", "treat", "cluster")
        times = np.array([int(str(name).rsplit("::", 1)[1]) - 1 for name in dynamic.coef().index], dtype=np.int64)
        effects, ses = dynamic.coef().to_numpy(dtype=np.float64), dynamic.se().to_numpy(dtype=np.float64)
    return TwoStage(float(overall.coef().iloc[0]), float(overall.se().iloc[0]), times, effects, ses)
