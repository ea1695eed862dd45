"""Events are counted once, in their period, by level of actor and instrument."""

import pandas as pd
import pytest

from townshift.errors import MeasureError
from townshift.governance.events import counted_events
from townshift.governance.instruments import COLUMNS, instruments
from townshift.governance.periods import Period, between, choose, decades, declared, period_of

COLUMNS_IN = ["event_id", "date", "place_id", "event_type", "actor_level", "instrument", "turn", "same_as", "lineage"]
EVENTS = pd.DataFrame(
    [
        ("E1", "2006-10-21", "city", "policy", "city", "regulation", "governance", None, "L1"),
        ("E2", "2006-10", "town", "policy", "city", "regulation", "governance", "E1", "L2"),
        ("E3", "2006", "town", "policy", "firm", "regulation", "governance", "E2", "L1"),
        ("E4", "2009", "town", "policy", "city", "regulation", "governance", None, "L1"),
        ("E5", "2014-02", "town", "infrastructure", "town", "land", "upgrading", None, "L3"),
        ("E6", None, "far", "market", "firm", "none", "none", None, "L4"),
        ("E7", "1978", "town", "market", "worker", "none", "clustering", None, "L5"),
        ("E8", "2030", "far", "policy", "county", "land", "relocation", None, "L6"),
    ],
    columns=COLUMNS_IN,
)
PERIODS = declared([[1978, 2005], [2006, 2013], [2014, 2025]])
GOVERNMENT = ("town", "city", "county")


def count(events=EVENTS, periods=PERIODS, scopes=None):
    return instruments(events, periods, GOVERNMENT, scopes or {"all": None})


def cell(found, **keys):
    for name, value in keys.items():
        found = found[found[name] == value]
    assert len(found) == 1
    return found.iloc[0]


def test_a_chain_of_three_records_is_one_event_with_the_lineages_of_all():
    found = cell(count(), period="2006-2013", actor_level="city", instrument="regulation")
    assert (found.n_events, found.n_rows, found.n_lineages) == (2, 4, 2)
    assert found.row_ids == "E1;E2;E3;E4"


def test_the_level_of_a_double_does_not_make_a_second_cell():
    found = count()
    assert "firm" not in set(found[found["instrument"] == "regulation"]["actor_level"])


def test_every_event_is_in_exactly_one_cell():
    found = count()
    assert found["n_events"].sum() == 6
    ids = ";".join(found["row_ids"]).split(";")
    assert sorted(ids) == EVENTS["event_id"].tolist()


def test_undated_and_outlying_events_are_kept_apart_never_dropped():
    found = count()
    assert cell(found, period="undated").row_ids == "E6"
    assert pd.isna(cell(found, period="undated").year_from)
    assert cell(found, period="outside").row_ids == "E8"


def test_levels_that_are_no_government_are_marked():
    found = count()
    assert not cell(found, actor_level="worker").is_government
    assert cell(found, actor_level="town").is_government


def test_a_scope_counts_only_its_places_by_the_place_of_the_first_record():
    found = count(scopes={"focal": ["town"], "all": None})
    assert sorted(found["scope"].unique()) == ["all", "focal"]
    focal = found[found["scope"] == "focal"]
    assert ";".join(focal["row_ids"]) == "E7;E4;E5"


def test_all_undated_events_fall_under_undated():
    found = count(EVENTS.assign(date=None))
    assert set(found["period"]) == {"undated"}
    assert found["n_events"].sum() == 6


def test_no_events_make_an_empty_table_of_the_same_columns():
    found = count(EVENTS.iloc[:0])
    assert found.empty
    assert list(found.columns) == list(COLUMNS)


def test_the_order_of_rows_changes_nothing():
    pd.testing.assert_frame_equal(count(), count(EVENTS.sample(frac=1, random_state=3)))


def test_a_study_without_optional_columns_is_counted_too():
    found = count(EVENTS[["event_id", "date", "actor_level"]])
    assert found["n_events"].sum() == 8  # without same_as nothing is a double
    assert set(found["instrument"]) == {""}


def test_a_double_whose_first_record_is_gone_still_counts_once():
    found = counted_events(EVENTS[EVENTS["event_id"] != "E1"])
    assert found["event_id"].tolist() == ["E1", "E4", "E5", "E6", "E7", "E8"]
    first = found.iloc[0]
    assert first["date"] == "2006-10"
    assert first["row_ids"] == ("E2", "E3")


def test_counted_events_read_what_an_event_is_from_its_first_record():
    first = counted_events(EVENTS).iloc[0]
    assert (first["date"], first["place_id"], first["lineages"]) == ("2006-10-21", "city", ("L1", "L2"))


# periods --------------------------------------------------------------------------------------------------------


def test_declared_periods_are_sorted_and_checked():
    assert declared([[2006, 2010], [1978, 2005]]) == (Period(1978, 2005), Period(2006, 2010))
    with pytest.raises(MeasureError, match="TS-GOV-001"):
        declared([[2010, 2006]])
    with pytest.raises(MeasureError, match="TS-GOV-002"):
        declared([[1978, 2006], [2006, 2010]])


def test_a_period_of_one_year_is_named_by_it():
    assert Period(2006, 2006).name == "2006"


def test_decades_fill_the_gaps_between_them():
    assert [period.year_from for period in decades([1979, 2001])] == [1970, 1980, 1990, 2000]
    assert decades([]) == ()


def test_cuts_outside_the_years_are_ignored():
    assert between([1970, 1978, 2006, 2006, 2040], [1978, 2020]) == (Period(1978, 2005), Period(2006, 2020))
    assert between([], [2001, 2003]) == (Period(2001, 2003),)
    assert between([2000], []) == ()


def test_periods_around_turns_leave_no_year_out():
    periods = between([1999, 2011, 2018], [1978, 2026])
    for year in range(1978, 2027):
        assert period_of(year, periods)[0] not in ("undated", "outside")


def test_declared_periods_win_over_data_driven_ones():
    assert choose([[1990, 1999]], "turns", [1978, 2020], [2006]) == (Period(1990, 1999),)
    assert choose([], "decades", [1978], [2006]) == (Period(1970, 1979),)
    assert choose([], "turns", [1978, 2020], [2006]) == (Period(1978, 2005), Period(2006, 2020))
