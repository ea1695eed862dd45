"""Published figures as a level comparison may use them."""

import numpy as np
import pandas as pd
import pytest

from coordination.record import DESTINATIONS, PLACES, facts
from townshift.coordination.levels import RECORD_COLUMNS, FigureWidths, figure_draws, level_record, level_sides

SIDES = level_sides(PLACES, "town", DESTINATIONS, ("named",))
WIDTHS = FigureWidths()


def figures(*rows):
    return pd.DataFrame(list(rows), columns=["value", "qualifier", "lineage", "fact_id"])


def test_every_place_has_its_side():
    assert SIDES["town"] == "focal"
    assert SIDES["district"] == "containing"
    assert SIDES["far"] == SIDES["far_park"] == "receiving"
    assert SIDES["other"] == "comparator"


def test_a_comparator_stays_one_though_its_city_is_a_destination():
    city = pd.concat(
        [DESTINATIONS, pd.DataFrame([("D4", "city", None, "named")], columns=DESTINATIONS.columns)], ignore_index=True
    )
    assert level_sides(PLACES, "town", city, ("named",))["other"] == "comparator"


def test_without_destinations_nothing_receives():
    assert set(level_sides(PLACES, "town", None, ("named",)).values()) <= {"focal", "containing", "elsewhere"}


def test_the_record_lists_figures_that_it_does_not_use_with_the_reason():
    record = level_record(
        facts(
            ("F1", "town", "gdp", 2020, 100.0),
            ("F2", "town", "gdp", None, 100.0),
            ("F3", "town", "gdp", 2020, None),
            ("F4", "town", "gdp", 2020, -5.0),
            ("F5", "town", "gdp", 2020, 1000.0, {"flag": "lost_zero"}),
            ("F6", "town", "gdp", 2020, 100.0, {"same_as": "F1"}),
            ("F7", "town", "sales", 2020, 100.0),
        ),
        ("gdp",),
        SIDES,
    ).set_index("fact_id")
    assert record["reason"].to_dict() == {
        "F1": "",
        "F2": "no_year",
        "F3": "no_positive_value",
        "F4": "no_positive_value",
        "F5": "lost_zero",
    }
    assert record["usable"].tolist() == [reason == "" for reason in record["reason"]]


def test_no_figure_is_an_empty_record_with_all_columns():
    record = level_record(facts(), ("gdp",), SIDES)
    assert record.empty
    assert list(record.columns) == list(RECORD_COLUMNS)


def test_an_exact_figure_is_narrow_and_centred():
    draws = figure_draws(figures((100.0, "exact", "L1", "F1")), FigureWidths(bias=0.0), 1, ("p", "2020"), 20_000)
    logs = np.log(draws / 100.0)
    assert logs.mean() == pytest.approx(0.0, abs=0.001)
    assert logs.std() == pytest.approx(0.03, rel=0.03)


def test_a_rounded_figure_is_wider_than_an_exact_one():
    exact = figure_draws(figures((100.0, "exact", "L1", "F1")), WIDTHS, 1, ("p", "2020"))
    about = figure_draws(figures((100.0, "about", "L1", "F1")), WIDTHS, 1, ("p", "2020"))
    assert np.std(np.log(about)) > np.std(np.log(exact))


def test_bounds_lie_on_their_side_only():
    sharp = FigureWidths(bias=0.0)
    assert (figure_draws(figures((100.0, "over", "L1", "F1")), sharp, 1, ("p", "2020")) >= 100).all()
    assert (figure_draws(figures((100.0, "under", "L1", "F1")), sharp, 1, ("p", "2020")) <= 100).all()


def test_sources_that_disagree_widen_the_level_and_copies_do_not_weigh_more():
    disagree = figures((50.0, "exact", "L1", "F1"), (200.0, "exact", "L2", "F2"), (200.0, "exact", "L2", "F3"))
    draws = figure_draws(disagree, FigureWidths(bias=0.0), 1, ("p", "2020"), 20_000)
    assert (draws < 100).mean() == pytest.approx(0.5, abs=0.02)


def test_the_bias_of_a_place_is_the_same_in_all_years_and_cancels_in_a_change():
    only_bias = FigureWidths(exact=0.0, bias=0.3)
    first = figure_draws(figures((100.0, "exact", "L1", "F1")), only_bias, 1, ("p", "2010"))
    second = figure_draws(figures((200.0, "exact", "L1", "F2")), only_bias, 1, ("p", "2020"))
    assert np.log(second / first) == pytest.approx(np.full(400, np.log(2)))
    assert np.std(np.log(first)) > 0.2


def test_another_place_has_another_stream_and_the_same_keys_the_same_bytes():
    one = figures((100.0, "about", "L1", "F1"))
    assert (
        figure_draws(one, WIDTHS, 1, ("p", "2020")).tobytes() == figure_draws(one, WIDTHS, 1, ("p", "2020")).tobytes()
    )
    assert not np.allclose(figure_draws(one, WIDTHS, 1, ("p", "2020")), figure_draws(one, WIDTHS, 1, ("q", "2020")))
    assert not np.allclose(figure_draws(one, WIDTHS, 1, ("p", "2020")), figure_draws(one, WIDTHS, 2, ("p", "2020")))


def test_order_of_rows_changes_no_draw():
    rows = [(50.0, "exact", "L1", "F1"), (200.0, "about", "L2", "F2")]
    first = figure_draws(figures(*rows), WIDTHS, 1, ("p", "2020"))
    assert first.tobytes() == figure_draws(figures(*reversed(rows)), WIDTHS, 1, ("p", "2020")).tobytes()
