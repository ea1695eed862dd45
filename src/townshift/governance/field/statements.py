"""Coded passages as statements: what somebody placed to know told, one person one vote."""

from __future__ import annotations

import pandas as pd

from townshift.frames import typed
from townshift.governance.field.parameters import StatementsParameters

STATEMENT_TYPES = {
    "statement_id": "string",
    "date": "string",
    "actor_id": "string",
    "actor_group": "string",
    "place_id": "string",
    "concept": "string",
    "stance": "string",
    "speech_act": "string",
    "position_to_know": "string",
    "interest": "string",
    "lineage": "string",
    "source_id": "string",
}


def coded_statements(codings: pd.DataFrame, parameters: StatementsParameters) -> pd.DataFrame:
    """Passages of the working coding that name a concept, as rows like those of `statements`.

    A passage whose code a study lists under `observations` (or any that names a concept, without such a list) is an
    observation of somebody who speaks of their own place: `direct`. Everything else is an evaluation. The lineage is
    the person, so that one person is one vote however much they say; without a person it is the document.

    Args:
        codings: as `field_record` gives them.
        parameters: see `StatementsParameters`.

    Returns:
        `STATEMENT_TYPES`, sorted by id.

    Example:
        >>> row = {"coding_id": ["7"], "code": ["rent"], "concept": ["space_short"], "stance": ["for"],
        ...     "document": ["a"], "participant_id": ["p"], "actor_group": ["enterprise"],
        ...     "place_id": ["town"], "date": ["2020"], "round": ["first"], "source_id": ["field"]}
        >>> found = coded_statements(pd.DataFrame(row), StatementsParameters())
        >>> found[["statement_id", "stance", "interest", "lineage"]].values.tolist()
        [['coding:7', 'agree', 'unclear', 'person:p']]
    """
    rows = codings[codings["concept"].notna() & codings["stance"].notna() & (codings["round"] == "first")]
    observed = (
        rows["code"].isin(parameters.observations) if parameters.observations else pd.Series(True, index=rows.index)
    )
    person = rows["participant_id"].astype("string")
    lineage = ("person:" + person).fillna("document:" + rows["document"].astype("string"))
    table = pd.DataFrame(
        {
            "statement_id": "coding:" + rows["coding_id"].astype(str),
            "date": rows["date"],
            "actor_id": person.fillna(""),
            "actor_group": rows["actor_group"].fillna("other"),
            "place_id": rows["place_id"],
            "concept": rows["concept"],
            "stance": rows["stance"].map({"for": "agree", "against": "disagree"}),
            "speech_act": observed.map({True: "observation", False: "evaluation"}),
            "position_to_know": person.notna().map({True: "direct", False: "none"}),
            "interest": rows["actor_group"].isin(parameters.no_interest).map({True: "none", False: "unclear"}),
            "lineage": lineage,
            "source_id": rows["source_id"],
        }
    )
    if table.empty:
        return typed([], STATEMENT_TYPES)
    return table.sort_values("statement_id", kind="stable").reset_index(drop=True).astype(STATEMENT_TYPES)
