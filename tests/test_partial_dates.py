"""Partial dates are intervals; order is only said where the intervals decide it."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from townshift.errors import MeasureError
from townshift.partial_dates import day_interval, day_intervals, iso, order


def test_a_year_a_month_and_a_day_cover_what_they_may_mean():
    assert day_interval("1970") == (0, 365)
    assert day_interval("1972") == (730, 730 + 366)  # a leap year
    assert day_interval("1970-12") == (334, 365)
    assert day_interval("1970-12-31") == (364, 365)
    assert day_interval("1969-12-31") == (-1, 0)


def test_february_of_a_leap_year_has_29_days():
    start, end = day_interval("2024-02")
    assert end - start == 29
    assert day_interval("2024-02-29")[0] == end - 1


@pytest.mark.parametrize(
    "written",
    ["2023-02-29", "2006-13", "2006-00", "2006-01-00", "06", "2006-9", "2006/09", "about 2006", "2006-09-14T"],
)
def test_an_impossible_or_differently_written_date_is_refused_by_name(written):
    with pytest.raises(MeasureError, match="TS-DATE-001") as caught:
        day_interval(written)
    assert written in str(caught.value)


def test_missing_and_empty_dates_have_no_days():
    found = day_intervals(pd.Series([None, "", pd.NA, "1970"], index=[5, 6, 7, 8]))
    assert found["start_day"].isna().tolist() == [True, True, True, False]
    assert found.index.tolist() == [5, 6, 7, 8]
    assert str(found["end_day"].dtype) == "Int64"


def test_a_day_prints_as_a_date_and_half_a_day_rounds_down():
    assert iso(0) == "1970-01-01"
    assert iso(31.5) == "1970-02-01"
    assert iso(-0.5) == "1969-12-31"
    assert iso(float("nan")) == ""


def test_touching_intervals_are_in_order_overlapping_ones_are_not():
    assert order(day_interval("2006-09"), day_interval("2006-10")) == "before"
    assert order(day_interval("2007"), day_interval("2006-12-31")) == "after"
    assert order(day_interval("2006"), day_interval("2006-09-14")) == "undetermined"
    assert order(day_interval("2006-09-14"), day_interval("2006")) == "undetermined"


def test_equally_dated_events_are_the_same_not_ordered():
    assert order(day_interval("2014"), day_interval("2014")) == "same"


days = st.dates(min_value=pd.Timestamp("1900-01-01").date(), max_value=pd.Timestamp("2100-01-01").date())


@given(days, days)
def test_order_of_full_dates_is_the_order_of_days(one, other):
    expected = "same" if one == other else "before" if one < other else "after"
    assert order(day_interval(one.isoformat()), day_interval(other.isoformat())) == expected


@given(days)
def test_a_day_lies_within_its_month_and_its_year(day):
    written = day.isoformat()
    start, end = day_interval(written)
    for shorter in (written[:7], written[:4]):
        wide = day_interval(shorter)
        assert wide[0] <= start < end <= wide[1]
    assert iso(start) == written


@given(days, days)
def test_swapping_two_intervals_mirrors_the_answer(one, other):
    first, second = day_interval(one.isoformat()[:7]), day_interval(other.isoformat())
    mirror = {"before": "after", "after": "before", "same": "same", "undetermined": "undetermined"}
    assert order(second, first) == mirror[order(first, second)]
