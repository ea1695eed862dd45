"""Gaps in level, by hand and against a planted gap."""

import numpy as np
import pandas as pd
import pytest

from coordination.record import DESTINATIONS, PLACES, facts
from townshift.coordination.level_gaps import EXTRA, LevelGapsParameters, level_gaps, log_gap
from townshift.coordination.levels import FigureWidths
from townshift.engine.estimates import estimate_tables

SHARP = LevelGapsParameters(
    definition=("gdp",), widths=FigureWidths(exact=0.0, about=0.0, bound=0.0, bias=0.0), drift_per_year=0.0
)
BLUNT = LevelGapsParameters(definition=("gdp",))


def gaps(rows, parameters=SHARP, destinations=DESTINATIONS):
    return level_gaps(rows, PLACES, destinations, "town", parameters, seed=7)


def base(found):
    return found.gaps.table.loc[found.gaps.table["setting"] == "base"].reset_index(drop=True)


def test_level_places_have_no_gap_and_poorer_ones_a_positive_one():
    assert log_gap(np.array([5.0]), np.array([5.0])).tolist() == [0.0]
    assert log_gap(np.array([4.0]), np.array([3.0]))[0] == pytest.approx(np.log(4 / 3))


def test_the_gap_is_the_log_ratio_of_the_two_published_figures():
    found = base(gaps(facts(("F1", "town", "gdp", 2020, 90_000.0), ("F2", "far", "gdp", 2020, 45_000.0))))
    row = found.iloc[0]
    assert row["estimate_id"] == "level_gap[gdp]@far/2020"
    assert row["value"] == pytest.approx(np.log(2))
    assert (row["focal_place"], row["focal_value"], row["place_value"]) == ("town", 90_000.0, 45_000.0)
    assert row["probability_below"] == 1.0
    assert (row["n"], row["n_lineages"], row["unit"]) == (2, 2, "log_ratio")


def test_a_comparator_is_never_a_receiving_place():
    found = base(gaps(facts(("F1", "town", "gdp", 2020, 90.0), ("F2", "other", "gdp", 2020, 45.0))))
    assert found["measure"].tolist() == ["level_gap_comparator"]


def test_places_of_neither_sort_are_listed_and_not_compared():
    found = gaps(facts(("F1", "town", "gdp", 2020, 90.0), ("F2", "east", "gdp", 2020, 45.0)))
    assert found.gaps.table.empty
    assert found.record["side"].tolist() == ["containing", "focal"]


def test_the_containing_district_stands_in_where_the_town_has_no_figure():
    found = base(gaps(facts(("F1", "district", "gdp", 2020, 80.0), ("F2", "far", "gdp", 2020, 40.0))))
    assert found["focal_place"].tolist() == ["district"]


def test_the_town_itself_comes_before_a_nearer_year_of_its_district():
    rows = facts(
        ("F1", "district", "gdp", 2020, 80.0), ("F2", "town", "gdp", 2019, 100.0), ("F3", "far", "gdp", 2020, 40.0)
    )
    found = base(gaps(rows))
    assert found["focal_place"].tolist() == ["town"]
    assert found["estimate_id"].tolist() == ["level_gap[gdp]@far/2019-2020"]
    assert found["flags"].tolist() == ["years_differ"]


def test_the_nearest_year_is_taken_and_of_two_the_later_one():
    rows = facts(
        ("F1", "town", "gdp", 2019, 100.0), ("F2", "town", "gdp", 2021, 200.0), ("F3", "far", "gdp", 2020, 50.0)
    )
    assert base(gaps(rows))["focal_year"].tolist() == [2021]
    exact = facts(
        ("F1", "town", "gdp", 2020, 100.0), ("F2", "town", "gdp", 2021, 200.0), ("F3", "far", "gdp", 2020, 50.0)
    )
    assert base(gaps(exact))["focal_year"].tolist() == [2020]


def test_years_too_far_apart_are_not_compared():
    found = gaps(facts(("F1", "town", "gdp", 2018, 90.0), ("F2", "far", "gdp", 2020, 45.0)))
    assert found.gaps.table.empty
    status = found.status.set_index("place_id").loc["far"]
    assert (status["status"], status["nearest_years"]) == ("no_common_year", 2)


def test_a_year_of_distance_widens_the_gap():
    same = base(gaps(facts(("F1", "town", "gdp", 2020, 90.0), ("F2", "far", "gdp", 2020, 45.0)), BLUNT)).iloc[0]
    apart = base(gaps(facts(("F1", "town", "gdp", 2021, 90.0), ("F2", "far", "gdp", 2020, 45.0)), BLUNT)).iloc[0]
    assert apart["high"] - apart["low"] > same["high"] - same["low"]


def test_different_definitions_and_units_are_never_compared():
    both = BLUNT.model_copy(update={"definition": ("gdp", "income")})
    other = facts(("F1", "town", "income", 2020, 90.0), ("F2", "far", "gdp", 2020, 45.0))
    assert gaps(other, both).gaps.table.empty
    units = facts(("F1", "town", "gdp", 2020, 90.0), ("F2", "far", "gdp", 2020, 45.0, {"unit_std": "euro"}))
    assert gaps(units).gaps.table.empty


def test_every_setting_is_there_and_a_loose_one_is_wider():
    found = gaps(facts(("F1", "town", "gdp", 2020, 90.0), ("F2", "far", "gdp", 2020, 45.0)), BLUNT).gaps.table
    table = found.set_index("setting")
    assert set(table.index) == {"base", "loose_prior", "pure_bounds", "packages_once", "breaks_not_taken"}
    width = table["high"] - table["low"]
    assert width["loose_prior"] == pytest.approx(2 * width["base"], rel=0.02)
    assert width["breaks_not_taken"] == width["base"]


def test_pure_bounds_open_only_one_sided_figures():
    one_sided = facts(("F1", "town", "gdp", 2020, 90.0, {"qualifier": "over"}), ("F2", "far", "gdp", 2020, 45.0))
    table = gaps(one_sided, BLUNT).gaps.table.set_index("setting")
    assert table.loc["pure_bounds", "high"] > table.loc["base", "high"]
    assert table.loc["base", "flags"] == "one_sided"


def test_a_package_counts_once_under_its_setting():
    rows = facts(
        ("F1", "town", "gdp", 2020, 90.0, {"package": "PK"}),
        ("F2", "town", "gdp", 2020, 10.0, {"package": "PK"}),
        ("F3", "far", "gdp", 2020, 45.0),
    )
    table = gaps(rows, SHARP).gaps.table.set_index("setting")
    assert table.loc["base", "n"] == 3
    assert table.loc["packages_once", "n"] == 2
    assert table.loc["packages_once", "value"] == pytest.approx(np.log(2))


def test_figures_without_a_package_are_not_one_package():
    rows = facts(("F1", "town", "gdp", 2020, 90.0), ("F2", "town", "gdp", 2020, 90.0), ("F3", "far", "gdp", 2020, 45.0))
    assert set(gaps(rows).gaps.table["n"]) == {3}


def test_the_gap_rests_half_on_each_side():
    rows = facts(("F1", "town", "gdp", 2020, 90.0), ("F2", "town", "gdp", 2020, 91.0), ("F3", "far", "gdp", 2020, 45.0))
    lineage = gaps(rows).gaps.lineage
    shares = lineage.loc[lineage["estimate_id"] == "level_gap[gdp]@far/2020"].set_index("row_id")["share"]
    assert shares.to_dict() == pytest.approx({"F1": 0.25, "F2": 0.25, "F3": 0.5})


def test_wrong_and_second_figures_are_left_out_of_the_gap():
    rows = facts(
        ("F1", "town", "gdp", 2020, 900.0, {"flag": "wrong_decimal"}),
        ("F2", "town", "gdp", 2020, 90.0),
        ("F3", "town", "gdp", 2020, 500.0, {"same_as": "F2"}),
        ("F4", "far", "gdp", 2020, 45.0),
    )
    assert base(gaps(rows))["value"].tolist() == pytest.approx([np.log(2)])


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ((), "neither"),
        ((("F1", "town", "gdp", 2020, 1.0),), "no_place_figure"),
        ((("F1", "far", "gdp", 2020, 1.0),), "no_focal_figure"),
        ((("F1", "far", "gdp", 2020, 1.0), ("F2", "district", "gdp", 2021, 1.0)), "ok"),
    ],
)
def test_the_status_says_which_side_lacks_figures(rows, status):
    table = gaps(facts(*rows)).status
    assert table.set_index("place_id").loc["far", "status"] == status
    assert table["place_id"].tolist() == ["far"]


def test_a_figure_of_a_park_serves_its_county():
    found = gaps(facts(("F1", "far_park", "gdp", 2020, 1.0), ("F2", "town", "gdp", 2020, 1.0)))
    assert found.status.set_index("place_id")["status"].to_dict() == {"far": "ok"}
    assert set(found.gaps.table["place_id"]) == {"far_park"}


def test_no_destinations_and_no_figures_are_empty_tables():
    found = gaps(facts(), destinations=None)
    assert found.gaps.table.empty
    assert found.status.empty
    assert set(EXTRA) <= set(found.gaps.table.columns)


def test_missing_optional_columns_do_no_harm():
    rows = facts(("F1", "town", "gdp", 2020, 90.0), ("F2", "far", "gdp", 2020, 45.0))
    plain = rows.drop(columns=["package", "flag", "same_as"])
    assert base(gaps(plain))["value"].tolist() == pytest.approx([np.log(2)])


def test_the_change_of_a_gap_keeps_no_bias_that_both_years_share():
    rows = facts(
        ("F1", "town", "gdp", 2010, 60.0),
        ("F2", "far", "gdp", 2010, 20.0),
        ("F3", "town", "gdp", 2020, 90.0),
        ("F4", "far", "gdp", 2020, 45.0),
    )
    biased = SHARP.model_copy(update={"widths": FigureWidths(exact=0.0, about=0.0, bound=0.0, bias=0.5)})
    found = gaps(rows, biased).gaps
    at = {name: found.draws[i] for i, name in enumerate(found.table["estimate_id"])}
    change = at["level_gap[gdp]@far/2020"] - at["level_gap[gdp]@far/2010"]
    assert change == pytest.approx(np.full(400, np.log(2) - np.log(3)))


def test_a_planted_gap_is_covered_in_nine_of_ten_definitions():
    truth, rng = np.log(2), np.random.default_rng(3)
    rows, names = [], tuple(f"d{number}" for number in range(120))
    for name in names:
        for place, level in (("town", 90.0), ("far", 45.0)):
            drawn = level * np.exp(0.1 * rng.standard_normal())
            rows.append((f"{name}-{place}", place, name, 2020, drawn, {"qualifier": "about"}))
    parameters = LevelGapsParameters(definition=names, widths=FigureWidths(bias=0.0, about=0.1))
    table = base(gaps(facts(*rows), parameters))
    assert len(table) == 120
    assert 0.83 <= ((table["low"] <= truth) & (truth <= table["high"])).mean() <= 0.97


def test_the_engine_can_store_gaps_and_the_order_of_rows_changes_nothing():
    rows = facts(
        ("F1", "town", "gdp", 2020, 90.0), ("F2", "far", "gdp", 2020, 45.0), ("F3", "other", "gdp", 2020, 30.0)
    )
    first, second = gaps(rows, BLUNT), gaps(rows.iloc[::-1], BLUNT)
    pd.testing.assert_frame_equal(first.gaps.table, second.gaps.table)
    assert first.gaps.draws.tobytes() == second.gaps.draws.tobytes()
    assert estimate_tables("level_gaps", first.gaps)["level_gaps"].num_rows == 10
