"""Joint displays: number, observations for and against, discourse, and how they fit, side by side for every part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from townshift.frames import joined, texts, typed

if TYPE_CHECKING:
    import pandas as pd

Fit = Literal["agree", "disagree", "one_kind", "undecided", "silent"]
"""`agree`: numbers and people or records say the same; `one_kind`: only one of them decides; `silent`: no evidence."""

JOINT_COLUMNS = {
    "claim_id": "string",
    "part_id": "string",
    "text_en": "string",
    "text_zh": "string",
    "outcome": "string",
    "estimate_ids": "string",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "unit": "string",
    "direction": "string",
    "delta": "float64",
    "numbers_outcome": "string",
    "rows_for": "string",
    "rows_against": "string",
    "discourse": "string",
    "lineages_for": "Int64",
    "lineages_against": "Int64",
    "fit": "string",
}
"""`rows_*` and `discourse` are `table:row_id`, sorted, separated by `;`. Paraphrases are read from `statements`."""


def fit(numbers: str, words: str, records: str) -> Fit:
    """How number, words and records of a part fit each other; an empty outcome means that there is no such test.

    Example:
        >>> fit("for", "for", ""), fit("for", "", "against"), fit("for", "inconclusive", ""), fit("", "no_data", "")
        ('agree', 'disagree', 'one_kind', 'silent')
    """
    present = [outcome for outcome in (numbers, words, records) if outcome]
    decided = [outcome for outcome in present if outcome in ("for", "against", "mixed")]
    if "mixed" in decided or len(set(decided)) > 1:
        return "disagree"
    if len(decided) > 1:
        return "agree"
    if decided:
        return "one_kind"
    return "undecided" if "inconclusive" in present else "silent"


def joint_display(claim_id: str, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The joint display of one claim: one row per part.

    Args:
        claim_id: the claim.
        tables: `claim_parts` and `claim_evidence` as `judge` made them.

    Returns:
        `JOINT_COLUMNS`, in the order of the claim's parts.
    """
    shown = ["claim_id", "part_id", "role", "table", "row_id", "lineage"]
    evidence = texts(tables["claim_evidence"], *shown)
    evidence = evidence[evidence["claim_id"] == claim_id]
    counted = tables["claim_evidence"]["counted"].fillna(False).astype(bool).to_numpy()[evidence.index]
    parts = tables["claim_parts"]
    rows: list[dict[str, object]] = []
    for part in parts[parts["claim_id"] == claim_id].to_dict("records"):
        own = (evidence["part_id"] == part["part_id"]).to_numpy()
        row: dict[str, object] = {name: part[name] for name in JOINT_COLUMNS if name in part}
        for side in ("for", "against"):
            some = evidence[own & counted & (evidence["role"] == side).to_numpy()]
            row[f"rows_{side}"] = joined(some["table"] + ":" + some["row_id"])
            row[f"lineages_{side}"] = some["lineage"].nunique()
        spoken = evidence[own & (evidence["role"] == "discourse").to_numpy()]
        row["discourse"] = joined(spoken["table"] + ":" + spoken["row_id"])
        row["fit"] = fit(*(str(part[f"{name}_outcome"]) for name in ("numbers", "words", "records")))
        rows.append(row)
    return typed(rows, JOINT_COLUMNS)
