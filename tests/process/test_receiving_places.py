"""Receiving places: rows merged by county, distance, first year, and what counts as evidence."""

import numpy as np
import pandas as pd
import pytest

from townshift.process.receiving_places import (
    COLUMNS,
    ReceivingPlacesParameters,
    geodesic_km,
    receiving_places,
    receiving_summary,
)

PLACES = pd.DataFrame(
    [
        ("east", "East", "东省", "province", None, np.nan, np.nan),
        ("west", "West", "西省", "province", None, np.nan, np.nan),
        ("district", "District", "区", "county", "east", 120.2, 30.9),
        ("town", "Town", "镇", "town", "district", 120.0, 30.0),
        ("far", "Far", "远县", "county", "west", 117.0, 30.0),
        ("far_park", "Far Park", "园", "park", "far", 1.0, 1.0),
        ("near", "Near", "近县", "county", "east", 120.1, 30.1),
        ("big_city", "Big City", "大市", "city", "west", np.nan, np.nan),
    ],
    columns=["place_id", "name", "name_zh", "kind", "parent_id", "lon", "lat"],
)


def listed(*rows):
    columns = [
        "destination_id",
        "place_id",
        "county_id",
        "first_year",
        "year_basis",
        "relation",
        "link",
        "lineage",
        "site_level",
    ]
    return pd.DataFrame(list(rows), columns=columns)


FAR = [
    ("D1", "far", "far", 2014, "stated", "park", "named", "L1", "county"),
    ("D2", "far_park", "far", 2012, "inferred", "park", "named", "L2", "park"),
    ("D3", "far", "far", 2001, "stated", "return", "county_named", "L3", "county"),
]


def one(*rows, **more):
    found = receiving_places(listed(*rows), PLACES, "town", **more)
    assert len(found) == 1
    return found.iloc[0]


def test_a_degree_of_the_meridian_at_the_equator_is_known():
    assert geodesic_km(0, 0, 0, 1) == pytest.approx(110.574, abs=0.001)


def test_distance_is_symmetric_and_zero_to_itself():
    assert geodesic_km(120, 30, 117, 31) == pytest.approx(geodesic_km(117, 31, 120, 30))
    assert geodesic_km(120, 30, 120, 30) == 0.0


def test_rows_of_one_county_are_one_place_at_the_county_seat():
    row = one(*FAR)
    assert row["row_ids"] == "D1;D2;D3"
    assert row["n_rows"] == 3
    assert row["distance_km"] == pytest.approx(geodesic_km(120.0, 30.0, 117.0, 30.0))
    assert row["site_levels"] == "county;park"
    assert row["relations"] == "park;return"


def test_the_strongest_link_names_the_county_and_dates_it():
    row = one(*FAR)
    assert row["link"] == "named"
    assert (row["first_year"], row["year_basis"]) == (2012, "inferred")


def test_a_stated_year_wins_over_an_inferred_one_of_the_same_year():
    row = one(FAR[0], ("D2", "far", "far", 2014, "inferred", "park", "named", "L1", "county"))
    assert (row["first_year"], row["year_basis"]) == (2014, "stated")


def test_only_rows_that_name_the_origin_are_evidence():
    assert one(*FAR)["evidence"] == "strong"
    assert one(FAR[0], FAR[2])["evidence"] == "single"
    assert one(FAR[2])["evidence"] == "none"
    assert one(FAR[2])["n_named"] == 0


def test_two_pages_of_one_original_are_single_evidence():
    same = ("D2", "far", "far", 2013, "stated", "park", "named", "L1", "park")
    row = one(FAR[0], same)
    assert (row["evidence"], row["n_named"], row["n_named_lineages"]) == ("single", 2, 1)


def test_a_row_without_a_county_is_a_place_of_its_own():
    row = one(("D9", "big_city", None, None, None, "park", "comparator", "L1", "city"))
    assert (row["county_id"], row["name"], row["kind"]) == ("big_city", "Big City", "city")
    assert np.isnan(row["distance_km"])
    assert row["distance_basis"] == "no_point"
    assert pd.isna(row["first_year"])
    assert pd.isna(row["year_basis"])


def test_a_place_that_no_table_knows_keeps_its_id_and_has_no_province():
    row = one(("D9", "x", "x", 2000, "stated", "park", "named", "L1", "county"))
    assert row["name"] == "x"
    assert pd.isna(row["outside_focal_province"])


def test_the_province_is_found_through_the_parents():
    assert bool(one(*FAR)["outside_focal_province"])
    near = one(("D9", "near", "near", 2000, "stated", "park", "named", "L1", "county"))
    assert not bool(near["outside_focal_province"])


def test_a_loop_of_parents_ends():
    loop = pd.DataFrame(
        {"place_id": ["a", "b"], "name": ["a", "b"], "kind": "county", "parent_id": ["b", "a"], "lon": 1.0, "lat": 1.0}
    )
    found = receiving_places(listed(("D", "b", "b", 2000, "stated", "p", "named", "L", "county")), loop, "a")
    assert pd.isna(found["province_id"].iloc[0])


def test_linked_places_come_first_and_then_the_nearest():
    found = receiving_places(
        listed(
            ("D1", "near", "near", None, None, "p", "comparator", "L1", "county"),
            ("D2", "big_city", None, None, None, "p", "comparator", "L1", "city"),
            *FAR,
        ),
        PLACES,
        "town",
    )
    assert found["county_id"].tolist() == ["far", "near", "big_city"]


def test_links_unknown_to_the_parameters_rank_last():
    found = one(("D1", "far", "far", 2000, "stated", "p", "rumour", "L1", "county"), FAR[2])
    assert found["link"] == "county_named"


def gaps(*rows):
    columns = ["estimate_id", "measure", "place_id", "group", "setting", "probability_below"]
    return pd.DataFrame(list(rows), columns=columns)


@pytest.mark.parametrize(("below", "expected"), [(0.99, True), (0.01, False), (0.6, None)])
def test_a_place_is_less_developed_only_if_that_is_nearly_sure(below, expected):
    row = one(*FAR, gaps=gaps(("g1", "level_gap", "far", "gdp", "base", below)))
    assert row["less_developed_basis"] == "g1"
    assert pd.isna(row["less_developed"]) if expected is None else bool(row["less_developed"]) is expected


def test_levels_that_contradict_each_other_leave_it_undecided():
    row = one(
        *FAR,
        gaps=gaps(("g1", "level_gap", "far", "gdp", "base", 0.99), ("g2", "level_gap", "far", "wage", "base", 0.02)),
    )
    assert pd.isna(row["less_developed"])
    assert row["less_developed_basis"] == "g1;g2"


def test_only_declared_levels_and_the_base_setting_decide():
    found = gaps(
        ("g1", "level_gap", "far", "gdp", "base", 0.99),
        ("g2", "level_gap", "far", "wage", "base", 0.02),
        ("g3", "level_gap", "far", "gdp", "loose_prior", 0.5),
    )
    row = one(*FAR, gaps=found, parameters=ReceivingPlacesParameters(level=("gdp",)))
    assert bool(row["less_developed"])
    assert row["less_developed_basis"] == "g1"


def test_comparators_have_a_level_too():
    row = one(FAR[2], gaps=gaps(("g1", "level_gap_comparator", "far", "gdp", "base", 0.99)))
    assert bool(row["less_developed"])


def test_without_level_figures_nothing_is_said_of_development():
    row = one(*FAR)
    assert pd.isna(row["less_developed"])
    assert pd.isna(row["less_developed_basis"])


def test_no_destinations_are_an_empty_table_with_all_columns():
    found = receiving_places(listed(), PLACES, "town")
    assert list(found.columns) == list(COLUMNS)
    assert receiving_summary(found).empty


def test_the_summary_counts_counties_for_which_an_aspect_is_known():
    found = receiving_places(
        listed(
            *FAR,
            ("D5", "near", "near", 2000, "stated", "p", "named", "L9", "county"),
            ("D6", "x", "x", 2000, "stated", "p", "comparator", "L9", "county"),
        ),
        PLACES,
        "town",
    )
    table = receiving_summary(found)
    province = table.loc[table["aspect"] == "province"].set_index(["scope", "category"])
    assert province.loc[("linked", "outside"), ["n", "n_known", "row_ids"]].tolist() == [1, 2, "far"]
    assert province.loc[("all", "outside"), "n_known"] == 2
    links = table.loc[(table["aspect"] == "link") & (table["scope"] == "all")].set_index("category")["n"]
    assert links.to_dict() == {"named": 2, "comparator": 1}


def test_the_summary_tells_undecided_levels_from_unknown_ones():
    found = receiving_places(
        listed(*FAR, ("D5", "near", "near", 2000, "stated", "p", "named", "L9", "county")),
        PLACES,
        "town",
        gaps=gaps(("g1", "level_gap", "far", "gdp", "base", 0.6)),
    )
    table = receiving_summary(found)
    development = table.loc[(table["aspect"] == "development") & (table["scope"] == "linked")]
    assert development[["category", "n", "n_known"]].to_numpy().tolist() == [["undecided", 1, 1]]


def test_rows_in_another_order_give_the_same_table():
    first = receiving_places(listed(*FAR), PLACES, "town")
    second = receiving_places(listed(*reversed(FAR)), PLACES.iloc[::-1], "town")
    assert first.equals(second)
