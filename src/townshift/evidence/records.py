"""Votes of independent lineages, and the test on published records that is decided by them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from townshift.evidence.claims import RecordsTest, RowFilter
from townshift.evidence.claims_inputs import (
    NO_GROUP,
    Inputs,
    Row,
    is_double,
    matches,
)
from townshift.evidence.verdicts import Outcome, Side, Tally, missing_minima, votes_outcome


@dataclass(frozen=True, slots=True)
class Vote:
    """One published row that speaks for or against a part.

    Attributes:
        table: where the row stands.
        row_id: its id.
        side: what it speaks for.
        lineage: the original it goes back to.
        package: the press event it belongs to, else its lineage.
        organisation: the organisation that speaks, else its lineage.
        group: the speaker's actor group; empty where none is known.
        disinterested: whether the speaker has no interest in this answer.
    """

    table: str
    row_id: str
    side: Side
    lineage: str
    package: str
    organisation: str
    group: str
    disinterested: bool


@dataclass(frozen=True, slots=True)
class Cited:
    """A row that a test looked at, whether it counted or not.

    Attributes:
        table: where the row stands.
        row_id: its id.
        role: `for`, `against`, `discourse`, `numbers` or `turn`.
        counted: whether it had a vote or entered the number.
        reason: why it did not count, as a key of the texts; empty where it did.
        lineage: the original it goes back to.
        group: the speaker's actor group.
    """

    table: str
    row_id: str
    role: str
    counted: bool
    reason: str = ""
    lineage: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class VotesResult:
    """What a test on words or records found.

    Attributes:
        outcome: what it says.
        tally_for: votes for the part.
        tally_against: votes against it.
        reasons: what kept it from deciding, as keys of the texts.
        cited: every row it looked at.
        shown: rows of discourse by side, as (for, against) numbers of lineages; shown, never counted.
    """

    outcome: Outcome
    tally_for: Tally
    tally_against: Tally
    reasons: tuple[str, ...]
    cited: tuple[Cited, ...]
    shown: tuple[int, int] = (0, 0)


def lineage_sides(votes: Sequence[Vote]) -> dict[str, Side]:
    """The side of each lineage: that of most of its rows; a lineage that is equally divided has no side.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> one = Vote("events", "E1", "for", "L1", "L1", "L1", "press", True)
        >>> two = Vote("events", "E2", "against", "L1", "L1", "L1", "press", True)
        >>> lineage_sides([one]), lineage_sides([one, two])
        ({'L1': 'for'}, {})
    """
    balance: dict[str, int] = {}
    for vote in votes:
        balance[vote.lineage] = balance.get(vote.lineage, 0) + (1 if vote.side == "for" else -1)
    return {name: "for" if value > 0 else "against" for name, value in sorted(balance.items()) if value}


def independent_votes(originals: Iterable[tuple[str, str, str]]) -> int:
    """How many originals are independent: the most of which no two share a text, a press event or an organisation.

    Formula: lineages and packages that share a page form one event; the number is the size of a maximum matching
    between events and organisations. Counting lineages, packages and organisations apart and taking the smallest
    number would let a release and an office hide behind each other: two papers of one release and two pages of one
    office are two votes, not three.

    Args:
        originals: lineage, package and organisation of each row.

    Source: maximum bipartite matching, Hopcroft and Karp (1973).

    Example:
        >>> independent_votes([("L1", "PK1", "L1"), ("L2", "PK1", "L2"), ("L3", "L3", "hall"), ("L4", "L4", "hall")])
        2
        >>> independent_votes([("L1", "L1", "a"), ("L1", "L1", "b"), ("L2", "L2", "b")])
        2
    """
    rows = sorted(set(originals))
    if not rows:
        return 0
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components, maximum_bipartite_matching

    lineages, packages, organisations = (np.unique([row[i] for row in rows], return_inverse=True)[1] for i in range(3))
    ones, first_package = np.ones(len(rows)), int(lineages.max()) + 1
    size = first_package + int(packages.max()) + 1
    links = coo_array((ones, (lineages, first_package + packages)), shape=(size, size))
    events = connected_components(links, directed=False)[1][lineages]
    return int((maximum_bipartite_matching(coo_array((ones, (events, organisations))).tocsr()) >= 0).sum())


def tally(votes: Sequence[Vote], side: Side) -> Tally:
    """Count one side: one lineage is one vote, and so is one press event and one organisation.

    A release in ten papers or an office quoted on ten pages counts once (`independent_votes`).

    Args:
        votes: all votes of the test.
        side: the side to count.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> votes = [Vote("events", f"E{i}", "for", f"L{i}", "PK1", f"L{i}", "press", True) for i in range(5)]
        >>> tally(votes, "for")
        Tally(votes=1, groups=1, disinterested=5)
    """
    sides = lineage_sides(votes)
    own = [vote for vote in votes if vote.side == side and sides.get(vote.lineage) == side]
    return Tally(
        votes=independent_votes((vote.lineage, vote.package, vote.organisation) for vote in own),
        groups=len({vote.group for vote in own} - {"", NO_GROUP}),
        disinterested=len({vote.lineage for vote in own if vote.disinterested}),
    )


def count_votes(votes: Sequence[Vote], uncounted: Iterable[Cited] = (), shown: tuple[int, int] = (0, 0)) -> VotesResult:
    """Decide by votes, and say of every row whether it counted.

    Args:
        votes: rows that may count.
        uncounted: rows that were looked at and may not.
        shown: lineages of discourse for and against.
    """
    tally_for, tally_against = tally(votes, "for"), tally(votes, "against")
    outcome = votes_outcome(tally_for, tally_against)
    sides = lineage_sides(votes)
    cited = [
        Cited(
            vote.table,
            vote.row_id,
            vote.side,
            counted=sides.get(vote.lineage) == vote.side,
            reason="" if sides.get(vote.lineage) == vote.side else "lineage_divided",
            lineage=vote.lineage,
            group=vote.group,
        )
        for vote in votes
    ]
    cited.extend(uncounted)
    reasons: tuple[str, ...] = ()
    if outcome == "inconclusive":
        larger = max(tally_for, tally_against, key=lambda one: (one.votes, one.groups, one.disinterested))
        reasons = tuple(f"few_{name}" for name in missing_minima(larger))
    elif outcome == "no_data":
        reasons = ("no_rows",)
    order = sorted(cited, key=lambda one: (one.table, one.row_id, one.role))
    return VotesResult(outcome, tally_for, tally_against, reasons, tuple(order), shown)


def records_result(inputs: Inputs, test: RecordsTest) -> VotesResult:
    """Test a part on published records: each lineage votes with the side of most of its rows.

    Doubles are counted once; flows and figures are never added up; a row that both filters select has no side.

    Args:
        inputs: the tables.
        test: the filters.

    Source: FINDINGS.md, section "What a verdict is".
    """
    selected_for, selected_against = _selected(inputs, test.for_), _selected(inputs, test.against)
    votes: list[Vote] = []
    uncounted: list[Cited] = []
    for side, rows, others in (
        ("for", selected_for, selected_against),
        ("against", selected_against, selected_for),
    ):
        for (table, row_id), row in rows.items():
            lineage = inputs.lineage(row)
            group = inputs.groups.get(inputs.originator(row), NO_GROUP)
            reason = "double" if is_double(row) else "both_sides" if (table, row_id) in others else ""
            if reason or not lineage:
                uncounted.append(Cited(table, row_id, side, False, reason or "no_lineage", lineage, group))
                continue
            votes.append(
                Vote(
                    table,
                    row_id,
                    "for" if side == "for" else "against",
                    lineage,
                    inputs.package(row),
                    inputs.organisation(row),
                    group,
                    _disinterested(inputs.interest(row), test.gain, side),
                )
            )
    return count_votes(votes, uncounted)


def _disinterested(interest: str, gain: str, side: str) -> bool:
    """Whether an originator has no interest in an answer; one whose interest is unclear is not called free of it."""
    if interest == "none":
        return True
    opposite = {"for": "against", "against": "for"}
    rosy = {"self_interested_for": gain, "self_interested_against": opposite.get(gain, gain)}.get(interest, "either")
    return rosy in opposite and rosy != side


def _selected(inputs: Inputs, filters: Sequence[RowFilter]) -> dict[tuple[str, str], Row]:
    found: dict[tuple[str, str], Row] = {}
    for rows in filters:
        for row_id, row in inputs.by_id(rows.table).items():
            if matches(inputs, row, rows):
                found[rows.table, row_id] = row
    return dict(sorted(found.items()))
