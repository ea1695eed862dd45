"""The labour record lists what is published, keeps proxies apart and withholds small cells about persons."""

import pandas as pd
import pytest

from townshift.errors import MeasureError
from townshift.labour.labour_record import (
    EVENT_COLUMNS,
    RECORD_COLUMNS,
    STATEMENT_COLUMNS,
    figures,
    proxies,
    theme_events,
    theme_statements,
    theme_table,
)
from townshift.labour.themes import Share, Theme, check_shares, check_themes
from townshift.voices import voices_once

SIDES = {"town": "focal", "county": "receiving", "nation": "containing"}


def theme(name="wages", **given):
    return Theme(theme=name, title_en=name.title(), title_zh="主题", **given)


WAGES = theme(
    definitions=("wage", "wage_case"), single_cases=("wage_case",), concepts=("pay_rises",), context=("wage_survey",)
)
HOURS = theme("hours", definitions=("working_day", "wage_case"))

FACTS = pd.DataFrame(
    [
        ("F1", "town", "wage", 2019, 5000.0, "yuan", "about", "S1", "L1", "ok", None, ""),
        ("F2", "town", "wage", 2019, 5000.0, "yuan", "about", "S2", "L2", "ok", "F1", "mirror"),
        ("F3", "town", "wage", 2019, 6000.0, "yuan", "over", "S3", "L3", "promotional", None, ""),
        ("F4", "county", "wage_case", None, 3500.0, "yuan", "exact", "S3", "L3", "ok", None, "one sewer"),
        ("F5", "unheard_of", "working_day", 2020, 14.0, "hours", "exact", "S9", "L9", "ok", None, ""),
        ("F6", "town", "sales", 2019, 9.0, "yuan", "exact", "S1", "L1", "ok", None, ""),
    ],
    columns=["fact_id", "place_id", "definition_id", "year", "value_std", "unit_std", "qualifier", "source_id",
             "lineage", "flag", "same_as", "note"],
).astype({"year": "Int64"})  # fmt: skip

INDICATORS = pd.DataFrame(
    {"indicator": ["wage"], "title_en": ["Monthly wage"], "title_zh": ["月工资"], "universe": ["sewers"]}
)


def listed(themes=(WAGES, HOURS), facts=FACTS, **given):
    return figures(themes, facts, SIDES, **given)


def test_figures_are_listed_as_published_and_never_averaged():
    found = listed([WAGES])
    assert found["row_id"].tolist() == ["F4", "F1", "F3"]
    assert found["value"].tolist() == [3500.0, 5000.0, 6000.0]
    assert found["qualifier"].tolist() == ["exact", "about", "over"]


def test_a_figure_that_two_pages_repeat_is_listed_once_under_its_first_entry():
    assert "F2" not in set(listed()["row_id"])


def test_figures_of_no_theme_are_left_out():
    assert "sales" not in set(listed()["definition_id"])


def test_a_definition_of_two_themes_is_listed_under_both():
    found = listed()
    assert found[found["row_id"] == "F4"]["theme"].tolist() == ["hours", "wages"]


def test_a_single_case_is_marked_by_the_theme_that_calls_it_one():
    found = listed()
    marked = found[found["row_id"] == "F4"].set_index("theme")["single_case"].to_dict()
    assert marked == {"hours": False, "wages": True}


def test_a_figure_without_a_year_stays_without_one():
    found = listed([WAGES])
    assert found["year"].isna().tolist() == [True, False, False]
    assert str(found["year"].dtype) == "Int64"


def test_titles_universe_and_tier_come_along_where_known():
    found = listed(indicators=INDICATORS, tiers={"S1": "official"}).set_index(["theme", "row_id"])
    first = found.loc[("wages", "F1")]
    assert (first["title_zh"], first["group"], first["tier"]) == ("月工资", "sewers", "official")
    other = found.loc[("wages", "F4")]
    assert (other["title_en"], other["group"], other["tier"]) == ("wage_case", "", "")


def test_places_keep_their_side_and_unknown_ones_are_elsewhere():
    found = listed().set_index(["theme", "row_id"])["side"]
    assert found[("wages", "F1")] == "focal"
    assert found[("wages", "F4")] == "receiving"
    assert found[("hours", "F5")] == "elsewhere"


def test_without_themes_or_facts_the_table_is_empty_but_typed():
    for found in (listed([]), listed(facts=FACTS.iloc[:0])):
        assert found.empty
        assert list(found.columns) == list(RECORD_COLUMNS)
        assert str(found["single_case"].dtype) == "boolean"


def test_proxies_are_never_figures_even_at_the_focal_place():
    context = pd.DataFrame(
        {
            "place_id": ["nation", "town", "nation"],
            "indicator": ["wage_survey", "wage_survey", "other"],
            "year": pd.array([2006, None, 2006], dtype="Int64"),
            "value": [966.0, 1.0, 2.0],
            "unit": "yuan",
        }
    )
    found = proxies([WAGES, HOURS], context, SIDES)
    assert set(found["basis"]) == {"proxy"}
    assert found["row_id"].tolist() == ["wage_survey@nation/2006", "wage_survey@town"]
    assert list(found.columns) == list(RECORD_COLUMNS)


# statements -----------------------------------------------------------------------------------------------------


def said(*rows):
    columns = ["statement_id", "actor_id", "actor_group", "place_id", "concept", "stance", "same_as", "lineage"]
    return voices_once(pd.DataFrame(rows, columns=columns))


def spoken(voices, threshold=3):
    return theme_statements([WAGES, HOURS], voices, SIDES, ["worker"], threshold)


def test_statements_are_counted_by_voice_within_theme_place_and_group():
    found = spoken(
        said(
            ("T1", "A", "enterprise", "town", "pay_rises", "agree", None, "L1"),
            ("T2", "A", "enterprise", "town", "pay_rises", "agree", None, "L1"),
            ("T3", "B", "enterprise", "town", "pay_rises", "disagree", None, "L1"),
            ("T4", "B", "enterprise", "county", "pay_rises", "neutral", None, "L2"),
            ("T5", "B", "enterprise", "county", "something_else", "agree", None, "L2"),
        )
    )
    assert found["place_id"].tolist() == ["county", "town"]
    town = found.iloc[1]
    assert (town.agree, town.disagree, town.neutral, town.n_voices, town.n_actors, town.n_lineages) == (
        1,
        1,
        0,
        2,
        2,
        1,
    )
    assert town.row_ids == "T1;T2;T3"


def test_a_few_workers_are_withheld_and_enough_are_shown():
    few = said(("T1", "A", "worker", "town", "pay_rises", "agree", None, "L1"))
    row = spoken(few).iloc[0]
    assert row.suppressed
    assert pd.isna(row.agree)
    assert pd.isna(row.row_ids)
    enough = said(*((f"T{i}", f"A{i}", "worker", "town", "pay_rises", "agree", None, "L1") for i in range(3)))
    assert spoken(enough).iloc[0].agree == 3


def test_no_actor_appears_in_the_statements_table():
    found = spoken(said(("T1", "A_named", "enterprise", "town", "pay_rises", "agree", None, "L1")))
    assert not any("A_named" in str(value) for value in found.to_numpy().ravel())


def test_no_statements_make_an_empty_table():
    found = spoken(said())
    assert found.empty
    assert list(found.columns) == list(STATEMENT_COLUMNS)


# events ---------------------------------------------------------------------------------------------------------

EVENTS = pd.DataFrame(
    [
        ("E1", "2011-10", "town", "protest", "none", None),
        ("E2", "2011-10-26", "town", "protest", "none", "E1"),
        ("E3", "2018", "town", "infrastructure", "labour_services", None),
        ("E4", "2006", "county", "accident", "none", None),
        ("E5", "2007", "county", "policy", "none", None),
    ],
    columns=["event_id", "date", "place_id", "event_type", "turn", "same_as"],
)


def test_events_of_a_theme_come_by_kind_turn_or_id_each_told_once():
    wanted = theme(event_types=("protest",), turns=("labour_services",), events=("E4",))
    assert theme_events([wanted], EVENTS, SIDES)["row_id"].tolist() == ["E4", "E1", "E3"]


def test_an_event_wanted_twice_is_listed_once():
    wanted = theme(event_types=("protest",), events=("E1",))
    assert theme_events([wanted], EVENTS, SIDES)["row_id"].tolist() == ["E1"]


def test_the_id_of_a_double_finds_the_event_it_tells():
    assert theme_events([theme(events=("E2",))], EVENTS, SIDES)["row_id"].tolist() == ["E1"]


def test_a_theme_without_events_lists_none():
    found = theme_events([theme()], EVENTS, SIDES)
    assert found.empty
    assert list(found.columns) == list(EVENT_COLUMNS)


# declarations ---------------------------------------------------------------------------------------------------


def test_themes_keep_their_declared_order():
    found = theme_table([HOURS, WAGES])
    assert found["theme"].tolist() == ["hours", "wages"]
    assert found["position"].tolist() == [1, 2]
    assert found["definitions"].tolist() == ["working_day;wage_case", "wage;wage_case"]


def test_all_misspelt_names_are_reported_at_once():
    with pytest.raises(MeasureError) as caught:
        check_themes(
            [theme(definitions=("wagee",), single_cases=("other",), concepts=("pay",)), theme()],
            {"definitions": ["wage"], "concepts": ["pay_rises"]},
        )
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["TS-LAB-001", "TS-LAB-002", "TS-LAB-002", "TS-LAB-002"]
    for name in ("wagee", "pay", "other"):
        assert name in str(caught.value)


def test_names_of_tables_the_study_lacks_are_not_checked():
    check_themes([theme(concepts=("pay",), context=("survey",))], {"definitions": []})


def test_a_misspelt_field_of_a_theme_is_refused():
    with pytest.raises(ValueError, match="definition"):
        theme(definition=("wage",))


def test_two_shares_of_one_name_are_refused():
    one = Share(name="migrant_share", part="a", whole="b")
    check_shares([one])
    with pytest.raises(MeasureError, match="TS-LAB-003"):
        check_shares([one, one])
