"""Drivers of leaving: hazard ratios of leaving and of exit, and how many have left or closed by an age."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import texts
from townshift.process.drivers.destination_choice import stocks
from townshift.process.drivers.leaving import AnnualHazard, Incidence, annual_hazards, cox_hazards, incidences
from townshift.process.drivers.leaving_annual import RiskCells
from townshift.process.drivers.leaving_spells import CAUSES, Spells, cohorts, regions, spells
from townshift.process.drivers.parameters import DriversParameters
from townshift.process.drivers.rows import Found, RestsOn, coefficient_rows
from townshift.process.estimate_rows import ALL_PLACES, Row, bounds_of, whole_table
from townshift.process.moves.calibration import Calibration

Real = npt.NDArray[np.float64]


def drivers_of_leaving(
    moves: pd.DataFrame,
    establishments: pd.DataFrame,
    places: pd.DataFrame,
    parameters: DriversParameters,
    seed: int,
    years: tuple[int, int],
    firm_years: pd.DataFrame | None,
    panel: pd.DataFrame | None,
    calibration: Calibration | None,
) -> Found:
    """The hazards of leaving and of exit, with what went together with them.

    Args:
        moves: the table `moves`.
        establishments: `ESTABLISHMENT_COLUMNS`.
        places: place_id, kind, parent_id.
        parameters: of the step.
        seed: the study's seed.
        years: first and last year in which the registry sees establishments.
        firm_years: stocks, if any.
        panel: yearbook figures, if any.
        calibration: how sure the probabilities are.
    """
    out, chosen = Found(), parameters.leaving
    found = spells(establishments, moves, places, chosen.level, *years, chosen.members_only)
    for reason, n in found.left_out.items():
        if n:
            out.say("leaving", "all", "note", reason, "", float(n))
    if found.born.size == 0 or len(found.places) < chosen.least_places:
        out.say("leaving", "all", "not_estimable", "too_few_places", "", len(found.places), chosen.least_places)
        return out
    rests_on = whole_table("establishments", map(str, found.record_id))
    wanted = _regressors(found, places, parameters, firm_years, panel, out)
    region = regions(found, moves, places, chosen.least_events)
    for hazard in annual_hazards(found, moves, *years, region, wanted, parameters.imputations, seed, calibration):
        _report(hazard, "annual", years, rests_on, parameters, seed, out)
    _say_missing(out, chosen.least_events)
    _add_cox(found, moves, region, years, rests_on, parameters, seed, calibration, out)
    for answer in incidences(found, moves, None, parameters.imputations, seed, calibration):
        if answer.n_events >= chosen.least_events:
            out.rows.append(_incidence_row(answer, years, found.born.size, rests_on))
        else:
            out.say("age", answer.cause, "not_estimable", "too_few_events", str(answer.years), answer.n_events,
                    chosen.least_events)  # fmt: skip
    return out


def _regressors(
    found: Spells, places: pd.DataFrame, parameters: DriversParameters, firm_years: pd.DataFrame | None,
    panel: pd.DataFrame | None, out: Found,
) -> Callable[[RiskCells], dict[str, Real]]:  # fmt: skip
    """The function that gives the cells their regressors of place and year."""
    chosen = parameters.gravity
    tables: dict[str, tuple[dict[tuple[str, int], float], int, float]] = {}
    if firm_years is not None:
        tables["ln_stock"] = (stocks(firm_years, places, parameters.leaving.level), 0, 0.0)
    plain = texts(panel, "place_id", "indicator") if panel is not None else None
    for indicator in parameters.leaving.indicators:
        rows = plain[(plain["indicator"] == indicator) & (plain["value"] > 0)] if plain is not None else None
        if rows is None or rows.empty:
            out.say("leaving", "all", "note", "regressor_not_taken", f"ln_{indicator}", 0.0, chosen.least_known)
            continue
        figures = {
            (str(p), int(y)): float(v) for p, y, v in zip(rows["place_id"], rows["year"], rows["value"], strict=True)
        }
        tables[f"ln_{indicator}"] = (figures, chosen.reach_years, float("nan"))

    def regressors(cells: RiskCells) -> dict[str, Real]:
        given: dict[str, Real] = {}
        for name, (figures, reach, missing) in tables.items():
            values = place_year_values(found, cells.place, cells.year - chosen.lag_years, figures, reach, missing)
            values = np.log1p(values) if name == "ln_stock" else np.log(values)
            known = float((cells.at_risk * np.isfinite(values)).sum() / cells.at_risk.sum())
            if known < chosen.least_known:
                out.say("leaving", "all", "note", "regressor_not_taken", name, known, chosen.least_known)
            else:
                given[name] = values
        return given

    return regressors


def place_year_values(
    found: Spells, place: npt.NDArray[np.int64], year: npt.NDArray[np.int64],
    figures: dict[tuple[str, int], float], reach: int, missing: float,
) -> Real:  # fmt: skip
    """A figure of each place and year, or of up to `reach` years before; `missing` where there is none."""
    first = int(year.min()) if year.size else 0
    grid = np.full((len(found.places), (int(year.max()) - first + 1) if year.size else 0), missing)
    for i, name in enumerate(found.places):
        for j in range(grid.shape[1]):
            for back in range(reach + 1):
                value = figures.get((name, first + j - back))
                if value is not None:
                    grid[i, j] = value
                    break
    return np.asarray(grid[place, year - first], dtype=np.float64)


def _report(
    hazard: AnnualHazard, estimator: str, years: tuple[int, int], rests_on: RestsOn, parameters: DriversParameters,
    seed: int, out: Found,
) -> None:  # fmt: skip
    needed = parameters.leaving.least_events
    if hazard.n_events < needed:
        out.say("leaving", hazard.cause, "not_estimable", "too_few_events", estimator, hazard.n_events, needed)
        return
    out.rows.extend(
        coefficient_rows(
            hazard.pooled,
            "hazard_ratio",
            "leaving",
            hazard.cause,
            estimator,
            years,
            round(hazard.n_at_risk),
            rests_on,
            seed,
            ratio=True,
        )
    )
    out.say("leaving", hazard.cause, "ok", "", estimator, hazard.n_events, needed)


def _say_missing(out: Found, needed: float) -> None:
    said = {str(row["about"]) for row in out.status if row["question"] == "leaving"}
    for cause in CAUSES:
        if cause not in said:
            out.say("leaving", cause, "not_estimable", "too_few_events", "annual", 0.0, needed)


def _add_cox(
    found: Spells, moves: pd.DataFrame, region: npt.NDArray[np.int64], years: tuple[int, int], rests_on: RestsOn,
    parameters: DriversParameters, seed: int, calibration: Calibration | None, out: Found,
) -> None:  # fmt: skip
    chosen = parameters.leaving
    if found.born.size > chosen.cox_spells:
        out.say("leaving", "all", "note", "cox_too_large", "cox", found.born.size, chosen.cox_spells)
        return
    covariates = pd.DataFrame(_dummies(found))
    if covariates.empty or covariates.shape[1] == 0:
        out.say("leaving", "all", "note", "cox_without_covariates", "cox")
        return
    strata = cohorts(found, region)
    for hazard in cox_hazards(found, moves, covariates, chosen.cox_imputations, seed, calibration, strata):
        for name, n in hazard.without_events.items():
            out.say("leaving", hazard.cause, "note", "no_events_with_term", name.partition("|")[0], float(n))
        _report(hazard, "cox", years, rests_on, parameters, seed, out)


def _dummies(found: Spells) -> dict[str, Real]:
    out: dict[str, Real] = {}
    for factor, codes, names in (("size", found.size, found.sizes), ("kind", found.kind, found.kinds)):
        counts = np.bincount(codes, minlength=len(names))
        reference = int(np.argmax(counts))
        for level, name in enumerate(names):
            if level != reference and counts[level] >= 20:
                out[f"{factor}={name}|{names[reference]}"] = (codes == level).astype(np.float64)
    return out


def _incidence_row(answer: Incidence, years: tuple[int, int], n: int, rests_on: RestsOn) -> Row:
    low, high = bounds_of(answer.draws, answer.value)
    extra = {"question": "age", "about": answer.cause, "term": str(answer.years), "estimator": "aalen_johansen"}
    return Row(
        "cumulative_incidence", ALL_PLACES, *years, f"{answer.cause}|{answer.years}", "share", answer.value, low, high,
        n, answer.draws, rests_on, extra=extra,
    )  # fmt: skip
