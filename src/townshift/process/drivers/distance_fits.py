"""How flows fall with distance: the richest fixed effects that the moves can carry, and what pulls the answer."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from townshift.process.drivers.gravity import Gravity, NotConvergedError, gravity
from townshift.process.drivers.gravity_cells import Effect, FlowCells, pruned
from townshift.process.drivers.parameters import DriversParameters
from townshift.process.drivers.rows import Found, coefficient_rows, years_spanned
from townshift.process.estimate_rows import whole_table
from townshift.process.moves.calibration import Calibration
from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.draws import kind_probabilities

SPECIFICATIONS: tuple[tuple[str, tuple[Effect, ...]], ...] = (
    ("ppml", ("origin_year", "destination_year")),
    ("ppml_destination", ("origin_year", "destination")),
    ("ppml_places", ("origin", "destination", "year")),
)
"""Name in the column `estimator`, and fixed effects; the richest first."""

LIKELY = 0.5
"""A flow of so many expected moves counts as one that was there."""

TOLD_FROM = 1.0
"""Of 100 moves counted, so many that are expected to be none are told."""


def fit_distance(
    cells: FlowCells, moves: pd.DataFrame, kinds: Sequence[str], about: str, parameters: DriversParameters, seed: int,
    calibration: Calibration | None, out: Found,
) -> None:  # fmt: skip
    """A gravity model with the richest fixed effects that are identified.

    Effects as many as the flows that are there fit every flow perfectly and leave nothing to tell distance by; their
    estimates run to infinity, and the fit finds no end. Coarser effects are then taken, and the status says so.

    Args:
        cells: flows between places reached in a year.
        moves: the table `moves`.
        kinds: the kinds that `cells` counts.
        about: the name of these kinds.
        parameters: of the step.
        seed: the study's seed.
        calibration: how sure the probabilities are.
        out: rows and status are added there.
    """
    not_taken: list[tuple[str, float, float]] = []
    for estimator, effects in SPECIFICATIONS:
        left = pruned(cells, effects)
        n_flows, n_effects = float((left.moves >= LIKELY).sum()), float(left.n_effects(effects) + len(left.terms))
        if not has_enough(left, parameters):
            needed = float(parameters.gravity.least_pairs)
            not_taken.append(("too_few_after_pruning", float((left.moves > 0).sum()), needed))
            continue
        answer = None
        if n_flows > n_effects:
            try:
                answer = gravity(
                    left, effects, moves, kinds, parameters.gravity.cluster, parameters.imputations, seed, calibration
                )
            except NotConvergedError:
                answer = None
        if answer is None:
            not_taken.append(("too_many_effects", n_flows, n_effects))
            continue
        say_left_out("distance", about, left, out)
        if not_taken:
            out.say("distance", about, "note", "coarser_effects", estimator, *not_taken[0][1:])
        report(answer, "gravity", "distance", about, estimator, moves, seed, out)
        say_what_pulls_distance("distance", about, left, moves, kinds, out)
        return
    reason, n, needed = not_taken[-1]
    out.say("distance", about, "not_estimable", reason, "", n, needed)


def say_what_pulls_distance(
    question: str, about: str, cells: FlowCells, moves: pd.DataFrame, kinds: Sequence[str], out: Found
) -> None:
    """Note what makes a coefficient of distance smaller than the pull of nearness itself.

    Pairs that only look like moves lie where firms are many, near or far. Of the moves counted, `sum p (1 - p) / sum p`
    are expected to be such pairs. And at an equal stock of firms, distance no longer holds what nearness did to it.
    """
    used = cells.uncertain_cell >= 0
    p = kind_probabilities(moves)[:, [KINDS.index(kind) for kind in kinds]].sum(axis=1)[used]
    false = 100.0 * float((p * (1.0 - p)).sum() / p.sum())
    if false >= TOLD_FROM:
        out.say(question, about, "note", "false_moves_hide_distance", "", round(false, 1))
    if "ln_stock" in cells.terms:
        out.say(question, about, "note", "distance_at_equal_stock")


def has_enough(cells: FlowCells, parameters: DriversParameters) -> bool:
    """Whether pruned cells hold a regressor and flows between as many places as a model needs."""
    return bool(cells.terms) and int((cells.moves > 0).sum()) >= parameters.gravity.least_pairs


def say_left_out(question: str, about: str, cells: FlowCells, out: Found) -> None:
    """Note what pruning left out."""
    for reason, n in cells.left_out.items():
        name, _, item = reason.partition("_by_")
        if n:
            out.say(question, about, "note", f"{name}_by" if item else name, item, float(n))


def report(
    answer: Gravity, measure: str, question: str, about: str, estimator: str, moves: pd.DataFrame, seed: int, out: Found
) -> None:
    """Rows of a fitted model, and that all is well with it."""
    used = answer.cells.uncertain_cell >= 0
    rests_on = whole_table("moves", moves.loc[used, "move_id"].astype(str))
    years = years_spanned(answer.cells.year)
    rows = coefficient_rows(answer.pooled, measure, question, about, estimator, years, int(used.sum()), rests_on, seed)
    if measure == "destination_change":  # pairs' terms are the other models' business
        rows = [row for row in rows if row.extra["term"] not in ("ln_km", "same_province", "ties")]
    out.rows.extend(rows)
    out.say(question, about, "ok", "", estimator, float(answer.cells.moves.size))
