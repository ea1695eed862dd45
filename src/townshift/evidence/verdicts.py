"""The rules by which evidence becomes a verdict, each a small pure function.

Probabilities and votes come in; outcomes, verdicts and what they are fragile to come out. Nothing here reads a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from townshift.types import BASE_SETTING

Outcome = Literal["for", "against", "mixed", "inconclusive", "no_data"]
"""What one test, or one part, says."""

Verdict = Literal["supported", "contradicted", "mixed", "inconclusive", "untestable"]
"""What a claim comes to."""

Side = Literal["for", "against"]

CERTAINTY = 0.95
"""Probability from which a number decides."""

MIN_LINEAGES = 3
"""Fewest independent lineages that decide by words or records."""

MIN_GROUPS = 2
"""Fewest actor groups among them."""

MIN_DISINTERESTED = 1
"""Fewest of them without interest in that answer."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes on one side.

    Attributes:
        votes: independent votes: the most of which no two share a lineage, a press event or an organisation.
        groups: actor groups among them.
        disinterested: lineages without interest in that answer.
    """

    votes: int = 0
    groups: int = 0
    disinterested: int = 0


def number_outcome(probability_for: float, probability_against: float) -> Outcome:
    """What a number says: for if Pr(theta > delta) reaches .95, against if Pr(theta < delta) does, else inconclusive.

    Args:
        probability_for: probability of the stated side of delta; NaN where there are no draws.
        probability_against: probability of the other side.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> number_outcome(0.97, 0.03), number_outcome(0.01, 0.99), number_outcome(0.9, 0.1)
        ('for', 'against', 'inconclusive')
        >>> number_outcome(float("nan"), float("nan"))
        'no_data'
    """
    if probability_for != probability_for or probability_against != probability_against:
        return "no_data"
    if probability_for >= CERTAINTY:
        return "for"
    return "against" if probability_against >= CERTAINTY else "inconclusive"


def component_bounds(qualifiers: Iterable[str]) -> frozenset[str]:
    """On which sides the figures behind a number hold it: `low`, `high` or both.

    Only `over` figures hold it from below, only `under` figures from above; an exact or rounded figure holds both.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> sorted(component_bounds(["over", "over"])), sorted(component_bounds(["over", "about"]))
        (['low'], ['high', 'low'])
    """
    sides: set[str] = set()
    for qualifier in qualifiers:
        sides |= {"over": {"low"}, "under": {"high"}}.get(qualifier, {"low", "high"})
    return frozenset(sides)


def estimate_bounds(components: Iterable[tuple[int, frozenset[str]]]) -> frozenset[str]:
    """On which sides an estimate is held by what it is computed from.

    A component that raises the estimate (+1) passes its bounds on, one that lowers it (-1) turns them round; all
    components must hold a side for the estimate to be held there.

    Args:
        components: sign and bounds of each figure that enters.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> later, earlier = (1, frozenset({"low"})), (-1, frozenset({"low", "high"}))
        >>> sorted(estimate_bounds([later, earlier]))    # growth to "over 14,000" is at least so much
        ['low']
        >>> sorted(estimate_bounds([later, (-1, frozenset({"low"}))]))    # and from "over 9,000" it says nothing
        []
    """
    held = {"low", "high"}
    turned = {"low": "high", "high": "low"}
    for sign, bounds in components:
        held &= bounds if sign > 0 else {turned[side] for side in bounds}
    return frozenset(held)


def one_sided_outcome(outcome: Outcome, above: bool, bounds: frozenset[str]) -> Outcome:
    """A one-sided figure decides only in the direction it bounds; otherwise it is inconclusive.

    Args:
        outcome: what the number would say by itself.
        above: whether that outcome places theta above delta (else below).
        bounds: the sides on which the estimate is held; held from below it can only be shown to be above.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> one_sided_outcome("for", True, frozenset({"low"})), one_sided_outcome("against", False, frozenset({"low"}))
        ('for', 'inconclusive')
    """
    if outcome not in ("for", "against"):
        return outcome
    return outcome if ("low" if above else "high") in bounds else "inconclusive"


def settings_outcome(outcomes: Mapping[str, Outcome]) -> tuple[Outcome, tuple[str, ...]]:
    """A number must say the same under every declared setting; else it is inconclusive, fragile to those that differ.

    Args:
        outcomes: setting to outcome; the base setting is the one that is shown.

    Returns:
        The outcome and the settings it is fragile to.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> settings_outcome({"base": "for", "pure_bounds": "inconclusive"})
        ('inconclusive', ('pure_bounds',))
        >>> settings_outcome({"base": "inconclusive", "pure_bounds": "for"})
        ('inconclusive', ())
    """
    base = outcomes.get(BASE_SETTING, "no_data")
    if base not in ("for", "against", "mixed"):
        return base, ()
    fragile = tuple(sorted(setting for setting, outcome in outcomes.items() if outcome != base))
    return ("inconclusive", fragile) if fragile else (base, ())


def joint_outcome(outcomes: Iterable[Outcome]) -> Outcome:
    """What several results say together: mixed if they lie on both sides, else the side on which any decides.

    Serves the strands of a part (number, words, records) and an estimate that exists for several places.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> joint_outcome(["for", "inconclusive"]), joint_outcome(["for", "against"]), joint_outcome(["no_data"])
        ('for', 'mixed', 'no_data')
    """
    found = set(outcomes)
    if "mixed" in found or {"for", "against"} <= found:
        return "mixed"
    for side in ("for", "against", "inconclusive"):
        if side in found:
            return side
    return "no_data"


def reaches_minima(tally: Tally) -> bool:
    """Whether the votes of one side decide: three lineages, two actor groups, one without interest in that answer.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> reaches_minima(Tally(3, 2, 1)), reaches_minima(Tally(9, 1, 9)), reaches_minima(Tally(9, 3, 0))
        (True, False, False)
    """
    return not missing_minima(tally)


def missing_minima(tally: Tally) -> tuple[str, ...]:
    """Which minima the votes of one side miss: `lineages`, `groups`, `disinterested`.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> missing_minima(Tally(votes=5, groups=1, disinterested=0))
        ('groups', 'disinterested')
    """
    needed = {
        "lineages": tally.votes >= MIN_LINEAGES,
        "groups": tally.groups >= MIN_GROUPS,
        "disinterested": tally.disinterested >= MIN_DISINTERESTED,
    }
    return tuple(name for name, met in needed.items() if not met)


def votes_outcome(tally_for: Tally, tally_against: Tally) -> Outcome:
    """What words or records say: the side that reaches the minima, mixed if both do, inconclusive if neither.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> votes_outcome(Tally(3, 2, 1), Tally()), votes_outcome(Tally(3, 2, 1), Tally(4, 2, 2))
        ('for', 'mixed')
        >>> votes_outcome(Tally(1, 1, 1), Tally()), votes_outcome(Tally(), Tally())
        ('inconclusive', 'no_data')
    """
    passed: set[Outcome] = set()
    if reaches_minima(tally_for):
        passed.add("for")
    if reaches_minima(tally_against):
        passed.add("against")
    if passed:
        return joint_outcome(passed)
    return "inconclusive" if tally_for.votes or tally_against.votes else "no_data"


def claim_verdict(parts: Iterable[Outcome], holds: Literal["all", "any"] = "all") -> Verdict:
    """The verdict on a claim from the outcomes of its parts.

    Supported if all parts are for; mixed if parts lie on both sides or one is mixed; contradicted if one is against
    and none for; untestable if no part has data; else inconclusive. The opposite of a claim holds if any part does
    (`holds="any"`): it is supported where the claim is contradicted, and the reverse.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> claim_verdict(["for", "for"]), claim_verdict(["for", "no_data"]), claim_verdict(["against", "no_data"])
        ('supported', 'inconclusive', 'contradicted')
        >>> claim_verdict(["for", "against"]), claim_verdict(["no_data", "no_data"])
        ('mixed', 'untestable')
    """
    found = list(parts)
    whole, single = ("for", "against") if holds == "all" else ("against", "for")
    if joint_outcome(found) == "mixed":
        return "mixed"
    if found and all(outcome == whole for outcome in found):
        return "supported" if holds == "all" else "contradicted"
    if single in found:
        return "contradicted" if holds == "all" else "supported"
    return "untestable" if all(outcome == "no_data" for outcome in found) else "inconclusive"
