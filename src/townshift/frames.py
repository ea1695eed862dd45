"""Frames of published rows: columns of a known type, doubles counted once, estimates put together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.types import ESTIMATE_COLUMNS, LINEAGE_COLUMNS, N_DRAWS, Estimate, Estimates

_ESTIMATE_TYPES = {
    **dict.fromkeys(ESTIMATE_COLUMNS, "string"),
    **dict.fromkeys(("year_from", "year_to", "n", "n_lineages"), "Int64"),
    **dict.fromkeys(("value", "low", "high", "level"), "float64"),
}


def typed(rows: Sequence[Mapping[str, object]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a frame with exactly these columns and pandas types, also when there is no row.

    Example:
        >>> typed([{"place_id": "zhili", "n": 2}], {"place_id": "string", "n": "Int64", "note": "string"})
          place_id  n  note
        0    zhili  2  <NA>
        >>> typed([], {"n": "Int64"}).dtypes.to_dict()
        {'n': Int64Dtype()}
    """
    return pd.DataFrame(
        {name: pd.array([row.get(name) for row in rows], dtype=kind) for name, kind in columns.items()}  # type: ignore[call-overload]
    )


def texts(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """A copy whose named columns hold plain text, empty where the row says nothing; absent columns are added.

    Example:
        >>> texts(pd.DataFrame({"a": ["x", None]}), "a", "b").to_dict("list")
        {'a': ['x', ''], 'b': ['', '']}
    """
    out = frame.reset_index(drop=True).copy()
    for name in names:
        column = out[name] if name in out.columns else pd.Series([""] * len(out), index=out.index)
        out[name] = column.astype("object").where(column.notna(), "").astype(str)
    return out


def first_records(frame: pd.DataFrame, key: str) -> pd.Series:
    """The id under which each row is counted once: the end of its chain of `same_as`, else its own.

    A chain that leads to a row that is not there still ends in one id, so its doubles are one; a circle ends in the
    smallest id of the circle.

    Args:
        frame: one row per record, with the column `key` and, where known, `same_as`.
        key: name of the id column.

    Example:
        >>> rows = pd.DataFrame({"event_id": ["E1", "E2", "E3"], "same_as": [None, "E1", "E2"]})
        >>> first_records(rows, "event_id").tolist()
        ['E1', 'E1', 'E1']
    """
    plain = texts(frame, key, "same_as")
    parent = {row_id: same for row_id, same in zip(plain[key], plain["same_as"], strict=True) if same}

    def root(row_id: str) -> str:
        walked = [row_id]
        while walked[-1] in parent:
            nearer = parent[walked[-1]]
            if nearer in walked:
                return min(walked[walked.index(nearer) :])
            walked.append(nearer)
        return walked[-1]

    return pd.Series([root(row_id) for row_id in plain[key]], index=frame.index, dtype="object")


def counted_once(frame: pd.DataFrame, key: str, *names: str) -> pd.DataFrame:
    """The rows to count: the first record of each chain of doubles, with `names` as plain text.

    Where the first record itself is missing, the double with the smallest id stands for it.

    Example:
        >>> rows = pd.DataFrame({"fact_id": ["F1", "F2", "F9"], "same_as": [None, "F1", "F7"], "value": [3, 3, 4]})
        >>> counted_once(rows, "fact_id")[["fact_id", "value"]].values.tolist()
        [['F1', 3], ['F9', 4]]
    """
    plain = texts(frame, key, *names)
    first = first_records(frame, key).to_numpy()
    plain = plain.assign(_first=first, _is_double=plain[key].to_numpy() != first)
    plain = plain.sort_values(["_first", "_is_double", key], kind="stable").groupby("_first", sort=False).head(1)
    return pd.DataFrame(plain.drop(columns=["_first", "_is_double"])).reset_index(drop=True)


def joined(ids: Iterable[str]) -> str:
    """Ids as one sorted text, each once, separated by `;`; empty ones are left out.

    Example:
        >>> joined(["E2", "", "E1", "E2"])
        'E1;E2'
    """
    return ";".join(sorted(set(ids) - {""}))


def collect_estimates(
    found: Sequence[tuple[Estimate, npt.NDArray[np.float64], pd.DataFrame]],
    extra: Sequence[Mapping[str, Any]] = (),
    extra_columns: Mapping[str, str] | None = None,
) -> Estimates:
    """Estimates with their draws and lineage as one `Estimates`, sorted by id; also of none.

    Args:
        found: for each estimate its draws, shape (`N_DRAWS`,), and its lineage, columns `table`, `row_id`, `share`
            in any scale: rows of one record are added up and shares made to sum to 1.
        extra: further values of each estimate, in the same order.
        extra_columns: names and pandas types of those further columns.
    """
    columns = {**_ESTIMATE_TYPES, **(extra_columns or {})}
    more: Sequence[Mapping[str, Any]] = extra or [{}] * len(found)
    rows = [{**estimate.row(), **other} for (estimate, _, _), other in zip(found, more, strict=True)]
    order = sorted(range(len(found)), key=lambda i: str(rows[i]["estimate_id"]))
    draws = np.array([found[i][1] for i in order], dtype=np.float64).reshape(len(order), -1 if order else N_DRAWS)
    parts = [found[i][2].assign(estimate_id=rows[i]["estimate_id"]) for i in order]
    lineage = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(LINEAGE_COLUMNS))
    return Estimates(table=typed([rows[i] for i in order], columns), draws=draws, lineage=_shares(lineage))


def _shares(lineage: pd.DataFrame) -> pd.DataFrame:
    keys = ["estimate_id", "table", "row_id"]
    plain = texts(lineage, *keys).assign(share=lineage["share"].astype("float64").to_numpy())
    added = plain.groupby(keys, as_index=False, sort=True).agg({"share": "sum"})
    whole = added.groupby("estimate_id")["share"].transform("sum")
    added = added.assign(share=added["share"] / whole)[whole > 0].reset_index(drop=True)
    for name in keys:
        added[name] = added[name].astype("string")
    return pd.DataFrame(added[list(LINEAGE_COLUMNS)])
