"""Estimates as three stored tables, and back: the numbers, their joint draws, and the published rows behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift import types
from townshift.types import ESTIMATE_COLUMNS, LINEAGE_COLUMNS, N_DRAWS, Estimates

if TYPE_CHECKING:
    import ibis
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

SHARE_TOLERANCE = 1e-6
"""How far the shares of one estimate's lineage may be from 1 in sum."""

_WHOLE = ("year_from", "year_to", "n", "n_lineages")
_REAL = ("value", "low", "high", "level", "share")


class MalformedEstimatesError(ValueError):
    """Estimates break the rules everyone shares; its first argument names the rule, the second the first offender."""


def estimates(table: ibis.Table, draws: ibis.Table, lineage: ibis.Table) -> Estimates:
    """Read back what a step returned as `Estimates`, from its three tables.

    Parameters:
        table: the table `<name>`, or some of its rows in any order.
        draws: the table `<name>_draws`.
        lineage: the table `<name>_lineage`.

    Returns:
        The rows of `table`, with row i of `draws` belonging to row i, and the lineage of these rows.

    Raises:
        MalformedEstimatesError: an estimate has no row of draws.
    """
    from townshift.engine.tables import frame, frame_of

    numbers = frame(table)
    ids = numpy_text(numbers["estimate_id"])
    stored = draws.to_pyarrow()
    matrix = _matrix(stored.column("draw").combine_chunks())
    position = {name: row for row, name in enumerate(stored.column("estimate_id").to_pylist())}
    missing = [name for name in ids if name not in position]
    if missing:
        raise MalformedEstimatesError("draws", missing[0])
    order = [position[name] for name in ids]
    rows = frame_of(lineage.to_pyarrow())
    if len(ids) < len(position):
        rows = rows[rows["estimate_id"].isin(ids)].reset_index(drop=True)
    return Estimates(table=numbers, draws=matrix if order == list(range(len(matrix))) else matrix[order], lineage=rows)


def estimate_tables(name: str, found: Estimates) -> dict[str, pa.Table]:
    """The three tables under which estimates are stored, after checking the rules everyone shares.

    Raises:
        MalformedEstimatesError: columns are missing, ids are repeated or not built from their keys, draws do not fit
            the rows, a lineage names no estimate of the table or its shares do not sum to 1.
    """
    from townshift.engine.tables import arrow_of

    ids = _checked_ids(found.table)
    if found.draws.shape not in {(len(ids), N_DRAWS)}:
        raise MalformedEstimatesError("draws", str(found.draws.shape))
    _check_lineage(found.lineage, set(ids))
    ordered = [*ESTIMATE_COLUMNS, *(column for column in found.table.columns if column not in ESTIMATE_COLUMNS)]
    return {
        name: _typed(arrow_of(found.table[ordered])),
        f"{name}_draws": _draws_table(ids, found.draws),
        f"{name}_lineage": _typed(arrow_of(found.lineage[list(LINEAGE_COLUMNS)])),
    }


def numpy_text(column: pd.Series) -> list[str]:
    """A text column as a list of `str`."""
    return [str(value) for value in column]


def _checked_ids(table: pd.DataFrame) -> list[str]:
    absent = [column for column in ESTIMATE_COLUMNS if column not in table.columns]
    if absent:
        raise MalformedEstimatesError("columns", absent[0])
    ids = numpy_text(table["estimate_id"])
    seen: set[str] = set()
    keys = (table[column] for column in ("measure", "place_id", "year_from", "year_to", "group", "setting"))
    for name, key in zip(ids, zip(*keys, strict=True), strict=True):
        measure, place_id, year_from, year_to, group, setting = key
        if name != types.estimate_id(measure, place_id, int(year_from), int(year_to), group, setting):
            raise MalformedEstimatesError("ids", name)
        if name in seen:
            raise MalformedEstimatesError("repeated", name)
        seen.add(name)
    return ids


def _check_lineage(lineage: pd.DataFrame, ids: set[str]) -> None:
    absent = [column for column in LINEAGE_COLUMNS if column not in lineage.columns]
    if absent:
        raise MalformedEstimatesError("lineage_columns", absent[0])
    sums: dict[str, float] = {}
    for name, share in zip(lineage["estimate_id"], lineage["share"], strict=True):
        sums[name] = sums.get(name, 0.0) + float(share)
    for name, total in sums.items():
        if name not in ids:
            raise MalformedEstimatesError("lineage_ids", str(name))
        if not abs(total - 1.0) <= SHARE_TOLERANCE:
            raise MalformedEstimatesError("shares", str(name))


def _typed(table: pa.Table) -> pa.Table:
    """The shared columns with the same types everywhere, also where a table has no rows to tell them from."""
    import pyarrow as pa

    fields = []
    for field in table.schema:
        kind = field.type
        if field.name in _WHOLE:
            kind = pa.int64()
        elif field.name in _REAL:
            kind = pa.float64()
        elif field.name in ESTIMATE_COLUMNS or field.name in LINEAGE_COLUMNS:
            kind = pa.string()
        fields.append(pa.field(field.name, kind))
    return table.cast(pa.schema(fields))


def _draws_table(ids: list[str], draws: npt.NDArray[np.float64]) -> pa.Table:
    """One list per estimate; an estimate without draws has a null instead of a list of NaN."""
    import numpy as np
    import pyarrow as pa

    present = ~np.isnan(draws).all(axis=1)
    offsets = np.concatenate([[0], np.cumsum(np.where(present, N_DRAWS, 0))])
    flat = pa.array(np.ascontiguousarray(draws[present], dtype=np.float64).ravel())
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), flat, mask=pa.array(~present))
    return pa.table({"estimate_id": pa.array(ids, pa.string()), "draw": lists})


def _matrix(lists: pa.ListArray) -> npt.NDArray[np.float64]:
    """Shape (rows, N_DRAWS); a null list is a row of NaN."""
    import numpy as np

    matrix = np.full((len(lists), N_DRAWS), np.nan)
    present = lists.is_valid().to_numpy(zero_copy_only=False)
    flat = lists.drop_null().flatten().to_numpy(zero_copy_only=False)
    matrix[present] = flat.reshape(-1, N_DRAWS)
    return matrix
