"""The rules are themselves tested on whole records: false claims are rarely supported, true ones often."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import pytest

from evidence import false_records
from townshift.evidence.claims_judge import ClaimResult, judge_claims
from townshift.types import BASE_SETTING

FALSE_RECORDS, TRUE_RECORDS, BATCH = 200, 40, 50


def judged(kind: str, number: int) -> list[tuple[bool, ClaimResult]]:
    """Whether each claim is true, and what was found, over all records of a kind."""
    file = false_records.claims()
    out = []
    for start in range(0, number, BATCH):
        for record in false_records.records(list(range(start, min(start + BATCH, number))), kind):
            _, found = judge_claims(file, record.tables, record.results)
            out += [(record.claim_is_true(one.claim.id), one) for one in found]
    return out


def rate(found: list[tuple[bool, ClaimResult]], supported) -> float:
    return float(np.mean([supported(one) for _, one in found]))


def say(capsys: pytest.CaptureFixture[str], *lines: str) -> None:
    """Print the rates also when the test passes: they are what the test is for."""
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def careless(one: ClaimResult) -> bool:
    """What a reader without rules would call supported: in every part the likelier side, or the louder one."""

    def leans(part) -> bool:
        if part.numbers is not None and part.numbers.settings:
            base = [item for item in part.numbers.settings if item.theta.setting == BASE_SETTING]
            return bool(np.mean([item.probability_for for item in base]) > 0.5)
        roles = Counter(row.role for result in part.votes() for row in result.cited)
        return roles["for"] > roles["against"]

    return all(leans(part) for part in one.parts)


def test_in_a_false_world_every_claim_has_a_false_part_and_most_have_a_true_one():
    file = false_records.claims()
    for seed in range(40):
        truth = false_records.world(file, seed, "false").truth
        by_claim = {c.id: [truth[c.id, part.id] for part in c.parts] for c in file.claims}
        assert not any(all(values) for values in by_claim.values())
        assert sum(any(values) for values in by_claim.values()) >= 5


@pytest.mark.slow
def test_on_200_false_records_at_most_5_percent_of_claims_are_supported(capsys):
    found = judged("false", FALSE_RECORDS)
    assert len(found) == FALSE_RECORDS * 20
    assert not any(true for true, _ in found)
    supported = rate(found, lambda one: one.verdict == "supported")
    naive = rate(found, careless)
    by_claim = Counter(one.claim.id for _, one in found if one.verdict == "supported")
    verdicts = Counter(one.verdict for _, one in found)
    say(
        capsys,
        f"{FALSE_RECORDS} false records: {supported:.2%} of {len(found)} false claims supported",
        f"  by claim: {dict(sorted(by_claim.items()))}",
        f"  verdicts: {dict(sorted(verdicts.items()))}; a reader without the rules would support {naive:.1%}",
    )
    assert supported <= 0.05
    # The records are no pushover: whoever follows the likelier or louder side is led astray far more often.
    assert naive > 0.05


@pytest.mark.slow
def test_on_true_records_most_claims_are_supported_and_few_contradicted(capsys):
    found = [(true, one) for true, one in judged("true", TRUE_RECORDS) if true]
    power = rate(found, lambda one: one.verdict == "supported")
    wrong = rate(found, lambda one: one.verdict == "contradicted")
    say(capsys, f"{TRUE_RECORDS} true records: power {power:.1%}, contradicted {wrong:.2%} of {len(found)} true claims")
    assert power >= 0.5
    assert wrong <= 0.05


@pytest.mark.slow
def test_negating_all_claims_of_zhili_mirrors_every_verdict_on_whole_records():
    file = false_records.claims()
    mirror = {"supported": "contradicted", "contradicted": "supported"}
    for record in (*false_records.records([0, 1, 2]), *false_records.records([0, 1], "true")):
        plain = judge_claims(file, record.tables, record.results)[1]
        negated = judge_claims(file.negated(), record.tables, record.results)[1]
        assert [one.verdict for one in negated] == [mirror.get(one.verdict, one.verdict) for one in plain]
