"""An industry's clusters year by year, on one grid, so that areas of different years can be laid over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.process.clusters.find_clusters import cluster_table
from townshift.process.clusters.grid import ClusterGrid, Floats, Ints, cluster_grid
from townshift.process.clusters.level_sets import landscape
from townshift.process.clusters.null_level import critical_level
from townshift.process.clusters.parameters import CLUSTER_COLUMNS, NOISE, ClustersParameters
from townshift.process.clusters.result import YearlyClusters
from townshift.process.clusters.search import Found, LevelSetSearch
from townshift.process.clusters.stability import cluster_stability
from townshift.process.concentration.points import FEWEST, Points, checked_points
from townshift.types import ChunkMapper, serial

LEVEL_YEARS = 3
"""Years whose level is taken from landscapes without clusters; between them it is a line in the log of the number."""


@dataclass(frozen=True, slots=True, eq=False)
class Lifetimes:
    """Sites of establishments and the years at whose end they exist: `entry_year <= year < exit_year`.

    Attributes:
        x_m: shape (n,), metres.
        y_m: shape (n,), metres.
        entry_year: shape (n,), first year.
        exit_year: shape (n,), first year at whose end the establishment is gone; NaN or infinite while it exists.
    """

    x_m: npt.ArrayLike
    y_m: npt.ArrayLike
    entry_year: npt.ArrayLike
    exit_year: npt.ArrayLike


@dataclass(frozen=True, slots=True, eq=False)
class _Stock:
    """Checked establishments, their cells, and when they exist."""

    points: Points
    entry: Floats
    exit: Floats

    def present(self, year: int) -> Ints:
        return np.flatnonzero((self.entry <= year) & (year < self.exit))


def clusters_by_year(
    firms: Lifetimes,
    years: Sequence[int],
    parameters: ClustersParameters,
    *,
    jobs: npt.ArrayLike | None = None,
    reference: Lifetimes | None = None,
    seed: int,
    chunks: ChunkMapper = serial,
) -> YearlyClusters:
    """Find the clusters of one industry at the end of each year, as `find_clusters` does, by level sets.

    One grid serves all years: cells from the year with most establishments. The level is taken from landscapes
    without clusters for three years (fewest, middling, most establishments) and lies between them on a line in the
    log of the number. Stability is computed for the last year only; the other years hold NaN.

    Args:
        firms: the industry's establishments with their years.
        years: calendar years, at least one; each is answered once, in rising order. One year gives that year's
            clusters, of which nothing can be followed.
        parameters: as for `find_clusters`; the method must be level sets.
        jobs: shape (n,), employment of each establishment in every year it exists, at least 0.
        reference: establishments of all industries with their years, this one's among them.
        seed: the study's.
        chunks: maps over the samples for stability; any number of workers gives the same bytes.

    Returns:
        Memberships, cells and one row per year and cluster. A year with fewer than `min_firms` establishments has
        no cluster; `levels` says how many there were.

    Raises:
        MeasureError: what `checked_points` refuses; no year (TS-CLUSTERS-003); entry years are missing or exits
            precede entries (004); the method is not level sets (005); a year's reference is no larger than its
            industry (001).

    Source: as `find_clusters`; one grid for all years as in space-time kernel density (Nakaya and Yano 2010).

    Example:
        >>> rng = np.random.default_rng(1)
        >>> x, y = 500_000 + rng.uniform(0, 10_000, 400), 3_400_000 + rng.uniform(0, 10_000, 400)
        >>> x[:100], y[:100] = 505_000 + rng.normal(0, 200, 100), 3_405_000 + rng.normal(0, 200, 100)
        >>> entry = np.where(np.arange(400) < 100, 2005, 2000)
        >>> firms = Lifetimes(x, y, entry, np.full(400, np.nan))
        >>> found = clusters_by_year(firms, [2004, 2005], ClustersParameters(resamples=0), seed=7)
        >>> found.table["year"].tolist(), found.levels["n"].tolist()
        ([2005], [300, 400])
    """
    stock = _stock(firms, jobs, "firms")
    everyone = None if reference is None else _stock(reference, None, "reference")
    wanted = sorted({int(year) for year in years})
    _check_request(wanted, parameters)
    numbers = np.array([len(stock.present(year)) for year in wanted])
    spanning = (everyone or stock).points
    grid = cluster_grid(spanning.x_m, spanning.y_m, max(int(numbers.max()), 1), parameters)
    levels = _levels(grid, everyone, wanted, numbers, parameters, seed)
    memberships, cells, tables, backgrounds = [], [], [], []
    for year, level in zip(wanted, levels, strict=True):
        rows = stock.present(year)
        if len(rows) < max(parameters.min_firms, FEWEST):
            backgrounds.append(float("nan"))
            memberships.append(_rows(year, np.full(len(rows), NOISE)).assign(record=rows.astype(np.int32)))
            continue
        search = _search(grid, everyone, year, len(rows), level, parameters)
        x, y = stock.points.x_m[rows], stock.points.y_m[rows]
        found = search.found(x, y)
        resamples = parameters.resamples if year == wanted[-1] else 0
        stability = cluster_stability(x, y, found.labels, search, resamples, seed, chunks=chunks)
        share = float("nan") if everyone is None else len(rows) / len(everyone.present(year))
        weight = None if stock.points.weight is None else stock.points.weight[rows]
        backgrounds.append(found.background)
        tables.append(cluster_table(x, y, weight, found, share, stability).assign(year=year))
        memberships.append(_rows(year, found.labels).assign(record=rows.astype(np.int32)))
        cells.append(_cells(year, found))
    return YearlyClusters(
        _joined(memberships, ["record", "year", "cluster"]),
        _joined(cells, ["year", "cluster", "cell"]),
        _joined(tables, ["year", *CLUSTER_COLUMNS]),
        grid.cell_m,
        (grid.x0_m, grid.y0_m),
        grid.shape[1],
        pd.DataFrame({"year": wanted, "n": numbers, "level": levels, "background": backgrounds}),
    )


def _stock(lives: Lifetimes, jobs: npt.ArrayLike | None, where: str) -> _Stock:
    points = checked_points(lives.x_m, lives.y_m, jobs, where=where)
    entry = np.array(lives.entry_year, dtype=np.float64).ravel()
    leaving = np.array(lives.exit_year, dtype=np.float64).ravel()
    leaving = np.where(np.isnan(leaving), np.inf, leaving)
    if len(entry) != len(points) or len(leaving) != len(points):
        given = ", ".join(str(length) for length in sorted({len(points), len(entry), len(leaving)}))
        raise MeasureError(Problem("TS-CONC-001", where, {"lengths": given}))
    wrong = int((~np.isfinite(entry) | (leaving < entry)).sum())
    if wrong:
        raise MeasureError(Problem("TS-CLUSTERS-004", where, {"count": wrong}, count=wrong))
    return _Stock(points, entry, leaving)


def _check_request(years: Sequence[int], parameters: ClustersParameters) -> None:
    problems = []
    if not years:
        problems.append(Problem("TS-CLUSTERS-003"))
    if parameters.method != "level_set":
        problems.append(Problem("TS-CLUSTERS-005", "", {"method": parameters.method}))
    if problems:
        raise MeasureError(*problems)


def _search(
    grid: ClusterGrid, everyone: _Stock | None, year: int, n: int, level: float, parameters: ClustersParameters
) -> LevelSetSearch:
    """The search in one year, against that year's reference."""
    cells = None
    if everyone is not None:
        rows = everyone.present(year)
        if len(rows) <= n:
            raise MeasureError(Problem("TS-CLUSTERS-001", f"reference, {year}", {"count": len(rows), "firms": n}))
        cells = grid.cells(everyone.points.x_m[rows], everyone.points.y_m[rows])
    return LevelSetSearch(grid, landscape(grid, cells), level, cells, parameters)


def _levels(
    grid: ClusterGrid,
    everyone: _Stock | None,
    years: list[int],
    numbers: Ints,
    parameters: ClustersParameters,
    seed: int,
) -> Floats:
    """The level of each year, from those of a few."""
    usable = np.flatnonzero(numbers >= max(parameters.min_firms, FEWEST))
    if not usable.size:
        return np.full(len(years), np.nan)
    order = usable[np.argsort(numbers[usable], kind="stable")]
    known = order[np.unique(np.linspace(0, len(order) - 1, LEVEL_YEARS).round().astype(int))]
    taken = []
    for at in known:
        n = int(numbers[at])
        search = _search(grid, everyone, years[at], n, float("nan"), parameters)
        taken.append(critical_level(grid, search.ground, n, search.reference_cells, parameters, seed))
    log_n, first = np.unique(np.log(numbers[known]), return_index=True)
    levels = np.interp(np.log(np.maximum(numbers, 1)), log_n, np.array(taken)[first])
    levels[numbers < max(parameters.min_firms, FEWEST)] = np.nan
    return np.asarray(levels, dtype=np.float64)


def _rows(year: int, clusters: Ints) -> pd.DataFrame:
    year_column = np.full(len(clusters), year, dtype=np.int16)
    return pd.DataFrame({"year": year_column, "cluster": clusters.astype(np.int32)})


def _cells(year: int, found: Found) -> pd.DataFrame:
    flat = found.image.ravel()
    cells = np.flatnonzero(flat >= 0)
    return _rows(year, flat[cells].astype(np.int64)).assign(cell=cells)


def _joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Tables of all years under each other; an empty one with its columns where no year has any."""
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=np.int64) for name in columns})
    return pd.concat([part[columns] for part in parts], ignore_index=True)
