"""The chain behind a verdict in words: sentence, parts, tests, results, rows, lineages and sources."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from townshift.errors import ClaimError
from townshift.evidence.claims import nearest
from townshift.evidence.claims_inputs import Row, read_rows
from townshift.evidence.explain_change import lacking, turning_parts
from townshift.evidence.explain_rows import PublishedRows
from townshift.evidence.verdicts import CERTAINTY, Tally
from townshift.locales import text
from townshift.types import BASE_SETTING

if TYPE_CHECKING:
    import pandas as pd

ROWS_SHOWN = 12
"""Published rows listed per role; the rest is counted. Of the acts that date a turn only the deciding one is told."""

DECIDED = ("for", "against", "mixed")
"""Outcomes of a part or a test that decide."""

_ROLES = ("for", "against", "numbers", "turn", "discourse")

Say = Callable[..., str]


def explain(claim_id: str, tables: Mapping[str, pd.DataFrame], language: str) -> str:
    """Everything that leads from a claim's sentence to the pages it rests on, and what would change its verdict.

    Args:
        claim_id: the claim.
        tables: `claims`, `claim_parts`, `claim_tests`, `claim_evidence` as `judge` made them, and the study's tables.
        language: `en` or `zh`.

    Returns:
        Plain text, one thing a line. What people said is paraphrased, never quoted.

    Raises:
        ClaimError: there is no such claim; the nearest id is named.
    """
    found = {name: read_rows(tables[name]) for name in ("claims", "claim_parts", "claim_tests", "claim_evidence")}
    claims = {str(row["claim_id"]): row for row in found["claims"]}
    if claim_id not in claims:
        known = list(claims)
        raise ClaimError.of("TS-CLAIM-020", name=claim_id, nearest=nearest(claim_id, known), known=", ".join(known))
    writer = _Writer(tables, language)
    parts = [row for row in found["claim_parts"] if row["claim_id"] == claim_id]
    lines = [*writer.head(claims[claim_id]), *writer.changes(parts)]
    for number, part in enumerate(parts, start=1):

        def own(name: str, part_id: object = part["part_id"]) -> list[Row]:
            return [row for row in found[name] if row["claim_id"] == claim_id and row["part_id"] == part_id]

        lines += ["", *writer.part(number, part, own("claim_tests"), own("claim_evidence"))]
    return "\n".join([*lines, "", *writer.tail(claims[claim_id])])


class _Writer:
    """Says things in one language and looks up published rows and their sources."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], language: str) -> None:
        self.language = language
        self.published = PublishedRows(tables, language)

    def say(self, key: str, **values: object) -> str:
        return text(f"claims.{key}", self.language, **values)

    def word(self, kind: str, name: object) -> str:
        return self.published.word(kind, name)

    def words(self, kind: str, names: object) -> str:
        return self.listing([self.word(kind, name) for name in str(names).split(";") if name])

    def listing(self, pieces: Sequence[str]) -> str:
        return self.say("comma").join(pieces) if pieces else self.say("none")

    def local(self, row: Row, name: str) -> str:
        return str(row[f"{name}_{self.language}"])

    def head(self, claim: Row) -> list[str]:
        values = {
            "origin": self.word("origin", claim["origin"]),
            "question": self.word("question", claim["question"]),
            "status": self.words("status", claim["rule_status"]),
        }
        lines = [
            self.say("explain.head", claim=claim["claim_id"], text=self.local(claim, "text")),
            self.say("explain.origin", **values),
            self.say("explain.verdict", verdict=self.word("verdict", claim["verdict"])),
        ]
        if claim["strength"]:
            reasons = self.words("strength_reason", claim["strength_reasons"])
            lines.append(
                self.say("explain.strength", strength=self.word("strength", claim["strength"]), reasons=reasons)
            )
        return lines

    def changes(self, parts: Sequence[Row]) -> list[str]:
        """Which parts would have to come out otherwise for another verdict."""
        outcomes = [part["outcome"] for part in parts]
        lines = [self.say("explain.turn_head")]
        for position, sides in turning_parts(outcomes):
            part = parts[position]
            said = [
                self.say("explain.turn_to", outcome=self.word("outcome", side), verdict=self.word("verdict", verdict))
                for side, verdict in sides
            ]
            now = self.word("outcome", part["outcome"])
            values = {"number": position + 1, "part": part["part_id"], "now": now, "changes": self.listing(said)}
            lines.append(f"  - {self.say('explain.turn_part', **values)}")
        count = sum(outcome == "for" for outcome in outcomes)
        if count < len(outcomes):
            lines.append(f"  - {self.say('explain.turn_all', count=count, total=len(outcomes))}")
        return lines

    def part(self, number: int, part: Row, tests: Sequence[Row], evidence: Sequence[Row]) -> list[str]:
        outcome = self.word("outcome", part["outcome"])
        lines = [
            self.say(
                "explain.part", number=number, part=part["part_id"], text=self.local(part, "text"), outcome=outcome
            )
        ]
        undecided = part["outcome"] in ("inconclusive", "no_data")
        lines += [f"  {self.say('explain.why', why=why)}" for why in self.local(part, "why").split("\n")]
        if part["reasons"] and undecided:
            lines.append(f"  {self.say('explain.reasons', reasons=self.words('reason', part['reasons']))}")
        if part["fragile_to"]:
            lines.append(f"  {self.say('explain.fragile', settings=self.words('setting', part['fragile_to']))}")
        lines += self.numbers(part, [row for row in tests if row["test"] == "numbers"], evidence)
        for row in (one for one in tests if one["test"] != "numbers"):
            lines += [f"  {self.votes(row)}", *(f"    {said}" for said in self.lacks(row))]
        for role in _ROLES:
            lines += self.rows(role, [row for row in evidence if row["role"] == role])
        contradicted = "explain.contradicts" if part["outcome"] == "against" else "explain.would_contradict"
        lines.append(f"  {self.say(contradicted, text=self.local(part, 'contradicted_by'))}")
        if undecided:
            lines.append(f"  {self.say('explain.needs', text=self.local(part, 'needs'))}")
        return lines

    def numbers(self, part: Row, tests: Sequence[Row], evidence: Sequence[Row]) -> list[str]:
        if part["numbers_outcome"] and not tests:
            outcome = self.word("outcome", part["numbers_outcome"])
            reason = self.words("reason", part["reasons"])
            return [f"  {self.say('explain.no_number', outcome=outcome, reason=reason)}"]
        lines: list[str] = []
        for row in tests:
            outcome = self.word("outcome", row["outcome"])
            probability = _number(row["probability_for"])
            if row["setting"] != BASE_SETTING:
                setting = self.word("setting", row["setting"])
                said = self.say("explain.setting", setting=setting, probability=probability, outcome=outcome)
                lines.append(f"    {said}")
                continue
            if not row["estimate_ids"] or row["value"] == "":
                reason = self.words("reason", row["reasons"])
                lines.append(f"  {self.say('explain.no_number', outcome=outcome, reason=reason)}")
                continue
            said = self.say(
                "explain.test_number",
                estimate=", ".join(str(row["estimate_ids"]).split(";")),
                value=_number(row["value"]),
                low=_number(row["low"]),
                high=_number(row["high"]),
                unit=self.word("unit", part["unit"]),
                direction=self.word("direction", part["direction"]),
                delta=_number(part["delta"]),
                probability=probability,
                setting=self.word("setting", BASE_SETTING),
                outcome=outcome,
            )
            lines.append(f"  {said}")
            count = sum(item["role"] == "numbers" for item in evidence)
            lines.append(f"    {self.say('explain.step', step=row['result'], count=count)}")
            if part["numbers_outcome"] not in DECIDED:
                lines.append(f"    {self.say('explain.number_decides', certainty=CERTAINTY)}")
        return lines

    def votes(self, row: Row) -> str:
        if row["test"] == "discourse":
            return self.say("explain.discourse", votes_for=row["votes_for"], votes_against=row["votes_against"])
        return self.say(
            "explain.votes",
            test=self.word("test", row["test"]),
            votes_for=row["votes_for"],
            groups_for=row["groups_for"],
            free_for=row["disinterested_for"],
            votes_against=row["votes_against"],
            groups_against=row["groups_against"],
            free_against=row["disinterested_against"],
            outcome=self.word("outcome", row["outcome"]),
        )

    def lacks(self, row: Row) -> list[str]:
        """What each side of a test by votes still lacks to decide."""
        if row["test"] == "discourse":
            return []
        missing = {}
        for side in ("for", "against"):
            tally = Tally(*(int(row[f"{name}_{side}"]) for name in ("votes", "groups", "disinterested")))
            pieces = [self.say(f"lack.{name}", count=count) for name, count in lacking(tally).items()]
            missing[side] = self.listing(pieces) if pieces else ""
        if missing["for"] == missing["against"]:
            return [self.say("explain.lacks_both", missing=missing["for"])] if missing["for"] else []
        return [
            self.say("explain.lacks", side=self.word("outcome", side), missing=said)
            for side, said in missing.items()
            if said
        ]

    def rows(self, role: str, evidence: Sequence[Row]) -> list[str]:
        if not evidence:
            return []
        # What counted comes first, so that a long list never hides it.
        ordered = sorted(evidence, key=lambda row: (not row["counted"], str(row["table"]), str(row["row_id"])))
        shown = ordered[:ROWS_SHOWN]
        if role == "turn":
            shown = [row for row in shown if row["counted"]] or shown[:1]
        lines = [f"  {self.say('explain.rows', role=self.word('role', role), count=len(ordered))}"]
        lines += [f"    {self.row(row)}" for row in shown]
        if len(ordered) > len(shown):
            lines.append(f"    {self.say('explain.more', count=len(ordered) - len(shown))}")
        return lines

    def row(self, cited: Row) -> str:
        table, row_id = str(cited["table"]), str(cited["row_id"])
        if table not in self.published.tables:
            return self.say("explain.computed_rows", table=table, rows=row_id)
        source = self.published.row("sources", str(cited["source_id"]))
        missing = self.say("missing")
        originator = source.get("originator")
        said = self.say(
            "explain.row",
            table=table,
            row_id=row_id,
            summary=self.published.summary(table, self.published.row(table, row_id)),
            lineage=cited["lineage"] or missing,
            source=cited["source_id"] or missing,
            originator=self.published.originator(str(originator)) if originator else missing,
            title=source.get("title_in_own_words") or missing,
            outlet=source.get("outlet") or missing,
            tier=self.word("tier", source["tier"]) if source.get("tier") else missing,
            url=source.get("url") or missing,
        )
        if not cited["counted"] and cited["reason"]:
            said += f" · {self.say('explain.uncounted', reason=self.word('reason', cited['reason']))}"
        return said

    def tail(self, claim: Row) -> list[str]:
        lines = [self.say("explain.rivals")]
        lines += [f"  - {rival[self.language]}" for rival in json.loads(str(claim["rivals"]))]
        assessments = json.loads(str(claim["assessments"]))
        if assessments:
            lines.append(self.say("explain.assessments"))
        for item in assessments:
            values = {**item, "verdict": self.word("verdict", item["verdict"]), "why": item["why"][self.language]}
            lines.append(f"  - {self.say('explain.assessment', **values)}")
        return lines


def _number(value: object) -> str:
    """A number as a reader takes it in: four significant digits, a dash where there is none."""
    number = float(str(value)) if value not in ("", None) else math.nan
    return "–" if math.isnan(number) else f"{number:.4g}"
