"""Whom the fieldwork heard and whom it did not: people by group, place and period, against a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from townshift.small_groups import shown_groups

if TYPE_CHECKING:
    from collections.abc import Sequence

COVERAGE_COLUMNS = (
    "actor_group", "place_id", "period_from", "period_to", "planned", "heard", "heard_band", "sessions", "status",
)  # fmt: skip
ROUTE_COLUMNS = ("route", "sessions", "people", "people_band", "refusals", "refusal_share", "with_gatekeeper")

FEW = "few"
"""Groups of few people, taken together."""
STATUSES = ("not_heard", "below_plan", "as_planned", "unplanned")


def heard(
    attendance: pd.DataFrame, plan: pd.DataFrame | None, periods: Sequence[tuple[int, int]], threshold: int
) -> pd.DataFrame:
    """How many people of each group were heard at each place in each period, and how many were to be.

    A person heard twice in a period counts once. Numbers of people below `threshold` are given as a band, since a cell
    of one person at one place may name them; whether anybody was heard is always said.

    Args:
        attendance: one row a person and session: participant_id, actor_group, place_id, session_id, year.
        plan: columns actor_group, place_id, year_from, year_to (inclusive), planned; `None` without a plan.
        periods: (first year, last year), inclusive, disjoint.
        threshold: people below which a number becomes a band.

    Returns:
        `COVERAGE_COLUMNS`, one row a cell that was planned or heard. `planned` is missing without a plan for the cell,
        `heard` where it is a band. `status` is one of `STATUSES`.

    Example:
        >>> rows = {"participant_id": ["p1"], "actor_group": ["migrant_worker"], "place_id": ["town"],
        ...     "session_id": ["s1"], "year": [2020]}
        >>> plan = pd.DataFrame({"actor_group": ["enterprise"], "place_id": ["town"], "year_from": [2020],
        ...     "year_to": [2020], "planned": [4]})
        >>> found = heard(pd.DataFrame(rows), plan, [(2019, 2021)], threshold=5)
        >>> found[["actor_group", "heard_band", "status"]].values.tolist()
        [['enterprise', '0', 'not_heard'], ['migrant_worker', '1–4', 'unplanned']]
    """
    keys = ["actor_group", "place_id", "period_from", "period_to"]
    rows = _in_periods(attendance, periods)
    counted = rows.groupby(keys, sort=True).agg(
        people=("participant_id", "nunique"), sessions=("session_id", "nunique")
    )
    planned = _planned(plan, periods, keys)
    out = counted.join(planned, how="outer").sort_index().reset_index()
    people = out["people"].fillna(0).astype("int64")
    out["sessions"] = out["sessions"].fillna(0).astype("int64")
    out["planned"] = out["planned"].astype("Int64")
    out["heard"] = people.astype("Int64").mask((people > 0) & (people < threshold))
    out["heard_band"] = [band(int(n), threshold) for n in people]
    below = out["planned"].notna() & (people < out["planned"].fillna(0))
    out["status"] = np.select(
        [(people == 0) & out["planned"].fillna(1).gt(0), below, out["planned"].isna()],
        ["not_heard", "below_plan", "unplanned"],
        "as_planned",
    )
    return out[list(COVERAGE_COLUMNS)]


def planned_years(plan: pd.DataFrame) -> pd.DataFrame:
    """A sampling plan with whole years: `to` is the first day after the plan's end.

    Example:
        >>> rows = {"actor_group": ["media"], "place_id": ["town"], "from": ["2016"], "to": ["2020-01-01"]}
        >>> planned_years(pd.DataFrame({**rows, "planned": [3]}))[["year_from", "year_to"]].to_numpy().tolist()
        [[2016, 2019]]
    """
    since = plan["from"].astype("string")
    until = plan["to"].astype("string") if "to" in plan else pd.Series(pd.NA, index=plan.index, dtype="string")
    last = pd.to_numeric(until.str.slice(0, 4), errors="coerce")
    # A year alone, or its first day, as the end means that the year itself is no longer in the plan.
    begins = until.str.slice(4).fillna("").isin(["", "-01", "-01-01"])
    return plan.assign(
        year_from=pd.to_numeric(since.str.slice(0, 4), errors="coerce").astype("int64"),
        year_to=(last - begins.astype("int64")).fillna(9999).astype("int64"),
        planned=plan["planned"].astype("int64"),
    )


def band(n: int, threshold: int) -> str:
    """A number of people as it may be shown.

    Example:
        >>> band(0, 5), band(3, 5), band(7, 5)
        ('0', '1–4', '7')
    """
    return str(n) if n == 0 or n >= threshold else ("1" if threshold == 2 else f"1–{threshold - 1}")


def with_small_together(attendance: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """The same people, groups too small to be shown taken together as `FEW`.

    Args:
        attendance: participant_id, actor_group.
        threshold: people below which a group is not shown by itself; see `shown_groups`.

    Example:
        >>> rows = {"participant_id": ["a", "b", "c", "d"], "actor_group": ["x", "x", "y", "z"]}
        >>> with_small_together(pd.DataFrame(rows), 2)["actor_group"].tolist()
        ['x', 'x', 'few', 'few']
    """
    groups = attendance["actor_group"].fillna("").astype(str)
    people = attendance.groupby(groups)["participant_id"].nunique()
    shown = shown_groups({str(group): int(n) for group, n in people.items()}, threshold)
    return attendance.assign(actor_group=groups.where(groups.isin(list(shown)), FEW))


def _in_periods(attendance: pd.DataFrame, periods: Sequence[tuple[int, int]]) -> pd.DataFrame:
    parts = [
        attendance[attendance["year"].between(first, last)].assign(period_from=first, period_to=last)
        for first, last in periods
    ]
    kept = [part for part in parts if len(part)]
    if kept:
        return pd.concat(kept, ignore_index=True)
    return attendance.iloc[:0].assign(period_from=pd.Series(dtype="int64"), period_to=pd.Series(dtype="int64"))


def _planned(plan: pd.DataFrame | None, periods: Sequence[tuple[int, int]], keys: list[str]) -> pd.Series:
    """People planned by period; a plan that spans several counts for the first of them, since people are not split."""
    rows: list[tuple[str, str, int, int, int]] = []
    if plan is not None:
        cells = plan[["actor_group", "place_id"]].astype(str).to_numpy().tolist()
        numbers = plan[["year_from", "year_to", "planned"]].to_numpy(np.int64).tolist()
        for (group, place), (since, until, planned) in zip(cells, numbers, strict=True):
            met = [(first, last) for first, last in periods if since <= last and until >= first]
            rows += [(group, place, first, last, planned) for first, last in met[:1]]
    table = pd.DataFrame(rows, columns=[*keys, "planned"])
    return table.groupby(keys, sort=True)["planned"].sum()


def routes(sessions: pd.DataFrame, attendance: pd.DataFrame, threshold: int) -> pd.DataFrame:
    """How those heard were found, how many refused, and how often somebody with power over them was near.

    Args:
        sessions: columns session_id, sampling_route, refusals, gatekeeper_present.
        attendance: columns participant_id, session_id.
        threshold: people below which a number becomes a band.

    Returns:
        `ROUTE_COLUMNS`, one row a route; "" where it was not noted. `refusal_share` = refusals / (refusals + people),
        over sessions that noted refusals; missing where none did.

    Example:
        >>> sessions = pd.DataFrame({"session_id": ["s1"], "sampling_route": ["snowball"], "refusals": [3],
        ...     "gatekeeper_present": ["yes"]})
        >>> who = pd.DataFrame({"participant_id": ["p1"], "session_id": ["s1"]})
        >>> routes(sessions, who, 5)[["route", "people_band", "refusal_share"]].values.tolist()
        [['snowball', '1–4', 0.75]]
    """
    rows = sessions.assign(route=sessions["sampling_route"].fillna("").astype(str))
    per_session = attendance.groupby("session_id")["participant_id"].nunique()
    rows["people"] = rows["session_id"].map(per_session).fillna(0).astype("int64")
    noted = rows["refusals"].notna()
    rows["asked"] = (rows["refusals"].fillna(0) + rows["people"]).where(noted, 0.0)
    rows["near"] = rows["gatekeeper_present"].fillna("").isin(["yes", "partly"])
    route_of = rows.set_index("session_id")["route"]
    people = (
        attendance.assign(route=attendance["session_id"].map(route_of)).groupby("route")["participant_id"].nunique()
    )
    out = rows.groupby("route", sort=True).agg(
        sessions=("session_id", "nunique"),
        refusals=("refusals", "sum"),
        asked=("asked", "sum"),
        with_gatekeeper=("near", "sum"),
    )
    n = people.reindex(out.index).fillna(0).astype("int64")
    out["people"] = n.astype("Int64").mask((n > 0) & (n < threshold))
    out["people_band"] = [band(int(one), threshold) for one in n]
    out["refusal_share"] = (out["refusals"] / out["asked"].where(out["asked"] > 0)).astype("Float64")
    out["refusals"] = out["refusals"].astype("int64")
    return out.reset_index()[list(ROUTE_COLUMNS)]
