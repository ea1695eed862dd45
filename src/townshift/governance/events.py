"""Events as governance measures need them: doubles counted once, dates as intervals."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from townshift.frames import counted_once, first_records, texts
from townshift.partial_dates import day_intervals

_TEXTS = ("event_id", "date", "place_id", "event_type", "actor_level", "instrument", "turn", "lineage")


def counted_events(events: pd.DataFrame, places: Collection[str] | None = None) -> pd.DataFrame:
    """One row per event, however many pages tell it, with the days its date may mean.

    What an event is (date, place, level, instrument, turn) is read from its first record; where that row is missing,
    from the double with the smallest id. All lineages and row ids of the doubles are kept: two originals that tell
    one event are one event with two lineages.

    Args:
        events: `event_id`, `date`, `place_id`, `event_type`, `actor_level`, `instrument`, `turn`, `same_as`,
            `lineage`; one row per record.
        places: count only events at these places; none = at all.

    Returns:
        The text columns above, `start_day` and `end_day` (Int64, missing if undated), `lineages` and `row_ids` (sorted
        tuples), sorted by `event_id`.

    Example:
        >>> events = pd.DataFrame({"event_id": ["E1", "E2"], "same_as": [None, "E1"], "date": ["1970", "1970-05"],
        ...                        "lineage": ["L1", "L2"]})
        >>> counted_events(events)[["event_id", "start_day", "end_day", "lineages"]].values.tolist()
        [['E1', 0, 365, ('L1', 'L2')]]
    """
    every = texts(events, "event_id", "lineage").assign(first=first_records(events, "event_id").to_numpy())
    told = {str(first): rows for first, rows in every.groupby("first", sort=True)}
    out = counted_once(events, "event_id", *_TEXTS)[list(_TEXTS)]
    out["event_id"] = sorted(told)
    out["lineages"] = [tuple(sorted(set(told[event_id]["lineage"]) - {""})) for event_id in out["event_id"]]
    out["row_ids"] = [tuple(sorted(told[event_id]["event_id"])) for event_id in out["event_id"]]
    out = pd.concat([out, day_intervals(out["date"])], axis=1)
    if places is not None:
        out = out[out["place_id"].isin(list(places))]
    return out.reset_index(drop=True)


def lineages_of(rows: pd.DataFrame) -> int:
    """How many different originals tell the given events."""
    return len({one for lineages in rows["lineages"] for one in lineages})


def ids_of(rows: pd.DataFrame) -> list[str]:
    """The ids of all records, doubles included, of the given events."""
    return sorted({one for ids in rows["row_ids"] for one in ids})
