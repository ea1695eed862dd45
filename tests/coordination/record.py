"""A small record of two sides: a town in a district, a receiving county with a park, and a comparator."""

from __future__ import annotations

import pandas as pd

PLACES = pd.DataFrame(
    [
        ("east", "East", "东省", "province", None),
        ("west", "West", "西省", "province", None),
        ("district", "District", "区", "county", "east"),
        ("town", "Town", "镇", "town", "district"),
        ("city", "City", "市", "city", "west"),
        ("far", "Far", "远县", "county", "city"),
        ("far_park", "Far Park", "园", "park", "far"),
        ("other", "Other", "他县", "county", "city"),
    ],
    columns=["place_id", "name", "name_zh", "kind", "parent_id"],
)

DESTINATIONS = pd.DataFrame(
    [("D1", "far", "far", "named"), ("D2", "far_park", "far", "named"), ("D3", "other", "other", "comparator")],
    columns=["destination_id", "place_id", "county_id", "link"],
)


def facts(*rows: tuple[object, ...]) -> pd.DataFrame:
    """Rows of (fact_id, place, definition, year, value), with further columns by name in a last mapping."""
    records = []
    for fact_id, place, definition, year, value, *more in rows:
        record = {
            "fact_id": fact_id,
            "place_id": place,
            "definition_id": definition,
            "year": year,
            "value_std": value,
            "unit_std": "yuan",
            "qualifier": "exact",
            "source_id": "S1",
            "lineage": f"L{fact_id}",
            "package": None,
            "flag": "ok",
            "same_as": None,
        }
        records.append({**record, **(more[0] if more else {})})
    columns = [
        "fact_id",
        "place_id",
        "definition_id",
        "year",
        "value_std",
        "unit_std",
        "qualifier",
        "source_id",
        "lineage",
        "package",
        "flag",
        "same_as",
    ]
    return pd.DataFrame(records, columns=columns)


def flow(flow_id: str, origin: str, destination: str, kind: str, **more: object) -> dict[str, object]:
    """One flow, stated, at county level, not counted unless `value` says so."""
    known = {
        "flow_id": flow_id,
        "origin_id": origin,
        "destination_id": destination,
        "year": 2018,
        "flow": kind,
        "value": None,
        "unit": None,
        "qualifier": "exact",
        "level": "county",
        "edge_evidence": "stated",
        "lineage": f"L{flow_id}",
    }
    return {**known, **more}


def statement(statement_id: str, place: str, concept: str, stance: str = "agree", **more: object) -> dict[str, object]:
    """One observation by someone placed to know."""
    known = {
        "statement_id": statement_id,
        "date": "2019-05",
        "place_id": place,
        "concept": concept,
        "stance": stance,
        "speech_act": "observation",
        "position_to_know": "direct",
        "lineage": f"L{statement_id}",
        "same_as": None,
    }
    return {**known, **more}
