"""Drivers of flows: distance decay, what draws moves to a destination, and which destination was chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.drivers.destination_choice import destination_choice, pull_terms, stocks
from townshift.process.drivers.distance_fits import (
    fit_distance,
    has_enough,
    report,
    say_left_out,
    say_what_pulls_distance,
)
from townshift.process.drivers.gravity import NotConvergedError, gravity
from townshift.process.drivers.gravity_cells import Effect, FlowCells, TooManyCells, flow_cells, pruned, with_terms
from townshift.process.drivers.parameters import DriversParameters
from townshift.process.drivers.rows import Found
from townshift.process.moves.calibration import Calibration
from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.draws import kind_probabilities


def drivers_of_flows(
    moves: pd.DataFrame,
    places: pd.DataFrame,
    parameters: DriversParameters,
    seed: int,
    firm_years: pd.DataFrame | None,
    panel: pd.DataFrame | None,
    ties: pd.DataFrame | None,
    calibration: Calibration | None,
) -> Found:
    """Gravity and destination choice, for all kinds of moves together and for each kind with enough of them.

    Three models: origin-year and destination-year effects for distance (`gravity`; coarser ones where moves are too
    few for so many effects, see `distance_fits.SPECIFICATIONS`); destination choice with
    origin-year effects, for what distinguishes the destinations chosen (`destination_choice`); origin-year and
    destination effects, for what changed at a destination before more moves came (`destination_change`).

    Args:
        moves: the table `moves`.
        places: place_id, kind, parent_id, lon, lat.
        parameters: of the step.
        seed: the study's seed.
        firm_years: stocks, if any.
        panel: yearbook figures, if any.
        ties: origin_place_id, destination_place_id, share, if any.
        calibration: how sure the probabilities are.
    """
    out = Found()
    chosen = parameters.gravity
    sets: list[tuple[str, Sequence[str]]] = [("all", KINDS)]
    if chosen.by_kind:
        sets.extend((kind, (kind,)) for kind in KINDS)
    candidates = (
        sorted({place for place, _ in stocks(firm_years, places, chosen.level)}) if firm_years is not None else []
    )
    for about, kinds in sets:
        enough = _enough(moves, kinds, parameters, about, out)
        if not enough:
            continue
        near = flow_cells(moves, places, chosen.level, kinds, None, chosen.max_cells)
        if isinstance(near, TooManyCells):
            out.say("distance", about, "not_estimable", "too_many_cells", "", near.n_cells, chosen.max_cells)
        else:
            fit_distance(near, moves, kinds, about, parameters, seed, calibration, out)
            del near
        wide = flow_cells(moves, places, chosen.level, kinds, candidates, chosen.max_cells)
        if isinstance(wide, TooManyCells):
            out.say("destination", about, "not_estimable", "too_many_cells", "", wide.n_cells, chosen.max_cells)
            continue
        further = pull_terms(
            wide, places, chosen.level, firm_years, panel, chosen.pull_indicators, ties, chosen.lag_years,
            chosen.reach_years,
        )  # fmt: skip
        _fit_choice(wide, further, moves, kinds, about, parameters, seed, calibration, out)
    return out


def _enough(moves: pd.DataFrame, kinds: Sequence[str], parameters: DriversParameters, about: str, out: Found) -> bool:
    p = kind_probabilities(moves)[:, [KINDS.index(kind) for kind in kinds]].sum(axis=1)
    apart = (moves["origin_place_id"] != moves["destination_place_id"]).fillna(False).to_numpy(dtype=bool)
    expected = float(p[apart].sum())
    pairs = moves.loc[apart & (p > 0.5), ["origin_place_id", "destination_place_id"]].drop_duplicates()
    for reason, n, needed in (
        ("too_few_moves", expected, parameters.gravity.least_moves),
        ("too_few_pairs", float(len(pairs)), float(parameters.gravity.least_pairs)),
    ):
        if n < needed:
            for question in ("distance", "destination"):
                out.say(question, about, "not_estimable", reason, "", n, needed)
            return False
    return True


def _fit_choice(
    cells: FlowCells, further: dict[str, npt.NDArray[np.float64]], moves: pd.DataFrame, kinds: Sequence[str],
    about: str,
    parameters: DriversParameters, seed: int, calibration: Calibration | None, out: Found,
) -> None:  # fmt: skip
    wide, unknown = with_terms(cells, further, parameters.gravity.least_known)
    for name, share in sorted(unknown.items()):
        out.say("destination", about, "note", "regressor_not_taken", name, share, parameters.gravity.least_known)
    if len(wide.terms) == len(cells.terms):
        out.say("destination", about, "note", "no_pull_factors")
    left = pruned(wide, ("origin_year",))
    say_left_out("destination", about, left, out)
    if not has_enough(left, parameters):
        out.say("destination", about, "not_estimable", "too_few_after_pruning", "", float((left.moves > 0).sum()),
                float(parameters.gravity.least_pairs))  # fmt: skip
        return
    try:
        answer = destination_choice(left, moves, kinds, "destination", parameters.imputations, seed, calibration)
    except NotConvergedError:
        out.say("destination", about, "not_estimable", "not_converged", "", float(left.moves.size))
        return
    report(answer, "destination_choice", "destination", about, "conditional_logit", moves, seed, out)
    say_what_pulls_distance("destination", about, left, moves, kinds, out)
    moving = [name for name in left.terms if name.startswith("ln_") and name != "ln_km"]
    effects: tuple[Effect, ...] = ("origin_year", "destination")
    within = pruned(left, effects)
    if moving and has_enough(within, parameters):
        try:
            change = gravity(within, effects, moves, kinds, "destination", parameters.imputations, seed, calibration)
        except NotConvergedError:
            out.say("destination", about, "note", "not_converged", "within_destination", float(within.moves.size))
            return
        report(change, "destination_change", "destination", about, "within_destination", moves, seed, out)
