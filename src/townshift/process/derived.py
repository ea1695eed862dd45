"""Figures derived from other figures: their draws, their summary, and the published rows they rest on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.draws import summarise_rows
from townshift.frames import typed
from townshift.types import (
    BASE_SETTING,
    ESTIMATE_COLUMNS,
    LINEAGE_COLUMNS,
    N_DRAWS,
    Estimate,
    Estimates,
    Kind,
    estimate_id,
)

TYPES = {
    **dict.fromkeys(ESTIMATE_COLUMNS, "string"),
    **dict.fromkeys(("year_from", "year_to", "n", "n_lineages"), "Int64"),
    **dict.fromkeys(("value", "low", "high", "level"), "float64"),
}
"""Pandas types of the columns of every table of estimates."""


@dataclass(frozen=True, slots=True)
class Derived:
    """One derived figure before it is summarised.

    Attributes:
        measure: name of the figure.
        place_id: where.
        year_from: first year it speaks of, inclusive.
        year_to: last year it speaks of, inclusive.
        unit: unit of `draws`.
        draws: shape (draws,); NaN where a draw is impossible. All NaN: the figure is not identified.
        parents: estimate ids it was computed from.
        group: what tells it from figures of the same measure, place and years.
        setting: setting of the parents.
        kind: `bridged` if a parent at one of its ends is bridged.
        flags: words that a reader must know.
        extra: values of further columns.
    """

    measure: str
    place_id: str
    year_from: int
    year_to: int
    unit: str
    draws: npt.NDArray[np.float64]
    parents: tuple[str, ...]
    group: str = ""
    setting: str = BASE_SETTING
    kind: Kind = "estimated"
    flags: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def estimate_id(self) -> str:
        """The id, built from the keys."""
        return estimate_id(self.measure, self.place_id, self.year_from, self.year_to, self.group, self.setting)


def no_draws(n_draws: int = N_DRAWS) -> npt.NDArray[np.float64]:
    """The draws of a figure that is not identified: all NaN.

    Example:
        >>> no_draws(2)
        array([nan, nan])
    """
    return np.full(n_draws, np.nan)


def derived_estimates(
    rows: Sequence[Derived],
    lineage: pd.DataFrame,
    originals: Mapping[str, str],
    extra: Mapping[str, str],
    n_draws: int = N_DRAWS,
) -> Estimates:
    """Summarise derived figures and work out the published rows behind each.

    The lineage of a derived figure is the union of its parents' lineage, each parent with the same weight:
    `share(row) = mean over parents of share_parent(row)`.

    Args:
        rows: the derived figures; of rows with the same id the first is kept.
        lineage: lineage of the parents, `LINEAGE_COLUMNS`.
        originals: published row id to its lineage (independent original), for `n_lineages`; a row that is not listed
            counts as an original of its own.
        extra: further columns and their pandas dtype.
        n_draws: draws per figure, for an empty result.

    Returns:
        Estimates sorted by id, with `extra` as further columns.

    Example:
        >>> behind = pd.DataFrame({"estimate_id": ["a@p/2000", "a@p/2010"], "table": "facts",
        ...                        "row_id": ["F1", "F2"], "share": [1.0, 1.0]})
        >>> one = Derived("g", "p", 2000, 2010, "per_year", np.array([0.1, 0.3]), ("a@p/2000", "a@p/2010"))
        >>> out = derived_estimates([one], behind, {"F1": "L1", "F2": "L1"}, {})
        >>> out.table[["estimate_id", "value", "n", "n_lineages"]].values.tolist()
        [['g@p/2000-2010', 0.2, 2, 1]]
        >>> out.lineage["share"].tolist()
        [0.5, 0.5]
    """
    unique: dict[str, Derived] = {}
    for row in rows:
        unique.setdefault(row.estimate_id, row)
    ordered = [unique[key] for key in sorted(unique)]
    found = _union_of_parents(ordered, lineage)
    draws = np.vstack([row.draws for row in ordered]) if ordered else np.empty((0, n_draws))
    counts = _counts(found, originals)
    records = [
        _record(row, numbers, counts.get(row.estimate_id, (0, 0)), extra)
        for row, numbers in zip(ordered, summarise_rows(draws), strict=True)
    ]
    return Estimates(table=typed(records, {**TYPES, **extra}), draws=draws, lineage=found)


def _record(
    row: Derived, numbers: npt.NDArray[np.float64], counts: tuple[int, int], extra: Mapping[str, str]
) -> dict[str, object]:
    estimate = Estimate(
        measure=row.measure,
        place_id=row.place_id,
        year_from=row.year_from,
        year_to=row.year_to,
        unit=row.unit,
        value=float(numbers[0]),
        low=float(numbers[1]),
        high=float(numbers[2]),
        group=row.group,
        setting=row.setting,
        n=counts[0],
        n_lineages=counts[1],
        kind=row.kind,
        flags=tuple(dict.fromkeys(row.flags)),
    )
    return {**estimate.row(), **{name: row.extra.get(name) for name in extra}}


def _union_of_parents(rows: Sequence[Derived], lineage: pd.DataFrame) -> pd.DataFrame:
    links = pd.DataFrame(
        [
            (row.estimate_id, parent, 1.0 / len(set(row.parents)))
            for row in rows
            for parent in dict.fromkeys(row.parents)
        ],
        columns=["derived_id", "estimate_id", "weight"],
    ).astype({"derived_id": "string", "estimate_id": "string", "weight": "float64"})
    known = lineage[list(LINEAGE_COLUMNS)].astype(
        {"estimate_id": "string", "table": "string", "row_id": "string", "share": "float64"}
    )
    joined = links.merge(known, on="estimate_id", how="inner")
    joined["share"] = joined["share"] * joined["weight"]
    summed = joined.groupby(["derived_id", "table", "row_id"], sort=True)["share"].sum().reset_index()
    # A parent without lineage (nothing published stands behind it) must not leave the shares short of 1.
    summed["share"] = summed["share"] / summed.groupby("derived_id")["share"].transform("sum")
    return summed.rename(columns={"derived_id": "estimate_id"})[list(LINEAGE_COLUMNS)]


def _counts(lineage: pd.DataFrame, originals: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for key, rows in lineage.groupby("estimate_id", sort=True)["row_id"]:
        ids = [str(row) for row in rows]
        counts[str(key)] = (len(set(ids)), len({originals.get(row, row) for row in ids}))
    return counts
