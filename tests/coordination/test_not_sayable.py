"""What cannot be said follows from statuses, and leaves when the record fills up."""

import pandas as pd
import pytest

from coordination.record import PLACES
from townshift.coordination.not_sayable import COLUMNS, NotSayableParameters, Reports, Titles, not_sayable, titles


def frame(**columns):
    return pd.DataFrame(columns)


def said(reports=None, missing=(), **more):
    return not_sayable(reports or Reports(), list(missing), "town", **more)


def codes(table):
    return dict(zip(table["topic_id"], table["reason_code"], strict=True))


def test_nothing_reported_and_nothing_missing_is_nothing_unsayable():
    table = said()
    assert table.empty
    assert list(table.columns) == list(COLUMNS)


def test_a_missing_table_is_not_studied_in_both_languages():
    row = said(missing=["firms"]).iloc[0]
    assert row["reason"] == "not studied: the study has no table firms"
    assert row["reason_zh"] == "未研究：本研究没有 firms 表"
    assert row["question"] == "process"


def series_status(status):
    return frame(place_id=["town"], definition_id=["wage"], status=[status], n_lineages=[2], n_years=[1])


@pytest.mark.parametrize(("status", "reason"), [("listed", "too_thin"), ("level", "one_year")])
def test_a_definition_that_matters_and_has_no_series_is_named(status, reason):
    chosen = NotSayableParameters(definition=("wage",))
    table = said(Reports(series_status=series_status(status)), parameters=chosen)
    assert codes(table) == {"series:wage:town": reason}


def test_a_definition_with_a_series_is_not_named():
    chosen = NotSayableParameters(definition=("wage",))
    assert said(Reports(series_status=series_status("series")), parameters=chosen).empty


def test_a_definition_without_any_figure_is_named():
    chosen = NotSayableParameters(definition=("rent",))
    table = said(Reports(series_status=series_status("series")), parameters=chosen)
    assert codes(table) == {"series:rent:town": "no_figure"}


def test_without_a_report_on_series_nothing_is_said_of_them():
    assert said(parameters=NotSayableParameters(definition=("rent",))).empty


def test_too_thin_says_how_thin():
    chosen = NotSayableParameters(definition=("wage",))
    row = said(Reports(series_status=series_status("listed")), parameters=chosen).iloc[0]
    assert row["reason"] == "too few independent figures: 2 originals in 1 years"


def growth(status, setting="base", measure="growth"):
    return frame(
        place_id=["town"], group=["land"], measure=[measure], setting=[setting], status=[status], breaks=["2005"]
    )


def test_growth_across_a_break_is_named_with_the_break():
    row = said(Reports(growth=growth("not_identified"))).iloc[0]
    assert row["reason_code"] == "break_between"
    assert "2005" in row["reason"]


def test_only_the_base_setting_and_the_whole_span_speak():
    assert said(Reports(growth=growth("not_identified", setting="loose_prior"))).empty
    assert said(Reports(growth=growth("not_identified", measure="growth_window"))).empty
    assert said(Reports(growth=growth("ok"))).empty


def test_a_short_series_of_the_focal_place_is_named():
    def phases(place):
        return frame(place_id=[place], definition_id=["firms"], setting=["base"], status=["too_short"], n_years=[5])

    assert codes(said(Reports(phases=phases("town")))) == {"phases:firms:town": "too_short"}
    assert said(Reports(phases=phases("elsewhere"))).empty


@pytest.mark.parametrize(
    ("status", "topics"),
    [
        ("neither", {"ratio:online:sales:town": "counterpart_missing"}),
        ("no_numerator", {"ratio:online:sales:town": "counterpart_missing"}),
        ("no_denominator", {"ratio:online:sales:town": "counterpart_missing"}),
        ("no_common_year", {"ratio:online:sales:town": "no_common_year"}),
        ("ok", {}),
    ],
)
def test_a_ratio_names_the_figure_it_lacks(status, topics):
    table = said(
        Reports(
            ratio_status=frame(
                ratio=["online_share"],
                place_id=["town"],
                numerator=["online"],
                denominator=["sales"],
                status=[status],
            )
        )
    )
    assert codes(table) == topics
    lacking = {"no_denominator": "sales", "no_numerator": "online", "neither": "online"}
    if status in lacking:
        assert table["reason"].tolist() == [f"there is no series of: {lacking[status]}"]


def test_a_ratio_of_another_place_is_not_a_topic():
    table = frame(ratio=["r"], place_id=["far"], numerator=["a"], denominator=["b"], status=["neither"])
    assert said(Reports(ratio_status=table)).empty


def test_land_without_its_counterpart_is_named():
    land = frame(
        place_id=["town"] * 3,
        land=["land"] * 3,
        against=["people", "sales", ""],
        status=["no_counterpart", "no_common_span", "not_declared"],
    )
    assert codes(said(Reports(land_status=land))) == {
        "land:people:town": "counterpart_missing",
        "land:sales:town": "no_common_year",
    }


def level(*statuses):
    return frame(
        definition_id=["gdp"] * len(statuses), place_id=[f"p{i}" for i in range(len(statuses))], status=list(statuses)
    )


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [
        (("no_place_figure", "no_place_figure"), "level_no_place_figure"),
        (("no_common_year", "no_place_figure"), "level_no_common_year"),
        (("no_focal_figure", "neither"), "level_no_focal_figure"),
        (("neither",), "level_neither"),
        (("ok", "no_place_figure"), "some_places"),
    ],
)
def test_levels_that_cannot_be_compared_are_named_with_the_reason(statuses, reason):
    assert codes(said(Reports(level_status=level(*statuses)))) == {"level:gdp": reason}


def test_levels_compared_everywhere_are_no_topic():
    assert said(Reports(level_status=level("ok", "ok"))).empty


def receiving(*evidence):
    return frame(county_id=[f"c{i}" for i in range(len(evidence))], evidence=list(evidence))


def test_linked_places_without_shares_of_orders_are_counted():
    table = said(Reports(asymmetry=frame(place_id=["c0"]), receiving_places=receiving("strong", "single", "none")))
    assert table.set_index("topic_id")["reason"]["asymmetry"].startswith("for 1 receiving places")
    assert "links" in codes(table)


def test_every_place_linked_and_shared_leaves_nothing():
    assert said(Reports(asymmetry=frame(place_id=["c0"]), receiving_places=receiving("strong"))).empty


def test_flows_are_never_summed():
    table = said(Reports(flow_summary=frame(n=[3, 2], n_documented=[1, 1])))
    assert "2 of 5 are not counted" in table["reason"].iloc[0]


def test_names_stand_in_for_ids_in_their_language():
    indicators = frame(indicator=["wage"], title_en=["Monthly pay"], title_zh=["月工资"])
    chosen = NotSayableParameters(definition=("wage",))
    row = said(
        Reports(series_status=series_status("listed")), names=titles(PLACES, indicators), parameters=chosen
    ).iloc[0]
    assert row["topic"] == "The course of: Monthly pay, Town"
    assert row["topic_zh"] == "镇的变化过程：月工资"


def test_a_name_missing_in_one_language_falls_back_to_the_other_and_then_to_the_id():
    names = Titles(en={"wage": "Monthly pay"}, zh={"wage": ""})
    assert names.of("wage", "zh") == "Monthly pay"
    assert names.of("rent", "zh") == "rent"


def test_topics_are_unique_and_sorted():
    status = pd.concat([level("neither"), level("neither")], ignore_index=True)
    table = said(Reports(level_status=status), missing=["firms", "accounts"])
    assert table["topic_id"].is_unique
    assert table[["question", "topic_id"]].apply(tuple, axis=1).is_monotonic_increasing
