"""Flows between the focal place and others: what is documented, what is counted, and on what evidence."""

from __future__ import annotations

import pandas as pd

from townshift.frames import typed

COLUMNS = {
    "flow": "string",
    "level": "string",
    "edge_evidence": "string",
    "n": "Int64",
    "n_quantified": "Int64",
    "n_documented": "Int64",
    "n_bounds": "Int64",
    "n_from_focal": "Int64",
    "n_to_focal": "Int64",
    "n_lineages": "Int64",
    "year_from": "Int64",
    "year_to": "Int64",
    "units": "string",
    "row_ids": "string",
}
"""Columns of `flow_summary` and their pandas dtypes."""


def flow_summary(flows: pd.DataFrame, focal_place: str) -> pd.DataFrame:
    """How many flows the record holds, by kind, level and evidence that the edge joins the two places.

    Values are never summed: a region contains its counties, a county its sites, and units differ from row to row.
    A row with a value is quantified, one without is only documented; `over` and `under` are bounds.

    Args:
        flows: flow_id, origin_id, destination_id, year, flow, value, unit, qualifier, level, edge_evidence, lineage.
        focal_place: place id that tells outward from inward flows.

    Returns:
        `COLUMNS`, sorted by flow, level and evidence; `n = n_quantified + n_documented`.

    Example:
        >>> rows = pd.DataFrame({"flow_id": ["A", "B"], "origin_id": ["p", "q"], "destination_id": ["q", "p"],
        ...     "year": [2018, None], "flow": "orders", "value": [0.6, None], "unit": ["share_of_orders", None],
        ...     "qualifier": ["over", None], "level": "county", "edge_evidence": "stated", "lineage": ["L1", "L1"]})
        >>> flow_summary(rows, "p")[["n", "n_quantified", "n_bounds", "n_from_focal", "n_lineages"]].values.tolist()
        [[2, 1, 1, 1, 1]]
    """
    keys = ["flow", "level", "edge_evidence"]
    rows = flows.copy()
    rows[keys] = rows[keys].astype("string").fillna("not_stated")
    records: list[dict[str, object]] = []
    for key, part in rows.groupby(keys, sort=True):
        quantified = part["value"].notna()
        years = part["year"].dropna()
        records.append(
            {
                **dict(zip(keys, key, strict=True)),
                "n": len(part),
                "n_quantified": int(quantified.sum()),
                "n_documented": int((~quantified).sum()),
                "n_bounds": int((quantified & part["qualifier"].isin(["over", "under"])).sum()),
                "n_from_focal": int((part["origin_id"] == focal_place).sum()),
                "n_to_focal": int((part["destination_id"] == focal_place).sum()),
                "n_lineages": int(part["lineage"].nunique()),
                "year_from": int(years.min()) if len(years) else None,
                "year_to": int(years.max()) if len(years) else None,
                "units": ";".join(sorted(set(part.loc[quantified, "unit"].dropna().astype(str)))),
                "row_ids": ";".join(sorted(part["flow_id"].astype(str))),
            }
        )
    return typed(records, COLUMNS)
