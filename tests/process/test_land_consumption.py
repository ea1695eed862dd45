"""Land consumption against people and output: the SDG ratio by hand, and what happens when people stand still."""

import numpy as np
import pytest

from process.planted import Planted, constant, drawn, noisy, row, together
from townshift.draws import probability
from townshift.process.land_consumption import (
    LandConsumptionParameters,
    consumption_to_population,
    land_consumption,
    land_consumption_rate,
    land_status,
)

ALL = LandConsumptionParameters(land="land", population="people", output="sales")


def town(land=(20.0, 26.0), people=(100.0, 120.0), sales=(10.0, 40.0), years=(2000, 2010), **more):
    return together(
        Planted("land", years, constant(land), **more),
        Planted("people", years, constant(people)),
        Planted("sales", years, constant(sales)),
    )


def test_the_rates_and_their_ratio_are_those_worked_out_by_hand():
    found = land_consumption(town(), ALL)
    lcr, pgr = 6 / (20 * 10), np.log(1.2) / 10
    assert row(found, "lcr@town/2000-2010")["value"] == pytest.approx(lcr)
    assert row(found, "pgr@town/2000-2010")["value"] == pytest.approx(pgr)
    assert row(found, "lcrpgr@town/2000-2010")["value"] == pytest.approx(lcr / pgr)
    assert row(found, "land_minus_population_growth@town/2000-2010")["value"] == pytest.approx(np.log(1.3) / 10 - pgr)


def test_output_against_land_is_the_difference_of_their_growth():
    found = land_consumption(town(), ALL)
    difference = np.log(4) / 10 - np.log(1.3) / 10
    assert row(found, "output_minus_land_growth@town/2000-2010")["value"] == pytest.approx(difference)
    assert row(found, "output_per_land_growth@town/2000-2010")["value"] == pytest.approx((4 / 1.3) ** 0.1 - 1)


def test_an_error_common_to_land_at_both_dates_cancels():
    common = np.exp(np.random.default_rng(3).normal(0, 0.4, 400))
    series = together(
        Planted("land", [2000, 2010], np.array([[20.0], [26.0]]) * common),
        Planted("people", [2000, 2010], constant([100.0, 120.0])),
    )
    record = row(land_consumption(series, ALL), "lcr@town/2000-2010")
    assert record["high"] - record["low"] == pytest.approx(0.0, abs=1e-12)


def test_when_people_may_not_have_grown_the_ratio_has_no_upper_end_but_the_difference_has_both():
    people = np.array([np.full(400, 100.0), np.linspace(90.0, 120.0, 400)])
    series = together(Planted("land", [2000, 2010], constant([20.0, 26.0])), Planted("people", [2000, 2010], people))
    found = land_consumption(series, ALL)
    ratio = row(found, "lcrpgr@town/2000-2010")
    assert "unbounded" in ratio["flags"]
    assert np.isnan(ratio["high"])
    assert np.isfinite(ratio["low"])
    difference = row(found, "land_minus_population_growth@town/2000-2010")
    assert np.isfinite([difference["low"], difference["high"]]).all()


def test_a_population_that_surely_shrinks_while_land_grows_is_surely_above_any_bound():
    found = land_consumption(town(people=(120.0, 100.0)), ALL)
    record = row(found, "lcrpgr@town/2000-2010")
    assert probability(drawn(found, "lcrpgr@town/2000-2010"), 1.0) == 1.0
    assert np.isnan(record["value"])
    assert np.isnan(record["high"])


def test_where_neither_land_nor_people_grow_there_is_no_ratio():
    ratio, unbounded = consumption_to_population(np.array([-0.01, 0.0]), np.array([-0.02, 0.0]))
    assert np.isnan(ratio).all()
    assert unbounded


def test_a_ratio_of_sure_growth_is_bounded_and_plain():
    ratio, unbounded = consumption_to_population(np.full(400, 0.02), np.linspace(0.01, 0.04, 400))
    assert not unbounded
    assert ratio.max() == pytest.approx(2.0)


def test_five_percent_of_standing_draws_are_the_border():
    pgr = np.full(1000, 0.01)
    pgr[:49] = -0.01
    assert not consumption_to_population(np.full(1000, 0.02), pgr)[1]
    pgr[:52] = -0.01
    assert consumption_to_population(np.full(1000, 0.02), pgr)[1]


@pytest.mark.filterwarnings("error")
def test_land_of_nothing_has_no_rate_and_raises_no_warning():
    assert np.isnan(land_consumption_rate(np.array([0.0, -1.0]), np.array([1.0, 1.0]), 5)).all()


def test_a_break_of_land_leaves_nothing_identified():
    found = land_consumption(town(), ALL, [{"definition": "land", "year": 2005}])
    assert set(found.table["status"]) == {"not_identified"}
    assert found.table["value"].isna().all()
    assert not found.table["flags"].str.contains("unbounded").any()


def test_a_break_of_people_leaves_the_comparison_with_output_alone():
    found = land_consumption(town(), ALL, [{"definition": "people", "year": 2005}])
    status = found.table.set_index("measure")["status"]
    assert status["lcrpgr"] == "not_identified"
    assert status["output_minus_land_growth"] == "ok"


def test_spans_without_common_fact_years_are_bridged():
    found = land_consumption(town(bridged=[2010]), ALL)
    assert set(found.table["kind"]) == {"bridged"}
    assert set(found.table["status"]) == {"bridged_end"}


def test_each_comparison_has_its_own_longest_span():
    series = together(
        Planted("land", [2000, 2005, 2010], constant([20.0, 22.0, 26.0])),
        Planted("people", [2000, 2005], constant([100.0, 110.0])),
        Planted("sales", [2005, 2010], constant([1.0, 2.0])),
    )
    ids = land_consumption(series, ALL).table["estimate_id"].tolist()
    assert "lcrpgr@town/2000-2005" in ids
    assert "output_minus_land_growth@town/2005-2010" in ids


def test_without_declared_land_there_is_nothing():
    assert land_consumption(town(), LandConsumptionParameters()).table.empty
    assert land_consumption(together(), ALL).table.empty


def test_a_place_without_output_still_has_its_population_comparison():
    series = together(
        Planted("land", [2000, 2010], constant([20.0, 26.0])), Planted("people", [2000, 2010], constant([1.0, 2.0]))
    )
    assert set(land_consumption(series, ALL).table["measure"]) == {
        "lcr",
        "pgr",
        "lcrpgr",
        "land_minus_population_growth",
    }


def test_the_planted_difference_is_covered_in_nine_of_ten_records():
    truth = (np.log(4) - np.log(1.3)) / 10
    series = []
    for seed in range(300):
        series.append(Planted("land", [2000, 2010], noisy([20.0, 26.0], 0.1, 2 * seed), place=f"p{seed}"))
        series.append(Planted("sales", [2000, 2010], noisy([10.0, 40.0], 0.1, 2 * seed + 1), place=f"p{seed}"))
    table = land_consumption(together(*series), ALL).table
    rows = table.loc[table["measure"] == "output_minus_land_growth"]
    assert 0.86 <= ((rows["low"] <= truth) & (rows["high"] >= truth)).mean() <= 0.94


@pytest.mark.parametrize(
    ("planted", "statuses"),
    [
        ((), ["no_land", "no_land"]),
        ((Planted("land", [2000, 2001], constant([1.0, 1.0])),), ["no_counterpart", "no_counterpart"]),
        (
            (
                Planted("land", [2000, 2001], constant([1.0, 1.0])),
                Planted("people", [2000, 2001], constant([1.0, 1.0])),
                Planted("sales", [2001], constant([1.0])),
            ),
            ["ok", "no_common_span"],
        ),
    ],
)
def test_the_status_says_what_is_missing(planted, statuses):
    assert land_status(together(*planted), ALL, "town")["status"].tolist() == statuses


def test_the_status_says_when_nothing_was_declared():
    assert set(land_status(together(), LandConsumptionParameters(), "town")["status"]) == {"not_declared"}


def test_flags_of_the_ends_are_carried_beside_those_of_the_comparison():
    found = land_consumption(town(people=(120.0, 100.0), flags="over_only"), ALL)
    assert row(found, "lcrpgr@town/2000-2010")["flags"] == "unbounded;over_only"
