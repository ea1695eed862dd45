"""What came before what: turns dated by their events, and the order of instruments and kinds of event around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd

from townshift.frames import joined, typed
from townshift.governance.events import counted_events, ids_of, lineages_of
from townshift.partial_dates import iso, order

NO_TURN = ("", "none")
"""What the column `turn` holds for an event that belongs to no turn of the story."""

TURN_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("scope", "turn"), "string"),
    **dict.fromkeys(("n_events", "n_dated", "n_lineages"), "Int64"),
    **dict.fromkeys(
        ("first_from", "first_to", "median_from", "median_to", "last_from", "last_to", "row_ids"), "string"
    ),
}

SEQUENCE_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("scope", "turn", "by", "value"), "string"),
    **dict.fromkeys(("n_events", "n_own", "n_undated", "n_before", "n_within", "n_after", "n_undetermined"), "Int64"),
    **dict.fromkeys(("first_from", "first_to", "median_from", "median_to", "first_order", "median_order"), "string"),
    **dict.fromkeys(("pairs_before", "pairs_after", "pairs_undetermined", "n_lineages"), "Int64"),
    "row_ids": "string",
}

Span = tuple[float, float]
"""Days `[start, end)` that a date may mean."""


@dataclass(frozen=True, slots=True)
class Dating:
    """When a set of events began, had its middle and ended, each as the days it may have been.

    The first date of several intervals lies in `[min start, min end)`, the last in `[max start, max end)`, and the
    median in `[median of starts, median of ends)`, because extremes and medians rise with every argument.
    """

    first: Span
    median: Span
    last: Span


@dataclass(frozen=True, slots=True)
class TurnSequence:
    """Turns, and what came before and after them; `turns` has `TURN_COLUMNS`, `sequence` has `SEQUENCE_COLUMNS`."""

    turns: pd.DataFrame
    sequence: pd.DataFrame


def dating(events: pd.DataFrame) -> Dating | None:
    """First, median and last date of a set of events, from those that are dated; `None` where none is.

    Args:
        events: `start_day`, `end_day`, one row per event; missing = undated.

    Example:
        >>> found = dating(pd.DataFrame({"start_day": [0, 31, 400], "end_day": [365, 59, 401]}))
        >>> found.first, found.median, found.last
        ((0.0, 59.0), (31.0, 365.0), (400.0, 401.0))
    """
    dated = events.dropna(subset=["start_day", "end_day"])
    if dated.empty:
        return None
    starts, ends = dated["start_day"].astype("float64"), dated["end_day"].astype("float64")
    return Dating(
        first=(float(starts.min()), float(ends.min())),
        median=(float(starts.median()), float(ends.median())),
        last=(float(starts.max()), float(ends.max())),
    )


def turns(events: pd.DataFrame, scope: str = "all") -> pd.DataFrame:
    """When each turn of the story happened, by the dates of its events.

    Formula: first, median and last date of the counted events whose `turn` names it; a date is printed as the days
    `[from, to)` that it may be, so that a turn told only by years is not dated to the day. A turn without a dated
    event has empty dates.

    Args:
        events: from `counted_events`.
        scope: what the column `scope` says.

    Returns:
        `TURN_COLUMNS`, one row per turn, sorted by turn.

    Example:
        >>> events = counted_events(pd.DataFrame({"event_id": ["E1", "E2"], "turn": ["upgrading", "upgrading"],
        ...                                       "date": ["2014-02", "2016"], "lineage": ["L1", "L1"]}))
        >>> turns(events)[["turn", "n_dated", "n_lineages", "first_from", "first_to"]].values.tolist()
        [['upgrading', 2, 1, '2014-02-01', '2014-03-01']]
    """
    rows: list[dict[str, object]] = []
    for turn, own in events[~events["turn"].isin(NO_TURN)].groupby("turn", sort=True):
        rows.append(
            {
                "scope": scope,
                "turn": str(turn),
                "n_events": len(own),
                "n_dated": int(own["start_day"].notna().sum()),
                "n_lineages": lineages_of(own),
                **_printed(dating(own), ("first", "median", "last")),
                "row_ids": joined(ids_of(own)),
            }
        )
    return typed(rows, TURN_COLUMNS)


def sequence(events: pd.DataFrame, scope: str = "all") -> pd.DataFrame:
    """Which instruments, kinds of event and other turns came before, within and after each turn.

    A turn is the time from its first to its last dated event. An event lies *before* it if the last day it may mean
    precedes the first day the turn may have begun, *after* it if the first day it may mean follows the last day the
    turn may have ended, *within* it if it belongs to the turn or surely lies between both; else it is *undetermined*.
    Since turns overlap for decades, two further answers are given: the order of the first dates and of the median
    dates, and all pairs (event of the value, event of the turn) by which of the two surely came first.

    Order in time is not cause: a later event may have been prepared earlier, and the record may lack events.

    Args:
        events: from `counted_events`.
        scope: what the column `scope` says.

    Returns:
        `SEQUENCE_COLUMNS`, one row per turn, `by` (event_type, instrument, turn) and value; `first_order` and
        `median_order` say where the value stands to the turn: before, after, same (equally dated), undetermined
        (the dates overlap) or undated. Sorted by its keys.

    Source: interval order of Allen (1983), Communications of the ACM 26 (11), 832-843, reduced to what a partial date
        can decide.

    Example:
        >>> events = counted_events(pd.DataFrame({"event_id": ["E1", "E2", "E3"], "date": ["2006-09", "2014", "2016"],
        ...     "event_type": ["accident", "policy", "policy"], "turn": ["none", "upgrading", "upgrading"]}))
        >>> found = sequence(events).query("by == 'event_type' and value == 'accident'")
        >>> found[["turn", "n_before", "n_after", "first_order", "pairs_before"]].values.tolist()
        [['upgrading', 1, 0, 'before', 2]]
    """
    rows: list[dict[str, object]] = []
    for turn, own in events[~events["turn"].isin(NO_TURN)].groupby("turn", sort=True):
        for by in ("event_type", "instrument", "turn"):
            for value, group in events.groupby(by, sort=True):
                if by == "turn" and (value in NO_TURN or value == turn):
                    continue
                keys = {"scope": scope, "turn": str(turn), "by": by, "value": str(value)}
                rows.append({**keys, **_against(group, own)})
    return typed(rows, SEQUENCE_COLUMNS)


def turn_sequence(events: pd.DataFrame, scopes: Mapping[str, Collection[str] | None]) -> TurnSequence:
    """`turns` and `sequence` for each scope of places; `None` holds all places.

    Args:
        events: one row per record, as a study has them; see `counted_events`.
        scopes: name of each scope and its places.
    """
    found_turns, found_sequence = [typed([], TURN_COLUMNS)], [typed([], SEQUENCE_COLUMNS)]
    for scope, places in sorted(scopes.items()):
        counted = counted_events(events, places)
        found_turns.append(turns(counted, scope))
        found_sequence.append(sequence(counted, scope))
    return TurnSequence(
        turns=pd.concat(found_turns, ignore_index=True), sequence=pd.concat(found_sequence, ignore_index=True)
    )


def _against(group: pd.DataFrame, own: pd.DataFrame) -> dict[str, object]:
    """One row of the sequence: the events of one value against the events of one turn."""
    turn, value = dating(own), dating(group)
    own_spans = _spans(own)
    places: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for event_id, span in _spans(group).items():
        places["own"] += event_id in own_spans
        places[_place(span, turn, event_id in own_spans)] += 1
        if span is not None:
            pairs.update(order(span, other) for key, other in own_spans.items() if other and key != event_id)
    return {
        "n_events": len(group),
        "n_own": places["own"],
        **{f"n_{name}": places[name] for name in ("undated", "before", "within", "after", "undetermined")},
        **_printed(value, ("first", "median")),
        "first_order": order(value.first, turn.first) if value and turn else "undated",
        "median_order": order(value.median, turn.median) if value and turn else "undated",
        "pairs_before": pairs["before"],
        "pairs_after": pairs["after"],
        "pairs_undetermined": pairs["undetermined"] + pairs["same"],
        "n_lineages": lineages_of(group),
        "row_ids": joined(ids_of(group)),
    }


def _spans(events: pd.DataFrame) -> dict[str, Span | None]:
    days = zip(events["event_id"], events["start_day"], events["end_day"], strict=True)
    return {str(key): None if pd.isna(start) else (float(start), float(end)) for key, start, end in days}


def _place(span: Span | None, turn: Dating | None, is_own: bool) -> str:
    if span is None or turn is None:
        return "undated"
    if is_own:
        return "within"
    if span[1] <= turn.first[0]:
        return "before"
    if span[0] >= turn.last[1]:
        return "after"
    surely_within = span[0] >= turn.first[1] and span[1] <= turn.last[0]
    return "within" if surely_within else "undetermined"


def _printed(found: Dating | None, which: tuple[str, ...]) -> dict[str, object]:
    days = {name: getattr(found, name) if found else (float("nan"), float("nan")) for name in which}
    return {f"{name}_{end}": iso(days[name][i]) for name in which for i, end in enumerate(("from", "to"))}
