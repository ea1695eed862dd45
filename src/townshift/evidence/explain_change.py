"""What would change a verdict: which parts would have to come out otherwise, and what each side still lacks."""

from __future__ import annotations

from collections.abc import Sequence

from townshift.evidence.verdicts import MIN_DISINTERESTED, MIN_GROUPS, MIN_LINEAGES, Outcome, Side, Tally, Verdict
from townshift.evidence.verdicts import claim_verdict as verdict_of


def turning_parts(outcomes: Sequence[Outcome]) -> tuple[tuple[int, tuple[tuple[Side, Verdict], ...]], ...]:
    """Which parts could change the verdict by themselves, and to what.

    Formula: `claim_verdict` with one outcome replaced by for, then by against.

    Args:
        outcomes: outcomes of all parts, in order.

    Returns:
        Position of a part and, for each side on which the verdict would be another one, that verdict; parts that
        change nothing by themselves are left out.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> turning_parts(["inconclusive", "against"])
        ((0, (('for', 'mixed'),)), (1, (('for', 'inconclusive'),)))
    """
    now = verdict_of(outcomes)
    found = []
    for position, outcome in enumerate(outcomes):
        changes = []
        sides: tuple[Side, Side] = ("for", "against")
        for side in sides:
            other = verdict_of([*outcomes[:position], side, *outcomes[position + 1 :]])
            if side != outcome and other != now:
                changes.append((side, other))
        if changes:
            found.append((position, tuple(changes)))
    return tuple(found)


def lacking(tally: Tally) -> dict[str, int]:
    """What the votes of one side lack to decide: minimum to the number that is missing; empty if it decides.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> lacking(Tally(votes=1, groups=1, disinterested=1)), lacking(Tally(3, 2, 1))
        ({'lineages': 2, 'groups': 1}, {})
    """
    missing = {
        "lineages": MIN_LINEAGES - tally.votes,
        "groups": MIN_GROUPS - tally.groups,
        "disinterested": MIN_DISINTERESTED - tally.disinterested,
    }
    return {name: count for name, count in missing.items() if count > 0}
