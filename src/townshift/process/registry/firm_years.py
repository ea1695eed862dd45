"""Firm-years: how many establishments stood, opened and closed, by place, year, membership and size; and how they last.

Registries hold dates to the day, the month or the year. Entry and exit are intervals of days within one calendar year,
so the year of their middle day is the year of any of their days: a partial date is never guessed into another year.
A stock is that of 31 December: opened in that year or before, not closed in it or before. Hence
`stock(t) = stock(t - 1) + entries(t) - exits(t)`, exactly, for every place and group.

The engine counts; whole numbers are the same on every engine. What is left is small and finished in memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import typed
from townshift.process.registry.parameters import FirmYearsParameters
from townshift.types import LEVEL

ALL_SIZES = ""
"""Value of `size_band` in rows that count all sizes together."""

LEVELS = ("town", "county", "province")
"""Levels of place that firm-years are counted at."""

FIRM_YEAR_TYPES = {
    "place_id": "string",
    "level": "string",
    "year": "Int64",
    "member": "boolean",
    "size_band": "string",
    "n_stock": "Int64",
    "n_entry": "Int64",
    "n_exit": "Int64",
}

_IN_NO_STOCK = ("missing_entry", "unreadable", "too_old", "future", "closed_before_opened")
_KEYS = ["place_id", "county_id", "province_id", "member", "size_band"]


@dataclass(frozen=True, slots=True)
class FirmYears:
    """Firm-years and what stands outside them.

    Attributes:
        firm_years: one row a place, level, year, membership and size band; `FIRM_YEAR_TYPES`.
        date_counts: records by `date_flag`, and whether such records are in the stock.
        spells: records by entry year, exit year (missing = open) and membership: what survival is computed from.
    """

    firm_years: pd.DataFrame
    date_counts: pd.DataFrame
    spells: pd.DataFrame


def dated(establishments: ibis.Table) -> ibis.Table:
    """Establishments that can be placed in time, with `entry_year` and `exit_year` (null = open)."""
    usable = establishments.filter(~establishments.date_flag.isin(_IN_NO_STOCK))
    return usable.mutate(
        entry_year=usable.entry_from.year().cast("int64"), exit_year=usable.exit_from.year().cast("int64")
    )


def counted_events(establishments: ibis.Table) -> tuple[ibis.Table, ibis.Table, ibis.Table, ibis.Table]:
    """What an engine counts: entries, exits, records by date flag, records by entry and exit year.

    Returns:
        Four expressions with whole numbers `n`: entries by place and `year`; exits by place and `year`; all records by
        `date_flag`; usable records by `entry_year`, `exit_year` and `member`.
    """
    usable = dated(establishments)
    entries = usable.group_by(*_KEYS, year=usable.entry_year).agg(n=usable.count())
    closed = usable.drop_null(["exit_year"])
    exits = closed.group_by(*_KEYS, year=closed.exit_year).agg(n=closed.count())
    flags = establishments.group_by("date_flag").agg(n=establishments.count())
    spells = usable.group_by("entry_year", "exit_year", "member").agg(n=usable.count())
    return entries, exits, flags, spells


def firm_years(
    entries: pd.DataFrame,
    exits: pd.DataFrame,
    date_flags: pd.DataFrame,
    spells: pd.DataFrame,
    parameters: FirmYearsParameters,
) -> FirmYears:
    """Stocks, entries and exits from the four tables of `counted_events`.

    Args:
        entries: columns `place_id`, `county_id`, `province_id`, `member`, `size_band`, `year`, `n`.
        exits: the same.
        date_flags: columns `date_flag`, `n`.
        spells: columns `entry_year`, `exit_year`, `member`, `n`.
        parameters: of the step.
    """
    first, last = _span(entries, exits, parameters)
    parts = [_at_level(entries, exits, level, first, last, parameters.by_size) for level in LEVELS]
    found = pd.concat(parts, ignore_index=True)
    found = found.sort_values(["level", "place_id", "member", "size_band", "year"], kind="stable", ignore_index=True)
    counted = date_flags.assign(in_stock=~date_flags["date_flag"].isin(_IN_NO_STOCK))
    counted = counted.sort_values("date_flag", kind="stable", ignore_index=True)
    return FirmYears(
        firm_years=found.astype(FIRM_YEAR_TYPES)[list(FIRM_YEAR_TYPES)],
        date_counts=counted.astype({"date_flag": "string", "n": "Int64", "in_stock": "boolean"}),
        spells=spells.sort_values(["member", "entry_year", "exit_year"], kind="stable", ignore_index=True),
    )


def _span(entries: pd.DataFrame, exits: pd.DataFrame, parameters: FirmYearsParameters) -> tuple[int, int]:
    years = pd.concat([entries["year"], exits["year"]]).astype("int64")
    if years.empty:
        return parameters.year_from or 0, parameters.year_to or (parameters.year_from or 0) - 1
    first = int(years.min()) if parameters.year_from is None else parameters.year_from
    last = int(years.max()) if parameters.year_to is None else parameters.year_to
    return first, last


def _at_level(
    entries: pd.DataFrame, exits: pd.DataFrame, level: str, first: int, last: int, by_size: bool
) -> pd.DataFrame:
    """Rows of one level of place: groups down, years across, sums along."""
    keyed = []
    for sign, rows in ((0, entries), (1, exits)):
        place = rows["place_id"] if level == "town" else rows[f"{level}_id"]
        is_town = rows["place_id"].ne(rows["county_id"]) & rows["county_id"].notna()
        rows = rows.assign(place_id=place, exit=sign)[place.notna() & (is_town | (level != "town"))]
        rows = rows[rows["place_id"].ne(rows["province_id"]) | (level == "province")]
        if by_size:
            keyed.append(rows)
        keyed.append(rows.assign(size_band=ALL_SIZES))
    every = pd.concat(keyed, ignore_index=True)
    every = every[every["year"] <= last]
    groups = every.groupby(["place_id", "member", "size_band"], sort=True)
    number, n_years = groups.ngroup().to_numpy(), max(0, last - first + 1)
    index = pd.DataFrame(list(groups.groups), columns=["place_id", "member", "size_band"])
    counts = np.zeros((2, len(index), n_years + 1), dtype=np.int64)  # column 0: all years before the first
    column = np.maximum(every["year"].to_numpy(dtype=np.int64) - first + 1, 0)
    np.add.at(counts, (every["exit"].to_numpy(dtype=np.int64), number, column), every["n"].to_numpy(dtype=np.int64))
    stock = (counts[0] - counts[1]).cumsum(axis=1)[:, 1:]
    out = index.loc[index.index.repeat(n_years)].reset_index(drop=True)
    return out.assign(
        level=level,
        year=np.tile(np.arange(first, last + 1), len(index)),
        n_stock=stock.ravel(),
        n_entry=counts[0, :, 1:].ravel(),
        n_exit=counts[1, :, 1:].ravel(),
    )


SURVIVAL_TYPES = {
    "member": "boolean",
    "age_years": "Int64",
    "n_at_risk": "Int64",
    "n_exits": "Int64",
    "survival": "float64",
    "low": "float64",
    "high": "float64",
    "observed_from": "Int64",
}


def firm_survival(
    spells: pd.DataFrame, last_year: int, observed_from: int | None = None, level: float = LEVEL
) -> pd.DataFrame:
    """How many establishments reach an age: Kaplan-Meier in whole years, with left truncation.

    `S(a) = product over j <= a of (1 - d_j / n_j)`: of the `n_j` at risk of closing at age j, `d_j` do. An
    establishment is at risk only at ages at which the registry could have seen it close: from `observed_from` on, and
    up to `last_year`. The interval is on the scale of log(-log S), with Greenwood's variance.

    Args:
        spells: columns `entry_year`, `exit_year` (missing = open), `member`, `n`.
        last_year: last year in which closures were recorded.
        observed_from: first year in which closures were recorded; `None` = always.
        level: probability inside the interval.

    Returns:
        One row a membership and age, `SURVIVAL_TYPES`.

    Source: Kaplan and Meier (1958); Tsai, Jewell and Wang (1987) for truncation; Kalbfleisch and Prentice (2002).

    Example:
        >>> spells = pd.DataFrame({"entry_year": [2000, 2000], "exit_year": [2001, None], "member": True, "n": [1, 3]})
        >>> firm_survival(spells, last_year=2002)[["age_years", "n_at_risk", "n_exits", "survival"]].values.tolist()
        [[0, 4, 0, 1.0], [1, 4, 1, 0.75], [2, 3, 0, 0.75]]
    """
    from scipy import stats

    rows: list[dict[str, object]] = []
    z = float(stats.norm.ppf((1 + level) / 2))
    for member, group in spells.groupby("member", sort=True):
        at_risk, exits = _at_risk(group, last_year, observed_from)
        hazard = np.divide(exits, at_risk, out=np.zeros(len(exits)), where=at_risk > 0)
        survival = np.cumprod(1 - hazard)
        low, high = _survival_interval(survival, at_risk, exits, z)
        for age in np.flatnonzero(at_risk > 0):
            rows.append(
                {
                    "member": bool(member),
                    "age_years": int(age),
                    "n_at_risk": int(at_risk[age]),
                    "n_exits": int(exits[age]),
                    "survival": float(survival[age]),
                    "low": float(low[age]),
                    "high": float(high[age]),
                    "observed_from": observed_from,
                }
            )
    return typed(rows, SURVIVAL_TYPES)


Counts = npt.NDArray[np.int64]


def _at_risk(spells: pd.DataFrame, last_year: int, observed_from: int | None) -> tuple[Counts, Counts]:
    """Numbers at risk and closing by age in whole years."""
    entry = spells["entry_year"].to_numpy(dtype=np.int64)
    closed = spells["exit_year"].notna().to_numpy() & (spells["exit_year"].fillna(0).to_numpy(np.int64) <= last_year)
    end = np.where(closed, spells["exit_year"].fillna(0).to_numpy(dtype=np.int64), last_year)
    n = spells["n"].to_numpy(dtype=np.int64)
    start = np.zeros(len(n), dtype=np.int64) if observed_from is None else np.maximum(observed_from - entry, 0)
    age = end - entry
    seen = (age >= start) & (entry <= last_year)
    size = int(age[seen].max()) + 1 if seen.any() else 0
    steps, exits = np.zeros(size + 1, dtype=np.int64), np.zeros(size, dtype=np.int64)
    np.add.at(steps, start[seen], n[seen])
    np.add.at(steps, age[seen] + 1, -n[seen])
    np.add.at(exits, age[seen & closed], n[seen & closed])
    return steps.cumsum()[:size], exits


def _survival_interval(
    survival: npt.NDArray[np.float64], at_risk: Counts, exits: Counts, z: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    room = at_risk * (at_risk - exits)
    greenwood = np.cumsum(np.divide(exits, room, out=np.zeros(len(exits)), where=room > 0))
    inner = (survival > 0) & (survival < 1)
    log_s = np.log(survival, out=np.full(len(survival), -1.0), where=inner)
    spread = z * np.sqrt(greenwood) / np.abs(log_s)
    low = np.where(inner, np.exp(log_s * np.exp(spread)), survival)
    high = np.where(inner, np.exp(log_s * np.exp(-spread)), survival)
    return low, high
