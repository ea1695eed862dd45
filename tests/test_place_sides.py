"""The side of a place follows from where it lies and from its nearest listing as a destination."""

import pandas as pd
import pytest

from townshift.place_sides import ancestors, sides

PLACES = pd.DataFrame(
    [
        ("nation", None),
        ("province", "nation"),
        ("city", "province"),
        ("town", "city"),
        ("park_in_town", "town"),
        ("far_city", "nation"),
        ("linked_county", "far_city"),
        ("its_village", "linked_county"),
        ("unlinked_county", "far_city"),
        ("third_county", "far_city"),
        ("orphan", None),
    ],
    columns=["place_id", "parent_id"],
)


def listed(*rows):
    return pd.DataFrame(rows, columns=["place_id", "county_id", "link"])


def test_ancestors_run_from_the_nearest_to_the_widest():
    assert ancestors(PLACES, "park_in_town") == ("town", "city", "province", "nation")
    assert ancestors(PLACES, "nation") == ()
    assert ancestors(PLACES, "unheard_of") == ()


@pytest.mark.parametrize("start", ["a", "b"])
def test_a_circle_of_parents_ends(start):
    circle = pd.DataFrame({"place_id": ["a", "b"], "parent_id": ["b", "a"]})
    assert set(ancestors(circle, start)) == {"a", "b"} - {start}


def test_places_in_and_around_the_focal_place_are_never_receiving():
    found = sides(PLACES, "town", listed(("province", "", "named"), ("park_in_town", "", "named")))
    assert found["town"] == found["park_in_town"] == "focal"
    assert found["city"] == found["province"] == found["nation"] == "containing"
    assert found["orphan"] == "elsewhere"


def test_a_village_receives_with_its_county():
    found = sides(PLACES, "town", listed(("linked_county", "linked_county", "named")))
    assert found["linked_county"] == found["its_village"] == "receiving"
    assert found["far_city"] == found["third_county"] == "elsewhere"


def test_a_county_listed_without_a_link_does_not_receive_because_its_city_does():
    rows = listed(("far_city", "", "named"), ("unlinked_county", "unlinked_county", "no_link_seen"))
    found = sides(PLACES, "town", rows, links=["named"])
    assert found["unlinked_county"] == "elsewhere"
    assert found["third_county"] == found["far_city"] == "receiving"


def test_one_counting_link_among_several_listings_is_enough():
    rows = listed(("linked_county", "", "comparator"), ("linked_county", "", "named"))
    assert sides(PLACES, "town", rows, links=["named"])["linked_county"] == "receiving"


def test_a_site_without_a_place_of_its_own_lists_its_county():
    found = sides(PLACES, "town", listed(("some_site", "linked_county", "named")))
    assert found["linked_county"] == "receiving"


def test_without_destinations_nothing_receives():
    assert "receiving" not in sides(PLACES, "town").values()


def test_a_focal_place_that_is_not_in_the_table_is_still_focal():
    assert sides(PLACES, "new_town")["new_town"] == "focal"
