"""Growth of reconciled series, against numbers worked out by hand and planted truths."""

import numpy as np
import pytest

from process.planted import Planted, constant, drawn, noisy, row, together
from townshift.process.growth import GrowthParameters, Window, growth, regimes, window_span
from townshift.process.yearly import Span, yearly_series

NONE = GrowthParameters()


def windows(*entries):
    return GrowthParameters(window=tuple(Window(**entry) for entry in entries))


def test_doubling_in_ten_years_is_ln_two_over_ten():
    found = growth(together(Planted("firms", [2000, 2010], constant([100.0, 200.0]))), NONE)
    assert row(found, "growth[firms]@town/2000-2010")["value"] == pytest.approx(0.0693147)
    assert found.table["unit"].tolist() == ["per_year"]


def test_a_fall_is_negative_growth():
    found = growth(together(Planted("firms", [2000, 2002], constant([400.0, 100.0]))), NONE)
    assert found.table["value"].iloc[0] == pytest.approx(-np.log(4) / 2)


def test_what_is_common_to_both_years_cancels():
    common = np.exp(np.random.default_rng(1).normal(0, 0.5, 400))
    draws = np.array([[100.0], [150.0]]) * common
    record = row(growth(together(Planted("firms", [2000, 2005], draws)), NONE), "growth[firms]@town/2000-2005")
    assert record["high"] - record["low"] == pytest.approx(0.0, abs=1e-12)
    assert record["value"] == pytest.approx(np.log(1.5) / 5)


def test_bridged_years_beyond_the_last_fact_do_not_lengthen_the_span():
    series = Planted("firms", [1999, 2000, 2010, 2011], constant([1.0, 100.0, 200.0, 999.0]), bridged=[1999, 2011])
    found = growth(together(series), NONE)
    assert found.table["estimate_id"].tolist() == ["growth[firms]@town/2000-2010"]
    assert found.table["kind"].tolist() == ["estimated"]


def test_a_series_with_one_year_has_no_growth():
    found = growth(
        together(Planted("firms", [2000], constant([100.0]))),
        windows({"name": "w", "year_from": 1990, "year_to": 2010}),
    )
    assert found.table.empty


def test_no_series_is_no_growth_with_all_columns():
    found = growth(together(), windows({"name": "w", "year_from": 2000, "year_to": 2001}))
    assert found.table.empty
    assert "status" in found.table.columns


def test_growth_across_a_declared_break_is_not_identified_and_each_regime_is_given():
    series = Planted("firms", [2000, 2004, 2005, 2010], constant([100.0, 200.0, 1000.0, 2000.0]))
    found = growth(together(series), NONE, [{"place": "town", "definition": "firms", "year": 2005}])
    whole = row(found, "growth[firms]@town/2000-2010")
    assert np.isnan(whole["value"])
    assert (whole["status"], whole["breaks"], whole["flags"]) == ("not_identified", "2005", "not_identified")
    assert np.isnan(drawn(found, "growth[firms]@town/2000-2010")).all()
    assert row(found, "growth_segment[firms]@town/2000-2004")["value"] == pytest.approx(np.log(2) / 4)
    assert row(found, "growth_segment[firms]@town/2005-2010")["value"] == pytest.approx(np.log(2) / 5)


def test_a_break_after_the_last_year_or_at_the_first_breaks_nothing():
    series = together(Planted("firms", [2000, 2010], constant([100.0, 200.0])))
    found = growth(series, NONE, [{"year": 2000}, {"year": 2011}])
    assert found.table["status"].tolist() == ["ok"]


def test_a_break_of_another_place_breaks_nothing_here():
    series = together(Planted("firms", [2000, 2010], constant([100.0, 200.0])))
    assert growth(series, NONE, [{"place": "other", "year": 2005}]).table["status"].tolist() == ["ok"]


def test_breaks_are_not_taken_under_the_setting_that_says_so():
    draws = constant([100.0, 200.0])
    found = growth(
        together(
            Planted("firms", [2000, 2010], draws), Planted("firms", [2000, 2010], draws, setting="breaks_not_taken")
        ),
        NONE,
        [{"year": 2005}],
    )
    assert row(found, "growth[firms]@town/2000-2010")["status"] == "not_identified"
    assert row(found, "growth[firms]@town/2000-2010~breaks_not_taken")["status"] == "ok"


def test_every_setting_has_its_own_growth():
    draws = constant([1.0, 2.0])
    settings = ("base", "loose_prior", "pure_bounds")
    found = growth(together(*(Planted("firms", [2000, 2001], draws, setting=name) for name in settings)), NONE)
    assert sorted(found.table["setting"]) == sorted(settings)


def test_a_figure_that_is_not_positive_has_no_log_growth():
    found = growth(together(Planted("change", [2000, 2001], constant([-1.0, 2.0]))), NONE)
    assert found.table["status"].tolist() == ["not_positive"]
    assert found.table["value"].isna().all()


def test_a_window_inside_compares_its_first_and_last_years_with_facts():
    years = [2000, 2003, 2004, 2009, 2010, 2020]
    series = Planted("firms", years, constant([1.0, 10.0, 0.1, 20.0, 0.1, 99.0]), bridged=[2004, 2010])
    found = growth(together(series), windows({"name": "boom", "year_from": 2002, "year_to": 2010}))
    record = row(found, "growth_window[firms]@town/2003-2009")
    assert record["value"] == pytest.approx(np.log(2) / 6)
    assert (record["window"], record["kind"], record["status"]) == ("boom", "estimated", "ok")


def test_an_exact_window_with_a_bridged_end_is_marked_bridged():
    series = Planted("firms", [2000, 2005, 2010], constant([1.0, 2.0, 4.0]), bridged=[2005])
    found = growth(together(series), windows({"name": "w", "year_from": 2000, "year_to": 2005, "ends": "exact"}))
    record = row(found, "growth_window[firms]@town/2000-2005")
    assert (record["kind"], record["status"]) == ("bridged", "bridged_end")
    assert "bridged_end" in record["flags"]
    assert record["value"] == pytest.approx(np.log(2) / 5)


def test_a_window_that_the_series_covers_too_little_is_outside_the_data():
    series = Planted("firms", [2000, 2002, 2020], constant([1.0, 2.0, 3.0]))
    found = growth(together(series), windows({"name": "w", "year_from": 2000, "year_to": 2010}))
    record = row(found, "growth_window[firms]@town/2000-2010")
    assert record["status"] == "outside_data"
    assert np.isnan(record["value"])
    assert record["n"] == 0


def test_an_exact_window_beyond_the_series_is_outside_the_data():
    series = yearly_series(together(Planted("firms", [2000, 2005], constant([1.0, 2.0]))))[0]
    assert window_span(series, Window(name="w", year_from=2000, year_to=2006, ends="exact")) is None
    assert window_span(series, Window(name="w", year_from=2000, year_to=2005, ends="exact")) == Span(2000, 2005, False)


def test_two_windows_that_meet_in_the_same_years_are_one_row_with_both_names():
    series = Planted("firms", [2000, 2005, 2010], constant([1.0, 2.0, 4.0]))
    found = growth(
        together(series),
        windows({"name": "a", "year_from": 1999, "year_to": 2006}, {"name": "b", "year_from": 2000, "year_to": 2007}),
    )
    assert row(found, "growth_window[firms]@town/2000-2005")["window"] == "a;b"


def test_a_window_across_a_break_is_not_identified():
    series = Planted("firms", [2000, 2005, 2010], constant([1.0, 2.0, 4.0]))
    found = growth(together(series), windows({"name": "w", "year_from": 2000, "year_to": 2010}), [{"year": 2003}])
    assert row(found, "growth_window[firms]@town/2000-2010")["status"] == "not_identified"


def test_flags_of_the_ends_are_carried():
    series = Planted("firms", [2000, 2001], constant([1.0, 2.0]), flags="two_peaked")
    assert growth(together(series), NONE).table["flags"].tolist() == ["two_peaked"]


def test_growth_rests_on_the_rows_behind_its_two_ends():
    found = growth(together(Planted("firms", [2000, 2005, 2010], constant([1.0, 2.0, 4.0]))), NONE)
    shares = dict(zip(found.lineage["row_id"], found.lineage["share"], strict=True))
    assert shares == pytest.approx({"firms-2000": 0.375, "firms-2010": 0.375, "firms-all": 0.25})


def test_regimes_split_at_the_first_year_of_the_new_meaning():
    series = yearly_series(together(Planted("firms", [2000, 2001, 2002, 2003], constant([1.0] * 4))))[0]
    parts = regimes(series, (2002, 2050, 1990))
    assert [part.years.tolist() for part in parts] == [[2000, 2001], [2002, 2003]]


def test_ninety_percent_intervals_of_growth_hold_the_planted_growth_in_nine_of_ten_records():
    truth, years = 0.08, list(range(2000, 2013))
    values = 100.0 * np.exp(truth * (np.array(years) - 2000))
    series = [Planted(f"d{seed}", years, noisy(values, 0.15, seed)) for seed in range(300)]
    found = growth(together(*series), NONE)
    inside = ((found.table["low"] <= truth) & (truth <= found.table["high"])).mean()
    assert 0.86 <= inside <= 0.94


def test_the_same_input_gives_the_same_bytes():
    series = together(Planted("firms", [2000, 2010], noisy([100.0, 300.0], 0.1, 3)))
    first, second = growth(series, NONE), growth(series, NONE)
    assert first.table.equals(second.table)
    assert first.draws.tobytes() == second.draws.tobytes()
    assert first.lineage.equals(second.lineage)
