"""The claims as a reader meets them: verdict, strength, parts, what they are fragile to, rivals, and joint displays."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from townshift.report.evidence_piece import Evidence
from townshift.report.evidence_rows import evidence_of
from townshift.report.figures.field_words import Agreement, CodeWords, told
from townshift.report.numbers import RATES, number, percent, probability, with_unit
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, join, listing, plain, say, unit
from townshift.types import BASE_SETTING

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

OUTCOMES = ("for", "against", "mixed", "inconclusive", "no_data")
VERDICTS = ("supported", "contradicted", "mixed", "inconclusive", "untestable")
QUESTIONS = ("process", "government", "labour", "outcomes")
TESTS = ("numbers", "words", "records")


@dataclass(frozen=True)
class Part:
    """A necessary part of a claim as it came out.

    Attributes:
        text: the part as a sentence.
        outcome: for, against, mixed, inconclusive or no_data.
        numbers: what its estimate is, beside the smallest meaningful size.
        evidence: role (for, against, discourse) to the rows that bear on it.
        remarks: what it is fragile to, what it needs, how its tests came out.
        fit: whether numbers and words agree.
    """

    text: Words
    outcome: str
    numbers: Sequence[Words] = ()
    evidence: Mapping[str, Sequence[Evidence]] = field(default_factory=dict)
    remarks: Sequence[Words] = ()
    fit: Words = field(default_factory=lambda: plain(""))


@dataclass(frozen=True)
class Claim:
    """A claim as it came out."""

    claim_id: str
    question: str
    origin: Words
    text: Words
    verdict: str
    strength: str
    strength_reasons: Words
    rule_status: Words
    withdrawn: Words
    agreement: Words
    rivals: Sequence[Words]
    assessments: Sequence[Words]
    parts: Sequence[Part]

    @property
    def part_counts(self) -> Words:
        """How many parts came out in which way."""
        counts = [(one, sum(part.outcome == one for part in self.parts)) for one in OUTCOMES]
        return listing([say("summary.part_count", n=n, outcome=code("outcome", one)) for one, n in counts if n])


def read_claims(results: Results, names: Names, threshold: int) -> list[Claim]:
    """All claims with their parts and evidence, in the order of their ids.

    Args:
        results: what the pipeline wrote.
        names: titles.
        threshold: groups of which fewer people were heard are taken together.
    """
    found, parts = results.rows("claims"), results.rows("claim_parts")
    if found is None:
        return []
    evidence, tests = evidence_of(results, names, threshold), results.result("claim_tests")
    agreement = Agreement(results).notes(CodeWords(results))[0]
    taken_back = results.rows("claims_withdrawn")
    withdrawn = set() if taken_back is None else set(taken_back["claim_id"].astype(str))
    out = []
    for row in records(found):
        claim_id = text_of(row.claim_id)
        own = [] if parts is None else list(records(parts[parts["claim_id"] == claim_id]))
        out.append(
            Claim(
                claim_id=claim_id,
                question=text_of(row.question),
                origin=code("origin", text_of(row.origin)),
                text=both(row, "text"),
                verdict=text_of(row.verdict),
                strength=text_of(getattr(row, "strength", "")),
                strength_reasons=_codes("strength_reason", getattr(row, "strength_reasons", "")),
                rule_status=_changed_rule(row),
                agreement=agreement if any(_coded(evidence, claim_id)) else plain(""),
                withdrawn=told("claims.withdrawn") if claim_id in withdrawn else plain(""),
                rivals=_rivals(row),
                assessments=_assessments(row),
                parts=[_part(one, claim_id, evidence, tests, names) for one in own],
            )
        )
    return sorted(out, key=lambda claim: [int(piece) if piece.isdigit() else 0 for piece in claim.claim_id.split(".")])


def _coded(evidence: Mapping[tuple[str, str], Mapping[str, Sequence[Evidence]]], claim_id: str) -> Iterator[bool]:
    """Whether each piece that bears on a claim stands for coded passages."""
    for (claim, _), roles in evidence.items():
        if claim == claim_id:
            yield from (not piece.row_id for pieces in roles.values() for piece in pieces)


def both(row: Record, name: str) -> Words:
    """A text that a table holds in both languages, as `<name>_en` and `<name>_zh`, or once for both."""
    en = text_of(getattr(row, f"{name}_en", None)) or text_of(getattr(row, name, None))
    return Words(en, text_of(getattr(row, f"{name}_zh", None)) or en)


def _changed_rule(row: Record) -> Words:
    """A warning where the claim's rule is not the one fixed at the first run."""
    status = text_of(getattr(row, "rule_status", ""))
    return code("status", status) if status in ("changed", "added", "withdrawn") else plain("")


def _codes(kind: str, value: object) -> Words:
    parts = [code(kind, one.strip()) for one in text_of(value).split(";") if one.strip()]
    return listing(parts) if parts else plain("")


def _rivals(row: Record) -> list[Words]:
    return [Words(one["en"], one["zh"]) for one in json.loads(text_of(getattr(row, "rivals", "")) or "[]")]


def _assessments(row: Record) -> list[Words]:
    """What persons make of the claim; it stands beside the verdict and never alters it."""
    return [
        say(
            "summary.assessment",
            who=one["who"],
            when=one["when"],
            verdict=code("verdict", one["verdict"]),
            why=Words(one["why"]["en"].rstrip("."), one["why"]["zh"].rstrip("。")),
        )
        for one in json.loads(text_of(getattr(row, "assessments", "")) or "[]")
    ]


def _part(
    row: Record,
    claim_id: str,
    evidence: Mapping[tuple[str, str], Mapping[str, Sequence[Evidence]]],
    tests: pd.DataFrame | None,
    names: Names,
) -> Part:
    part_id = text_of(row.part_id)
    outcomes = {name: text_of(getattr(row, f"{name}_outcome", "")) for name in TESTS}
    given = [
        say("summary.test", test=code("test", name), outcome=code("outcome", outcome))
        for name, outcome in outcomes.items()
        if outcome
    ]
    remarks = [listing(given)] if given else []
    fragile = text_of(getattr(row, "fragile_to", ""))
    undecided = text_of(row.outcome) in ("no_data", "inconclusive")
    reasons = _codes("reason", row.reasons) if undecided else plain("")
    if reasons.en:
        remarks.append(say("summary.because", reasons=reasons))
    if fragile:
        remarks.append(say("summary.fragile", settings=_codes("setting", fragile)))
    needs, contradiction = both(row, "needs"), both(row, "contradicted_by")
    if undecided and needs.en:
        remarks.append(say("summary.needs", data=needs))
    if contradiction.en:
        remarks.append(say("summary.contradicted_by", what=contradiction))
    text = both(row, "text")
    return Part(
        text=text if text.en else plain(part_id),
        outcome=text_of(row.outcome),
        numbers=_numbers(row, tests, names),
        evidence=evidence.get((claim_id, part_id), {}),
        remarks=remarks,
        fit=_fit(outcomes)
        + (join(Words(" ", ""), say("summary.because", reasons=reasons)) if reasons.en else plain("")),
    )


def _fit(outcomes: Mapping[str, str]) -> Words:
    """How numbers and words stand to each other: they agree, disagree, only one speaks, or none."""
    said = {outcomes["numbers"]}
    told = {outcomes["words"], outcomes["records"]}
    decided, spoken = said & {"for", "against"}, told & {"for", "against"}
    if decided and spoken:
        return say("joint.fit_agree" if decided == spoken else "joint.fit_disagree")
    if decided or spoken:
        return say("joint.fit_numbers_only" if decided else "joint.fit_words_only")
    return say("joint.fit_none")


def _numbers(row: Record, tests: pd.DataFrame | None, names: Names) -> list[Words]:
    """The estimate beside the smallest meaningful size, then its probability under the other settings."""
    if not text_of(getattr(row, "numbers_outcome", "")):
        return []
    unit_code, direction = text_of(row.unit), code("direction", text_of(row.direction))
    threshold = join(direction, " ", _sized(row.delta, unit_code))
    if not text_of(row.value):
        lines = [say("joint.no_estimate", threshold=threshold)]
    else:
        value = with_unit(row.value, row.low, row.high, unit_code)
        shown = probability(row.probability_for)
        lines = [say("joint.estimate", value=value, threshold=threshold, probability=shown)]
    if tests is None:
        return lines
    own = tests[(tests["claim_id"] == row.claim_id) & (tests["part_id"] == row.part_id) & (tests["test"] == "numbers")]
    base = own["setting"] == BASE_SETTING
    several = base.sum() > 1
    others = [
        say("joint.setting", setting=_which(test, names, several), probability=probability(test.probability_for))
        for test in records(own if several else own[~base])
    ]
    return [*lines, say("joint.settings", list=listing(others))] if others else lines


def _which(test: Record, names: Names, several: bool) -> Words:
    setting = code("setting", text_of(test.setting))
    return join(names.place(test.place_id), ", ", setting) if several and text_of(test.place_id) else setting


def _sized(value: object, unit_code: str) -> Words:
    if unit_code in RATES:
        return join(percent(value), " ", say("numbers.a_year"))
    if unit_code == "log_ratio":
        sized = join(number(value), " ", unit(unit_code))
        return say("joint.factor", value=sized, factor=number(math.exp(float(str(value)))))
    return join(percent(value, 3)) if unit_code == "share" else join(number(value), " ", unit(unit_code))
