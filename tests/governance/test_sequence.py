"""Turns are dated by their events, and order is claimed only where partial dates decide it."""

import pandas as pd
import pytest

from townshift.governance.events import counted_events
from townshift.governance.sequence import (
    SEQUENCE_COLUMNS,
    TURN_COLUMNS,
    dating,
    sequence,
    turn_sequence,
    turns,
)
from townshift.partial_dates import day_interval, iso

COLUMNS = ["event_id", "date", "event_type", "instrument", "turn", "same_as", "lineage"]


def told(*rows):
    return counted_events(pd.DataFrame(rows, columns=COLUMNS))


def upgrading(*dates, first=1):
    return [(f"U{i}", date, "policy", "land", "upgrading", None, f"L{i}") for i, date in enumerate(dates, start=first)]


def accident(event_id, date):
    return (event_id, date, "accident", "none", "none", None, "L9")


def row(found, turn="upgrading", by="event_type", value="accident"):
    found = found[(found["turn"] == turn) & (found["by"] == by) & (found["value"] == value)]
    assert len(found) == 1
    return found.iloc[0]


def test_a_turn_begins_and_ends_with_its_own_events():
    found = turns(told(*upgrading("2014-02", "2016", "2020-06-01"))).iloc[0]
    assert (found.first_from, found.first_to) == ("2014-02-01", "2014-03-01")
    assert (found.median_from, found.median_to) == ("2016-01-01", "2017-01-01")
    assert (found.last_from, found.last_to) == ("2020-06-01", "2020-06-02")
    assert (found.n_events, found.n_dated, found.n_lineages) == (3, 3, 3)


def test_a_turn_told_by_years_is_not_dated_to_the_day():
    found = turns(told(*upgrading("2014", "2014-02"))).iloc[0]
    # the yearly one may be in January, before the other
    assert (found.first_from, found.first_to) == ("2014-01-01", "2014-03-01")


def test_the_median_interval_holds_the_median_of_every_possible_dating():
    dates = ["2010", "2012-05", "2014", "2014-07-01"]
    middle = dating(told(*upgrading(*dates))).median
    spans = [day_interval(date) for date in dates]
    for pick in (0.0, 0.3, 0.7, 0.999):
        possible = pd.Series([start + pick * (end - start) for start, end in spans]).median()
        assert middle[0] <= possible <= middle[1]


def test_undated_events_count_for_a_turn_but_do_not_date_it():
    found = turns(told(*upgrading("2014", None))).iloc[0]
    assert (found.n_events, found.n_dated) == (2, 1)
    assert found.first_from == "2014-01-01"


def test_a_turn_without_a_dated_event_has_no_date_and_no_order():
    events = told(*upgrading(None, None), accident("A1", "2006"))
    assert turns(events).iloc[0].first_from == ""
    found = row(sequence(events))
    assert found.first_order == found.median_order == "undated"
    assert (found.n_undated, found.n_before, found.pairs_before) == (1, 0, 0)


def test_no_turn_is_made_of_events_that_belong_to_none():
    assert turns(told(accident("A1", "2006"))).empty
    assert sequence(told(accident("A1", "2006"))).empty


@pytest.mark.parametrize(
    ("date", "place"),
    [
        ("2013", "before"),
        ("2014-01", "before"),
        ("2014", "undetermined"),  # overlaps the month in which the turn began
        ("2014-02-10", "undetermined"),
        ("2014-03", "within"),
        ("2015", "within"),
        ("2016", "undetermined"),
        ("2016-04-18", "undetermined"),  # the day of the last event itself
        ("2016-04-19", "after"),
        ("2017", "after"),
        (None, "undated"),
    ],
)
def test_an_event_is_placed_only_where_its_date_decides(date, place):
    events = told(*upgrading("2014-02", "2016-04-18"), accident("A1", date))
    found = row(sequence(events))
    counts = {name: found[f"n_{name}"] for name in ("before", "within", "after", "undetermined", "undated")}
    assert counts == {name: int(name == place) for name in counts}


def test_events_of_the_turn_itself_are_within_it():
    found = row(sequence(told(*upgrading("2014", "2014", "2016"))), by="instrument", value="land")
    assert (found.n_events, found.n_own, found.n_within) == (3, 3, 3)
    assert found.first_order == found.median_order == "same"


def test_places_of_all_events_add_up():
    events = told(*upgrading("2014-02", "2016"), accident("A1", "2006"), accident("A2", "2014"), accident("A3", None))
    found = sequence(events)
    total = found[["n_undated", "n_before", "n_within", "n_after", "n_undetermined"]].sum(axis=1)
    assert (total == found["n_events"]).all()


def test_pairs_say_how_often_one_event_surely_came_before_another():
    events = told(*upgrading("2007", "2014", "2016"), accident("A1", "2006-09-14"), accident("A2", "2014-05"))
    found = row(sequence(events))
    # A1 precedes all three; A2 follows 2007, precedes 2016 and overlaps 2014
    assert (found.pairs_before, found.pairs_after, found.pairs_undetermined) == (4, 1, 1)


def test_an_event_is_no_pair_with_itself():
    found = row(sequence(told(*upgrading("2014", "2016"))), by="instrument", value="land")
    assert (found.pairs_before, found.pairs_after, found.pairs_undetermined) == (1, 1, 0)


def test_turns_are_ordered_among_each_other_and_mirror():
    fires = ("G1", "2006", "accident", "none", "governance", None, "L1")
    found = sequence(told(fires, *upgrading("2014", "2016")))
    assert row(found, "upgrading", "turn", "governance").median_order == "before"
    assert row(found, "governance", "turn", "upgrading").median_order == "after"
    assert (
        row(found, "upgrading", "turn", "governance").pairs_before
        == row(found, "governance", "turn", "upgrading").pairs_after
    )


def test_a_chain_of_doubles_dates_a_turn_once_by_its_first_record():
    rows = upgrading("2014-02", "2016")
    doubles = [
        ("D1", "1999", "policy", "land", "upgrading", "U1", "L8"),
        ("D2", "2020", "policy", "land", "upgrading", "D1", "L9"),
    ]
    found = turns(told(*rows, *doubles)).iloc[0]
    assert (found.n_events, found.n_lineages) == (2, 4)
    assert found.first_from == "2014-02-01"
    assert found.row_ids == "D1;D2;U1;U2"


def test_scopes_date_turns_from_their_own_places():
    events = pd.DataFrame(upgrading("2008", "2014"), columns=COLUMNS).assign(place_id=["far", "town"])
    found = turn_sequence(events, {"focal": ["town"], "all": None}).turns.set_index("scope")
    assert found.loc["all", "first_from"] == "2008-01-01"
    assert found.loc["focal", "first_from"] == "2014-01-01"


def test_no_events_make_empty_tables_of_the_same_columns():
    found = turn_sequence(pd.DataFrame(columns=COLUMNS), {"all": None})
    assert list(found.turns.columns) == list(TURN_COLUMNS)
    assert list(found.sequence.columns) == list(SEQUENCE_COLUMNS)
    assert found.turns.dtypes.equals(turns(told(*upgrading("2014"))).dtypes)


def test_the_order_of_rows_changes_nothing():
    rows = [*upgrading("2014", "2016", None), accident("A1", "2006"), accident("A2", "2015-05")]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    one = turn_sequence(frame, {"all": None})
    other = turn_sequence(frame.iloc[::-1], {"all": None})
    pd.testing.assert_frame_equal(one.sequence, other.sequence)
    pd.testing.assert_frame_equal(one.turns, other.turns)


def test_dating_is_printed_in_days():
    first = dating(told(*upgrading("1970-02"))).first
    assert (iso(first[0]), iso(first[1])) == ("1970-02-01", "1970-03-01")
