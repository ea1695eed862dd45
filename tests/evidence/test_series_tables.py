"""Which published figures make one series, and which declared breaks it has."""

from __future__ import annotations

import pandas as pd

from townshift.pipeline.series_tables import fact_groups


def test_a_break_declared_for_one_definition_leaves_the_others_of_its_indicator_whole():
    rows = [
        ("F1", "town", "firms_small", 2001),
        ("F2", "town", "firms_large", 2001),
        ("F3", "city", "firms_small", 2001),
    ]
    facts = pd.DataFrame(rows, columns=["fact_id", "place_id", "definition_id", "year"]).assign(
        indicator="firms", value=10.0, value_std=10.0, unit="count", unit_std="count", qualifier="exact",
        source_id="S1", lineage="L1",
    )  # fmt: skip
    indicators = pd.DataFrame(
        {
            "indicator": ["firms_small", "firms_large"],
            "variant_of": ["firms", "firms"],
            "variant_kind": ["definition", "definition"],
            "scale": ["log", "log"],
            "kind": ["stock", "stock"],
        }
    )
    declared = [
        {"place": "town", "indicator": "firms", "definition": "firms_small", "year": 2005},
        {"place": "town", "indicator": "", "definition": "firms_large", "year": 2009},
    ]
    found = {(one.place_id, one.definition_id): one.breaks for one in fact_groups(facts, indicators, None, declared)}
    assert found == {("town", "firms_small"): (2005,), ("town", "firms_large"): (2009,), ("city", "firms_small"): ()}
