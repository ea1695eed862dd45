"""Flows as cells of origin × destination × year, zeros included, and the cells from which nothing can be learnt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.draws import kind_probabilities
from townshift.process.pathways.places import at_level, coordinates, great_circle_km

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

Effect = Literal["origin_year", "destination_year", "origin", "destination", "year"]
"""A fixed effect: every group of cells that share the origin and year, and so on, has a level of its own."""

MIN_KM = 1.0
"""Places nearer than this count as so far apart: the logarithm of a distance needs one above 0."""


@dataclass(frozen=True, slots=True)
class FlowCells:
    """Cells of flows.

    Attributes:
        places: names of the places that `origin` and `destination` number.
        origin, destination, year: shape (cells,).
        moves: shape (cells,), moves expected.
        terms: name of each regressor to its values, shape (cells,).
        uncertain_cell: shape (moves,), for each pair of the table `moves` the cell it adds to, -1 = none.
        left_out: why pairs or cells were left out, and how many.
    """

    places: tuple[str, ...]
    origin: Whole
    destination: Whole
    year: Whole
    moves: Real
    terms: Mapping[str, Real]
    uncertain_cell: Whole
    left_out: Mapping[str, int] = field(default_factory=dict)

    def n_effects(self, effects: Sequence[Effect]) -> int:
        """Levels of all fixed effects together."""
        return sum(int(np.unique(self.groups(effect)).size) for effect in effects)

    def groups(self, effect: Effect) -> Whole:
        """The group of each cell under a fixed effect, numbered from 0."""
        years = self.year - (self.year.min() if self.year.size else 0)
        span = int(years.max()) + 1 if years.size else 1
        if effect == "year":
            return years
        if effect in ("origin", "destination"):
            return self.origin if effect == "origin" else self.destination
        return (self.origin if effect == "origin_year" else self.destination) * span + years


@dataclass(frozen=True, slots=True)
class TooManyCells:
    """A grid that is not built because it would not fit: how many cells it would have."""

    n_cells: int


def flow_cells(
    moves: pd.DataFrame,
    places: pd.DataFrame,
    level: str,
    kinds: Sequence[str] = KINDS,
    candidates: Sequence[str] | None = None,
    max_cells: int = 4_000_000,
) -> FlowCells | TooManyCells:
    """Moves between places of a level as cells, with the logarithm of the distance and whether provinces agree.

    A year's origins are those that any move left in that year; its destinations those that any move reached in it,
    or all `candidates`. Cells of other places would be all zero in their group and say nothing.

    Args:
        moves: the table `moves`.
        places: place_id, kind, parent_id, lon, lat.
        level: kind of place at which flows are counted; `place` = as the moves have them.
        kinds: kinds of moves that are counted.
        candidates: destinations that could have been chosen in every year; none = those reached in the year.
        max_cells: a larger grid is not built.
    """
    p = kind_probabilities(moves)[:, [KINDS.index(kind) for kind in kinds]].sum(axis=1)
    origin = at_level(moves["origin_place_id"], places, level)
    destination = at_level(moves["destination_place_id"], places, level)
    names = sorted({*origin, *destination, *(candidates or ())} - {""})
    points = coordinates(names, places)
    located = {name for name, point in zip(names, points, strict=True) if np.isfinite(point).all()}
    known = origin.ne("").to_numpy() & destination.ne("").to_numpy() & moves["year"].notna().to_numpy() & (p > 0)
    near = known & (origin == destination).to_numpy()
    unlocated = known & ~near & ~(origin.isin(located) & destination.isin(located)).to_numpy()
    used = known & ~near & ~unlocated
    left_out = {
        "without_year_or_place": int((~known & (p > 0)).sum()),
        "within_one_place": int(near.sum()),
        "without_coordinates": int(unlocated.sum()),
    }
    names = [name for name in names if name in located]
    points = coordinates(names, places)
    number = {name: i for i, name in enumerate(names)}
    o = np.array([number[name] for name in origin[used]], dtype=np.int64)
    d = np.array([number[name] for name in destination[used]], dtype=np.int64)
    y = moves.loc[used, "year"].astype("int64").to_numpy()
    chosen = None if candidates is None else np.array(sorted({number[n] for n in candidates if n in number} | {*d}))
    years = [int(year) for year in np.unique(y)]
    rows = [np.unique(o[y == year]) for year in years]
    columns = [np.unique(d[y == year]) if chosen is None else chosen for year in years]
    n_cells = sum(a.size * b.size for a, b in zip(rows, columns, strict=True))
    if n_cells > max_cells:
        return TooManyCells(n_cells)
    cells = _grid(years, rows, columns)
    key = _keys(*cells, len(names))
    at = np.searchsorted(key, _keys(o, d, y, len(names)))
    uncertain = np.full(len(moves), -1, dtype=np.int64)
    uncertain[used] = at
    expected = np.asarray(np.bincount(at, weights=p[used], minlength=key.size), dtype=np.float64)
    return FlowCells(
        places=tuple(names), origin=cells[0], destination=cells[1], year=cells[2], moves=expected,
        terms=_pair_terms(cells[0], cells[1], names, points, places), uncertain_cell=uncertain, left_out=left_out,
    )  # fmt: skip


def _grid(years: list[int], rows: list[Whole], columns: list[Whole]) -> tuple[Whole, Whole, Whole]:
    parts = []
    for year, a, b in zip(years, rows, columns, strict=True):
        o, d = np.repeat(a, b.size), np.tile(b, a.size)
        apart = o != d
        parts.append((o[apart], d[apart], np.full(int(apart.sum()), year, dtype=np.int64)))
    if not parts:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
    return joined[0], joined[1], joined[2]


def _keys(o: Whole, d: Whole, y: Whole, n: int) -> Whole:
    return (y * n + o) * n + d


def _pair_terms(o: Whole, d: Whole, names: Sequence[str], points: Real, places: pd.DataFrame) -> dict[str, Real]:
    km = great_circle_km(points[:, None, :], points[None, :, :]) if names else np.zeros((0, 0))
    terms = {"ln_km": np.log(np.maximum(km, MIN_KM))[o, d]}
    province = at_level(pd.Series(list(names), dtype="object"), places, "province").to_numpy(dtype=object)
    codes = pd.factorize(province, sort=True)[0]
    if len({*province} - {""}) > 1 and (province != "").all():
        terms["same_province"] = (codes[o] == codes[d]).astype(np.float64)
    return terms


def pruned(cells: FlowCells, effects: Sequence[Effect]) -> FlowCells:
    """The cells from which fixed effects leave something to learn.

    Again and again until nothing changes: cells alone in their group (singletons, which fit perfectly), and groups
    whose flows are all zero (their effect runs to minus infinity: separated observations) are left out. A yes-or-no
    regressor under which all flows are zero separates its cells likewise: cells and regressor are left out.

    Args:
        cells: the cells.
        effects: the fixed effects of the model.

    Returns:
        The cells that stay; `left_out` tells `singletons`, `separated` and `separated_by_<term>`.

    Source: Correia, Guimarães and Zylkin (2020), Stata Journal 20 (1), 95-115, on the existence of estimates.
    """
    keep = np.ones(cells.moves.size, dtype=bool)
    out = {"singletons": 0, "separated": 0}
    terms = dict(cells.terms)
    groups = [cells.groups(effect) for effect in effects]
    while True:
        before = int(keep.sum())
        for group in groups:
            size = np.bincount(group[keep], minlength=int(group.max(initial=-1)) + 1)
            sums = np.bincount(group[keep], weights=cells.moves[keep], minlength=size.size)
            zero, alone = keep & (sums[group] <= 0), keep & (size[group] == 1)
            out["separated"] += int(zero.sum())
            out["singletons"] += int((alone & ~zero).sum())
            keep &= ~(zero | alone)
        for name in [name for name, values in terms.items() if _is_flag(values)]:
            for side in (1.0, 0.0):
                there = keep & (terms[name] == side)
                if there.any() and cells.moves[there].sum() <= 0:
                    out[f"separated_by_{name}"] = int(there.sum())
                    keep &= ~there
                    terms.pop(name)
                    break
        if int(keep.sum()) == before:
            break
    return _kept(replace(cells, terms=terms), keep, out)


def _is_flag(values: Real) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _kept(cells: FlowCells, keep: npt.NDArray[np.bool_], out: Mapping[str, int]) -> FlowCells:
    number = np.full(keep.size + 1, -1, dtype=np.int64)
    number[:-1][keep] = np.arange(int(keep.sum()))
    return FlowCells(
        places=cells.places, origin=cells.origin[keep], destination=cells.destination[keep], year=cells.year[keep],
        moves=cells.moves[keep], terms={name: values[keep] for name, values in cells.terms.items()},
        uncertain_cell=number[cells.uncertain_cell],  # -1 reads the last entry, which is -1
        left_out={**cells.left_out, **out},
    )  # fmt: skip


def with_terms(cells: FlowCells, further: Mapping[str, Real], least_known: float) -> tuple[FlowCells, dict[str, float]]:
    """The cells with further regressors; cells for which one is unknown are left out.

    Args:
        cells: the cells.
        further: name to values, shape (cells,), NaN where unknown.
        least_known: share of cells, weighted by nothing, for which a regressor must be known to be taken.

    Returns:
        The cells, and the regressors not taken with the share for which each is known.
    """
    known = {name: float(np.isfinite(values).mean()) if values.size else 0.0 for name, values in further.items()}
    taken = {
        name: values
        for name, values in further.items()
        if known[name] >= least_known and np.ptp(values[np.isfinite(values)]) > 0
    }
    keep = np.ones(cells.moves.size, dtype=bool)
    for values in taken.values():
        keep &= np.isfinite(values)
    joined = replace(cells, terms={**cells.terms, **taken})
    out = {"regressor_unknown": int((~keep).sum())} if not keep.all() else {}
    return _kept(joined, keep, out), {name: share for name, share in known.items() if name not in taken}
