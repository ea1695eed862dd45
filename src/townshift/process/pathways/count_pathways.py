"""Pathways: from where to where firms moved, in which year and how; first, second and further hops; what sort of place.

All numbers are sums of probabilities; all intervals come from drawing every uncertain pair as a move or as none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import typed
from townshift.process.estimate_rows import ALL_PLACES, Row, bounds_of, collect_rows, whole_table
from townshift.process.moves.calibration import Calibration
from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.draws import NO_MOVE, drawn_kinds, kind_probabilities
from townshift.process.pathways.hops import HopGraph, chains, continuing, hop_graph, hop_probabilities
from townshift.process.pathways.parameters import PathwaysParameters
from townshift.process.pathways.places import at_level
from townshift.process.pathways.sorts import sorts_of_destination
from townshift.types import N_DRAWS, Estimates

Real = npt.NDArray[np.float64]

UNIT = "moves"

STATUS_COLUMNS = {"measure": "string", "status": "string", "reason": "string", "n": "Int64", "value": "float64"}
"""Columns of `pathways_status`: what was left out or not said, why, rows concerned, moves expected among them."""


@dataclass(frozen=True)
class Pathways:
    """The pathways of an industry.

    Attributes:
        pathways: measures `pathway`, `hop`, `second_hop` and `destination_share`.
        pathways_status: `STATUS_COLUMNS`.
    """

    pathways: Estimates
    pathways_status: pd.DataFrame


def pathways(
    moves: pd.DataFrame,
    places: pd.DataFrame,
    parameters: PathwaysParameters,
    seed: int,
    panel: pd.DataFrame | None = None,
    calibration: Calibration | None = None,
) -> Pathways:
    """From where to where firms moved, in which year and by which kind of move, and which moves continue others.

    - `pathway`, group `<level>/<origin>><destination>:<kind>`, by year: the sum of the probabilities of its pairs.
    - `hop`, groups `1`, `2`, `3+`: moves that are a firm's first, second or further one (`hop_probabilities`).
    - `second_hop`, group `<origin>><via>><destination>`: pairs of moves in a chain, `Σ q_1 q_2`.
    - `destination_share`, group `<sort>` and `<sort>:<kind>`: the share of moves that went to a sort of place.

    Args:
        moves: the table `moves`.
        places: place_id, kind, parent_id.
        parameters: levels, smallest cells, how a less developed place is told.
        seed: the study's seed.
        panel: place_id, year, indicator, value, where there is a yearbook.
        calibration: how sure the probabilities are; none = nobody has checked them.

    Returns:
        The pathways in moves (`destination_share`: share, 0 to 1), and what could not be said.

    Source: Hong (2013) for sums of unequal probabilities; chains as a product along the path of a Markov chain.
    """
    dated = moves["year"].notna() & moves["origin_place_id"].notna() & moves["destination_place_id"].notna()
    rows = moves[dated].sort_values("move_id", kind="stable").reset_index(drop=True)
    undated = moves[~dated]
    status = [_left_out("pathway", "no_year_or_place", undated)] if len(undated) else []
    if rows.empty:
        status.append({"measure": "pathway", "status": "not_estimable", "reason": "no_moves", "n": 0, "value": 0.0})
        return Pathways(collect_rows([]), typed(status, STATUS_COLUMNS))
    p = kind_probabilities(rows)[:, :-1]
    cells, skipped = _cells(rows, places, p, parameters)
    graph = hop_graph(rows)
    sorts = sorts_of_destination(rows, places, panel, parameters)
    hops = _HopCells(rows, graph, p, parameters)
    counters: list[_Counter] = [cells, hops, _ShareCells(rows, sorts, p)]
    for draw, kinds in enumerate(drawn_kinds(rows, calibration, seed, N_DRAWS, "pathways")):
        for counter in counters:
            counter.add(draw, kinds)
    status.extend(skipped)
    if panel is None or not parameters.level_indicator:
        status.append(
            {"measure": "destination_share", "status": "not_estimable", "reason": "no_level_indicator", "n": len(rows)}
        )
    found = [row for counter in counters for row in counter.rows()]
    return Pathways(collect_rows(found), typed(status, STATUS_COLUMNS))


def _left_out(measure: str, reason: str, rows: pd.DataFrame) -> dict[str, object]:
    expected = float(kind_probabilities(rows)[:, :-1].sum())
    return {"measure": measure, "status": "left_out", "reason": reason, "n": len(rows), "value": expected}


class _Counter(Protocol):
    """What is counted draw by draw and becomes rows."""

    def add(self, draw: int, kinds: npt.NDArray[np.int8]) -> None:
        """Count one draw of all pairs."""
        ...

    def rows(self) -> list[Row]:
        """What was counted, as rows."""
        ...


class _Cells:
    """Origin × destination × year × kind at one or more levels."""

    def __init__(self, target: npt.NDArray[np.int64], keys: list[tuple[str, str, int]], expected: Real) -> None:
        self.target, self.keys, self.expected = target, keys, expected  # target: (levels, moves, kinds), -1 = none
        self.counts = np.zeros((len(keys), N_DRAWS))
        self.pairs: list[tuple[tuple[str, str, float], ...]] = []
        self.n: list[int] = []

    def add(self, draw: int, kinds: npt.NDArray[np.int8]) -> None:
        moved = np.flatnonzero(kinds != NO_MOVE)
        cells = self.target[:, moved, kinds[moved]].ravel()
        self.counts[:, draw] = np.bincount(cells[cells >= 0], minlength=len(self.keys))

    def rows(self) -> list[Row]:
        out = []
        for i, (place, group, year) in enumerate(self.keys):
            value = float(self.expected[i])
            low, high = bounds_of(self.counts[i], value)
            out.append(
                Row(
                    "pathway",
                    place,
                    year,
                    year,
                    group,
                    UNIT,
                    value,
                    low,
                    high,
                    self.n[i],
                    self.counts[i],
                    self.pairs[i],
                )
            )
        return out


def _cells(
    rows: pd.DataFrame, places: pd.DataFrame, p: Real, parameters: PathwaysParameters
) -> tuple[_Cells, list[dict[str, object]]]:
    """The cells that are large enough, and what the others hold together."""
    targets, keys, expected, status = [], [], [], []
    years = rows["year"].astype("int64").to_numpy()
    offset = 0
    for level in parameters.levels:
        origin = at_level(rows["origin_place_id"], places, level).to_numpy(dtype=object)
        destination = at_level(rows["destination_place_id"], places, level).to_numpy(dtype=object)
        named = pd.DataFrame({"o": origin, "d": destination, "y": years})
        codes, found = pd.factorize(pd.MultiIndex.from_frame(named), sort=True)
        sums = np.stack([np.bincount(codes, weights=p[:, k], minlength=len(found)) for k in range(len(KINDS))], axis=1)
        known = np.array([bool(o) and bool(d) for o, d, _ in found])
        kept = (sums >= parameters.least_expected) & known[:, None]
        number = np.full(sums.shape, -1, dtype=np.int64)
        number[kept] = offset + np.arange(int(kept.sum()))
        offset += int(kept.sum())
        targets.append(number[codes])
        for cell, kind in zip(*np.nonzero(kept), strict=True):
            o, d, y = found[int(cell)]
            keys.append((str(d), f"{level}/{o}>{d}:{KINDS[int(kind)]}", int(y)))
        expected.append(sums[kept])
        small = (sums > 0) & ~kept
        if small.any():
            reason = f"{level}:below_least_expected"
            status.append(
                {"measure": "pathway", "status": "left_out", "reason": reason, "n": int(small.sum()),
                 "value": float(sums[small].sum())}
            )  # fmt: skip
    cells = _Cells(np.stack(targets), keys, np.concatenate(expected))
    _give_lineage(cells, rows, p)
    return cells, status


def _give_lineage(cells: _Cells, rows: pd.DataFrame, p: Real) -> None:
    ids = rows["move_id"].astype(str).to_numpy()
    behind: list[list[tuple[str, str, float]]] = [[] for _ in cells.keys]
    for target in cells.target:
        for move, kind in zip(*np.nonzero((target >= 0) & (p > 0)), strict=True):
            cell = int(target[move, kind])
            behind[cell].append(("moves", ids[move], float(p[move, kind] / cells.expected[cell])))
    cells.pairs.extend(tuple(parts) for parts in behind)
    cells.n.extend(len(parts) for parts in behind)


class _HopCells:
    """Moves by hop, and chains of two moves."""

    def __init__(self, rows: pd.DataFrame, graph: HopGraph, p: Real, parameters: PathwaysParameters) -> None:
        self.graph, self.hops = graph, parameters.max_hops
        self.expected = hop_probabilities(continuing(p, graph), graph, self.hops).sum(axis=0)
        self.counts = np.zeros((self.hops, N_DRAWS))
        self.years = (int(rows["year"].min()), int(rows["year"].max()))
        self.ids = rows["move_id"].astype(str).tolist()
        self.first, self.second = chains(graph)
        o, via, d = (
            rows[name].astype(str).to_numpy()[at]
            for name, at in (
                ("origin_place_id", self.first),
                ("destination_place_id", self.first),
                ("destination_place_id", self.second),
            )
        )
        names = np.array([f"{a}>{b}>{c}" for a, b, c in zip(o, via, d, strict=True)], dtype=object)
        codes, found = pd.factorize(names, sort=True)
        q = continuing(p, graph)
        both = q[self.first] * q[self.second]
        sums = np.bincount(codes, weights=both, minlength=len(found))
        kept = np.flatnonzero(sums >= parameters.least_expected)
        number = np.full(len(found), -1, dtype=np.int64)
        number[kept] = np.arange(len(kept))
        self.chain = number[codes] if len(found) else np.zeros(0, dtype=np.int64)
        self.chain_names = [str(found[int(i)]) for i in kept]
        self.chain_sums, self.both = sums[kept], both
        self.chain_counts = np.zeros((len(kept), N_DRAWS))

    def add(self, draw: int, kinds: npt.NDArray[np.int8]) -> None:
        p = (kinds[:, None] == np.arange(len(KINDS))).astype(np.float64)
        q = continuing(p, self.graph)
        self.counts[:, draw] = hop_probabilities(q, self.graph, self.hops).sum(axis=0)
        weights = q[self.first] * q[self.second]
        used = self.chain >= 0
        self.chain_counts[:, draw] = np.bincount(
            self.chain[used], weights=weights[used], minlength=len(self.chain_names)
        )

    def rows(self) -> list[Row]:
        behind = whole_table("moves", self.ids)
        out = []
        for hop in range(self.hops):
            value = float(self.expected[hop])
            name = f"{hop + 1}" if hop + 1 < self.hops else f"{hop + 1}+"
            low, high = bounds_of(self.counts[hop], value)
            out.append(
                Row(
                    "hop",
                    ALL_PLACES,
                    *self.years,
                    name,
                    UNIT,
                    value,
                    low,
                    high,
                    len(self.ids),
                    self.counts[hop],
                    behind,
                )
            )
        for i, name in enumerate(self.chain_names):
            value = float(self.chain_sums[i])
            low, high = bounds_of(self.chain_counts[i], value)
            used = np.flatnonzero(self.chain == i)
            rests_on = whole_table("moves", {self.ids[int(m)] for m in (*self.first[used], *self.second[used])})
            place = name.rsplit(">", 1)[1]
            out.append(
                Row(
                    "second_hop",
                    place,
                    *self.years,
                    name,
                    UNIT,
                    value,
                    low,
                    high,
                    len(used),
                    self.chain_counts[i],
                    rests_on,
                )
            )
        return out


class _ShareCells:
    """Moves by sort of destination, as shares of all moves and of the moves of one kind."""

    def __init__(self, rows: pd.DataFrame, sorts: dict[str, npt.NDArray[np.bool_]], p: Real) -> None:
        self.names, self.p = list(sorts), p
        self.member = np.array([sorts[name] for name in self.names], dtype=np.float64)
        self.counts = np.zeros((len(self.names), len(KINDS), N_DRAWS))
        self.whole = np.zeros((len(KINDS), N_DRAWS))
        self.years = (int(rows["year"].min()), int(rows["year"].max()))
        self.ids = rows["move_id"].astype(str).tolist()

    def add(self, draw: int, kinds: npt.NDArray[np.int8]) -> None:
        p = (kinds[:, None] == np.arange(len(KINDS))).astype(np.float64)
        self.counts[:, :, draw] = self.member @ p
        self.whole[:, draw] = p.sum(axis=0)

    def rows(self) -> list[Row]:
        behind = whole_table("moves", self.ids)
        expected, whole = self.member @ self.p, self.p.sum(axis=0)
        out = []
        for i, name in enumerate(self.names):
            out.append(
                self._row(name, expected[i].sum(), whole.sum(), self.counts[i].sum(0), self.whole.sum(0), behind)
            )
            for k, kind in enumerate(KINDS):
                if whole[k] > 0:
                    row = self._row(
                        f"{name}:{kind}", expected[i, k], whole[k], self.counts[i, k], self.whole[k], behind
                    )
                    out.append(row)
        return out

    def _row(
        self, group: str, part: float, whole: float, counts: Real, wholes: Real,
        behind: tuple[tuple[str, str, float], ...],
    ) -> Row:  # fmt: skip
        draws = np.divide(counts, wholes, out=np.full(N_DRAWS, np.nan), where=wholes > 0)
        value = float(part / whole)
        low, high = bounds_of(draws, value)
        return Row(
            "destination_share", ALL_PLACES, *self.years, group, "share", value, low, high, len(self.ids), draws, behind
        )
