"""Which instruments which level of government used, and when."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from townshift.frames import joined, typed
from townshift.governance.events import counted_events, ids_of, lineages_of
from townshift.governance.periods import Period, period_of
from townshift.partial_dates import iso

COLUMNS: Mapping[str, str] = {
    "scope": "string",
    "period": "string",
    "year_from": "Int64",
    "year_to": "Int64",
    "actor_level": "string",
    "is_government": "boolean",
    "instrument": "string",
    "n_events": "Int64",
    "n_rows": "Int64",
    "n_lineages": "Int64",
    "row_ids": "string",
}


def event_years(events: pd.DataFrame) -> list[int | None]:
    """The calendar year of every counted event; a partial date never leaves its year. `None` = undated."""
    return [None if pd.isna(day) else int(iso(day)[:4]) for day in events["start_day"]]


def instruments(
    events: pd.DataFrame,
    periods: Sequence[Period],
    government_levels: Collection[str],
    scopes: Mapping[str, Collection[str] | None],
) -> pd.DataFrame:
    """How many events of each period came from each level of actor through each instrument.

    Formula: the number of distinct events, records of one event (`same_as`) counted once, in each cell of
    period x `actor_level` x `instrument`. A date known only to the year or month lies in its period whole, since
    periods are whole years; an undated event is counted under `undated`, one outside all periods under `outside`. An
    event without an instrument is counted under what the record says (`none`).

    Args:
        events: one row per record; see `counted_events`.
        periods: whole calendar years that do not overlap.
        government_levels: levels of actor that are governments; the others are shown with `is_government` false.
        scopes: name of each scope and the places it holds, `None` for all places.

    Returns:
        `COLUMNS`: one row per scope and cell that holds an event; `n_rows` counts records with doubles, `n_lineages`
        the independent originals among them, `row_ids` names all records. Sorted by its keys.

    Source: counts over a coded event history, one event one count (Van de Ven and Poole 1990, Organization Science 1
        (3), on coding incidents once however many documents tell them).

    Example:
        >>> events = pd.DataFrame({"event_id": ["E1", "E2", "E3"], "same_as": [None, "E1", None],
        ...     "date": ["2006-10", "2006", None], "actor_level": ["city", "city", "firm"],
        ...     "instrument": ["regulation", "regulation", "none"], "lineage": ["L1", "L2", "L1"]})
        >>> found = instruments(events, [Period(2000, 2009)], ["city"], {"all": None})
        >>> found[["period", "instrument", "n_events", "n_rows", "n_lineages", "row_ids"]].values.tolist()
        [['2000-2009', 'regulation', 1, 2, 2, 'E1;E2'], ['undated', 'none', 1, 1, 1, 'E3']]
    """
    rows: list[dict[str, object]] = []
    for scope, places in sorted(scopes.items()):
        counted = counted_events(events, places)
        placed = [period_of(year, periods) for year in event_years(counted)]
        counted["period"] = [name for name, _, _ in placed]
        years = {name: (year_from, year_to) for name, year_from, year_to in placed}
        for keys, cell in counted.groupby(["period", "actor_level", "instrument"], sort=True):
            period, actor_level, instrument = (str(key) for key in keys)
            ids = ids_of(cell)
            rows.append(
                {
                    "scope": scope,
                    "period": period,
                    "year_from": years[period][0],
                    "year_to": years[period][1],
                    "actor_level": actor_level,
                    "is_government": actor_level in government_levels,
                    "instrument": instrument,
                    "n_events": len(cell),
                    "n_rows": len(ids),
                    "n_lineages": lineages_of(cell),
                    "row_ids": joined(ids),
                }
            )
    return typed(rows, COLUMNS)
