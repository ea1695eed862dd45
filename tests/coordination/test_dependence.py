"""Evidence of dependence and autonomy, and the asymmetry of the two."""

import numpy as np
import pandas as pd
import pytest

from coordination.record import DESTINATIONS, PLACES, facts, flow, statement
from townshift.coordination.dependence import (
    COLUMNS,
    DependenceParameters,
    FactRule,
    FlowRule,
    ShareRule,
    asymmetries,
    asymmetry,
    dependence,
)
from townshift.engine.estimates import estimate_tables

RULES = DependenceParameters(
    dependence_concepts=("market_dependence",),
    autonomy_concepts=("local_capability",),
    flow=(
        FlowRule(flow="orders", from_side="focal", to_side="receiving", side="dependence"),
        FlowRule(flow="goods", from_side="receiving", to_side="elsewhere", side="autonomy"),
    ),
    fact=(FactRule(definition="local_brands", side="autonomy"),),
    share=(
        ShareRule(role="receiving_on_origin", flow="orders", unit="share_of_orders"),
        ShareRule(role="origin_on_receiving", flow="orders", unit="share_of_origin_orders"),
    ),
)


def table(**inputs):
    return dependence(PLACES, DESTINATIONS, "town", RULES, **inputs)


def flows(*rows):
    return pd.DataFrame(list(rows))


def test_orders_from_the_origin_are_evidence_of_dependence():
    row = table(flows=flows(flow("F1", "town", "far", "orders"))).iloc[0]
    assert (row["place_id"], row["side"], row["table"], row["item"]) == ("far", "dependence", "flows", "orders")
    assert (row["n"], row["n_counted"], row["counted_row_ids"]) == (1, 1, "F1")
    assert (row["year_from"], row["year_to"]) == (2018, 2018)


def test_flows_to_a_park_belong_to_its_county_and_one_original_counts_once():
    found = table(
        flows=flows(
            flow("F1", "town", "far", "orders", lineage="L1"), flow("F2", "town", "far_park", "orders", lineage="L1")
        )
    )
    assert found[["n_counted", "n_counted_lineages", "row_ids"]].to_numpy().tolist() == [[2, 1, "F1;F2"]]


def test_the_district_around_the_town_counts_as_its_side():
    assert len(table(flows=flows(flow("F1", "district", "far", "orders")))) == 1


def test_goods_to_elsewhere_are_evidence_of_autonomy_and_goods_to_the_origin_are_not():
    found = table(flows=flows(flow("F1", "far", "east", "goods"), flow("F2", "far", "other", "goods")))
    assert found["side"].tolist() == ["autonomy"]
    assert found["row_ids"].tolist() == ["F2"]
    assert table(flows=flows(flow("F3", "far", "town", "goods"))).empty


def test_goods_to_the_whole_country_do_not_return_to_the_origin():
    places = pd.concat([PLACES, pd.DataFrame([("land", "Land", "国", "country", None)], columns=PLACES.columns)])
    places["parent_id"] = places["parent_id"].where(~places["place_id"].isin(["east", "west"]), "land")
    both = (
        *RULES.flow,
        FlowRule(flow="goods", from_side="receiving", to_side="focal", side="dependence"),
    )
    rules = RULES.model_copy(update={"flow": both})
    sent = flows(flow("F1", "far", "land", "goods"), flow("F2", "far", "east", "goods"))
    found = dependence(places, DESTINATIONS, "town", rules, flows=sent)
    assert dict(zip(found["side"], found["row_ids"], strict=True)) == {"autonomy": "F1", "dependence": "F2"}


def test_flows_between_other_places_are_evidence_of_nothing():
    assert table(flows=flows(flow("F1", "town", "other", "orders"), flow("F2", "x", "y", "orders"))).empty


def test_an_attributed_or_aggregate_flow_is_listed_but_not_counted():
    found = table(
        flows=flows(
            flow("F1", "town", "far", "orders", edge_evidence="attributed"),
            flow("F2", "town", "far", "orders", level="aggregate"),
            flow("F3", "town", "far", "orders"),
        )
    ).iloc[0]
    assert (found["n"], found["n_counted"]) == (3, 1)
    assert found["not_counted_reasons"] == "edge_attributed;level_aggregate"


def test_figures_count_at_receiving_places_only_and_once():
    found = table(
        facts=facts(
            ("F1", "far", "local_brands", 2020, 3.0),
            ("F2", "far", "local_brands", 2020, 3.0, {"same_as": "F1"}),
            ("F3", "town", "local_brands", 2020, 9.0),
            ("F4", "other", "local_brands", 2020, 9.0),
            ("F5", "far", "gdp", 2020, 9.0),
        )
    )
    assert found[["place_id", "side", "row_ids"]].to_numpy().tolist() == [["far", "autonomy", "F1"]]


def test_only_an_observation_by_someone_placed_to_know_counts():
    found = table(
        statements=pd.DataFrame(
            [
                statement("S1", "far", "market_dependence"),
                statement("S2", "far", "market_dependence", speech_act="evaluation"),
                statement("S3", "far", "market_dependence", position_to_know="second_hand"),
            ]
        )
    ).iloc[0]
    assert (found["n"], found["n_counted"], found["counted_row_ids"]) == (3, 1, "S1")
    assert found["not_counted_reasons"] == "discourse_evaluation;position_second_hand"


def test_disagreeing_speaks_for_the_other_side_and_neutral_for_none():
    found = table(
        statements=pd.DataFrame(
            [
                statement("S1", "far", "local_capability", "disagree"),
                statement("S2", "far", "market_dependence", "disagree"),
                statement("S3", "far", "market_dependence", "neutral"),
                statement("S4", "far", "fast_logistics"),
            ]
        )
    )
    sides = dict(zip(found["row_ids"], found["side"], strict=True))
    assert sides == {"S1": "dependence", "S2": "autonomy"}


def test_second_codings_of_an_utterance_are_left_out():
    rows = [statement("S1", "far", "market_dependence"), statement("S2", "far", "market_dependence", same_as="S1")]
    assert table(statements=pd.DataFrame(rows))["n"].tolist() == [1]


def test_a_speaker_outside_the_receiving_places_is_shown_on_the_side_where_they_stand():
    row = table(statements=pd.DataFrame([statement("S1", "town", "market_dependence")])).iloc[0]
    assert (row["place_id"], row["place_side"]) == ("town", "focal")


def test_what_is_seen_at_a_comparator_is_listed_but_not_counted():
    rows = [statement("S1", "other", "market_dependence"), statement("S2", "west", "market_dependence")]
    found = table(statements=pd.DataFrame(rows)).set_index("row_ids")
    assert found["n_counted"].tolist() == [0, 0]
    assert found["not_counted_reasons"].to_dict() == {"S1": "speaker_comparator", "S2": "speaker_elsewhere"}


def test_a_statement_without_a_date_has_no_year():
    row = table(statements=pd.DataFrame([statement("S1", "far", "market_dependence", date=None)])).iloc[0]
    assert pd.isna(row["year_from"])


def test_no_evidence_is_an_empty_table_with_all_columns():
    found = table()
    assert found.empty
    assert list(found.columns) == list(COLUMNS)
    assert dependence(PLACES, None, "town", RULES).empty


def test_order_of_rows_changes_nothing():
    rows = [flow("F1", "town", "far", "orders"), flow("F2", "far", "other", "goods", level="case")]
    assert table(flows=flows(*rows)).equals(table(flows=flows(*reversed(rows))))


def test_the_asymmetry_by_hand():
    found = asymmetry(np.array([0.6, 0.3, 0.0, 0.0]), np.array([0.2, 0.3, 0.4, 0.0]))
    assert found[:3] == pytest.approx([0.5, 0.0, -1.0])
    assert np.isnan(found[3])


def test_swapping_the_two_places_turns_the_sign():
    a, b = np.random.default_rng(1).random(50), np.random.default_rng(2).random(50)
    assert asymmetry(a, b) == pytest.approx(-asymmetry(b, a))


def shares(**more):
    return [
        flow("F1", "town", "far", "orders", value=60.0, unit="share_of_orders", **more),
        flow("F2", "town", "far_park", "orders", value=5.0, unit="share_of_origin_orders", year=2019),
    ]


def test_asymmetry_is_computed_where_both_shares_are_published():
    found = asymmetries(flows(*shares()), PLACES, DESTINATIONS, "town", RULES, seed=1)
    row = found.table.iloc[0]
    assert row["estimate_id"] == "asymmetry@far/2018-2019"
    assert row["value"] == pytest.approx((0.6 - 0.05) / 0.65, abs=0.03)
    assert row["low"] < row["value"] < row["high"] <= 1.0
    assert found.lineage.set_index("row_id")["share"].to_dict() == pytest.approx({"F1": 0.5, "F2": 0.5})
    assert estimate_tables("asymmetry", found)["asymmetry"].num_rows == 1


def test_one_share_alone_gives_no_asymmetry():
    for rows in (shares()[:1], shares()[1:]):
        assert asymmetries(flows(*rows), PLACES, DESTINATIONS, "town", RULES, seed=1).table.empty


def test_shares_that_nobody_states_or_counts_give_no_asymmetry():
    for more in ({"edge_evidence": "assumed"}, {"value": None}):
        rows = flows({**shares()[0], **more}, shares()[1])
        assert asymmetries(rows, PLACES, DESTINATIONS, "town", RULES, seed=1).table.empty


def test_no_flows_give_no_asymmetry():
    assert asymmetries(None, PLACES, DESTINATIONS, "town", RULES, seed=1).table.empty
