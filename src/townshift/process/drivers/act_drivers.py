"""What happened to exits and moves after dated acts, against places where nothing was done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.drivers.event_study import (
    Aggregate,
    GroupTime,
    dynamic,
    effective_places,
    group_time_effects,
    overall_dynamic,
    pre_trend,
)
from townshift.process.drivers.event_study_panel import OUTCOMES, ActPanel, act_panel, kinds_as_weights, treated_places
from townshift.process.drivers.event_study_placebo import placebos
from townshift.process.drivers.event_study_two_stage import fits_in_memory, two_stage
from townshift.process.drivers.parameters import DatedAct, DriversParameters, EventStudyParameters
from townshift.process.drivers.rows import Found, RestsOn
from townshift.process.estimate_rows import ALL_PLACES, Row, bounds_of, whole_table
from townshift.process.moves.calibration import Calibration
from townshift.process.pathways.draws import drawn_kinds
from townshift.types import LEVEL, N_DRAWS, keyed_seed

Real = npt.NDArray[np.float64]

UNIT = "per_firm_year"
OVERALL = "overall"


def drivers_of_acts(
    moves: pd.DataFrame,
    firm_years: pd.DataFrame,
    places: pd.DataFrame,
    parameters: DriversParameters,
    seed: int,
    events: pd.DataFrame | None,
    policies: pd.DataFrame | None,
    calibration: Calibration | None,
) -> Found:
    """The traces of each declared act in the rates of exit, leaving and arrival.

    Args:
        moves: the table `moves`.
        firm_years: place_id, year, level, member, size_band, n_stock, n_exit.
        places: place_id, kind, parent_id.
        parameters: the acts, and how they are looked at.
        seed: the study's seed.
        events: event_id, place_id, date, if any.
        policies: policy_id, place_id, issued, if any.
        calibration: how sure the probabilities are.
    """
    out, chosen = Found(), parameters.event_study
    if not parameters.act:
        out.say("act", "all", "not_estimable", "no_act_named")
    drawn: list[Real] = []
    if parameters.act:
        kinds = drawn_kinds(moves, calibration, seed, parameters.imputations, "drivers")
        drawn = [kinds_as_weights(one) for one in kinds]
    for act in parameters.act:
        treated = treated_places(act, events, policies)
        if not treated:
            out.say("act", act.name, "not_estimable", "act_without_place_or_year")
            continue
        panel = act_panel(treated, firm_years, moves, places, chosen)
        if _usable(act, panel, chosen, out):
            _one_act(act, panel, drawn, chosen, seed, out)
    return out


def _usable(act: DatedAct, panel: ActPanel, chosen: EventStudyParameters, out: Found) -> bool:
    for reason, n in panel.left_out.items():
        if n:
            out.say("act", act.name, "note", reason, "", float(n), chosen.least_stock)
    treated, beside = int((panel.first > 0).sum()), int((panel.first == 0).sum())
    before = int(min(panel.first[panel.first > 0], default=0) - panel.years[0]) if panel.years.size else 0
    for reason, n, needed in (
        ("no_treated_place", treated, 1),
        ("too_few_beside", beside, chosen.least_beside),
        ("too_few_years_before", before, 2),
    ):
        if n < needed:
            out.say("act", act.name, "not_estimable", reason, "", float(n), float(needed))
            return False
    if treated == 1:
        out.say("act", act.name, "note", "one_place_treated", panel.units[int(np.argmax(panel.first > 0))], 1.0)
    elif treated < chosen.few_treated:
        out.say("act", act.name, "note", "few_places_treated", "", float(treated), float(chosen.few_treated))
    return True


@dataclass(frozen=True, slots=True)
class _Act:
    """What the rows of one act and outcome share."""

    act: str
    outcome: str
    place: str
    years: tuple[int, int]
    n: int
    rests_on: RestsOn

    def row(
        self, estimator: str, when: str, value: float, draws: Real, bounds: tuple[float, float],
        p_value: float | None = None, between: float | None = None,
    ) -> Row:  # fmt: skip
        extra = {
            "question": "act", "about": self.outcome, "term": self.act, "estimator": estimator,
            "event_time": None if when == OVERALL else int(when), "p_value": p_value, "between_share": between,
        }  # fmt: skip
        group = f"{self.act}|{self.outcome}|{estimator}|{when}"
        return Row(
            "act_effect", self.place, *self.years, group, UNIT, value, *bounds, self.n, draws, self.rests_on,
            extra=extra,
        )  # fmt: skip


def _one_act(
    act: DatedAct, panel: ActPanel, drawn: list[Real], chosen: EventStudyParameters, seed: int, out: Found
) -> None:
    treated = panel.first > 0
    place = panel.units[int(np.argmax(treated))] if treated.sum() == 1 else ALL_PLACES
    rests_on = whole_table("firm_years", (f"{unit}/{year}" for unit in panel.units for year in panel.years))
    span = (int(panel.years[0]), int(panel.years[-1]))
    for outcome in OUTCOMES:
        shared = _Act(act.name, outcome, place, span, panel.stock.size, rests_on)
        sets = drawn if outcome != "exit_rate" else drawn[:1]
        values = [panel.outcome(outcome, weights) for weights in sets]
        if not np.ptp(np.mean(values, axis=0)):
            out.say("act", act.name, "not_estimable", "outcome_never_happened", outcome, 0.0)
            continue
        _group_time_rows(shared, values, panel, chosen, seed, out)
        if treated.sum() >= chosen.few_treated:
            _two_stage_rows(shared, np.mean(values, axis=0), panel, seed, out)


def _aggregates(found: GroupTime) -> dict[str, Aggregate]:
    times = [int(e) for e in np.unique(found.event_time)]
    return {OVERALL: overall_dynamic(found), **{f"{e}": dynamic(found, e) for e in times}}


def _group_time_rows(
    shared: _Act, values: list[Real], panel: ActPanel, chosen: EventStudyParameters, seed: int, out: Found
) -> None:
    mean = np.mean(values, axis=0)
    found = group_time_effects(mean, panel.years, panel.first, chosen.controls)
    whole = _aggregates(found)
    each = [_aggregates(group_time_effects(one, panel.years, panel.first, chosen.controls)) for one in values]
    names = list(whole)
    atts = np.array([[one[name].att for name in names] for one in each])
    between = (1 + 1 / len(each)) * atts.var(axis=0, ddof=1) if len(each) > 1 else np.zeros(len(names))
    rng = np.random.default_rng(keyed_seed(seed, "act", shared.act, shared.outcome))
    few = int((panel.first > 0).sum()) < chosen.few_treated
    if few:
        placebo = placebos(
            mean, panel.years, panel.first, lambda g: {name: a.att for name, a in _aggregates(g).items()},
            chosen.controls, chosen.placebos, rng, panel.stock,
        )  # fmt: skip
    for i, name in enumerate(names):
        att = whole[name].att
        noise = np.sqrt(between[i]) * rng.standard_normal(N_DRAWS)
        if few:
            order = np.linspace(0, 1, N_DRAWS + 2)[1:-1]
            effects = np.quantile(placebo.effects[:, placebo.names.index(name)], order)
            draws = att - effects + noise
            p_value: float | None = placebo.p_value(placebo.names.index(name), att)
        else:
            within = np.mean([one[name].se ** 2 for one in each])
            half = np.sqrt(within) * rng.standard_normal(N_DRAWS // 2)
            draws = att + np.concatenate([half, -half]) + noise
            p_value = None
        total = float(np.var(draws))
        share = float(between[i] / total) if total > 0 else 0.0
        bounds = (
            bounds_of(draws, att) if few else _bounds(att, float(np.sqrt(within + between[i])), effective_places(found))
        )
        out.rows.append(shared.row("group_time", name, att, draws, bounds, p_value, share))
    p, n = pre_trend(found, -chosen.years_before)
    if few:  # the sampling of places says nothing with so few: the placebos of the years before do
        before = [name for name in names if name != OVERALL and int(name) < -1]
        ps = [placebo.p_value(placebo.names.index(name), whole[name].att) for name in before]
        p, n = (min(1.0, min(ps) * len(ps)), len(ps)) if ps else (float("nan"), 0)
    reason = "pre_trend_untested" if n == 0 else "pre_trend_seen" if p < 0.1 else "pre_trend_not_seen"
    out.say("act", shared.act, "note", reason, shared.outcome, None if n == 0 else p, float(n))
    out.say("act", shared.act, "ok", "", shared.outcome, float(len(panel.units)))


def _bounds(value: float, se: float, places: int) -> tuple[float, float]:
    """Student's interval with one degree of freedom less than there are effective places."""
    from scipy.stats import t

    reach = float(t.ppf((1 + LEVEL) / 2, max(places - 1, 1))) * se
    return value - reach, value + reach


def _two_stage_rows(shared: _Act, mean: Real, panel: ActPanel, seed: int, out: Found) -> None:
    n, t = mean.shape
    if not fits_in_memory(n, t):
        out.say("act", shared.act, "note", "two_stage_too_large", shared.outcome, float(n * t))
        return
    unit, year = np.repeat(np.arange(n), t), np.tile(panel.years, n)
    found = two_stage(unit, year, mean.ravel(), np.repeat(panel.first, t))
    places = effective_places(group_time_effects(mean, panel.years, panel.first))
    rng = np.random.default_rng(keyed_seed(seed, "two_stage", shared.act, shared.outcome))
    rows = [(OVERALL, found.att, found.se), *zip(map(str, found.event_time), found.effects, found.ses, strict=True)]
    for when, value, se in rows:
        half = se * rng.standard_normal(N_DRAWS // 2)
        draws = value + np.concatenate([half, -half])
        out.rows.append(shared.row("two_stage", when, float(value), draws, _bounds(float(value), float(se), places)))
