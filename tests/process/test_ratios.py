"""Ratios and shares of two series on joint draws."""

import numpy as np
import pytest

from process.planted import Planted, constant, drawn, noisy, row, together
from townshift.process.growth import Window
from townshift.process.ratios import RatioDeclaration, RatiosParameters, ratio_status, ratios

PER_FIRM = RatioDeclaration(name="sales_per_firm", numerator="sales", denominator="firms", unit="yuan_per_firm")
SHARE = RatioDeclaration(name="migrant_share", numerator="migrants", denominator="residents", unit="share", share=True)


def of(*declared, window=()):
    return RatiosParameters(ratio=declared, window=window)


def test_output_per_firm_is_output_over_firms_year_by_year_and_its_growth():
    found = ratios(
        together(
            Planted("sales", [2000, 2010], constant([1000.0, 4000.0])),
            Planted("firms", [2000, 2010], constant([10.0, 20.0])),
        ),
        of(PER_FIRM),
    )
    assert row(found, "sales_per_firm@town/2000")["value"] == 100.0
    assert row(found, "sales_per_firm@town/2010")["value"] == 200.0
    assert row(found, "sales_per_firm_growth@town/2000-2010")["value"] == pytest.approx(np.log(2) / 10)
    assert row(found, "sales_per_firm@town/2000")["unit"] == "yuan_per_firm"


def test_draws_are_divided_position_by_position():
    top, bottom = np.array([[2.0, 9.0, 8.0]]), np.array([[1.0, 3.0, 2.0]])
    found = ratios(together(Planted("sales", [2000], top), Planted("firms", [2000], bottom)), of(PER_FIRM))
    assert drawn(found, "sales_per_firm@town/2000").tolist() == [2.0, 3.0, 4.0]


def test_an_error_common_to_both_figures_cancels():
    common = np.exp(np.random.default_rng(2).normal(0, 0.6, (1, 400)))
    found = ratios(together(Planted("sales", [2000], 500 * common), Planted("firms", [2000], 5 * common)), of(PER_FIRM))
    record = row(found, "sales_per_firm@town/2000")
    assert (record["low"], record["high"]) == pytest.approx((100.0, 100.0))


def test_multiply_brings_the_quotient_to_its_unit():
    thousand = PER_FIRM.model_copy(update={"multiply": 1000.0})
    found = ratios(
        together(Planted("sales", [2000], constant([3.0])), Planted("firms", [2000], constant([2.0]))), of(thousand)
    )
    assert found.table["value"].tolist() == [1500.0]


def test_a_share_never_passes_one_and_says_how_many_draws_it_kept():
    part = np.array([[60.0, 90.0, 120.0, 80.0]])
    found = ratios(
        together(Planted("migrants", [2000], part), Planted("residents", [2000], np.full((1, 4), 100.0))), of(SHARE)
    )
    record = row(found, "migrant_share@town/2000")
    assert record["acceptance"] == 0.75
    assert np.nanmax(drawn(found, "migrant_share@town/2000")) == 0.9
    assert record["flags"] == ""


def test_a_low_acceptance_is_flagged():
    part = np.array([[60.0, 110.0, 120.0, 130.0]])
    found = ratios(
        together(Planted("migrants", [2000], part), Planted("residents", [2000], np.full((1, 4), 100.0))), of(SHARE)
    )
    record = row(found, "migrant_share@town/2000")
    assert (record["flags"], record["value"]) == ("acceptance_low", 0.6)


def test_figures_that_contradict_each_other_have_no_share():
    found = ratios(
        together(
            Planted("migrants", [2000, 2001], constant([150.0, 50.0])),
            Planted("residents", [2000, 2001], constant([100.0, 100.0])),
        ),
        of(SHARE),
    )
    record = row(found, "migrant_share@town/2000")
    assert (record["status"], record["flags"]) == ("inconsistent", "inconsistent")
    assert np.isnan(record["value"])
    assert row(found, "migrant_share_growth@town/2000-2001")["status"] == "inconsistent"
    assert row(found, "migrant_share@town/2001")["value"] == 0.5


def test_growth_of_a_share_keeps_only_draws_possible_at_both_ends():
    part = np.array([[60.0, 120.0, 60.0, 60.0], [80.0, 80.0, 120.0, 80.0]])
    whole = np.full((2, 4), 100.0)
    found = ratios(
        together(Planted("migrants", [2000, 2001], part), Planted("residents", [2000, 2001], whole)), of(SHARE)
    )
    record = row(found, "migrant_share_growth@town/2000-2001")
    assert record["acceptance"] == 0.5
    assert record["value"] == pytest.approx(np.log(80 / 60))


def test_a_year_bridged_in_one_series_is_bridged_in_the_ratio():
    found = ratios(
        together(
            Planted("sales", [2000, 2001, 2002], constant([1.0, 2.0, 3.0]), bridged=[2001]),
            Planted("firms", [2000, 2001, 2002], constant([1.0, 1.0, 1.0])),
        ),
        of(PER_FIRM),
    )
    kinds = found.table.set_index("estimate_id")["kind"]
    assert kinds["sales_per_firm@town/2001"] == "bridged"
    assert kinds["sales_per_firm@town/2000"] == "estimated"
    assert kinds["sales_per_firm_growth@town/2000-2002"] == "estimated"


def test_growth_without_two_common_fact_years_is_bridged():
    found = ratios(
        together(
            Planted("sales", [2000, 2001], constant([1.0, 2.0]), bridged=[2001]),
            Planted("firms", [2000, 2001], constant([1.0, 1.0])),
        ),
        of(PER_FIRM),
    )
    record = row(found, "sales_per_firm_growth@town/2000-2001")
    assert (record["kind"], record["status"], record["flags"]) == ("bridged", "bridged_end", "bridged_end")


def test_growth_across_a_break_of_either_series_is_not_identified():
    series = together(
        Planted("sales", [2000, 2010], constant([1.0, 2.0])), Planted("firms", [2000, 2010], constant([1.0, 1.0]))
    )
    for definition in ("sales", "firms"):
        found = ratios(series, of(PER_FIRM), [{"definition": definition, "year": 2005}])
        record = row(found, "sales_per_firm_growth@town/2000-2010")
        assert (record["status"], record["breaks"]) == ("not_identified", "2005")
        assert np.isnan(record["value"])
        assert row(found, "sales_per_firm@town/2000")["status"] == "ok"


def test_windows_take_the_common_years_with_facts_inside_them():
    series = together(
        Planted("sales", [2000, 2002, 2008, 2020], constant([1.0, 2.0, 8.0, 9.0])),
        Planted("firms", [2000, 2002, 2008, 2020], constant([1.0] * 4)),
    )
    window = Window(name="boom", year_from=2001, year_to=2010)
    found = ratios(series, of(PER_FIRM, window=(window,)))
    assert row(found, "sales_per_firm_growth_window[boom]@town/2002-2008")["value"] == pytest.approx(np.log(4) / 6)


def test_an_exact_window_needs_both_series_at_both_ends():
    series = together(
        Planted("sales", [2000, 2005, 2010], constant([1.0, 2.0, 4.0]), bridged=[2005]),
        Planted("firms", [2000, 2005], constant([1.0, 1.0])),
    )
    reach = Window(name="reach", year_from=2000, year_to=2005, ends="exact")
    beyond = Window(name="beyond", year_from=2000, year_to=2010, ends="exact")
    found = ratios(series, of(PER_FIRM, window=(reach, beyond)))
    windows = found.table.loc[found.table["measure"] == "sales_per_firm_growth_window"]
    assert windows["window"].tolist() == ["reach"]
    assert windows["kind"].tolist() == ["bridged"]


def test_series_of_different_places_or_settings_are_never_divided():
    found = ratios(
        together(
            Planted("sales", [2000], constant([1.0]), place="a"),
            Planted("firms", [2000], constant([1.0]), place="b"),
            Planted("sales", [2000], constant([1.0]), setting="pure_bounds"),
            Planted("firms", [2000], constant([1.0])),
        ),
        of(PER_FIRM),
    )
    assert found.table.empty


def test_a_ratio_rests_on_the_rows_of_both_figures_half_and_half():
    found = ratios(
        together(Planted("sales", [2000], constant([1.0])), Planted("firms", [2000], constant([1.0]))), of(PER_FIRM)
    )
    shares = found.lineage.groupby(found.lineage["row_id"].str.split("-").str[0])["share"].sum()
    assert shares.to_dict() == pytest.approx({"firms": 0.5, "sales": 0.5})


def test_ninety_percent_intervals_of_a_ratio_hold_the_planted_ratio_in_nine_of_ten_records():
    series = []
    for seed in range(300):
        series.append(Planted("sales", [2000], noisy([5000.0], 0.2, 2 * seed), place=f"p{seed}"))
        series.append(Planted("firms", [2000], noisy([100.0], 0.1, 2 * seed + 1), place=f"p{seed}"))
    found = ratios(together(*series), of(PER_FIRM))
    inside = ((found.table["low"] <= 50) & (found.table["high"] >= 50)).mean()
    assert 0.86 <= inside <= 0.94


def test_no_declared_ratio_and_no_series_are_empty_tables():
    assert ratios(together(), of(PER_FIRM)).table.empty
    assert ratios(together(Planted("sales", [2000], constant([1.0]))), of()).table.empty


@pytest.mark.parametrize(
    ("planted", "status"),
    [
        ((), "neither"),
        ((Planted("sales", [2000], constant([1.0])),), "no_denominator"),
        ((Planted("firms", [2000], constant([1.0])),), "no_numerator"),
        ((Planted("sales", [2000], constant([1.0])), Planted("firms", [2001], constant([1.0]))), "no_common_year"),
        ((Planted("sales", [2000], constant([1.0])), Planted("firms", [2000], constant([1.0]))), "ok"),
    ],
)
def test_the_status_says_which_figure_is_missing(planted, status):
    table = ratio_status(together(*planted), of(PER_FIRM), "town")
    assert table["status"].tolist() == [status]
    assert table["place_id"].tolist() == ["town"]


def test_the_status_lists_other_places_that_have_one_of_the_figures():
    table = ratio_status(together(Planted("firms", [2000], constant([1.0]), place="far")), of(PER_FIRM), "town")
    assert table[["place_id", "status"]].to_numpy().tolist() == [["far", "no_numerator"], ["town", "neither"]]


def test_flags_of_both_figures_reach_the_ratio_and_its_growth():
    found = ratios(
        together(
            Planted("sales", [2000, 2010], constant([1.0, 2.0]), flags="over_only"),
            Planted("firms", [2000, 2010], constant([1.0, 1.0]), flags="two_peaked"),
        ),
        of(PER_FIRM),
    )
    assert set(found.table["flags"]) == {"over_only;two_peaked"}
