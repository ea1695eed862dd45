"""Annual hazards of leaving and of exit for registers of any size: a grouped complementary log-log model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from townshift.process.drivers.leaving_spells import CAUSES, Spells, ends, years_of
from townshift.process.drivers.pooling import sandwich, widened

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

AGE_FROM: tuple[int, ...] = (1, 2, 3, 4, 6, 9, 13, 20)
"""First age, in years, of each band of the baseline hazard."""

AGE_NAMES: tuple[str, ...] = ("1", "2", "3", "4-5", "6-8", "9-12", "13-19", "20+")
"""The bands by name."""


@dataclass(frozen=True, slots=True)
class RiskCells:
    """Establishments at risk in a calendar year, grouped by what the model knows of them.

    Attributes:
        place, year, age, size, kind: shape (cells,): place number, calendar year, position in `AGE_FROM`, numbers.
        at_risk: shape (cells,), establishments there on 1 January.
        events: shape (2, cells), those that left and those that closed during the year, if nobody moved.
        moved_spell, moved_year, moved_cell: shape (spell-years,), the years at risk of spells that a pair may end.
    """

    place: Whole
    year: Whole
    age: Whole
    size: Whole
    kind: Whole
    at_risk: Real
    events: Real
    moved_spell: Whole
    moved_year: Whole
    moved_cell: Whole


def risk_cells(found: Spells, year_from: int, year_to: int) -> RiskCells:
    """Group spells into cells of place × year × age × size × kind, as if no pair were a move.

    At risk in a year is who was there on its 1 January under observation, so that an establishment enters with the
    first of January after it was first seen (left truncation).
    """
    last, cause = ends(found, np.full(found.born.size, 2**40, dtype=np.int64))
    seen, born, end = years_of(found.seen_from), years_of(found.born), years_of(last)
    uncertain = np.zeros(found.born.size, dtype=bool)
    uncertain[found.move_spell] = True
    n_size, n_kind = len(found.sizes), len(found.kinds)
    profile = (found.place * n_size + found.size) * n_kind + found.kind
    codes, spell_parts, year_parts = [], [], []
    n_profiles, n_age = len(found.places) * n_size * n_kind, len(AGE_FROM)
    for year in range(year_from, year_to + 1):
        there = np.flatnonzero((seen < year) & (end >= year))
        age = np.searchsorted(AGE_FROM, year - born[there], side="right") - 1
        codes.append(((year - year_from) * n_profiles + profile[there]) * n_age + age)
        spell_parts.append(there)
        year_parts.append(np.full(there.size, year, dtype=np.int16))
    spell, year_of = np.concatenate(spell_parts), np.concatenate(year_parts)
    cells, cell = np.unique(np.concatenate(codes), return_inverse=True)
    closed = (end[spell] == year_of) & (cause[spell] == 1)
    exits = np.bincount(cell[closed], minlength=cells.size).astype(np.float64)
    moved = uncertain[spell]
    rest, age_of = np.divmod(cells, n_age)
    year_at, rest = np.divmod(rest, n_profiles)
    rest, kind = np.divmod(rest, n_kind)
    place, size = np.divmod(rest, n_size)
    return RiskCells(
        place=place, year=year_at + year_from, age=age_of, size=size, kind=kind,
        at_risk=np.bincount(cell, minlength=cells.size).astype(np.float64),
        events=np.stack([np.zeros(cells.size), exits]), moved_spell=spell[moved],
        moved_year=year_of[moved].astype(np.int64), moved_cell=cell[moved],
    )  # fmt: skip


def drawn_events(cells: RiskCells, found: Spells, leaving: Whole) -> tuple[Real, Real]:
    """Numbers at risk, shape (cells,), and events, shape (2, cells), when spells leave on the days given."""
    last, cause = ends(found, leaving)
    never, was = ends(found, np.full(found.born.size, 2**40, dtype=np.int64))
    s, y, c, n = cells.moved_spell, cells.moved_year, cells.moved_cell, cells.at_risk.size
    end = years_of(last[s])
    gone = np.bincount(c[y > end], minlength=n)
    before = (years_of(never[s]) == y) & (was[s] == 1)
    events = cells.events.copy()
    events[1] -= np.bincount(c[before], minlength=n)
    for k in range(len(CAUSES)):
        events[k] += np.bincount(c[(y == end) & (cause[s] == k)], minlength=n)
    return cells.at_risk - gone, events


@dataclass(frozen=True, slots=True)
class Design:
    """Regressors of the cells.

    Attributes:
        names: shape (k,), terms; those that begin with `_` are baseline, year and region effects.
        x: sparse matrix, shape (cells, k).
    """

    names: tuple[str, ...]
    x: Any


def design(
    cells: RiskCells, found: Spells, region: Whole, further: Mapping[str, Real], usable: npt.NDArray[np.bool_]
) -> Design:
    """Baseline by age, effects of year and region, size, kind, and further regressors of place and year.

    Args:
        cells: the cells.
        found: the spells, for the names of sizes and kinds.
        region: shape (places,), number of the region of each place.
        further: name to values, shape (cells,), known wherever `usable`.
        usable: shape (cells,), cells that the model uses.
    """
    from scipy import sparse

    blocks, names = [], []
    factors: list[tuple[str, Whole, tuple[str, ...]]] = [
        ("age", cells.age, AGE_NAMES),
        ("_year", cells.year, tuple(str(year) for year in range(int(cells.year.max()) + 1))),
        ("_region", region[cells.place], tuple(str(i) for i in range(int(region.max()) + 1))),
        ("size", cells.size, found.sizes),
        ("kind", cells.kind, found.kinds),
    ]
    blocks.append(sparse.csr_matrix(np.ones((cells.place.size, 1))))
    names.append("_constant")
    for factor, codes, levels in factors:
        weight = np.bincount(codes[usable], weights=cells.at_risk[usable], minlength=len(levels))
        present = np.flatnonzero(weight > 0)
        # the level with most establishments at risk is the one the others are compared with; age with the youngest
        reference = present[0] if factor == "age" else present[int(np.argmax(weight[present]))]
        for level in present:
            if level != reference:
                blocks.append(sparse.csr_matrix((codes == level).astype(np.float64)[:, None]))
                names.append(f"{factor}={levels[int(level)]}" + f"|{levels[int(reference)]}")
    for name, values in further.items():
        blocks.append(sparse.csr_matrix(np.where(usable, values, 0.0)[:, None]))
        names.append(name)
    return Design(tuple(names), sparse.hstack(blocks, format="csr"))


@dataclass(frozen=True, slots=True)
class Cloglog:
    """A grouped complementary log-log model at its maximum.

    Attributes:
        names: shape (k,), terms kept.
        kept: positions of the terms kept.
        rows: cells used.
        coefficients: shape (k,), log hazard ratios.
        bread: shape (k, k), inverse of the expected information.
        slope: shape (cells used,), what a surplus event adds to the score.
        hazard: shape (cells used,), fitted.
    """

    names: tuple[str, ...]
    kept: Whole
    rows: Whole
    coefficients: Real
    bread: Real
    slope: Real
    hazard: Real


def cloglog(formed: Design, at_risk: Real, events: Real, usable: npt.NDArray[np.bool_]) -> Cloglog:
    """Fit `h = 1 - exp(-exp(x'b))` to grouped events by Fisher scoring.

    Terms under which nothing happened, and everything that only they distinguish, are left out with their cells:
    their coefficient would run to minus infinity.

    Args:
        formed: the regressors.
        at_risk: shape (cells,).
        events: shape (cells,), at most `at_risk`.
        usable: cells that may be used.

    Returns:
        Coefficients, which are log hazard ratios of the hazard in continuous time.

    Source: Prentice and Gloeckler (1978), Biometrics 34 (1), 57-67.
    """
    x, rows, kept = _estimable(formed, at_risk, events, usable)
    n, d = at_risk[rows], events[rows]
    b = np.zeros(kept.size)
    b[0] = np.log(-np.log1p(-min(d.sum() / n.sum(), 0.99)))
    information = np.eye(kept.size)
    slope = hazard = np.zeros(rows.size)
    for _ in range(60):
        rate = np.exp(np.clip(x @ b, -30, 3))
        hazard = np.clip(-np.expm1(-rate), 1e-13, 1 - 1e-13)
        slope = rate * (1 - hazard) / (hazard * (1 - hazard))
        weight = n * slope**2 * hazard * (1 - hazard)
        information = (x.T @ x.multiply(weight[:, None])).toarray()
        step = np.linalg.solve(information, x.T @ ((d - n * hazard) * slope))
        b = b + step * min(1.0, 3.0 / max(float(np.abs(step).max()), 1e-300))
        if float(np.abs(step).max()) < 1e-9:
            break
    names = tuple(formed.names[int(i)] for i in kept)
    bread = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return Cloglog(names, kept, rows, b, bread, slope, hazard)


def one_step(fit: Cloglog, formed: Design, at_risk: Real, events: Real, clusters: Whole) -> tuple[Real, Real]:
    """Coefficients and covariance for other events, one scoring step from a fit near by.

    Variances are clustered, and at least those of the model itself (`widened`).

    Args:
        fit: the fit.
        formed: the regressors it was fitted with.
        at_risk: shape (cells,).
        events: shape (cells,).
        clusters: shape (cells,), cells that may err together.
    """
    from scipy import sparse

    x = formed.x[fit.rows][:, fit.kept]
    residual = (events[fit.rows] - at_risk[fit.rows] * fit.hazard) * fit.slope
    groups, member = np.unique(clusters[fit.rows], return_inverse=True)
    of_group = sparse.csr_matrix((residual, (member, np.arange(member.size))), shape=(groups.size, member.size))
    sums = (of_group @ x).toarray()
    return fit.coefficients + fit.bread @ sums.sum(axis=0), widened(sandwich(sums, fit.bread), np.diag(fit.bread))


def _estimable(formed: Design, at_risk: Real, events: Real, usable: npt.NDArray[np.bool_]) -> tuple[Any, Whole, Whole]:
    x = formed.x.tocsc()
    keep, columns = usable & (at_risk > 0), np.arange(len(formed.names))
    while True:
        active = np.array([float(events[keep] @ np.abs(x[:, j].toarray().ravel()[keep])) > 0 for j in columns])
        flags = np.array([_is_flag(formed.names[j]) for j in columns])
        dead = columns[~active & flags]
        if not dead.size:
            break
        for j in dead:
            keep &= x[:, j].toarray().ravel() == 0
        columns = columns[active | ~flags]
    rows = np.flatnonzero(keep)
    used = x[rows][:, columns].tocsr()
    # what the remaining cells do not tell apart is left out: pivots of the Gram matrix
    gram = (used.T @ used.multiply(at_risk[rows][:, None])).toarray()
    independent = _independent(gram)
    return used[:, independent], rows, columns[independent]


def _is_flag(name: str) -> bool:
    return "=" in name


def _independent(gram: Real) -> Whole:
    """Columns that are no combination of earlier ones, by a Cholesky factor that skips those without a rest."""
    kept: list[int] = []
    for j in range(len(gram)):
        if gram[j, j] <= 0:
            continue
        if kept:
            block = gram[np.ix_(kept, kept)]
            rest = gram[j, j] - gram[j, kept] @ np.linalg.solve(block, gram[kept, j])
        else:
            rest = gram[j, j]
        if rest > 1e-9 * gram[j, j]:
            kept.append(j)
    return np.array(kept, dtype=np.int64)
