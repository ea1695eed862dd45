"""Growth before and after an event: estimated where unbridged years allow it, listed with the reason where not."""

import numpy as np
import pandas as pd
import pytest

from townshift.governance.before_after import (
    EXTRA_COLUMNS,
    PLACEBO_COLUMNS,
    STATUS_COLUMNS,
    Sides,
    before_after,
    sides,
    slope,
)
from townshift.types import ESTIMATE_COLUMNS, N_DRAWS, Estimates, estimate_id

COLUMNS = ["estimate_id", "measure", "place_id", "definition_id", "year_from", "year_to", "group", "setting", "unit",
           "kind", "n", "n_lineages"]  # fmt: skip


def series_of(values, *, bridged=(), noise=0.0, definition="sales", place="town", setting="base", unit="million_yuan"):
    """A series from a mapping of years to values; noise is the sd of the log of each draw."""
    rng = np.random.default_rng(5)
    rows, draws, lineage = [], [], []
    for year, value in values.items():
        key = estimate_id(definition, place, year, year, "", setting)
        kind = "bridged" if year in bridged else "estimated"
        rows.append((key, definition, place, definition, year, year, "", setting, unit, kind, 1, 1))
        draws.append(value * np.exp(noise * rng.normal(size=N_DRAWS)) if noise else np.full(N_DRAWS, float(value)))
        lineage.append((key, "facts", f"F{year}", 1.0))
    return Estimates(
        pd.DataFrame(rows, columns=COLUMNS),
        np.array(draws).reshape(len(rows), -1 if rows else N_DRAWS),
        pd.DataFrame(lineage, columns=["estimate_id", "table", "row_id", "share"]),
    )


def together(*parts):
    return Estimates(
        pd.concat([part.table for part in parts], ignore_index=True),
        np.concatenate([part.draws for part in parts]),
        pd.concat([part.lineage for part in parts], ignore_index=True),
    )


def happened(*pairs, place="town"):
    return pd.DataFrame(
        {
            "event_id": [event_id for event_id, _ in pairs],
            "year": pd.array([year for _, year in pairs], dtype="Int64"),
            "place_id": place,
        }
    )


def growing(rates, start=2000, value=100.0):
    """Values of consecutive years that grow by the given log rates."""
    out = {start: value}
    for year, rate in enumerate(rates, start=start + 1):
        out[year] = out[year - 1] * np.exp(rate)
    return out


def compare(series, events, *, scales=None, applies=None, lineages=None, **window):
    return before_after(
        series,
        events,
        {"sales": "log"} if scales is None else scales,
        {"town": ["town", "county"]} if applies is None else applies,
        {f"F{year}": f"L{year % 2}" for year in range(1990, 2030)} if lineages is None else lineages,
        **window,
    )


def test_the_difference_of_two_steady_rates_is_exact():
    # 10 % a year up to and including 2005, 2 % from then on
    found = compare(series_of(growing([0.10] * 5 + [0.02] * 5)), happened(("E1", 2005))).before_after
    row = found.table.iloc[0]
    assert row["value"] == pytest.approx(0.02 - 0.10)
    assert row["low"] == pytest.approx(row["high"])
    assert row["estimate_id"] == "before_after[sales|E1]@town/2000-2010"
    assert (row["unit"], row["n_before"], row["n_after"]) == ("per_year", 5, 5)
    assert found.draws.shape == (1, N_DRAWS)


def test_the_years_own_value_belongs_to_neither_side():
    values = growing([0.10] * 10)
    one = compare(series_of(values), happened(("E1", 2005))).before_after.table.iloc[0]
    other = compare(series_of({**values, 2005: 1e9}), happened(("E1", 2005))).before_after.table.iloc[0]
    assert one["value"] == other["value"] == pytest.approx(0.0, abs=1e-12)


def test_a_slope_uses_all_years_not_only_the_ends():
    # by hand: t = -1.5 -0.5 0.5 1.5, x = 0 1 1 2: (0 - 0.5 + 0.5 + 3) / 5 = 0.6
    assert slope([2000, 2001, 2002, 2003], np.array([[0.0], [1.0], [1.0], [2.0]]))[0] == pytest.approx(0.6)


def test_uneven_years_are_weighted_by_their_distance():
    assert slope([2000, 2001, 2010], np.array([[0.0], [1.0], [10.0]]))[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("years", "reason"),
    [
        ([2003, 2004, 2006, 2007, 2008], "too_few_before"),
        ([2002, 2003, 2004, 2006, 2007], "too_few_after"),
        ([2004, 2006], "too_few_both"),
        ([2002, 2003, 2004, 2005], "too_few_after"),
    ],
)
def test_fewer_than_three_years_on_a_side_are_listed_with_the_reason(years, reason):
    found = compare(series_of(dict.fromkeys(years, 100.0)), happened(("E1", 2005)))
    assert found.before_after.table.empty
    row = found.status.iloc[0]
    assert (row["status"], row["reason"], row["event_year"]) == ("not_estimable", reason, 2005)


def test_bridged_years_do_not_count():
    values = growing([0.1] * 10)
    assert len(compare(series_of(values, bridged=(2001,)), happened(("E1", 2005))).before_after.table) == 1
    found = compare(series_of(values, bridged=(2000, 2001)), happened(("E1", 2004)))
    assert found.before_after.table.empty
    assert found.status.iloc[0]["years_before"] == "2002;2003"
    assert found.status.iloc[0]["reason"] == "too_few_before"


def test_a_bridged_year_does_not_change_the_estimate():
    values = growing([0.1] * 5 + [0.0] * 5)
    clean = compare(series_of(values, bridged=(2002, 2008)), happened(("E1", 2005))).before_after.table.iloc[0]
    wild = {**values, 2002: 1e6, 2008: 1e-6}
    found = compare(series_of(wild, bridged=(2002, 2008)), happened(("E1", 2005))).before_after.table.iloc[0]
    assert found["value"] == pytest.approx(clean["value"])


def test_a_window_limits_both_sides():
    assert sides(range(2000, 2011), 2005, 2) == Sides((2003, 2004), (2006, 2007))
    assert sides(range(2000, 2011), 2005) == Sides(tuple(range(2000, 2005)), tuple(range(2006, 2011)))
    assert sides([], 2005) == Sides((), ())
    found = compare(series_of(growing([0.1] * 10)), happened(("E1", 2005)), window_years=2)
    assert found.status.iloc[0]["reason"] == "too_few_both"


def test_an_undated_event_is_listed_as_such():
    found = compare(series_of(growing([0.1] * 10)), happened(("E1", None)))
    row = found.status.iloc[0]
    assert (row["status"], row["reason"], row["n_before"]) == ("not_estimable", "undated", 0)
    assert pd.isna(row["event_year"])


def test_an_event_outside_the_series_is_not_estimable():
    found = compare(series_of(growing([0.1] * 10)), happened(("E1", 1995), ("E2", 2025)))
    assert found.before_after.table.empty
    assert found.status["reason"].tolist() == ["too_few_before", "too_few_after"]


def test_an_event_concerns_series_of_its_place_and_of_places_inside_it():
    series = series_of(growing([0.1] * 10))
    assert len(compare(series, happened(("E1", 2005), place="county")).status) == 1
    assert compare(series, happened(("E1", 2005), place="far")).status.empty
    assert compare(series, happened(("E1", 2005), place="far"), applies={}).status.empty


def test_uncertain_figures_make_an_uncertain_difference():
    values = growing([0.1] * 4 + [0.0] * 4)
    sure = compare(series_of(values, noise=0.001), happened(("E1", 2004))).before_after.table.iloc[0]
    vague = compare(series_of(values, noise=0.2), happened(("E1", 2004))).before_after.table.iloc[0]
    assert sure["low"] < sure["value"] < sure["high"] < 0
    assert vague["low"] < 0 < vague["high"]


def test_the_spread_of_draws_is_that_of_least_squares():
    # independent noise of sd s on four years: slope sd = s / sqrt(5); the difference of two: s * sqrt(2 / 5)
    found = compare(series_of(growing([0.0] * 8), noise=0.1), happened(("E1", 2004))).before_after
    assert found.draws[0].std() == pytest.approx(0.1 * np.sqrt(2 / 5), rel=0.15)


def test_a_share_is_compared_in_points_a_year_not_in_logs():
    values = {year: 10.0 + 2.0 * (year - 2000) for year in range(2000, 2006)} | dict.fromkeys(range(2006, 2010), 20.0)
    series = series_of(values, definition="share", unit="percent")
    row = compare(series, happened(("E1", 2005)), scales={"share": "logit"}).before_after.table.iloc[0]
    assert row["value"] == pytest.approx(-2.0)
    assert (row["unit"], row["scale"]) == ("percent_per_year", "logit")


def test_a_series_without_a_declared_scale_is_not_put_in_logs():
    series = series_of({year: -1.0 * year for year in range(2000, 2011)})
    row = compare(series, happened(("E1", 2005)), scales={}).before_after.table.iloc[0]
    assert row["scale"] == "identity"
    assert row["value"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.filterwarnings("error")
def test_draws_below_zero_drop_out_of_a_log_comparison():
    series = series_of(growing([0.1] * 10))
    series.draws[0, :100] = -1.0
    found = compare(series, happened(("E1", 2005))).before_after
    assert np.isnan(found.draws[0]).sum() == 100
    assert found.table.iloc[0]["value"] == pytest.approx(0.0, abs=1e-9)


def test_placebo_years_are_all_other_estimable_years():
    found = compare(series_of(growing([0.1] * 10)), happened(("E1", 2005)))
    assert found.placebo["year"].tolist() == [2003, 2004, 2005, 2006, 2007]
    row = found.before_after.table.iloc[0]
    assert row["n_placebo"] == 4
    assert (row["placebo_low"], row["placebo_high"]) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-12))


def test_a_break_at_the_event_is_matched_only_by_the_years_next_to_it():
    row = compare(series_of(growing([0.2] * 6 + [-0.2] * 6)), happened(("E1", 2006))).before_after.table.iloc[0]
    # 2005 and 2007 leave the year of the break to one side's end, so their difference is -0.4 too
    assert row["value"] == pytest.approx(-0.4)
    assert row["placebo_share"] == pytest.approx(2 / 6)
    assert row["placebo_low"] == pytest.approx(-0.4)


def test_a_break_elsewhere_shows_in_the_placebo_share():
    values = growing([0.2] * 4 + [-0.2] * 8)
    row = compare(series_of(values), happened(("E1", 2008))).before_after.table.iloc[0]
    # every other year lies nearer to the break of 2004 and shows a larger difference, but for 2009
    assert row["placebo_share"] == pytest.approx(5 / 6)


def test_without_a_placebo_year_none_is_claimed():
    row = compare(series_of(dict.fromkeys((2000, 2001, 2002, 2004, 2005, 2006), 100.0)), happened(("E1", 2003)))
    found = row.before_after.table.iloc[0]
    assert found["n_placebo"] == 0
    assert pd.isna(found["placebo_share"])


def test_years_of_one_gap_part_the_series_alike_and_count_once():
    values = dict.fromkeys((2000, 2001, 2002, 2006, 2007, 2008), 100.0)
    assert compare(series_of(values), happened()).placebo["year"].tolist() == [2003]


def test_another_year_of_the_events_own_gap_is_no_placebo():
    values = dict.fromkeys((2000, 2001, 2002, 2003, 2006, 2007, 2008), 100.0)
    row = compare(series_of(values), happened(("E1", 2005))).before_after.table.iloc[0]
    # 2004 parts the series as 2005 does; 2003 does not
    assert row["n_placebo"] == 1


BREAK = {"place": "town", "definition": "sales", "year": 2003}


@pytest.mark.parametrize(("event_year", "reason"), [(2005, "break_within"), (2003, "")])
def test_a_break_of_meaning_within_a_side_forbids_the_comparison(event_year, reason):
    # in 2003 the new meaning begins: it parts 2000-2002 from 2004 on, so an event of that year loses nothing
    found = compare(series_of(growing([0.1] * 10)), happened(("E1", event_year)), breaks=[BREAK])
    assert found.status.iloc[0]["reason"] == reason
    assert len(found.before_after.table) == (not reason)
    assert found.placebo["year"].tolist() == [2003]


def test_a_break_of_another_series_or_a_setting_without_breaks_forbids_nothing():
    series = series_of(growing([0.1] * 10))
    for other in ({**BREAK, "definition": "output"}, {**BREAK, "place": "county"}):
        assert len(compare(series, happened(("E1", 2005)), breaks=[other]).before_after.table) == 1
    loose = series_of(growing([0.1] * 10), setting="breaks_not_taken")
    assert len(compare(loose, happened(("E1", 2005)), breaks=[BREAK]).before_after.table) == 1


def test_every_setting_has_its_own_row():
    series = together(series_of(growing([0.1] * 10)), series_of(growing([0.2] * 10), setting="pure_bounds"))
    found = compare(series, happened(("E1", 2005))).before_after.table
    assert found["setting"].tolist() == ["base", "pure_bounds"]
    assert found["estimate_id"].is_unique


def test_the_published_rows_of_both_sides_are_cited_and_lineages_counted_once():
    found = compare(series_of(growing([0.1] * 10)), happened(("E1", 2005))).before_after
    assert sorted(found.lineage["row_id"]) == [f"F{year}" for year in range(2000, 2011) if year != 2005]
    assert found.lineage["share"].sum() == pytest.approx(1.0)
    assert (found.table.iloc[0]["n"], found.table.iloc[0]["n_lineages"]) == (10, 2)


def test_no_series_and_no_events_make_empty_tables():
    for series, events in ((series_of({}), happened(("E1", 2005))), (series_of(growing([0.1] * 10)), happened())):
        found = compare(series, events)
        assert found.before_after.table.empty
        assert tuple(found.before_after.table.columns) == (*ESTIMATE_COLUMNS, *EXTRA_COLUMNS)
        assert list(found.status.columns) == list(STATUS_COLUMNS)
        assert list(found.placebo.columns) == list(PLACEBO_COLUMNS)
        assert found.status.empty


def test_the_order_of_rows_changes_nothing():
    series = together(series_of(growing([0.1] * 10)), series_of(growing([0.2] * 10), setting="pure_bounds"))
    shuffled = np.random.default_rng(1).permutation(len(series.table))
    other = Estimates(series.table.iloc[shuffled].reset_index(drop=True), series.draws[shuffled], series.lineage)
    events = happened(("E2", 2006), ("E1", 2005))
    one, two = compare(series, events), compare(other, events.iloc[::-1])
    pd.testing.assert_frame_equal(one.before_after.table, two.before_after.table)
    pd.testing.assert_frame_equal(one.status, two.status)
    np.testing.assert_array_equal(one.before_after.draws, two.before_after.draws)
