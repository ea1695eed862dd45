"""The hazard that an establishment leaves, against the hazard that it closes: competing risks with left truncation.

Three answers: hazard ratios by year for registers of any size (`leaving_annual`), Cox's model in months for smaller
ones, and the cumulative incidence by age (`leaving_incidence`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.drivers.leaving_annual import (
    Design,
    RiskCells,
    cloglog,
    design,
    drawn_events,
    one_step,
    risk_cells,
)
from townshift.process.drivers.leaving_incidence import cumulative_incidence, incidence_draws, risk_table
from townshift.process.drivers.leaving_spells import CAUSES, Spells, ends, leaving_days
from townshift.process.drivers.pooling import Pooled, pooled, widened
from townshift.process.moves.calibration import Calibration
from townshift.process.pathways.draws import drawn_kinds
from townshift.types import N_DRAWS, keyed_seed

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

DAYS_A_MONTH = 365.2425 / 12
INCIDENCE_YEARS: tuple[int, ...] = (1, 3, 5, 10)
"""Ages, in years, at which cumulative incidence is given."""


@dataclass(frozen=True, slots=True)
class AnnualHazard:
    """Hazard ratios of one cause by year.

    Attributes:
        cause: `leaving` or `exit`.
        pooled: log hazard ratios; names as in `Design`.
        n_events: events of this cause, expected.
        n_at_risk: establishment-years at risk.
        without_events: terms of which no ratio can be told, as no event was seen with them (or none without them), and
            the spells left out with each.
    """

    cause: str
    pooled: Pooled
    n_events: float
    n_at_risk: float
    without_events: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incidence:
    """Part of establishments that a cause has ended by an age.

    Attributes:
        cause: `leaving` or `exit`.
        years: age.
        value: probability, 0 to 1.
        draws: shape (`N_DRAWS`,).
        n_events: events of this cause up to that age, mean of the draws.
    """

    cause: str
    years: int
    value: float
    draws: Real
    n_events: float


def annual_hazards(
    found: Spells,
    moves: pd.DataFrame,
    year_from: int,
    year_to: int,
    region: Whole,
    regressors: Callable[[RiskCells], Mapping[str, Real]],
    imputations: int = 20,
    seed: int = 0,
    calibration: Calibration | None = None,
) -> tuple[AnnualHazard, ...]:
    """Hazard ratios of leaving and of exit, by year, each cause taking the other as an end of observation.

    Formula: `h_k(t | x) = 1 - exp(-exp(a_age + y_t + r_region + b'x))` on establishments there on 1 January. The
    model is fitted at the mean of the completed data sets, then moved to each by one scoring step, and the answers
    are put together by Rubin's rules; covariances are clustered by place, at least those of the model.

    Args:
        found: the spells.
        moves: the table `moves`, in the order that `found.move_row` has.
        year_from: first year of observation; the first year at risk is the next one.
        year_to: last year.
        region: shape (places,), the region of each place, whose level of hazard is its own: see `regions`.
        regressors: for the cells, name to values, shape (cells,), NaN where unknown.
        imputations: completed data sets.
        seed: the study's seed.
        calibration: how sure the probabilities are.

    Source: Prentice and Gloeckler (1978); cause-specific hazards, Kalbfleisch and Prentice (2002), chapter 8.
    """
    cells = risk_cells(found, year_from, year_to)
    further = dict(regressors(cells))
    usable = np.ones(cells.place.size, dtype=bool)
    for values in further.values():
        usable &= np.isfinite(values)
    formed = design(cells, found, region, further, usable)
    completed = [
        drawn_events(cells, found, leaving_days(found, drawn))
        for drawn in drawn_kinds(moves, calibration, seed, imputations, "drivers")
    ]
    mean_risk = np.mean([risk for risk, _ in completed], axis=0)
    mean_events = np.mean([events for _, events in completed], axis=0)
    return tuple(
        _annual(cause, k, formed, completed, mean_risk, mean_events[k], usable, cells.place)
        for k, cause in enumerate(CAUSES)
        if mean_events[k][usable].sum() > 0
    )


def _annual(
    cause: str,
    k: int,
    formed: Design,
    completed: Sequence[tuple[Real, Real]],
    mean_risk: Real,
    mean_events: Real,
    usable: npt.NDArray[np.bool_],
    clusters: Whole,
) -> AnnualHazard:
    fit = cloglog(formed, mean_risk, mean_events, usable)
    steps = [one_step(fit, formed, risk, events[k], clusters) for risk, events in completed]
    answer = pooled(fit.names, np.array([b for b, _ in steps]), np.array([v for _, v in steps]))
    return AnnualHazard(cause, answer, float(mean_events[fit.rows].sum()), float(mean_risk[fit.rows].sum()))


def cox_hazards(
    found: Spells,
    moves: pd.DataFrame,
    covariates: pd.DataFrame,
    imputations: int = 5,
    seed: int = 0,
    calibration: Calibration | None = None,
    strata: Whole | None = None,
) -> tuple[AnnualHazard, ...]:
    """Cox's hazard ratios of leaving and of exit, in months since the establishment began.

    Formula: partial likelihood with Efron's ties; at risk at age t are those with `seen_from - born < t`, so that
    establishments which the registry saw late do not count before (left truncation); the other cause ends
    observation. Fitted by lifelines to each completed data set and put together by Rubin's rules; covariances are
    clustered by place, at least those of the model. Only establishments of one stratum are compared: a kind that
    stands mostly where few leave would else look as if it seldom left.

    Args:
        found: the spells.
        moves: the table `moves`.
        covariates: one row a spell, numbers without gaps; fixed over the spell.
        imputations: completed data sets.
        seed: the study's seed.
        calibration: how sure the probabilities are.
        strata: shape (spells,), numbers of groups with a baseline of their own; none = one baseline for all.

    Source: Cox (1972); Efron (1977); cause-specific hazards, Kalbfleisch and Prentice (2002).
    """
    groups = np.zeros(found.born.size, dtype=np.int64) if strata is None else strata
    completed = []
    for drawn in drawn_kinds(moves, calibration, seed, imputations, "drivers"):
        entry, last, cause = months(found, leaving_days(found, drawn))
        completed.append((entry, last, cause))
    out = []
    for k, name in enumerate(CAUSES):
        counts = [int((cause == k).sum()) for _, _, cause in completed]
        if min(counts) == 0:
            continue
        kept, silent = told_by_events(covariates, [cause == k for _, _, cause in completed], groups)
        some = covariates.loc[kept, [column for column in covariates if column not in silent]]
        if some.shape[1]:
            answers = [
                cox(entry[kept], last[kept], (cause == k)[kept], some, found.place[kept], groups[kept])
                for entry, last, cause in completed
            ]
            answer = pooled(
                tuple(map(str, some.columns)), np.array([b for b, _ in answers]), np.array([v for _, v in answers])
            )
        else:
            answer = pooled((), np.zeros((len(completed), 0)), np.zeros((0, 0)))
        out.append(AnnualHazard(name, answer, float(np.mean(counts)), float(kept.sum()), silent))
    return tuple(out)


def told_by_events(
    covariates: pd.DataFrame, events: Sequence[npt.NDArray[np.bool_]], strata: Whole | None = None
) -> tuple[npt.NDArray[np.bool_], dict[str, int]]:
    """Spells and yes-or-no covariates of which a finite hazard ratio can be told.

    Where a covariate is 1 (or 0) without any event, the likelihood rises as its ratio goes to 0 (or infinity); at that
    end the spells without event count no more. They are left out with the covariate, which leaves the other ratios as
    they would be there. Only strata in which the covariate takes both values tell anything of it.

    Args:
        covariates: one row a spell, 0 or 1.
        events: of each completed data set, shape (spells,).
        strata: shape (spells,), numbers of the groups within which spells are compared; none = all with all.

    Returns:
        Which spells stay, and the covariates left out with the number of spells that each took along.

    Source: monotone likelihood, Heinze and Schemper (2001), Biometrics 57 (1), 114-119.

    Example:
        >>> given = pd.DataFrame({"a": [1, 1, 0, 0], "b": [0, 1, 0, 1]})
        >>> kept, silent = told_by_events(given, [np.array([False, False, True, True])])
        >>> kept.tolist(), silent
        ([False, False, True, True], {'a': 2})
    """
    kept = np.ones(len(covariates), dtype=bool)
    groups = np.zeros(len(covariates), dtype=np.int64) if strata is None else strata
    silent: dict[str, int] = {}
    for name in covariates:
        values = covariates[name].to_numpy(dtype=np.float64)
        compared = kept & _compared(values, kept, groups)
        for side in (1.0, 0.0):
            there = compared & (values == side)
            if there.any() and any(not event[there].any() for event in events):
                silent[str(name)] = int(there.sum())
                kept &= ~there
                break
    for name in covariates:
        if str(name) not in silent and not _compared(covariates[name].to_numpy(dtype=np.float64), kept, groups).any():
            silent[str(name)] = 0
    return kept, silent


def _compared(values: Real, kept: npt.NDArray[np.bool_], groups: Whole) -> npt.NDArray[np.bool_]:
    """The spells whose group, of those kept, has both values."""
    size = int(groups.max(initial=0)) + 1
    both = np.ones(size, dtype=bool)
    for side in (1.0, 0.0):
        both &= np.bincount(groups[kept & (values == side)], minlength=size) > 0
    return np.asarray(both[groups])


def cox(
    entry: Whole, last: Whole, event: npt.NDArray[np.bool_], covariates: pd.DataFrame, clusters: Whole | None = None,
    strata: Whole | None = None,
) -> tuple[Real, Real]:  # fmt: skip
    """Coefficients and covariance of Cox's model with left truncation.

    Args:
        entry: shape (spells,), age at which each came under observation.
        last: shape (spells,), age at the event or the end, after `entry`.
        event: shape (spells,).
        covariates: one row a spell.
        clusters: spells that may err together; none = the inverse information.
        strata: shape (spells,), groups with a baseline of their own; none = one for all.
    """
    import warnings

    from lifelines import CoxPHFitter

    columns = [f"x{i}" for i in range(covariates.shape[1])]
    frame = pd.DataFrame(covariates.to_numpy(dtype=np.float64), columns=columns)
    frame["entry"], frame["last"], frame["event"] = entry, last, event.astype(int)
    given: dict[str, Any] = {"entry_col": "entry"}
    if clusters is not None:
        frame["cluster"] = clusters
        given["cluster_col"] = "cluster"
    if strata is not None:
        frame["stratum"] = strata
        given["strata"] = ["stratum"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = CoxPHFitter().fit(frame, "last", "event", **given)
    # lifelines keeps the clustered answer in the standard errors only; its covariance is the model's own
    own = fit.variance_matrix_.loc[columns, columns].to_numpy(dtype=np.float64)
    errors = fit.standard_errors_[columns].to_numpy(dtype=np.float64)
    return fit.params_[columns].to_numpy(dtype=np.float64), widened(own, errors**2)


def months(found: Spells, leaving: Whole) -> tuple[Whole, Whole, Whole]:
    """Age in whole months when each spell was first seen and when it ended, and the cause; at least one month long."""
    last, cause = ends(found, leaving)
    entry = np.floor((found.seen_from - found.born) / DAYS_A_MONTH).astype(np.int64)
    end = np.ceil((last - found.born) / DAYS_A_MONTH).astype(np.int64)
    return entry, np.maximum(end, entry + 1), cause


def incidences(
    found: Spells,
    moves: pd.DataFrame,
    chosen: npt.NDArray[np.bool_] | None = None,
    imputations: int = 20,
    seed: int = 0,
    calibration: Calibration | None = None,
    least_at_risk: int = 20,
) -> tuple[Incidence, ...]:
    """The part of establishments that have left, and that have closed, by age.

    The draws go through the completed data sets in turn, with a wild bootstrap within each.

    Args:
        found: the spells.
        moves: the table `moves`.
        chosen: shape (spells,), those the answer is about; none = all.
        imputations: completed data sets.
        seed: the study's seed.
        calibration: how sure the probabilities are.
        least_at_risk: ages up to which fewer are at risk at some age are not answered for.

    Source: Aalen and Johansen (1978).
    """
    which = np.ones(found.born.size, dtype=bool) if chosen is None else chosen
    rng = np.random.default_rng(keyed_seed(seed, "incidences"))
    each = -(-N_DRAWS // imputations)
    values, draws, events_by = [], [], []
    until = 0
    at = np.array([12 * years for years in INCIDENCE_YEARS])
    for drawn in drawn_kinds(moves, calibration, seed, imputations, "drivers"):
        entry, last, cause = months(found, leaving_days(found, drawn))
        n, events = risk_table(entry[which], last[which], cause[which], len(CAUSES))
        size = int(at.max()) + 1
        n, events = _padded(n, size), np.stack([_padded(row, size) for row in events])
        enough = n[1:size] >= least_at_risk
        until = size - 1 if enough.all() else int(np.argmin(enough))
        values.append(cumulative_incidence(n, events)[:, at])
        draws.append(incidence_draws(n, events, each, rng)[:, at])
        events_by.append(np.cumsum(events, axis=1)[:, at])
    value, joint = np.mean(values, axis=0), np.concatenate(draws, axis=2)[:, :, :N_DRAWS]
    counted = np.mean(events_by, axis=0)
    return tuple(
        Incidence(cause, years, float(value[k, i]), joint[k, i], float(counted[k, i]))
        for k, cause in enumerate(CAUSES)
        for i, years in enumerate(INCIDENCE_YEARS)
        if at[i] <= until
    )


def _padded(counts: Whole, size: int) -> Whole:
    out = np.zeros(size, dtype=np.int64)
    out[: min(size, counts.size)] = counts[:size]
    return out
