"""The place × year panel on which the effect of a dated act is looked for: exits, leavings and arrivals per firm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import texts
from townshift.process.drivers.parameters import DatedAct, EventStudyParameters
from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.places import at_level

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

OUTCOMES: tuple[str, ...] = ("exit_rate", "leaving_rate", "arrival_rate")
"""Establishments that closed, moves that left and moves that arrived in a year, per establishment at its beginning."""


@dataclass(frozen=True, slots=True)
class ActPanel:
    """A balanced panel around an act.

    Attributes:
        units: names of the places.
        years: shape (years,).
        first: shape (units,), first year treated, 0 = never.
        stock: shape (units, years), establishments at the beginning of the year.
        exits: shape (units, years).
        leaving_cell, arriving_cell: shape (moves,): cell of units × years (flat) that a pair adds to, -1 = none.
        left_out: places left out, by reason.
    """

    units: tuple[str, ...]
    years: Whole
    first: Whole
    stock: Real
    exits: Real
    leaving_cell: Whole
    arriving_cell: Whole
    left_out: Mapping[str, int]

    def outcome(self, name: str, weights: Real) -> Real:
        """One of `OUTCOMES`, shape (units, years); `weights`, shape (moves,): moves that each pair stands for."""
        if name == "exit_rate":
            return self.exits / self.stock
        cell = self.leaving_cell if name == "leaving_rate" else self.arriving_cell
        used = cell >= 0
        counts = np.bincount(cell[used], weights=weights[used], minlength=self.stock.size)
        return np.asarray(counts.reshape(self.stock.shape) / self.stock)


def treated_places(act: DatedAct, events: pd.DataFrame | None, policies: pd.DataFrame | None) -> dict[str, int]:
    """The places of an act and the year in which it reached each, from the parameters and the tables they name.

    Example:
        >>> events = pd.DataFrame({"event_id": ["E1"], "place_id": ["town"], "date": ["2014-03"]})
        >>> treated_places(DatedAct(name="rule", event_ids=("E1",), places=("next",), year=2016), events, None)
        {'next': 2016, 'town': 2014}
    """
    found: dict[str, int] = {}
    named = [(place, act.year) for place in act.places if act.year is not None]
    for table, key, date, wanted in (
        (events, "event_id", "date", act.event_ids),
        (policies, "policy_id", "issued", act.policy_ids),
    ):
        if table is None or not wanted:
            continue
        rows = texts(table, key, "place_id", date)
        rows = rows[rows[key].isin(wanted) & (rows[date] != "")]
        named.extend((place, int(when[:4])) for place, when in zip(rows["place_id"], rows[date], strict=True))
    for place, year in named:
        found[place] = min(year, found.get(place, year))
    return dict(sorted(found.items()))


def act_panel(
    treated: Mapping[str, int],
    firm_years: pd.DataFrame,
    moves: pd.DataFrame,
    places: pd.DataFrame,
    parameters: EventStudyParameters,
) -> ActPanel:
    """Treated places and the places that stand beside them, over the years around the act.

    Units are the treated places, at whatever level they are, and the other places of the level of comparison that
    neither hold nor lie in a treated one. A place whose stock was ever too small has no rate worth the name and is
    left out, treated or not.

    Args:
        treated: place to first year.
        firm_years: place_id, year, level, member, size_band, n_stock, n_exit.
        moves: the table `moves`.
        places: place_id, kind, parent_id.
        parameters: level of comparison, years before and after, smallest stock.
    """
    rows = firm_years[firm_years["member"].fillna(False).astype(bool) & (firm_years["size_band"].fillna("") == "")]
    rows = texts(rows, "place_id", "level")
    listed = texts(places, "place_id", "kind", "parent_id")
    kind = dict(zip(listed["place_id"], listed["kind"], strict=True))
    parent = dict(zip(listed["place_id"], listed["parent_id"], strict=True))
    related = {above for place in treated for above in _above(place, parent)}
    beside = [
        place
        for place in sorted(set(rows.loc[rows["level"] == parameters.level, "place_id"]))
        if place not in related and not (set(_above(place, parent)) & set(treated))
    ]
    units = sorted([*treated, *beside])
    first_year, last_year = _span(treated, rows, parameters)
    years = np.arange(first_year, last_year + 1)
    level_of = {unit: parameters.level if unit not in treated else kind.get(unit, parameters.level) for unit in units}
    stock, exits = _counts(rows, units, level_of, years)
    kept = np.asarray((stock >= parameters.least_stock).all(axis=1) & bool(years.size), dtype=bool)
    first = np.array([treated.get(unit, 0) for unit in units], dtype=np.int64)
    left_out = {"treated_small": int((~kept & (first > 0)).sum()), "beside_small": int((~kept & (first == 0)).sum())}
    names = [unit for unit, keep in zip(units, kept, strict=True) if keep]
    return ActPanel(
        units=tuple(names), years=years, first=first[kept], stock=stock[kept], exits=exits[kept],
        leaving_cell=_move_cells(moves, "origin", names, level_of, places, years),
        arriving_cell=_move_cells(moves, "destination", names, level_of, places, years), left_out=left_out,
    )  # fmt: skip


def _above(place: str, parent: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    at = place
    while at and at not in found:
        found.append(at)
        at = parent.get(at, "")
    return found


def _span(treated: Mapping[str, int], rows: pd.DataFrame, parameters: EventStudyParameters) -> tuple[int, int]:
    """Years of the panel: the stock of the year before must be known too."""
    first = min(treated.values()) - parameters.years_before
    last = max(treated.values()) + parameters.years_after
    known = rows["year"].astype("int64")
    if known.empty:
        return first, first - 1
    return max(first, int(known.min()) + 1), min(last, int(known.max()))


def _counts(rows: pd.DataFrame, units: Sequence[str], level_of: Mapping[str, str], years: Whole) -> tuple[Real, Real]:
    """Stock at the beginning of each year and exits in it; a place without a row in a year had none."""
    number = {unit: i for i, unit in enumerate(units)}
    mine = rows[rows["place_id"].isin(number) & (rows["level"] == rows["place_id"].map(level_of))]
    stock, exits = np.zeros((len(units), years.size + 1)), np.zeros((len(units), years.size + 1))
    at = mine["place_id"].map(number).to_numpy(dtype=np.int64)
    when = mine["year"].to_numpy(dtype=np.int64) - (int(years[0]) - 1 if years.size else 0)
    inside = (when >= 0) & (when <= years.size)
    stock[at[inside], when[inside]] = mine["n_stock"].to_numpy(dtype=np.float64)[inside]
    exits[at[inside], when[inside]] = mine["n_exit"].to_numpy(dtype=np.float64)[inside]
    return stock[:, :-1], exits[:, 1:]


def _move_cells(
    moves: pd.DataFrame,
    side: str,
    units: Sequence[str],
    level_of: Mapping[str, str],
    places: pd.DataFrame,
    years: Whole,
) -> Whole:
    """The cell of each pair: the unit is the place itself, else the nearest one around it."""
    number = np.full(len(moves), -1, dtype=np.int64)
    position = {unit: i for i, unit in enumerate(units)}
    for level in ("place", *sorted({level_of[unit] for unit in units})):
        at = at_level(moves[f"{side}_place_id"], places, level)
        found = at.map(position).fillna(-1).to_numpy(dtype=np.int64)
        number = np.where(number < 0, found, number)
    year = moves["year"].astype("float64").to_numpy() - (years[0] if years.size else 0)
    good = (number >= 0) & (year >= 0) & (year < years.size)
    return np.where(good, number * years.size + np.nan_to_num(year, nan=0.0).astype(np.int64), -1)


def kinds_as_weights(drawn: npt.NDArray[np.int8]) -> Real:
    """1 for a pair drawn as a move of any kind, else 0."""
    return np.asarray(drawn < len(KINDS), dtype=np.float64)
