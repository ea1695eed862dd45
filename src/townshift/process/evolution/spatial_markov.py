"""How areas move between classes from year to year, and whether their neighbours' level matters: Markov chains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.stats import chi2

from townshift.errors import Problem
from townshift.process.concentration.area_values import (
    area_values,
    refuse,
    setting_problems,
    value_problems,
    whole_number_problems,
)
from townshift.process.concentration.neighbours_of_areas import checked_weights, row_standardised
from townshift.process.concentration.points import Flags, Floats
from townshift.process.evolution.spatial_markov_classes import Classes, classes_by_limits, quantile_limits
from townshift.types import N_DRAWS, keyed_seed

FEWEST_YEARS = 2
"""Years below which nothing moves."""

CELLS = 8_000_000
"""Numbers held at once while resampling."""


@dataclass(frozen=True, slots=True, eq=False)
class Markov:
    """A Markov chain of classes.

    Attributes:
        counts: shape (classes, classes), transitions seen from row to column.
        p: the same as probabilities; a row is 0 where `visited` is not.
        p_draws: shape (classes, classes, draws), from resampling areas with all their years; NaN where a draw has no
            departure from the class.
        visited: shape (classes,), whether any area was seen to depart from the class.
        steady: shape (classes,), shares of classes in the long run if transitions stay as they are; zeros where
            `steady_identified` is not.
        steady_draws: shape (classes, draws); NaN where a draw does not identify it.
        steady_identified: whether one long run follows from every start: one recurrent class of classes, visited.
        sojourn: shape (classes,), mean transitions until a class is left, `1 / (1 - p_ii)`; infinite where it never is.
        mobility: Shorrocks' index, 0 where nothing moves, 1 where the next class does not depend on the last; over
            visited classes.
    """

    counts: npt.NDArray[np.int64]
    p: Floats
    p_draws: Floats
    visited: Flags
    steady: Floats
    steady_draws: Floats
    steady_identified: bool
    sojourn: Floats
    mobility: float


@dataclass(frozen=True, slots=True, eq=False)
class SpatialMarkov:
    """Markov chains of areas apart by the class of their neighbours' mean.

    Attributes:
        limits: shape (classes - 1,), between classes of areas.
        lag_limits: shape (lag classes - 1,), between classes of neighbours' means.
        all: the chain of all areas.
        by_lag: the chain of areas whose neighbours were in each class at departure, lowest class first.
        q: Pearson's statistic that all chains of `by_lag` are one.
        likelihood_ratio: the likelihood ratio statistic of the same.
        degrees_of_freedom: of both.
        q_p: its p-value if transitions were independent; neighbours that move together make it too small.
        likelihood_ratio_p: the same for the likelihood ratio.
    """

    limits: Floats
    lag_limits: Floats
    all: Markov
    by_lag: tuple[Markov, ...]
    q: float
    likelihood_ratio: float
    degrees_of_freedom: int
    q_p: float
    likelihood_ratio_p: float


def markov(
    class_ids: npt.ArrayLike, classes: int | None = None, draws: int = N_DRAWS, seed: int = 0, where: str = ""
) -> Markov:
    """How areas move between classes from one year to the next.

    Formula: `p_ij = n_ij / sum_j n_ij` over all pairs of years that follow each other; the long run solves `s = s p`.

    Args:
        class_ids: shape (areas, years), 0 to `classes - 1`; years at equal steps.
        classes: how many classes there are; None for one more than the highest seen.
        draws: how many times the areas are drawn with replacement, each with all its years.
        seed: seed of the draws.
        where: what the classes are, for messages.

    Returns:
        The chain with draws.

    Raises:
        MeasureError: fewer than two years or two areas, a class outside the range.

    Source: Anderson and Goodman (1957); Quah (1993); Shorrocks (1978) for the index.

    Example:
        >>> chain = markov([[0, 0, 1], [1, 1, 0]], draws=1)
        >>> chain.p, chain.steady
        (array([[0.5, 0.5],
               [0.5, 0.5]]), array([0.5, 0.5]))
    """
    ids = area_values(class_ids)
    ids = ids.reshape(len(ids), -1)
    problems = value_problems(ids, "classes", where, negative=True) or whole_number_problems(ids, "classes", where)
    refuse(problems + _year_problems(ids.shape[1], where))
    count = int(ids.max()) + 1 if classes is None else classes
    refuse(setting_problems("class", float(ids.min()), 0, count - 1, where))
    refuse(setting_problems("class", float(ids.max()), 0, count - 1, where))
    refuse(setting_problems("draws", draws, 1, 1_000_000, where))
    moves = _moves(ids.astype(np.intp), np.zeros_like(ids, dtype=np.intp), count, 1)
    return _chain(moves, _drawn(moves, draws, seed), 0, count)


def spatial_markov(
    values: npt.ArrayLike,
    weights: sparse.csr_array,
    classes: int | Sequence[float] = 5,
    lag_classes: int | Sequence[float] = 5,
    relative: bool = True,
    draws: int = N_DRAWS,
    seed: int = 0,
    where: str = "",
) -> SpatialMarkov:
    """Whether areas rise and fall differently with rich and with poor neighbours.

    Formula: the chain of `markov`, counted apart by the class of the neighbours' mean in the year of departure; the
    test of one chain for all is `Q = sum_lij n_li (p_lij - p_ij)^2 / p_ij`, with `sum_i (a_i - 1) (b_i - 1)` degrees of
    freedom, `a_i` the transitions seen from class i and `b_i` the lag classes in which it was departed from.

    Args:
        values: shape (areas, years), years at equal steps; at least 0 if `relative`.
        weights: shape (areas, areas), at least 0; rows are standardised here; areas without neighbours are left out.
        classes: how many classes, by quantiles of all years together, or the limits between them.
        lag_classes: the same for the neighbours' means.
        relative: whether values are taken relative to the year's mean of all areas.
        draws: how many times the areas are drawn with replacement, each with all its years.
        seed: seed of the draws.
        where: what the values are, for messages.

    Returns:
        The chains with draws and the test.

    Raises:
        MeasureError: values missing, negative or all zero in a year, fewer than two years or areas, classes that cannot
            be told apart, weights of another shape or empty.

    Source: Rey (2001); Bickenbach and Bode (2003) for the test.

    Example:
        >>> from townshift.process.concentration.neighbours_of_areas import from_pairs
        >>> values = np.array([[1.0, 1, 2], [2, 3, 3], [5, 4, 6], [6, 6, 5]])
        >>> chain = spatial_markov(values, from_pairs([[0, 1], [1, 2], [2, 3]], 4), 2, 2, draws=1)
        >>> chain.all.counts
        array([[4, 0],
               [0, 4]])
    """
    amounts = area_values(values)
    amounts = amounts.reshape(len(amounts), -1)
    problems = value_problems(amounts, "values", where, negative=not relative) + _year_problems(amounts.shape[1], where)
    refuse(problems + setting_problems("draws", draws, 1, 1_000_000, where))
    matrix = row_standardised(checked_weights(weights, len(amounts), where))
    if relative:
        amounts = amounts / amounts.mean(axis=0)
    limits = _limits(amounts, classes, where)
    linked = np.diff(matrix.indptr) > 0
    lags = np.asarray(matrix @ amounts)[linked]
    lag_limits = _limits(lags, lag_classes, where)
    ids, lag_ids = classes_by_limits(amounts[linked], limits), classes_by_limits(lags, lag_limits)
    count, lag_count = len(limits) + 1, len(lag_limits) + 1
    moves = _moves(ids, lag_ids, count, lag_count)
    drawn = _drawn(moves, draws, seed)
    total = moves.reshape(len(moves), lag_count, count * count).sum(axis=1)
    total_drawn = drawn.reshape(lag_count, count * count, draws).sum(axis=0)
    tables = moves.sum(axis=0).reshape(lag_count, count, count)
    q, ratio, freedom = _homogeneity(tables)
    return SpatialMarkov(
        limits=limits,
        lag_limits=lag_limits,
        all=_chain(total, total_drawn, 0, count),
        by_lag=tuple(_chain(moves, drawn, lag, count) for lag in range(lag_count)),
        q=q,
        likelihood_ratio=ratio,
        degrees_of_freedom=freedom,
        q_p=float(chi2.sf(q, freedom)) if freedom else 1.0,
        likelihood_ratio_p=float(chi2.sf(ratio, freedom)) if freedom else 1.0,
    )


def steady_state(p: Floats, visited: Flags) -> Floats | None:
    """The long run of a chain: shares that one more step leaves as they are.

    Args:
        p: shape (classes, classes), rows add up to 1 where visited.
        visited: shape (classes,); what follows after another class is unknown.

    Returns:
        Shape (classes,); None where the long run depends on the start, or leads to where nothing is known.

    Source: Kemeny and Snell (1960), chapter 4.

    Example:
        >>> steady_state(np.array([[0.9, 0.1], [0.3, 0.7]]), np.array([True, True])).round(6)
        array([0.75, 0.25])
        >>> steady_state(np.eye(2), np.array([True, True])) is None
        True
    """
    step = np.where(visited[:, None], p, np.eye(len(p)))
    inside = np.ones(len(p), dtype=np.bool_) if (step > 0).all() else _only_end(step, visited)
    if inside is None or not visited[inside].all():
        return None
    size = int(inside.sum())
    equations = step[inside][:, inside].T - np.eye(size)
    equations[-1] = 1.0
    out = np.zeros(len(p))
    out[inside] = np.linalg.solve(equations, np.eye(size)[-1])
    return out


def _only_end(step: Floats, visited: Flags) -> Flags | None:
    """The one set of classes that a chain ends in whatever its start; None where there are several."""
    parts, part = connected_components(sparse.csr_array(step > 0), directed=True, connection="strong")
    ends = []
    for one in range(parts):
        inside: Flags = part == one
        entered = visited[inside].any() or step[~inside][:, inside].any()
        if entered and not step[inside][:, ~inside].any():
            ends.append(inside)
    return ends[0] if len(ends) == 1 else None


def _year_problems(years: int, where: str) -> list[Problem]:
    if years >= FEWEST_YEARS:
        return []
    return [Problem("TS-CONC-042", where, {"count": years, "fewest": FEWEST_YEARS})]


def _limits(values: Floats, classes: int | Sequence[float], where: str) -> Floats:
    if not isinstance(classes, int):
        return np.sort(area_values(list(classes)))
    refuse(setting_problems("classes", classes, 2, values.size, where))
    return quantile_limits(values.ravel(), classes, where)


def _moves(ids: Classes, lag_ids: Classes, classes: int, lag_classes: int) -> npt.NDArray[np.int64]:
    """Transitions of each area: shape (areas, lag classes × classes × classes)."""
    cells = lag_classes * classes * classes
    cell = (lag_ids[:, :-1] * classes + ids[:, :-1]) * classes + ids[:, 1:]
    areas = np.arange(len(ids))[:, None] * cells
    return np.bincount((areas + cell).ravel(), minlength=len(ids) * cells).reshape(len(ids), cells)


def _drawn(moves: npt.NDArray[np.int64], draws: int, seed: int) -> Floats:
    """Transitions of areas drawn with replacement: shape (cells, draws); sums of whole numbers, exact in any order."""
    areas = len(moves)
    generator = np.random.default_rng(keyed_seed(seed, "spatial_markov"))
    step, parts = max(1, CELLS // areas), []
    for start in range(0, draws, step):
        chosen = [
            np.bincount(generator.integers(0, areas, size=areas), minlength=areas).astype(np.float64)
            for _ in range(min(step, draws - start))
        ]
        parts.append(moves.T.astype(np.float64) @ np.stack(chosen, axis=1))
    return np.concatenate(parts, axis=1)


def _chain(moves: npt.NDArray[np.int64], drawn: Floats, lag: int, classes: int) -> Markov:
    cells = slice(lag * classes * classes, (lag + 1) * classes * classes)
    counts = moves[:, cells].sum(axis=0).reshape(classes, classes)
    departures = counts.sum(axis=1)
    visited = departures > 0
    p = counts / np.where(visited, departures, 1)[:, None]
    tables = drawn[cells].reshape(classes, classes, -1)
    sums = tables.sum(axis=1, keepdims=True)
    p_draws = np.divide(tables, sums, out=np.full_like(tables, np.nan), where=sums > 0)
    steady = steady_state(p, visited)
    steady_draws = np.full((classes, tables.shape[2]), np.nan)
    for draw in range(tables.shape[2]):
        one = steady_state(np.nan_to_num(p_draws[:, :, draw]), sums[:, 0, draw] > 0)
        if one is not None:
            steady_draws[:, draw] = one
    leaving = 1 - np.diag(p)
    return Markov(
        counts=counts.astype(np.int64),
        p=p,
        p_draws=p_draws,
        visited=visited,
        steady=np.zeros(classes) if steady is None else steady,
        steady_draws=steady_draws,
        steady_identified=steady is not None,
        sojourn=np.divide(1.0, leaving, out=np.full(classes, np.inf), where=leaving > 0),
        mobility=float(leaving[visited].sum() / max(1, visited.sum() - 1)),
    )


def _homogeneity(tables: npt.NDArray[np.int64]) -> tuple[float, float, int]:
    """Pearson's and the likelihood ratio statistic that all tables are of one chain, and their degrees of freedom."""
    total = tables.sum(axis=0)
    departures = tables.sum(axis=2)
    common = total / np.maximum(total.sum(axis=1), 1)[:, None]
    expected = departures[:, :, None] * common
    seen = expected > 0
    q = float(((tables - expected)[seen] ** 2 / expected[seen]).sum())
    both = seen & (tables > 0)
    ratio = 2 * float((tables[both] * np.log(tables[both] / expected[both])).sum())
    freedom = (np.maximum((total > 0).sum(axis=1) - 1, 0) * np.maximum((departures > 0).sum(axis=0) - 1, 0)).sum()
    return q, ratio, int(freedom)
