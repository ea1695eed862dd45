"""Judging claims: every part's primary test is carried out, and the rules turn outcomes into verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.evidence.claims import Claim, ClaimsFile, Part
from townshift.evidence.claims_inputs import Inputs, read_inputs
from townshift.evidence.numbers import Figures, NumbersResult, numbers_result
from townshift.evidence.records import Cited, VotesResult, independent_votes, records_result
from townshift.evidence.strength import PartEvidence, Strength, strength
from townshift.evidence.verdicts import Outcome, Verdict, claim_verdict, joint_outcome
from townshift.evidence.words import words_result
from townshift.types import BASE_SETTING, Estimates

if TYPE_CHECKING:
    import pandas as pd

DECIDED: tuple[Outcome, ...] = ("for", "against", "mixed")
"""Outcomes that decide a part."""


@dataclass(frozen=True)
class PartResult:
    """A part with what its tests found.

    Attributes:
        part: the part.
        outcome: what its tests say together.
        numbers: result of the test on a number, None where there is none.
        words: result of the test on observations.
        records: result of the test on published records.
        turns: the acts that date the turns its tests refer to.
    """

    part: Part
    outcome: Outcome
    numbers: NumbersResult | None
    words: VotesResult | None
    records: VotesResult | None
    turns: tuple[Cited, ...]

    def votes(self) -> tuple[VotesResult, ...]:
        """The results that were decided by votes."""
        return tuple(found for found in (self.words, self.records) if found is not None)

    def cited(self) -> tuple[tuple[str, Cited], ...]:
        """Every row that a test of the part looked at, with the name of the test."""
        named = (("numbers", self.numbers), ("words", self.words), ("records", self.records))
        rows = [(name, row) for name, found in named if found is not None for row in found.cited]
        return (*rows, *(("turn", row) for row in self.turns))

    def reasons(self) -> tuple[str, ...]:
        """What kept the part from being decided, as keys of the texts."""
        named = [found.reasons for found in (self.numbers, self.words, self.records) if found is not None]
        return tuple(sorted({reason for reasons in named for reason in reasons}))

    def fragile_to(self) -> tuple[str, ...]:
        """Settings under which the number would say something else."""
        return self.numbers.fragile_to if self.numbers is not None else ()


@dataclass(frozen=True)
class ClaimResult:
    """A claim with the outcomes of its parts, its verdict and how strong the evidence is.

    `strength` is None where nothing was decided: there is no evidence to weigh.
    """

    claim: Claim
    parts: tuple[PartResult, ...]
    verdict: Verdict
    strength: Strength | None


def judge_claims(
    file: ClaimsFile, tables: Mapping[str, pd.DataFrame], results: Mapping[str, Estimates]
) -> tuple[Inputs, tuple[ClaimResult, ...]]:
    """Carry out the primary test of every part of every claim.

    Args:
        file: the claims.
        tables: cleaned tables of the study by name.
        results: estimates by the name of the result, under every declared setting.

    Returns:
        The tables as the tests read them, and one result per claim in the order of the file.
    """
    inputs = read_inputs(file, tables)
    figures = {name: Figures(found) for name, found in sorted(results.items())}
    return inputs, tuple(claim_result(inputs, claim, figures) for claim in file.claims)


def claim_result(inputs: Inputs, claim: Claim, figures: Mapping[str, Figures]) -> ClaimResult:
    """Carry out the tests of one claim and draw its verdict.

    Args:
        inputs: the tables.
        claim: the claim.
        figures: estimates by the name of the result.
    """
    parts = tuple(part_result(inputs, part, figures) for part in claim.parts)
    verdict = claim_verdict([part.outcome for part in parts], claim.holds)
    weighed = None
    if verdict in ("supported", "contradicted", "mixed"):
        deciding = [part for part in parts if part.outcome in DECIDED]
        evidence = [part_evidence(inputs, part) for part in deciding]
        weighed = strength(evidence, counted_tiers(inputs, deciding), places_searched(inputs, claim.id))
    return ClaimResult(claim, parts, verdict, weighed)


def part_result(inputs: Inputs, part: Part, figures: Mapping[str, Figures]) -> PartResult:
    """Carry out the tests of one part; where numbers and words disagree the part is mixed.

    Args:
        inputs: the tables.
        part: the part.
        figures: estimates by the name of the result.
    """
    numbers = numbers_result(inputs, part.numbers, figures) if part.numbers is not None else None
    words = words_result(inputs, part.words) if part.words is not None else None
    records = records_result(inputs, part.records) if part.records is not None else None
    outcome = joint_outcome(found.outcome for found in (numbers, words, records) if found is not None)
    return PartResult(part, outcome, numbers, words, records, _turn_rows(inputs, part))


def part_evidence(inputs: Inputs, found: PartResult) -> PartEvidence:
    """What a deciding part rests on, for its strength.

    Args:
        inputs: for the lineage, press event and organisation of every row.
        found: the part's result.
    """
    proxy, originals = False, []
    probability, supporting, opposing = float("nan"), 0, 0
    tests = (
        (found.part.numbers, found.numbers),
        (found.part.words, found.words),
        (found.part.records, found.records),
    )
    for test, result in tests:
        if test is None or result is None or result.outcome not in DECIDED:
            continue
        proxy |= test.directness == "proxy"
        if isinstance(result, NumbersResult):
            originals.append(independent_originals(inputs, [row for row in result.cited if row.table == "facts"]))
            probability = min(max(one.probability_for, one.probability_against) for one in result.settings)
        else:
            votes = sorted((result.tally_for.votes, result.tally_against.votes))
            originals.append(votes[1])
            supporting, opposing = votes[1], votes[0]
    return PartEvidence(proxy, min(originals, default=0), probability, opposing, supporting)


def independent_originals(inputs: Inputs, rows: Sequence[Cited]) -> int:
    """How many independent originals stand behind rows: no two share a lineage, a press event or an organisation.

    Args:
        inputs: the tables.
        rows: rows of the study.
    """
    found = [inputs.by_id(one.table)[one.row_id] for one in rows if one.row_id in inputs.by_id(one.table)]
    return independent_votes((inputs.lineage(row), inputs.package(row), inputs.organisation(row)) for row in found)


def counted_tiers(inputs: Inputs, parts: Sequence[PartResult]) -> tuple[str, ...]:
    """Tiers of the sources whose rows counted in some parts.

    Args:
        inputs: the tables.
        parts: the parts.
    """
    tiers: set[str] = set()
    for part in parts:
        for _, cited in part.cited():
            row = inputs.by_id(cited.table).get(cited.row_id)
            if cited.counted and row is not None and cited.role != "turn":
                tiers.add(str(inputs.source(row).get("tier", "")))
    return tuple(sorted(tiers - {""}))


def places_searched(inputs: Inputs, claim_id: str) -> int:
    """In how many places counter-evidence to a claim was looked for, by the table `searches`."""
    rows = inputs.rows.get("searches", [])
    return len({str(row.get("looked_in", "")) for row in rows if str(row.get("claim_id", "")) == claim_id})


def base_setting(found: NumbersResult) -> tuple[int, ...]:
    """Positions of the results under the base setting, which are the ones that are shown."""
    return tuple(i for i, one in enumerate(found.settings) if one.theta.setting == BASE_SETTING)


def _turn_rows(inputs: Inputs, part: Part) -> tuple[Cited, ...]:
    names: set[str] = set()
    if part.numbers is not None:
        names.add(part.numbers.turn)
    if part.words is not None:
        names |= {part.words.before, part.words.after}
    if part.records is not None:
        names |= {name for rows in (*part.records.for_, *part.records.against) for name in (rows.before, rows.after)}
    rows: set[Cited] = set()
    for name in sorted(names - {""}):
        table = inputs.file.turns[name].events.table
        for row_id in inputs.turns[name].event_ids:
            row = inputs.by_id(table)[row_id]
            rows.add(Cited(table, row_id, "turn", row_id == inputs.turns[name].event_id, "", inputs.lineage(row)))
    return tuple(sorted(rows, key=lambda one: (one.table, one.row_id, not one.counted)))
