"""Inside the town year by year: mix of uses, the way from village to park, distances, and what could not be said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from townshift.process.clusters.town_uses import USES, use_mix
from townshift.process.clusters.town_uses_distances import use_distances
from townshift.process.clusters.town_uses_parameters import TownUsesParameters
from townshift.process.clusters.town_uses_shift import village_to_park
from townshift.process.concentration.by_year import Notes
from townshift.process.concentration.establishment_points import present

CELL_TYPES = {
    "year": "Int64",
    "column": "Int64",
    "row": "Int64",
    "x_m": "float64",
    "y_m": "float64",
    "n": "Int64",
    **dict.fromkeys(USES, "Int64"),
    "entropy": "float64",
    "low": "float64",
    "high": "float64",
}
SHIFT_TYPES = {
    "year": "Int64",
    "n": "Int64",
    "in_park": "Int64",
    "share": "float64",
    "low": "float64",
    "high": "float64",
    "flags": "string",
}
DISTANCE_TYPES = {
    "year": "Int64",
    "origin": "string",
    "destination": "string",
    "measure": "string",
    "value_m": "float64",
    "low": "float64",
    "high": "float64",
    "n": "Int64",
    "flags": "string",
}

EVERY = 5
"""Distances are told every so many years, and in the last: they change slowly and cost most."""


@dataclass(frozen=True)
class TownUses:
    """What is inside the town.

    Attributes:
        cells: `CELL_TYPES`, cells of the last year that are not suppressed.
        shift: `SHIFT_TYPES`, every year.
        distances: `DISTANCE_TYPES`.
        status: what could not be said, and how many points lie in suppressed cells.
    """

    cells: pd.DataFrame
    shift: pd.DataFrame
    distances: pd.DataFrame
    status: pd.DataFrame


def town_uses_by_year(
    points: pd.DataFrame, years: Sequence[int], parameters: TownUsesParameters, seed: int
) -> TownUses:
    """Measure the uses of the industry's points; what a measure refuses becomes a line of the status.

    Args:
        points: as `establishment_points`; uses other than `USES` are left out and counted.
        years: calendar years, in rising order.
        parameters: cells, suppression, draws.
        seed: of the study.

    Example:
        >>> none = pd.DataFrame({"member": [True], "use": [None], "entry_year": [2000], "exit_year": [2001]})
        >>> town_uses_by_year(none, [2000], TownUsesParameters(), 1).status["reason"].tolist()
        ['no_uses']
    """
    own = points[points["member"].to_numpy(bool)]
    rows = own[own["use"].isin(USES).to_numpy(bool)]
    notes, found = Notes(), dict[str, pd.DataFrame]()
    others = int(own["use"].notna().sum()) - len(rows)
    if others:
        notes.rows.append({"measure": "town_uses", "status": "left_out", "reason": "other_use", "n": others})
    if rows.empty:
        notes.refused("town_uses", "no_uses", len(own))
        return _told(found, notes)
    yearly = pd.concat([rows[present(rows, year)].assign(year=year) for year in years], ignore_index=True)
    last = rows[present(rows, years[-1])]

    def mixed() -> None:
        mix = use_mix(last["x_m"], last["y_m"], last["use"], parameters, seed)
        found["cells"] = mix.cells.assign(year=years[-1])
        if mix.suppressed_points:
            row = {"measure": "use_mix", "status": "suppressed", "reason": "few_points", "n": mix.suppressed_points}
            notes.rows.append(row)

    def shifted() -> None:
        found["shift"] = village_to_park(yearly["use"], yearly["year"], years, parameters.min_points)

    def apart() -> None:
        chosen = [year for year in years if year % EVERY == 0 or year == years[-1]]
        some = yearly[yearly["year"].isin(chosen)]
        at = (some["x_m"], some["y_m"], some["use"], some["year"])
        found["distances"] = use_distances(*at, chosen, parameters, seed)

    for name, measure in (("use_mix", mixed), ("village_to_park", shifted), ("use_distances", apart)):
        notes.tried(name, None, measure)
    return _told(found, notes)


def _told(found: dict[str, pd.DataFrame], notes: Notes) -> TownUses:
    cells, shift, distances = (
        found.get(name, pd.DataFrame(columns=list(types)))[list(types)].astype(types)
        for name, types in (("cells", CELL_TYPES), ("shift", SHIFT_TYPES), ("distances", DISTANCE_TYPES))
    )
    return TownUses(cells, shift, distances, notes.table())
