"""The test on numbers: on which side of delta an estimate lies, under every declared setting, from draws."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from townshift.draws import Draws, log_growth, probability, summarise
from townshift.evidence.claims import NumbersTest
from townshift.evidence.claims_inputs import Inputs, Row
from townshift.evidence.records import Cited
from townshift.evidence.verdicts import (
    Outcome,
    component_bounds,
    estimate_bounds,
    joint_outcome,
    number_outcome,
    one_sided_outcome,
    settings_outcome,
)
from townshift.types import BASE_SETTING, Estimates

MIN_YEARS_APART = 3
"""A change per year, or growth after a turn, is tested only over at least so many years."""

MIN_UNBRIDGED_YEARS = 3
"""Growth after a turn needs at least so many years that facts stand behind."""


@dataclass(frozen=True)
class Theta:
    """The quantity that a test holds against delta, for one place and group under one setting.

    Attributes:
        place_id: where.
        group: group of the estimate.
        setting: under which setting.
        estimate_ids: what it was computed from.
        draws: its draws, in the unit of the test; all NaN where it cannot be had.
        reason: why it decides nothing, as a key of the texts; empty where it may.
        ends: estimate id, the years whose figures enter it, and with which sign.
    """

    place_id: str
    group: str
    setting: str
    estimate_ids: tuple[str, ...]
    draws: Draws
    reason: str = ""
    ends: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True)
class SettingResult:
    """What one quantity says under one setting, as it stands in the table of tests."""

    theta: Theta
    probability_for: float
    probability_against: float
    value: float
    low: float
    high: float
    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class NumbersResult:
    """What a test on numbers found.

    Attributes:
        outcome: what it says under all settings together.
        fragile_to: settings under which it would say something else.
        settings: every quantity under every setting.
        reasons: what kept it from deciding, as keys of the texts.
        cited: the published rows behind it.
    """

    outcome: Outcome
    fragile_to: tuple[str, ...] = ()
    settings: tuple[SettingResult, ...] = ()
    reasons: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = ()


@dataclass
class Figures:
    """The estimates of a result, arranged for looking up: rows, draws, and the published rows behind each."""

    found: Estimates
    rows: list[dict[str, object]] = field(default_factory=list)
    behind: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the tables once; a result is asked by many tests."""
        plain = self.found.table.astype("object").where(self.found.table.notna(), "")
        self.rows = [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]
        links = self.found.lineage
        for estimate, table, row_id in zip(links["estimate_id"], links["table"], links["row_id"], strict=True):
            self.behind.setdefault(str(estimate), []).append((str(table), str(row_id)))


def declared_settings(results: Mapping[str, Figures]) -> tuple[str, ...]:
    """The settings under which any result was computed, the base setting first.

    A number must hold under each of them: a result that leaves one out is fragile to it.

    Args:
        results: estimates by the name of the result.
    """
    names = {str(row["setting"]) for figures in results.values() for row in figures.rows}
    return (BASE_SETTING, *sorted(names - {BASE_SETTING}))


def numbers_result(inputs: Inputs, test: NumbersTest, results: Mapping[str, Figures]) -> NumbersResult:
    """Test a part on an estimate.

    The number must say the same under every declared setting; a setting under which the estimate does not exist at
    all says something else. Bridged years decide nothing, one-sided figures only what they bound.

    Args:
        inputs: the study's facts, for the qualifiers behind a number, and dated turns.
        test: the test.
        results: estimates by the name of the result.
    """
    if test.table not in results:
        return NumbersResult("no_data", reasons=("no_result",))
    figures = results[test.table]
    declared = declared_settings(results)
    found: list[SettingResult] = []
    outcomes: list[Outcome] = []
    fragile: set[str] = set()
    for place, group in _subjects(figures, test):
        thetas = [theta(inputs, test, figures, place, group, setting) for setting in declared]
        judged = [judge_theta(inputs, test, figures, one) for one in thetas]
        outcome, fragile_to = settings_outcome({one.theta.setting: one.outcome for one in judged})
        outcomes.append(outcome)
        fragile |= set(fragile_to)
        found.extend(judged)
    outcome = joint_outcome(outcomes)
    fragile_to = tuple(sorted(fragile)) if outcome == "inconclusive" else ()
    base = [one.reason for one in found if one.theta.setting == BASE_SETTING and one.reason]
    reasons = ("fragile",) if fragile_to else tuple(sorted(set(base)))
    if outcome in ("inconclusive", "no_data") and not reasons:
        reasons = ("interval_holds_delta",) if outcome == "inconclusive" else ("no_estimate",)
    return NumbersResult(
        outcome, fragile_to, tuple(found), () if outcome in ("for", "against") else reasons, _cited(figures, found)
    )


def theta(inputs: Inputs, test: NumbersTest, figures: Figures, place: str, group: str, setting: str) -> Theta:
    """The quantity that a test wants, of one place and group under one setting.

    Args:
        inputs: for dated turns.
        test: the test.
        figures: the result that holds the estimate.
        place: the place.
        group: the group.
        setting: the setting.
    """
    at = [
        i
        for i, row in enumerate(figures.rows)
        if (row["measure"], row["place_id"], row["group"], row["setting"]) == (test.measure, place, group, setting)
    ]
    nothing = Theta(place, group, setting, (), np.full(1, np.nan), "no_estimate")
    if not at:
        return nothing
    usable = [i for i in at if np.isfinite(figures.found.draws[i]).any()]
    if not usable:
        return _with(nothing, [str(figures.rows[i]["estimate_id"]) for i in at], "not_estimable")
    firm = [i for i in usable if figures.rows[i]["kind"] != "bridged"]
    if not firm:
        return _with(nothing, [str(figures.rows[i]["estimate_id"]) for i in usable], "bridged")
    firm.sort(key=lambda i: (_year(figures.rows[i], "year_to"), str(figures.rows[i]["estimate_id"])))
    if test.estimand == "value":
        return _value(figures, firm, place, group, setting)
    return _contrast(inputs, test, figures, firm, nothing)


def judge_theta(inputs: Inputs, test: NumbersTest, figures: Figures, one: Theta) -> SettingResult:
    """Hold a quantity against delta: probabilities of both sides, one-sided figures deciding only what they bound.

    Args:
        inputs: for the qualifiers of the figures behind it.
        test: direction and delta.
        figures: for the rows behind it.
        one: the quantity.
    """
    size = np.abs(one.draws) if test.direction in ("apart", "alike") else one.draws
    above, below = probability(size, test.delta), probability(-size, -test.delta)
    wants_above = test.direction in ("above", "apart")
    p_for, p_against = (above, below) if wants_above else (below, above)
    value, low, high = summarise(one.draws)
    if one.reason:
        # No estimate at all is no data; one that exists but decides nothing is data without a decision.
        silent: Outcome = "no_data" if one.reason == "no_estimate" else "inconclusive"
        return SettingResult(one, p_for, p_against, value, low, high, silent, one.reason)
    outcome = number_outcome(p_for, p_against)
    bounds = estimate_bounds(_components(inputs, test, figures, one))
    if test.direction in ("apart", "alike"):
        # The absolute size of a one-sided difference is held from neither side.
        bounds = bounds if len(bounds) == 2 else frozenset()
    held = one_sided_outcome(outcome, (outcome == "for") == wants_above, bounds)
    reason = "one_sided" if held != outcome else "" if held in ("for", "against") else "interval_holds_delta"
    return SettingResult(one, p_for, p_against, value, low, high, held, reason)


def _subjects(figures: Figures, test: NumbersTest) -> list[tuple[str, str]]:
    return sorted(
        {
            (str(row["place_id"]), str(row["group"]))
            for row in figures.rows
            if row["measure"] == test.measure
            and test.place in ("", row["place_id"])
            and test.group in ("", row["group"])
        }
    )


def _year(row: Mapping[str, object], name: str) -> int:
    return int(str(row[name]))


def _with(nothing: Theta, ids: Iterable[str], reason: str) -> Theta:
    return Theta(nothing.place_id, nothing.group, nothing.setting, tuple(sorted(ids)), nothing.draws, reason)


def _value(figures: Figures, firm: Sequence[int], place: str, group: str, setting: str) -> Theta:
    def span(i: int) -> tuple[int, int]:
        row = figures.rows[i]
        return _year(row, "year_to") - _year(row, "year_from"), _year(row, "year_to")

    chosen = max(firm, key=span)
    row = figures.rows[chosen]
    name = str(row["estimate_id"])
    first, last = _year(row, "year_from"), _year(row, "year_to")
    level = first == last or "focal_place" in row
    ends = ((name, last, 1),) if level else ((name, last, 1), (name, first, -1))
    return Theta(place, group, setting, (name,), figures.found.draws[chosen], "", ends)


def _contrast(inputs: Inputs, test: NumbersTest, figures: Figures, firm: Sequence[int], nothing: Theta) -> Theta:
    years = {i: _year(figures.rows[i], "year_to") for i in firm}
    pair: tuple[int, int] | None
    reason = "too_few_years"
    if test.estimand == "recovery":
        pair = _around(years, test.shock or 0, test.within_years or 0)
    else:
        within = list(firm)
        if test.estimand == "growth_since_turn":
            turn = inputs.turns[test.turn]
            reason = reason if turn.days is not None else "turn_undated"
            within = [i for i in firm if turn.days is not None and years[i] >= turn.year]
            within = within if len(within) >= MIN_UNBRIDGED_YEARS else []
        pair = (within[0], within[-1]) if within and years[within[-1]] - years[within[0]] >= MIN_YEARS_APART else None
    if pair is None:
        return _with(nothing, [str(figures.rows[i]["estimate_id"]) for i in firm], reason)
    first, last = pair
    before, after = figures.found.draws[first], figures.found.draws[last]
    apart = years[last] - years[first]
    if test.estimand == "change_per_year":
        draws: Draws = (after - before) / apart
    else:
        draws = log_growth(before, after, 1 if test.estimand == "recovery" else apart)
    names = [str(figures.rows[i]["estimate_id"]) for i in pair]
    ends = ((names[1], years[last], 1), (names[0], years[first], -1))
    return Theta(nothing.place_id, nothing.group, nothing.setting, tuple(names), draws, "", ends)


def _around(years: Mapping[int, int], shock: int, within: int) -> tuple[int, int] | None:
    earlier = [i for i, year in years.items() if shock - within <= year < shock]
    later = [i for i, year in years.items() if shock < year <= shock + within]
    if not earlier or not later:
        return None
    return max(earlier, key=lambda i: years[i]), max(later, key=lambda i: years[i])


def _components(inputs: Inputs, test: NumbersTest, figures: Figures, one: Theta) -> list[tuple[int, frozenset[str]]]:
    """Sign and bounds of each figure that enters a quantity: the figures of one definition in one of its end years.

    A one-sided figure of a definition whose direction the claim does not state holds the quantity on no side.
    """
    facts = inputs.by_id("facts")
    raised = set(test.raised_by) or {one.group or test.measure}
    parts: list[tuple[int, frozenset[str]]] = []
    for estimate, year, sign in one.ends:
        rows = [
            facts[row_id] for table, row_id in figures.behind.get(estimate, []) if table == "facts" and row_id in facts
        ]
        level_gap = "focal_place" in figures.found.table.columns
        for direction, definitions in ((1, raised), (-1, set(test.lowered_by))):
            for definition in sorted(definitions):
                own = [row for row in rows if str(row.get("definition_id") or row.get("indicator")) == definition]
                if level_gap:
                    sides = (
                        [r for r in own if r["place_id"] != one.place_id],
                        [r for r in own if r["place_id"] == one.place_id],
                    )
                    grouped = [(direction, sides[0]), (-direction, sides[1])]
                else:
                    grouped = [(direction, [row for row in own if row.get("year") == year])]
                parts.extend(
                    (sign * way, component_bounds(str(row.get("qualifier", "")) for row in some))
                    for way, some in grouped
                    if some
                )
        parts.extend(_undirected(rows, year, raised | set(test.lowered_by)))
    return parts


def _undirected(rows: Sequence[Row], year: int, directed: Collection[str]) -> Iterator[tuple[int, frozenset[str]]]:
    others: dict[str, list[str]] = {}
    for row in rows:
        definition = str(row.get("definition_id") or row.get("indicator"))
        if definition not in directed and row.get("year") == year:
            others.setdefault(definition, []).append(str(row.get("qualifier", "")))
    for _, qualifiers in sorted(others.items()):
        if len(component_bounds(qualifiers)) == 1:
            yield 1, frozenset()


def _cited(figures: Figures, found: Sequence[SettingResult]) -> tuple[Cited, ...]:
    rows = {
        (table, row_id)
        for one in found
        for estimate in one.theta.estimate_ids
        for table, row_id in figures.behind.get(estimate, [])
    }
    return tuple(Cited(table, row_id, "numbers", True) for table, row_id in sorted(rows))
