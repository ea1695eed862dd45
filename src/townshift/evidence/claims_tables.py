"""The tables in which verdicts are stored: claims, their parts, their tests, the rows they rest on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.evidence.claims import ClaimsFile, Part
from townshift.evidence.claims_inputs import Inputs
from townshift.evidence.claims_judge import ClaimResult, PartResult, base_setting, judge_claims
from townshift.evidence.claims_lock import Status
from townshift.evidence.staleness import table_digests
from townshift.evidence.verdicts import Tally
from townshift.frames import joined, typed
from townshift.types import Estimates

if TYPE_CHECKING:
    import pandas as pd

TEXT, REAL, WHOLE, FLAG = "string", "float64", "Int64", "boolean"

CLAIM_COLUMNS = {
    "claim_id": TEXT, "question": TEXT, "origin": TEXT, "text_en": TEXT, "text_zh": TEXT, "verdict": TEXT,
    "strength": TEXT, "strength_reasons": TEXT, "fragile_to": TEXT, "rivals": TEXT, "needs_en": TEXT, "needs_zh": TEXT,
    "assessments": TEXT, "rule_hash": TEXT, "rule_status": TEXT,
}  # fmt: skip
"""`rivals` and `assessments` are JSON lists; `needs_*` names the data that undecided parts still need."""

PART_COLUMNS = {
    "claim_id": TEXT, "part_id": TEXT, "text_en": TEXT, "text_zh": TEXT, "outcome": TEXT, "fragile_to": TEXT,
    "reasons": TEXT, "numbers_outcome": TEXT, "words_outcome": TEXT, "records_outcome": TEXT, "direction": TEXT,
    "delta": REAL, "unit": TEXT, "probability_for": REAL, "probability_against": REAL, "value": REAL, "low": REAL,
    "high": REAL, "estimate_ids": TEXT, "votes_for": WHOLE, "votes_against": WHOLE, "why_en": TEXT, "why_zh": TEXT,
    "needs_en": TEXT, "needs_zh": TEXT, "contradicted_by_en": TEXT, "contradicted_by_zh": TEXT,
}  # fmt: skip
"""Numbers are those of the base setting; an outcome is empty where the part has no such test."""

TEST_COLUMNS = {
    "claim_id": TEXT, "part_id": TEXT, "test": TEXT, "primary": FLAG, "result": TEXT, "setting": TEXT, "place_id": TEXT,
    "group": TEXT, "estimate_ids": TEXT, "value": REAL, "low": REAL, "high": REAL, "probability_for": REAL,
    "probability_against": REAL, "votes_for": WHOLE, "groups_for": WHOLE, "disinterested_for": WHOLE,
    "votes_against": WHOLE, "groups_against": WHOLE, "disinterested_against": WHOLE, "outcome": TEXT, "reasons": TEXT,
}  # fmt: skip
"""One row per test and setting; discourse is a row that is not `primary`: shown, never counted."""

EVIDENCE_COLUMNS = {
    "claim_id": TEXT, "part_id": TEXT, "test": TEXT, "role": TEXT, "counted": FLAG, "reason": TEXT, "table": TEXT,
    "row_id": TEXT, "lineage": TEXT, "actor_group": TEXT, "source_id": TEXT,
}  # fmt: skip
"""`role` is for, against, discourse, numbers or turn."""

LINEAGE_COLUMNS = {"claim_id": TEXT, "table": TEXT, "row_id": TEXT, "digest": TEXT}
"""Every published row that a claim cites, with the digest of the row as it was."""


@dataclass(frozen=True)
class ClaimTables:
    """What `judge` found, as tables; every field is sorted and has fixed columns."""

    claims: pd.DataFrame
    claim_parts: pd.DataFrame
    claim_tests: pd.DataFrame
    claim_evidence: pd.DataFrame
    claim_lineage: pd.DataFrame


def judge(
    file: ClaimsFile,
    tables: Mapping[str, pd.DataFrame],
    results: Mapping[str, Estimates],
    rule_status: Mapping[str, Status] | None = None,
) -> ClaimTables:
    """Judge every claim on the tables of a study and the estimates computed from them.

    Args:
        file: the claims, fixed before the run.
        tables: cleaned tables of the study by name, among them `sources` and `places`.
        results: estimates by the name of the result that claims name, under every declared setting.
        rule_status: claim id to what became of its rule since the first run; see `registration`.

    Returns:
        The verdicts with everything that leads to them.

    Source: FINDINGS.md, section "What a verdict is"; readings in docs/decisions/0002-verdicts.md.
    """
    inputs, found = judge_claims(file, tables, results)
    status = rule_status or {}
    parts = [(one, part) for one in found for part in one.parts]
    return ClaimTables(
        claims=typed([_claim_row(file, one, status.get(one.claim.id, "")) for one in found], CLAIM_COLUMNS),
        claim_parts=typed([_part_row(one, part) for one, part in parts], PART_COLUMNS),
        claim_tests=typed([row for one, part in parts for row in _test_rows(one, part)], TEST_COLUMNS),
        claim_evidence=typed(
            [row for one, part in parts for row in _evidence_rows(inputs, one, part)], EVIDENCE_COLUMNS
        ),
        claim_lineage=typed(_lineage_rows(inputs, found, tables), LINEAGE_COLUMNS),
    )


def _claim_row(file: ClaimsFile, one: ClaimResult, status: str) -> dict[str, object]:
    claim = one.claim
    undecided = [part.part for part in one.parts if part.outcome in ("no_data", "inconclusive")]
    return {
        "claim_id": claim.id,
        "question": claim.question,
        "origin": claim.origin,
        "text_en": claim.text.en,
        "text_zh": claim.text.zh,
        "verdict": one.verdict,
        "strength": one.strength.grade if one.strength else "",
        "strength_reasons": ";".join(one.strength.reasons) if one.strength else "",
        "fragile_to": joined(name for part in one.parts for name in part.fragile_to()),
        "rivals": _as_json([rival.model_dump() for rival in claim.rivals]),
        "needs_en": "\n".join(part.needs.en for part in undecided),
        "needs_zh": "\n".join(part.needs.zh for part in undecided),
        "assessments": _as_json([item.model_dump() for item in claim.assessments]),
        "rule_hash": file.rule_hash(claim),
        "rule_status": status,
    }


def _as_json(content: Sequence[object]) -> str:
    return json.dumps(list(content), ensure_ascii=False)


def _part_row(one: ClaimResult, found: PartResult) -> dict[str, object]:
    part = found.part
    row: dict[str, object] = {
        "claim_id": one.claim.id,
        "part_id": part.id,
        "text_en": part.text.en,
        "text_zh": part.text.zh,
        "outcome": found.outcome,
        "fragile_to": ";".join(found.fragile_to()),
        "reasons": ";".join(found.reasons()),
        "votes_for": sum(result.tally_for.votes for result in found.votes()) if found.votes() else None,
        "votes_against": sum(result.tally_against.votes for result in found.votes()) if found.votes() else None,
        "why_en": _why(part, "en"),
        "why_zh": _why(part, "zh"),
        "needs_en": part.needs.en,
        "needs_zh": part.needs.zh,
        "contradicted_by_en": part.contradicted_by.en,
        "contradicted_by_zh": part.contradicted_by.zh,
    }
    for name, result in (("numbers", found.numbers), ("words", found.words), ("records", found.records)):
        row[f"{name}_outcome"] = result.outcome if result is not None else ""
    if part.numbers is not None and found.numbers is not None:
        row |= {"direction": part.numbers.direction, "delta": part.numbers.delta, "unit": part.numbers.unit}
        shown = base_setting(found.numbers)
        row["estimate_ids"] = joined(name for i in shown for name in found.numbers.settings[i].theta.estimate_ids)
        if len(shown) == 1:
            base = found.numbers.settings[shown[0]]
            for name in ("probability_for", "probability_against", "value", "low", "high"):
                row[name] = getattr(base, name)
    return row


def _why(part: Part, language: str) -> str:
    tests = (part.numbers, part.words, part.records)
    return "\n".join(test.why.in_language(language) for test in tests if test is not None)


def _test_rows(one: ClaimResult, found: PartResult) -> list[dict[str, object]]:
    keys = {"claim_id": one.claim.id, "part_id": found.part.id}
    rows: list[dict[str, object]] = []
    if found.numbers is not None:
        result_name = found.part.numbers.table if found.part.numbers is not None else ""
        for result in found.numbers.settings:
            rows.append(
                {
                    **keys,
                    "test": "numbers",
                    "primary": True,
                    "result": result_name,
                    "setting": result.theta.setting,
                    "place_id": result.theta.place_id,
                    "group": result.theta.group,
                    "estimate_ids": joined(result.theta.estimate_ids),
                    "value": result.value,
                    "low": result.low,
                    "high": result.high,
                    "probability_for": result.probability_for,
                    "probability_against": result.probability_against,
                    "outcome": result.outcome,
                    "reasons": result.reason,
                }
            )
    for name, votes in (("words", found.words), ("records", found.records)):
        if votes is None:
            continue
        row: dict[str, object] = {**keys, "test": name, "primary": True, "outcome": votes.outcome}
        rows.append(row | {"reasons": ";".join(votes.reasons)} | _votes(votes.tally_for, votes.tally_against))
        if name == "words":
            shown = {"votes_for": votes.shown[0], "votes_against": votes.shown[1]}
            rows.append(
                {**keys, "test": "discourse", "primary": False, "outcome": "", "reasons": "never_counted", **shown}
            )
    return rows


def _votes(tally_for: Tally, tally_against: Tally) -> dict[str, object]:
    return {
        f"{name}_{side}": getattr(tally, name)
        for side, tally in (("for", tally_for), ("against", tally_against))
        for name in ("votes", "groups", "disinterested")
    }


def _evidence_rows(inputs: Inputs, one: ClaimResult, found: PartResult) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for test, cited in found.cited():
        row = inputs.by_id(cited.table).get(cited.row_id, {})
        group = cited.group or inputs.groups.get(inputs.originator(row), "")
        rows.append(
            {
                "claim_id": one.claim.id,
                "part_id": found.part.id,
                "test": test,
                "role": cited.role,
                "counted": cited.counted,
                "reason": cited.reason,
                "table": cited.table,
                "row_id": cited.row_id,
                "lineage": cited.lineage or inputs.lineage(row),
                "actor_group": group,
                "source_id": str(row.get("source_id", "")),
            }
        )
    return rows


def _lineage_rows(
    inputs: Inputs, found: Sequence[ClaimResult], tables: Mapping[str, pd.DataFrame]
) -> list[dict[str, object]]:
    """Rows that a claim cites, and the sources of those rows: lineage, tier and interest stand there."""
    known = table_digests(tables)
    rows: list[dict[str, object]] = []
    for one in found:
        cited = {(row.table, row.row_id) for part in one.parts for _, row in part.cited()}
        for table, row_id in sorted(cited):
            source = str(inputs.by_id(table).get(row_id, {}).get("source_id", ""))
            if source in inputs.sources:
                cited.add(("sources", source))
        for table, row_id in sorted(cited):
            digest = known.get(table, {}).get(row_id, "")
            rows.append({"claim_id": one.claim.id, "table": table, "row_id": row_id, "digest": digest})
    return rows
