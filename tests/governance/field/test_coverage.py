"""Whom the fieldwork heard, against a plan, without naming small cells."""

import pandas as pd

from townshift.governance.field.coverage import heard, routes


def attendance(rows):
    return pd.DataFrame(rows, columns=["participant_id", "actor_group", "place_id", "session_id", "year"])


def plan(rows):
    return pd.DataFrame(rows, columns=["actor_group", "place_id", "year_from", "year_to", "planned"])


def test_a_person_heard_twice_counts_once_and_groups_never_heard_are_listed():
    rows = [(f"p{at}", "enterprise", "town", "s1", 2020) for at in range(6)] + [
        ("p0", "enterprise", "town", "s2", 2020)
    ]
    found = heard(attendance(rows), plan([("migrant_worker", "county", 2020, 2021, 8)]), [(2020, 2021)], 5)
    by_group = found.set_index("actor_group")
    assert by_group.loc["enterprise", ["heard", "sessions", "status"]].tolist() == [6, 2, "unplanned"]
    assert by_group.loc["migrant_worker", ["heard", "planned", "status"]].tolist() == [0, 8, "not_heard"]


def test_small_numbers_of_people_are_bands():
    rows = [(f"p{at}", "village_community", "town", "s1", 2020) for at in range(3)]
    found = heard(attendance(rows), plan([("village_community", "town", 2020, 2020, 3)]), [(2020, 2020)], 5).iloc[0]
    assert pd.isna(found["heard"])
    assert found["heard_band"] == "1–4"
    assert found["status"] == "as_planned"


def test_periods_are_apart():
    rows = [("p1", "media", "town", "s1", 2010), ("p1", "media", "town", "s2", 2020)]
    found = heard(attendance(rows), None, [(2005, 2014), (2015, 2024)], 1)
    assert found[["period_from", "heard"]].to_numpy().tolist() == [[2005, 1], [2015, 1]]


def test_refusals_are_shares_of_those_asked_only_where_they_were_noted():
    sessions = pd.DataFrame(
        [("s1", "random", 5, "no"), ("s2", "random", None, "partly"), ("s3", None, None, None)],
        columns=["session_id", "sampling_route", "refusals", "gatekeeper_present"],
    )
    who = pd.DataFrame(
        [(f"p{at}", "s1") for at in range(5)] + [("q", "s2"), ("r", "s3")], columns=["participant_id", "session_id"]
    )
    found = routes(sessions, who, 3).set_index("route")
    assert found.loc["random", "refusal_share"] == 0.5
    assert found.loc["random", ["people", "with_gatekeeper"]].tolist() == [6, 1]
    assert pd.isna(found.loc["", "refusal_share"])
    assert found.loc["", "people_band"] == "1–2"
