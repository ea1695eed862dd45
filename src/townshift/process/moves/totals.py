"""How much moved in all: by kind and year, out of and into the focal place, and along each line between two places."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.estimate_rows import ALL_PLACES, Row, bounds_of, collect_rows, whole_table
from townshift.process.moves.calibration import Calibration
from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.draws import NO_MOVE, drawn_kinds, kind_probabilities
from townshift.types import N_DRAWS, Estimates

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

LEAST_EXPECTED = 1.0
"""Lines between two places along which fewer moves than this are expected in all years are no row of their own."""

NO_EVENT = 0.5
"""Added to both sides of the balance: the logarithm of a ratio must also exist where nobody came."""


@dataclass
class _Cells:
    """Cells of one measure: which cell each move is counted in (-1 = none), cell by kind or not, and its counts."""

    measure: str
    of_move: Whole
    keys: list[tuple[str, int, int, str]]  # place, first and last year, group
    by_kind: bool
    counts: Real = field(init=False)

    def __post_init__(self) -> None:
        """Start from nothing counted."""
        self.counts = np.zeros((len(self.keys), N_DRAWS))

    def expected(self, p: Real) -> Real:
        """Sums of probabilities by cell; shape (cells,) or (cells, kinds) flattened."""
        used = self.of_move >= 0
        size = len(self.keys) // (len(KINDS) if self.by_kind else 1)
        sums = [np.bincount(self.of_move[used], weights=p[used, k], minlength=size) for k in range(len(KINDS))]
        stacked = np.stack(sums, axis=1)
        return np.asarray(stacked.ravel() if self.by_kind else stacked.sum(axis=1))

    def add(self, draw: int, kinds: npt.NDArray[np.int8]) -> None:
        """Count one draw."""
        used = (self.of_move >= 0) & (kinds != NO_MOVE)
        cells = self.of_move[used]
        if self.by_kind:
            cells = cells * len(KINDS) + kinds[used].astype(np.int64)
        self.counts[:, draw] = np.bincount(cells, minlength=len(self.keys))


def move_totals(moves: pd.DataFrame, focal_place: str, seed: int, calibration: Calibration | None = None) -> Estimates:
    """How many firms moved in all, how many left the focal place and came to it, and along which lines.

    - `moves_by_kind`, place `all_places`, by year, group the kind: the sum of probabilities.
    - `moves_out`, `moves_in`, place the focal place: the same for moves that start or end there.
    - `kind_share`, group the kind: share of all moves, all years together.
    - `flow_total`, place the destination, group `<origin>><destination>`: moves of all kinds in all years.
    - `moves_balance`, place the focal place: `log((out + 1/2) / (in + 1/2))`, all kinds and years together.

    Args:
        moves: the table `moves`.
        focal_place: place id that tells out from in.
        seed: the study's seed.
        calibration: how sure the probabilities are; none = nobody has checked them.

    Returns:
        Estimates in moves, shares 0 to 1, or log ratios; intervals from drawing each pair as a move or as none.

    Source: Hong (2013) for sums of unequal probabilities.

    Example:
        >>> sure = pd.DataFrame({"move_id": ["a>b"], "origin_place_id": ["p"], "destination_place_id": ["q"],
        ...     "year": [2015], "p_relocation": 1.0, "p_branch": 0.0, "p_return_entrepreneurship": 0.0,
        ...     "p_outsourcing": 0.0, "p_look_alike": 0.0, "basis": "reviewed"})
        >>> found = move_totals(sure, "p", 7).table
        >>> left = found[(found["measure"] == "moves_out") & (found["value"] > 0)]
        >>> left[["year_from", "group", "value"]].values.tolist()
        [[2015, 'relocation', 1.0]]
    """
    known = moves["year"].notna() & moves["origin_place_id"].notna() & moves["destination_place_id"].notna()
    rows = moves[known].sort_values("move_id", kind="stable").reset_index(drop=True)
    if rows.empty:
        return collect_rows([])
    p = kind_probabilities(rows)[:, :-1]
    years = np.asarray(rows["year"].astype("int64"), dtype=np.int64)
    origin, destination = (rows[f"{side}_place_id"].astype(str).to_numpy() for side in ("origin", "destination"))
    cells = [
        _by_year("moves_by_kind", ALL_PLACES, years, np.ones(len(rows), dtype=bool)),
        _by_year("moves_out", focal_place, years, origin == focal_place),
        _by_year("moves_in", focal_place, years, destination == focal_place),
        _lines(origin, destination, years, p.sum(axis=1)),
    ]
    for draw, kinds in enumerate(drawn_kinds(rows, calibration, seed, N_DRAWS, "move_totals")):
        for one in cells:
            one.add(draw, kinds)
    behind = whole_table("moves", rows["move_id"].astype(str))
    span = (int(years.min()), int(years.max()))
    found = [row for one in cells for row in _rows(one, p, rows["move_id"].astype(str).to_numpy(), behind)]
    found += _shares(cells[0], p, span, behind, len(rows))
    found += _balance(cells[1], cells[2], p, focal_place, span, behind)
    return collect_rows(found)


def _by_year(measure: str, place: str, years: Whole, counted: npt.NDArray[np.bool_]) -> _Cells:
    first, last = int(years.min()), int(years.max())
    keys = [(place, year, year, kind) for year in range(first, last + 1) for kind in KINDS]
    return _Cells(measure, np.where(counted, years - first, -1), keys, by_kind=True)


def _lines(
    origin: npt.NDArray[np.object_], destination: npt.NDArray[np.object_], years: Whole, expected: Real
) -> _Cells:
    names = np.array([f"{a}>{b}" for a, b in zip(origin, destination, strict=True)], dtype=object)
    codes, found = pd.factorize(names, sort=True)
    kept = np.flatnonzero(np.bincount(codes, weights=expected, minlength=len(found)) >= LEAST_EXPECTED)
    number = np.full(len(found), -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    span = (int(years.min()), int(years.max()))
    keys = [(str(found[int(i)]).rsplit(">", 1)[1], *span, str(found[int(i)])) for i in kept]
    return _Cells("flow_total", number[codes], keys, by_kind=False)


def _rows(
    cells: _Cells, p: Real, ids: npt.NDArray[np.object_], behind: tuple[tuple[str, str, float], ...]
) -> list[Row]:
    """A row a cell; years rest on all pairs, a line on its own."""
    expected = cells.expected(p)
    groups = cells.of_move
    size = np.bincount(groups[groups >= 0], minlength=max(len(cells.keys), 1))
    out = []
    for i, (place, first, last, group) in enumerate(cells.keys):
        value = float(expected[i])
        low, high = bounds_of(cells.counts[i], value)
        cell = i // len(KINDS) if cells.by_kind else i
        rests_on = behind if cells.by_kind else whole_table("moves", ids[groups == cell])
        out.append(
            Row(
                cells.measure, place, first, last, group, "moves", value, low, high, int(size[cell]), cells.counts[i],
                rests_on,
            )
        )  # fmt: skip
    return out


def _shares(
    cells: _Cells, p: Real, span: tuple[int, int], behind: tuple[tuple[str, str, float], ...], n: int
) -> list[Row]:
    """Share of each kind among all moves; nothing where no move is expected at all."""
    whole = float(p.sum())
    if whole <= 0:
        return []
    counts = cells.counts.reshape(-1, len(KINDS), N_DRAWS).sum(axis=0)
    total = counts.sum(axis=0)
    shares = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    out = []
    for k, kind in enumerate(KINDS):
        value = float(p[:, k].sum()) / whole
        low, high = bounds_of(shares[k], value)
        out.append(Row("kind_share", ALL_PLACES, *span, kind, "share", value, low, high, n, shares[k], behind))
    return out


def _balance(
    left: _Cells, came: _Cells, p: Real, focal: str, span: tuple[int, int], behind: tuple[tuple[str, str, float], ...]
) -> list[Row]:
    n = int((left.of_move >= 0).sum() + (came.of_move >= 0).sum())
    if n == 0:
        return []
    draws = np.log((left.counts.sum(axis=0) + NO_EVENT) / (came.counts.sum(axis=0) + NO_EVENT))
    value = float(np.log((left.expected(p).sum() + NO_EVENT) / (came.expected(p).sum() + NO_EVENT)))
    low, high = bounds_of(draws, value)
    return [Row("moves_balance", focal, *span, "", "log_ratio", value, low, high, n, draws, behind)]
