"""From rows of published figures to the facts a series may use: scale, rounding, copies, stale repeats, who is out.

Nothing is dropped silently: every row keeps its place with `used` and a reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from townshift.evidence.series_parameters import SeriesParameters

Array = npt.NDArray[np.float64]
Scale = Literal["log", "logit", "identity"]

QUALIFIERS = ("exact", "about", "over", "under")

# An identity series is measured in units of its own robust spread, shrunk so that a typical spread is as large as
# that of a logarithmic series; one set of widths then serves all three scales.
IDENTITY_SPREAD = 0.35

# Two rows of one lineage in one year nearer than this are one figure told twice; farther apart one of them is wrong.
COPY_DISTANCE = 0.35


@dataclass(slots=True)
class Fact:
    """One published figure as the model sees it; `used` is False with a `reason` when it does not.

    `told_by` is the row that stands for it in the model where several lineages print one number for one year.
    """

    fact_id: str
    year: int
    value: float
    qualifier: str
    tier: str
    lineage: str
    package: str
    definition: str
    interest: str
    flags: set[str] = field(default_factory=set)
    used: bool = True
    reason: str = ""
    digits: int = 1
    grain: float = 0.0
    gap_years: int = 0
    repeats: int = 1
    told_by: Fact | None = None

    def drop(self, reason: str) -> None:
        """Set the row aside, saying why."""
        self.used = False
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Transform:
    """Between natural units and the model scale.

    log: x = ln(v) − centre. logit: x = ln(p / (1 − p)) − centre, p = v / whole. identity: x = (v − centre) / spread.
    """

    scale: Scale
    centre: float
    spread: float
    whole: float

    def forward(self, value: Array) -> Array:
        """Natural units to model scale."""
        if self.scale == "log":
            return np.log(value) - self.centre
        if self.scale == "logit":
            share = np.clip(value / self.whole, 1e-3, 1 - 1e-3)
            return np.log(share / (1 - share)) - self.centre
        return (value - self.centre) / self.spread

    def backward(self, x: Array) -> Array:
        """Model scale to natural units."""
        if self.scale == "log":
            return np.exp(x + self.centre)
        if self.scale == "logit":
            return self.whole / (1 + np.exp(-(x + self.centre)))
        return x * self.spread + self.centre


@lru_cache(maxsize=4096)  # every setting reads the same figures
def significant_digits(value: float) -> tuple[int, float]:
    """Count the digits a figure shows and the unit of its last one (trailing zeros are taken for rounding).

    Example:
        >>> significant_digits(14000.0)
        (2, 1000.0)
        >>> significant_digits(0.58)
        (2, 0.01)
    """
    if value == 0 or not math.isfinite(value):
        return 1, 0.0
    mantissa, exponent = f"{abs(value):.8e}".split("e")
    digits = len(mantissa.replace(".", "").rstrip("0")) or 1
    return digits, float(f"1e{int(exponent) - digits + 1}")


def _texts(facts: pd.DataFrame, column: str) -> list[str]:
    """A text column as plain strings, empty where missing or absent."""
    if column not in facts.columns:
        return [""] * len(facts)
    items: list[object] = np.asarray(facts[column].array, dtype=object).tolist()
    if set(map(type, items)) <= {str}:
        return cast("list[str]", items)
    return ["" if item is None else item if isinstance(item, str) else str(item) for item in map(_present, items)]


def _objects(series: pd.Series) -> list[object]:
    """A column as Python objects, with None for every kind of missing value."""
    items = series.to_numpy().tolist()
    if set(map(type, items)) <= {int, float}:
        return items
    return [_present(item) for item in items]


def _present(item: object) -> object:
    """The item, or None where it is one of the kinds of missing value (NaN is not equal to itself)."""
    return None if item is None or type(item).__name__ == "NAType" or item != item else item


def _number(item: object) -> float:
    return math.nan if item is None else float(item) if isinstance(item, (int, float)) else float(str(item))


def read_facts(frame: pd.DataFrame, scale: Scale, parameters: SeriesParameters) -> list[Fact]:
    """Rows as facts in a fixed order, copies and unusable rows set aside, stale repeats marked.

    Args:
        frame: columns fact_id, year, value, qualifier, tier, lineage, package, interest, flag, same_as; optional
            `definition`.
        scale: the scale to model on.
        parameters: assumptions.

    Returns:
        All rows, ordered by (fact_id, year, value), so that the order of the input never matters.
    """
    columns = [
        _texts(frame, name)
        for name in ("fact_id", "qualifier", "tier", "lineage", "package", "definition", "interest", "flag", "same_as")
    ]
    years = [_number(item) for item in _objects(frame["year"])]
    values = [_number(item) for item in _objects(frame["value"])]
    facts: list[Fact] = []
    for row, (fact_id, qualifier, tier, lineage, package, definition, interest, flag, same_as) in enumerate(
        zip(*columns, strict=True)
    ):
        year, value = years[row], values[row]
        if parameters.packages_once and package:
            lineage = package
        fact = Fact(
            fact_id,
            int(year) if year == year else 0,
            value,
            qualifier if qualifier in QUALIFIERS else "about",
            tier,
            lineage or fact_id,
            package,
            definition,
            interest,
            {flag} - {"", "ok"},
        )
        fact.digits, fact.grain = significant_digits(value)
        if same_as:
            fact.drop("same_as")
        elif year != year:
            fact.drop("no_year")
        elif value != value or math.isinf(value):
            fact.drop("no_value")
        elif scale != "identity" and value <= 0:
            fact.drop("not_positive")
        facts.append(fact)
    facts.sort(key=lambda fact: (fact.fact_id, fact.year, fact.value, fact.qualifier, fact.lineage))
    return facts


def build_transform(facts: list[Fact], scale: Scale, unit: str) -> Transform:
    """Centre the model scale on the median fact; a share is read as percent if its unit or its size says so."""
    values = np.array([fact.value for fact in facts if fact.used])
    if not len(values):
        return Transform(scale, 0.0, 1.0, 1.0)
    if scale == "log":
        return Transform(scale, float(np.median(np.log(values))), 1.0, 1.0)
    if scale == "logit":
        percent = unit in ("percent", "%") or (unit == "" and float(values.max()) > 1)
        plain = Transform(scale, 0.0, 1.0, 100.0 if percent else 1.0)
        return Transform(scale, float(np.median(plain.forward(values))), 1.0, plain.whole)
    centre = float(np.median(values))
    # Errors of a balance or a growth rate go with the size of the figures as well as with their spread; the 68 %
    # quantile of the distance does not collapse when half of the figures repeat one value.
    spread = max(float(np.quantile(np.abs(values - centre), 0.68)), float(np.median(np.abs(values)))) or 1.0
    return Transform(scale, centre, spread / IDENTITY_SPREAD, 1.0)


def set_aside_copies(facts: list[Fact], transform: Transform) -> None:
    """Keep one row of what one lineage (or one package, with equal values) says of one year.

    The row kept is the most precise: exact before about before a bound, then more digits, then the first id.
    """
    groups: dict[tuple[str, int, str, float], list[Fact]] = {}
    for fact in facts:
        if fact.used:
            groups.setdefault(("lineage", fact.year, fact.lineage, 0.0), []).append(fact)
    _collapse(groups, transform)
    groups = {}
    for fact in facts:
        if fact.used and fact.package:
            groups.setdefault(("package", fact.year, fact.package, fact.value), []).append(fact)
    _collapse(groups, transform)


def _collapse(groups: dict[tuple[str, int, str, float], list[Fact]], transform: Transform) -> None:
    for key in sorted(groups):
        members = groups[key]
        if len(members) < 2:
            continue
        members.sort(key=lambda fact: (QUALIFIERS.index(fact.qualifier), -fact.digits, fact.fact_id))
        places = transform.forward(np.array([fact.value for fact in members]))
        kept: list[int] = []
        for position, fact in enumerate(members):
            near = [other for other in kept if abs(places[position] - places[other]) <= COPY_DISTANCE]
            if near:
                fact.drop(f"copy_of:{members[near[0]].fact_id}")
            else:
                kept.append(position)


def merge_equal_numbers(facts: list[Fact]) -> None:
    """Let one row stand for all lineages that print the same number for the same year.

    Who prints a number that another has printed has mostly read it there: slips and bias of the original come along,
    so that it is one count however many tell it. Every row stays used and keeps its lineage; the most precise one
    stands for them, and its weight is shared out among them.
    """
    groups: dict[tuple[int, float], list[Fact]] = {}
    for fact in facts:
        if fact.used:
            groups.setdefault((fact.year, round(fact.value, 10)), []).append(fact)
    for members in groups.values():
        first, *others = sorted(members, key=lambda fact: (QUALIFIERS.index(fact.qualifier), fact.fact_id))
        for fact in others:
            fact.told_by = first


def mark_stale(facts: list[Fact]) -> None:
    """Flag a value that repeats an earlier year's: probably one count, told again.

    `gap_years` is the distance to the first telling and `repeats` how often it was told again; both widen the fact.
    A fact that the coder flagged `stale_repeat` without a first telling in the record counts as five years old.
    """
    by_value: dict[float, list[Fact]] = {}
    for fact in facts:
        if fact.used:
            by_value.setdefault(round(fact.value, 10), []).append(fact)
    for members in by_value.values():
        first = min(fact.year for fact in members)
        later = [fact for fact in members if fact.year > first]
        for fact in later:
            fact.flags.add("stale_repeat")
            fact.gap_years = fact.year - first
            fact.repeats = sum(other.told_by is None for other in later)
    for fact in facts:
        if fact.used and "stale_repeat" in fact.flags and fact.gap_years == 0:
            fact.gap_years = 5


def set_aside_definitions(facts: list[Fact]) -> str:
    """Keep the facts that reach the main definition through years both hold; name the main definition.

    The main definition has the most facts (ties: the first name). Others are spliced through overlapping years only.
    """
    years: dict[str, set[int]] = {}
    counts: dict[str, int] = {}
    for fact in facts:
        if fact.used:
            years.setdefault(fact.definition, set()).add(fact.year)
            counts[fact.definition] = counts.get(fact.definition, 0) + 1
    if not counts:
        return ""
    main = min(counts, key=lambda name: (-counts[name], name))
    reached, open_years = {main}, set(years[main])
    while grown := [name for name in sorted(years) if name not in reached and years[name] & open_years]:
        for name in grown:
            reached.add(name)
            open_years |= years[name]
    for fact in facts:
        if fact.used and fact.definition not in reached:
            fact.drop("not_spliced")
    return main
