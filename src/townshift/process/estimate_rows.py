"""Rows of process results put together as estimates, and what they rest on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.types import ESTIMATE_COLUMNS, LEVEL, LINEAGE_COLUMNS, N_DRAWS, Estimates, estimate_id

Real = npt.NDArray[np.float64]

ALL_PLACES = "all_places"
"""Place of an estimate that is about all places together."""


@dataclass(frozen=True, slots=True)
class Row:
    """One estimate in the making.

    Attributes:
        measure, place_id, year_from, year_to, group, unit: its keys and unit.
        value, low, high: the number and its interval.
        n: rows used.
        draws: shape (`N_DRAWS`,); NaN where there are none.
        rests_on: table, row id, share; shares sum to 1.
        extra: further columns.
    """

    measure: str
    place_id: str
    year_from: int
    year_to: int
    group: str
    unit: str
    value: float
    low: float
    high: float
    n: int
    draws: Real
    rests_on: tuple[tuple[str, str, float], ...]
    flags: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def estimate_id(self) -> str:
        """The id, built from the keys."""
        return estimate_id(self.measure, self.place_id, self.year_from, self.year_to, self.group)


def whole_table(table: str, ids: Iterable[str]) -> tuple[tuple[str, str, float], ...]:
    """What an estimate rests on that uses very many rows: how many of which table, and the digest of their ids.

    Example:
        >>> whole_table("moves", ["b", "a"])
        (('moves', '2 rows, blake2b a76de9f2d561975f', 1.0),)
    """
    ordered = sorted(ids)
    digest = hashlib.blake2b("\n".join(ordered).encode("utf-8"), digest_size=8).hexdigest()
    return ((table, f"{len(ordered)} rows, blake2b {digest}", 1.0),)


def collect_rows(rows: Sequence[Row], extra: Mapping[str, str] | None = None) -> Estimates:
    """Rows as estimates, sorted by id; also of none.

    Args:
        rows: the rows; ids differ.
        extra: names and pandas types of further columns.
    """
    names = [row.estimate_id for row in rows]
    order = sorted(range(len(rows)), key=names.__getitem__)
    ordered = [rows[i] for i in order]
    ids = [names[i] for i in order]
    table = pd.DataFrame({"estimate_id": pd.array(ids, dtype="string")})
    for column in ESTIMATE_COLUMNS[1:]:
        table[column] = pd.array([_shared(row, column) for row in ordered], dtype=_type(column))  # type: ignore[call-overload]
    for column, kind in (extra or {}).items():
        table[column] = pd.array([row.extra.get(column) for row in ordered], dtype=kind)  # type: ignore[call-overload]
    draws = np.array([row.draws for row in ordered], dtype=np.float64).reshape(len(ordered), N_DRAWS)
    behind = [(name, *part) for name, row in zip(ids, ordered, strict=True) for part in sorted(row.rests_on)]
    lineage = pd.DataFrame(behind, columns=list(LINEAGE_COLUMNS))
    for column in LINEAGE_COLUMNS[:3]:
        lineage[column] = lineage[column].astype("string")
    lineage["share"] = lineage["share"].astype("float64")
    return Estimates(table=table, draws=draws, lineage=lineage)


def _shared(row: Row, column: str) -> object:
    fixed = {"setting": "base", "level": LEVEL, "n_lineages": 1, "kind": "estimated", "flags": ";".join(row.flags)}
    return fixed[column] if column in fixed else getattr(row, column)


def _type(column: str) -> str:
    if column in ("year_from", "year_to", "n", "n_lineages"):
        return "Int64"
    return "float64" if column in ("value", "low", "high", "level") else "string"


def bounds_of(draws: Real, value: float) -> tuple[float, float]:
    """The middle 90 % of draws, widened to the value where that is so small that nearly all draws are 0.

    Example:
        >>> bounds_of(np.zeros(400), 0.04)
        (0.0, 0.04)
    """
    seen = draws[np.isfinite(draws)]
    if not seen.size:
        return float("nan"), float("nan")
    low, high = np.quantile(seen, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return min(float(low), value), max(float(high), value)
