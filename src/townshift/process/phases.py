"""Phases of growth: in which years a series turned from one rate of growth to another, and how sure that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.draws import summarise
from townshift.frames import typed
from townshift.process.growth import regimes
from townshift.process.yearly import YearlySeries, break_years, yearly_series
from townshift.types import Estimates, Parameters

COLUMNS = {
    "place_id": "string",
    "definition_id": "string",
    "setting": "string",
    "regime_from": "Int64",
    "regime_to": "Int64",
    "year": "Int64",
    "probability": "float64",
    "near_probability": "float64",
    "slope_before": "float64",
    "slope_before_low": "float64",
    "slope_before_high": "float64",
    "slope_after": "float64",
    "slope_after_low": "float64",
    "slope_after_high": "float64",
    "slower_probability": "float64",
    "modal": "boolean",
    "n_years": "Int64",
    "mean_changes": "float64",
    "status": "string",
}
"""Columns of `phases` and their pandas dtypes."""


class PhasesParameters(Parameters):
    """`[parameters.phases]`.

    Attributes:
        max_changes: at most so many change points in one regime.
        min_segment: every phase holds at least so many intervals between years with facts.
        min_years: with fewer years that facts stand behind, nothing is looked for.
        noise_floor: standard deviation, in log, below which departures from a line mean nothing.
        near_years: a change within so many years counts for `near_probability`.
    """

    max_changes: int = 2
    min_segment: int = 2
    min_years: int = 8
    noise_floor: float = 0.05
    near_years: int = 2


@dataclass(frozen=True, slots=True)
class Segmentation:
    """The best joined lines for every draw.

    Attributes:
        years: shape (years,), the years used.
        changes: for every draw the positions in `years` at which its slope changes, ascending.
        slopes: for every draw the slope of each of its phases, log per year; one more than its changes.
    """

    years: npt.NDArray[np.int64]
    changes: tuple[tuple[int, ...], ...]
    slopes: tuple[npt.NDArray[np.float64], ...]


def segment(
    years: npt.NDArray[np.int64], log_draws: npt.NDArray[np.float64], parameters: PhasesParameters
) -> Segmentation:
    """The continuous piecewise line that fits each draw best, by least squares with a penalty on change points.

    Formula: over all placements of k = 0 .. `max_changes` joints on the given years, minimise
    `ln(SSE / n + noise_floor^2) + (3k + 2) ln(n) / n`, SSE being that of the least-squares joined line. All placements
    are tried, so the minimum is exact.

    Args:
        years: shape (years,), ascending.
        log_draws: shape (years, draws), natural log of the figure.
        parameters: penalties and limits.

    Returns:
        Change points and slopes of every draw.

    Source: joinpoint regression (Kim, Fay, Feuer and Midthune 2000, Statistics in Medicine 19) with the penalty BIC3
    of the Joinpoint program (Kim, Chen, Midthune, Wheeler, Buckman, Green, Byrne, Luo and Feuer 2022, Journal of
    Applied Statistics 50); the floor keeps near-perfect fits from splitting.

    Example:
        >>> t = np.arange(2000, 2011)
        >>> line = np.where(t < 2005, 0.2 * (t - 2005), 0.0).reshape(-1, 1)    # 20 % a year until 2005, then none
        >>> found = segment(t, line, PhasesParameters())
        >>> [int(t[i]) for i in found.changes[0]], found.slopes[0].round(6).tolist()
        ([2005], [0.2, 0.0])
    """
    n = years.size
    t = (years - years[0]).astype(np.float64)
    best = np.full(log_draws.shape[1], np.inf)
    chosen = np.zeros(log_draws.shape[1], dtype=np.int64)
    models = _placements(n, parameters)
    total = np.einsum("ij,ij->j", log_draws, log_draws)
    for number, joints in enumerate(models):
        basis, _ = np.linalg.qr(_design(t, joints))
        fitted = basis.T @ log_draws
        sse = np.maximum(total - np.einsum("ij,ij->j", fitted, fitted), 0.0)
        score = np.log(sse / n + parameters.noise_floor**2) + (3 * len(joints) + 2) * np.log(n) / n
        better = score < best
        best[better] = score[better]
        chosen[better] = number
    slopes: list[npt.NDArray[np.float64]] = [np.empty(0)] * log_draws.shape[1]
    for number in np.unique(chosen):
        of_draw = np.flatnonzero(chosen == number)
        coefficients = np.linalg.lstsq(_design(t, models[number]), log_draws[:, of_draw], rcond=None)[0]
        steps = np.cumsum(coefficients[1:], axis=0)
        for column, draw in enumerate(of_draw):
            slopes[int(draw)] = steps[:, column]
    return Segmentation(years, tuple(models[number] for number in chosen), tuple(slopes))


def _placements(n: int, parameters: PhasesParameters) -> list[tuple[int, ...]]:
    gap = parameters.min_segment
    inner = range(gap, n - gap)
    return [
        joints
        for k in range(parameters.max_changes + 1)
        for joints in combinations(inner, k)
        if all(b - a >= gap for a, b in pairwise(joints))
    ]


def _design(t: npt.NDArray[np.float64], joints: Sequence[int]) -> npt.NDArray[np.float64]:
    hinges = [np.maximum(t - t[joint], 0.0) for joint in joints]
    return np.column_stack([np.ones_like(t), t, *hinges])


def phases(found: Estimates, parameters: PhasesParameters, breaks: Sequence[Mapping[str, object]] = ()) -> pd.DataFrame:
    """Change points of growth of every series, each with the share of draws that has it.

    Only years that facts stand behind are used, so a bridged year can never be a turn; each regime between declared
    breaks is looked at on its own. A regime with fewer than `min_years` such years gets one row with the status
    `too_short` and no year; a series that is not positive gets `not_positive`; the level of one year gets no row.

    Args:
        found: the result `series`.
        parameters: penalties and limits.
        breaks: entries of `[[breaks]]` of `study.toml`.

    Returns:
        One row per candidate year with `COLUMNS`: `probability` is the share of draws with a change in that year,
        `near_probability` the share with one within `near_years` of it; slopes are log growth per year before and
        after, over the draws with a change in that year (median and 90 % interval); `slower_probability` is the share
        of those that slow down; `modal` marks the change points of the most frequent segmentation; `mean_changes` is
        the mean number of changes in a draw.

    Source: see `segment`; the share of draws carries the uncertainty of the series into its turns.
    """
    rows: list[dict[str, object]] = []
    for series in yearly_series(found):
        if series.fact_years().size < 2:
            continue  # the level of one year has no growth, so no phases
        for part in regimes(series, break_years(series, breaks)):
            rows.extend(_of_regime(part, parameters))
    table = typed(rows, COLUMNS)
    keys = ["place_id", "definition_id", "setting", "regime_from", "year"]
    return table.sort_values(keys, kind="stable").reset_index(drop=True)


def _of_regime(part: YearlySeries, parameters: PhasesParameters) -> list[dict[str, object]]:
    firm = ~part.bridged
    years, draws = part.years[firm], part.draws[firm]
    head: dict[str, object] = {
        "place_id": part.place_id,
        "definition_id": part.definition_id,
        "setting": part.setting,
        "regime_from": int(part.years[0]),
        "regime_to": int(part.years[-1]),
        "n_years": int(years.size),
    }
    if years.size < parameters.min_years:
        return [{**head, "status": "too_short"}]
    draws = draws[:, np.isfinite(draws).all(axis=0)]
    if (draws <= 0).any() or not draws.size:
        return [{**head, "status": "not_positive"}]
    cut = segment(years, np.log(draws), parameters)
    modal = _modal(cut.changes)
    mean_changes = float(np.mean([len(joints) for joints in cut.changes]))
    rows = []
    for position in range(parameters.min_segment, years.size - parameters.min_segment):
        turn = _turn(cut, position, parameters.near_years)
        rows.append(
            {**head, **turn, "modal": position in modal, "mean_changes": mean_changes, "status": "ok"},
        )
    return rows


def _modal(changes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    counts = Counter(changes)
    return min(counts, key=lambda joints: (-counts[joints], len(joints), joints))


def _turn(cut: Segmentation, position: int, near_years: int) -> dict[str, object]:
    here = [draw for draw, joints in enumerate(cut.changes) if position in joints]
    year = int(cut.years[position])
    near = [any(abs(int(cut.years[joint]) - year) <= near_years for joint in joints) for joints in cut.changes]
    before = np.array([cut.slopes[draw][cut.changes[draw].index(position)] for draw in here])
    after = np.array([cut.slopes[draw][cut.changes[draw].index(position) + 1] for draw in here])
    value_before, low_before, high_before = summarise(before)
    value_after, low_after, high_after = summarise(after)
    return {
        "year": year,
        "probability": len(here) / len(cut.changes),
        "near_probability": float(np.mean(near)),
        "slope_before": value_before,
        "slope_before_low": low_before,
        "slope_before_high": high_before,
        "slope_after": value_after,
        "slope_after_low": low_after,
        "slope_after_high": high_after,
        "slower_probability": float(np.mean(after < before)) if here else float("nan"),
    }
