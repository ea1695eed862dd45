"""How strong the evidence behind a verdict is: the lowest of four grades, and what caps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Grade = Literal["high", "moderate", "weak"]

GRADES: tuple[Grade, ...] = ("high", "moderate", "weak")
"""From best to worst."""

PRESS_TIERS = ("original_press", "press_origin", "trade_press", "mirror_or_aggregator")
"""Tiers of sources that are press or copies of press."""

HIGH_CERTAINTY = 0.99
"""Probability from which a number is precise, beyond what it takes to decide."""

MANY_VOTES = 6
"""Independent originals from which independence is high: twice the fewest that decide."""

ENOUGH_VOTES = 3
"""Independent originals below which independence is weak."""


@dataclass(frozen=True, slots=True)
class PartEvidence:
    """What a deciding part rests on.

    Attributes:
        proxy: whether a deciding test only stands in for the part.
        originals: independent originals behind the deciding tests, the smallest over the tests.
        probability: lowest probability of the deciding number over all settings; NaN where no number decides.
        opposing: votes on the other side of deciding words or records.
        supporting: votes on the deciding side; 0 where only a number decides.
    """

    proxy: bool
    originals: int
    probability: float = float("nan")
    opposing: int = 0
    supporting: int = 0


@dataclass(frozen=True, slots=True)
class Strength:
    """The grade of a verdict and what kept it from a higher one, as keys of the texts."""

    grade: Grade
    reasons: tuple[str, ...]


def worst(grades: Sequence[Grade]) -> Grade:
    """The lowest of some grades, `high` of none.

    Example:
        >>> worst(["high", "weak", "moderate"])
        'weak'
    """
    return max(grades, key=GRADES.index, default="high")


def directness_grade(parts: Sequence[PartEvidence]) -> Grade:
    """High if every deciding test measures its part, moderate if one stands in for it.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> directness_grade([PartEvidence(False, 9), PartEvidence(True, 9)])
        'moderate'
    """
    return "moderate" if any(part.proxy for part in parts) else "high"


def independence_grade(parts: Sequence[PartEvidence]) -> Grade:
    """By the part that rests on the fewest independent originals: six are high, three moderate.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> independence_grade([PartEvidence(False, 9), PartEvidence(False, 3)]), independence_grade([])
        ('moderate', 'weak')
    """
    fewest = min((part.originals for part in parts), default=0)
    return "high" if fewest >= MANY_VOTES else "moderate" if fewest >= ENOUGH_VOTES else "weak"


def precision_grade(parts: Sequence[PartEvidence]) -> Grade:
    """By the least certain part: a probability of .99, or votes without opposition, are high; a bare majority is weak.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> precision_grade([PartEvidence(False, 6, probability=0.96)])
        'moderate'
        >>> precision_grade([PartEvidence(False, 4, supporting=4, opposing=3)])
        'weak'
    """
    grades: list[Grade] = []
    for part in parts:
        if part.probability == part.probability:
            grades.append("high" if part.probability >= HIGH_CERTAINTY else "moderate")
        if part.supporting:
            if part.opposing == 0:
                grades.append("high")
            else:
                grades.append("moderate" if part.supporting >= 2 * part.opposing else "weak")
    return worst(grades)


def search_grade(places_searched: int) -> Grade:
    """Whether counter-evidence was looked for: in two places is high, in one moderate, nowhere weak.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> search_grade(0), search_grade(1), search_grade(2)
        ('weak', 'moderate', 'high')
    """
    return "high" if places_searched >= 2 else "moderate" if places_searched == 1 else "weak"


def strength(parts: Sequence[PartEvidence], tiers: Sequence[str], places_searched: int) -> Strength:
    """The strength of a verdict: the lowest of directness, independence, precision and searched-for counter-evidence.

    Press-only evidence, or no recorded search, caps it at weak.

    Args:
        parts: the parts that decided.
        tiers: tiers of the sources that counted.
        places_searched: in how many places counter-evidence was looked for.

    Source: FINDINGS.md, section "What a verdict is".

    Example:
        >>> strong = PartEvidence(False, 8, probability=0.999)
        >>> strength([strong], ["official"], 2)
        Strength(grade='high', reasons=())
        >>> strength([strong], ["official"], 0)
        Strength(grade='weak', reasons=('no_search',))
        >>> strength([strong], ["trade_press", "mirror_or_aggregator"], 2)
        Strength(grade='weak', reasons=('press_only',))
    """
    graded: dict[str, Grade] = {
        "proxy": directness_grade(parts),
        "few_originals": independence_grade(parts),
        "imprecise": precision_grade(parts),
        "no_search" if not places_searched else "one_search": search_grade(places_searched),
        "press_only": "weak" if tiers and all(tier in PRESS_TIERS for tier in tiers) else "high",
    }
    return Strength(worst(list(graded.values())), tuple(name for name, grade in graded.items() if grade != "high"))
