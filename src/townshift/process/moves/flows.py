"""How much moved from where to where: sums of probabilities with intervals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import collect_estimates
from townshift.process.moves.calibration import Calibration, recalibrated
from townshift.process.moves.parameters import KINDS, LOOK_ALIKE
from townshift.types import ESTIMATE_COLUMNS, LEVEL, N_DRAWS, Estimates, estimate_id, keyed_seed

Real = npt.NDArray[np.float64]

MEASURE = "moves"
UNIT = "moves"


def move_flows(moves: pd.DataFrame, calibration: Calibration, seed: int) -> Estimates:
    """Moves by origin, destination, year and kind, as expected numbers with intervals.

    Formula: the value of a cell is the sum of the probabilities of its pairs. A draw takes each pair as a move of one
    kind or as none with its probabilities (Poisson-binomial), after moving all log odds by one draw of the
    calibration, which is common to all pairs; the interval holds the middle 90 % of 400 draws, and is widened to the
    value where it is so small that nearly all draws are 0. Pairs that a registry or a person vouches for are moved by
    no calibration.

    Args:
        moves: the table `moves`, sorted by `move_id`.
        calibration: how sure the probabilities are.
        seed: the study's seed.

    Returns:
        Measure `moves`, place the destination, group `<origin>><destination>:<kind>`, unit moves; n counts the pairs.
        Lineage: pairs of `moves`, by their probability.

    Source: Hong (2013) for the Poisson-binomial distribution.
    """
    rows = moves[moves["year"].notna()].reset_index(drop=True)
    if rows.empty:
        return collect_estimates([])
    p = rows[[f"p_{kind}" for kind in (*KINDS, LOOK_ALIKE)]].to_numpy(dtype=np.float64).reshape(-1, len(KINDS) + 1)
    places = rows["origin_place_id"].astype(str) + ">" + rows["destination_place_id"].astype(str)
    cell_of = pd.MultiIndex.from_arrays([places, rows["year"].astype(int)])
    codes, found = pd.factorize(cell_of, sort=True)
    cells = [(str(place), int(year)) for place, year in found]
    drawn = _draws(p, codes, len(cells), rows["basis"].to_numpy() == "model", calibration, seed)
    expected = np.array([np.bincount(codes, weights=p[:, k], minlength=len(cells)) for k in range(len(KINDS))])
    counts = np.array([np.bincount(codes, weights=p[:, k] > 0, minlength=len(cells)) for k in range(len(KINDS))])
    kind_of, cell = np.nonzero(expected >= LEAST_EXPECTED)
    records = [
        _row(cells[int(c)], KINDS[int(k)], expected[k, c], drawn[k, c], int(counts[k, c]))
        for k, c in zip(kind_of, cell, strict=True)
    ]
    table = pd.DataFrame(records, columns=list(ESTIMATE_COLUMNS))
    order = np.argsort(table["estimate_id"].to_numpy(dtype=str), kind="stable") if len(table) else np.zeros(0, int)
    matrix = drawn[kind_of, cell].astype(np.float64).reshape(-1, N_DRAWS)
    lineage = _lineage(rows, p, codes, cells, expected)
    return Estimates(table=table.iloc[order].reset_index(drop=True), draws=matrix[order], lineage=lineage)


LEAST_EXPECTED = 0.05
"""Cells of which fewer moves than this are expected are no row of their own; `moves` still holds their pairs."""


def _draws(
    p: Real, codes: npt.NDArray[np.intp], n_cells: int, modelled: npt.NDArray[np.bool_], calibration: Calibration,
    seed: int,
) -> npt.NDArray[np.int32]:  # fmt: skip
    """Counts by kind, cell and draw."""
    rng = np.random.default_rng(keyed_seed(seed, "move_flows"))
    root = np.linalg.cholesky(calibration.covariance)
    out = np.zeros((len(KINDS), n_cells, N_DRAWS), dtype=np.int32)
    for draw in range(N_DRAWS):
        shift, slope = root @ rng.standard_normal(2)
        moved = recalibrated(p, Calibration(float(shift), 1.0 + float(slope), calibration.covariance, 0))
        bounds = np.cumsum(np.where(modelled[:, None], moved, p)[:, :-1], axis=1)
        kind = (rng.random(len(p))[:, None] >= bounds).sum(axis=1)
        for k in range(len(KINDS)):
            out[k, :, draw] = np.bincount(codes[kind == k], minlength=n_cells)
    return out


def _row(cell: tuple[str, int], kind: str, expected: float, draws: npt.NDArray[np.int32], n: int) -> dict[str, object]:
    places, year = cell
    destination, group = places.split(">", 1)[1], f"{places}:{kind}"
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {
        "estimate_id": estimate_id(MEASURE, destination, int(year), int(year), group),
        "measure": MEASURE, "place_id": destination, "year_from": int(year), "year_to": int(year), "group": group,
        "setting": "base", "unit": UNIT, "value": float(expected), "low": min(float(low), float(expected)),
        "high": max(float(high), float(expected)), "level": LEVEL, "n": n, "n_lineages": 1, "kind": "estimated",
        "flags": "",
    }  # fmt: skip


def _lineage(
    rows: pd.DataFrame, p: Real, codes: npt.NDArray[np.intp], cells: list[tuple[str, int]], expected: Real
) -> pd.DataFrame:
    parts = []
    ids = rows["move_id"].astype(str).to_numpy()
    for k, kind in enumerate(KINDS):
        used = np.flatnonzero((p[:, k] > 0) & (expected[k][codes] >= LEAST_EXPECTED))
        names = [
            estimate_id(MEASURE, places.split(">", 1)[1], int(year), int(year), f"{places}:{kind}")
            for places, year in cells
        ]
        parts.append(
            pd.DataFrame(
                {
                    "estimate_id": np.array(names, dtype=object)[codes[used]],
                    "table": "moves",
                    "row_id": ids[used],
                    "share": p[used, k] / expected[k][codes[used]],
                }
            )
        )
    joined = pd.concat(parts, ignore_index=True)
    return joined.sort_values(["estimate_id", "row_id"], kind="stable").reset_index(drop=True)
