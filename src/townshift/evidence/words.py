"""The test on words: which of the things that people said are observations, and how those who saw vote."""

from __future__ import annotations

from townshift.evidence.claims import WordsTest
from townshift.evidence.claims_inputs import (
    Inputs,
    Row,
    is_double,
    lies_after,
    lies_before,
    lies_within,
    row_days,
)
from townshift.evidence.records import Cited, Vote, VotesResult, count_votes
from townshift.evidence.verdicts import Side


def words_result(inputs: Inputs, test: WordsTest) -> VotesResult:
    """Test a part on statements: only an observation by someone placed to know the fact counts.

    All other statements on the same concepts are discourse: cited and shown, never counted. One speaker on one
    concept counts once within a lineage, and one speaker is one vote over all lineages.

    Args:
        inputs: the tables.
        test: concepts with their direction, and who may speak.

    Source: FINDINGS.md, section "What a verdict is".
    """
    votes: list[Vote] = []
    uncounted: list[Cited] = []
    discourse: dict[Side, set[str]] = {"for": set(), "against": set()}
    spoken: set[tuple[str, str, str, Side]] = set()
    for row in sorted(inputs.rows.get("statements", []), key=lambda one: str(one["statement_id"])):
        side = statement_side(row, test)
        if side is None or not _may_speak(inputs, row, test):
            continue
        lineage, actor = inputs.lineage(row), str(row.get("actor_id") or row.get("actor") or "")
        once = (lineage, actor, str(row["concept"]), side)
        reason = why_not_counted(inputs, row, test) or ("speaker_again" if once in spoken else "")
        row_id, group = str(row["statement_id"]), str(row.get("actor_group", ""))
        if reason:
            if reason not in ("double", "speaker_again"):
                discourse[side].add(lineage)
            uncounted.append(Cited("statements", row_id, "discourse", False, reason, lineage, group))
            continue
        spoken.add(once)
        votes.append(
            Vote(
                "statements",
                row_id,
                side,
                lineage,
                inputs.package(row),
                actor or lineage,
                group,
                is_disinterested(row, test, side),
            )
        )
    return count_votes(votes, uncounted, (len(discourse["for"]), len(discourse["against"])))


def statement_side(row: Row, test: WordsTest) -> Side | None:
    """On which side of a part a statement stands, None if on neither.

    Example:
        >>> from townshift.evidence.claims import Bilingual
        >>> test = WordsTest(agree=("town_overload",), disagree=("shared_prosperity",), why=Bilingual(en="-", zh="-"))
        >>> statement_side({"concept": "town_overload", "stance": "agree"}, test)
        'for'
        >>> statement_side({"concept": "shared_prosperity", "stance": "agree"}, test)
        'against'
    """
    concept, stance = str(row.get("concept", "")), str(row.get("stance", ""))
    if stance not in ("agree", "disagree") or concept not in (*test.agree, *test.disagree):
        return None
    return "for" if (concept in test.agree) == (stance == "agree") else "against"


def why_not_counted(inputs: Inputs, row: Row, test: WordsTest) -> str:
    """Why a statement is discourse and no observation that counts; empty if it counts.

    Args:
        inputs: for the dates of turns.
        row: the statement.
        test: for its `before` and `after`.

    Source: FINDINGS.md, section "What a verdict is".
    """
    if is_double(row):
        return "double"
    if str(row.get("speech_act", "")) != "observation":
        return "no_observation"
    if str(row.get("position_to_know", "")) != "direct":
        return "not_placed_to_know"
    if not inputs.lineage(row):
        return "no_lineage"
    if test.before or test.after:
        days = row_days(row)
        if days is None or not (lies_before(inputs, days, test.before) and lies_after(inputs, days, test.after)):
            return "not_in_time"
    return ""


def is_disinterested(row: Row, test: WordsTest, side: Side) -> bool:
    """Whether the speaker has no interest in the answer given; an unclear interest is not called none.

    `interest` says whether the speaker gains if the concept's proposition were believed; speaking against one's own
    interest is free of interest in that answer.

    Args:
        row: the statement.
        test: for the direction of the concept.
        side: the side the statement stands on.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> from townshift.evidence.claims import Bilingual
        >>> test = WordsTest(agree=("town_overload",), why=Bilingual(en="-", zh="-"))
        >>> seller = {"concept": "town_overload", "interest": "against"}    # who loses if it were believed, and says it
        >>> is_disinterested(seller, test, "for"), is_disinterested(seller, test, "against")
        (True, False)
    """
    interest = str(row.get("interest", ""))
    if interest == "none":
        return True
    if interest not in ("for", "against"):
        return False
    believed: Side = "for" if str(row.get("concept", "")) in test.agree else "against"
    gains_on = believed if interest == "for" else {"for": "against", "against": "for"}[believed]
    return gains_on != side


def _may_speak(inputs: Inputs, row: Row, test: WordsTest) -> bool:
    place = str(row.get("place_id", ""))
    return (
        (not test.places or place in test.places)
        and (not test.within or lies_within(inputs, place, test.within))
        and (not test.actor_groups or str(row.get("actor_group", "")) in test.actor_groups)
    )
