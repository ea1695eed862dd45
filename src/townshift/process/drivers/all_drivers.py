"""Drivers of moves: distance and pull, hazards of leaving, and what followed dated acts, each with its interval.

Nothing here shows a cause by itself. A coefficient says what went together; an estimate around an act says what came
after it, against places where nothing was done.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from townshift.frames import typed
from townshift.process.drivers.act_drivers import drivers_of_acts
from townshift.process.drivers.flow_drivers import drivers_of_flows
from townshift.process.drivers.leaving_drivers import drivers_of_leaving
from townshift.process.drivers.parameters import DriversParameters
from townshift.process.drivers.rows import EXTRA_COLUMNS, STATUS_COLUMNS, Found
from townshift.process.estimate_rows import collect_rows
from townshift.process.moves.calibration import Calibration
from townshift.types import Estimates


@dataclass(frozen=True)
class Drivers:
    """Drivers of moves.

    Attributes:
        drivers: measures `gravity`, `destination_choice`, `destination_change`, `hazard_ratio`,
            `cumulative_incidence` and `act_effect`, with `EXTRA_COLUMNS`.
        drivers_status: `STATUS_COLUMNS`: what was estimated, what could not be and why, what was left out.
    """

    drivers: Estimates
    drivers_status: pd.DataFrame


def drivers(
    moves: pd.DataFrame,
    places: pd.DataFrame,
    parameters: DriversParameters,
    seed: int,
    years: tuple[int, int],
    establishments: pd.DataFrame | None = None,
    firm_years: pd.DataFrame | None = None,
    panel: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    policies: pd.DataFrame | None = None,
    ties: pd.DataFrame | None = None,
    calibration: Calibration | None = None,
) -> Drivers:
    """What went together with moves, and what followed dated acts.

    Args:
        moves: the table `moves`.
        places: place_id, kind, parent_id, lon, lat.
        parameters: of the step.
        seed: the study's seed.
        years: first and last year in which the registry sees establishments.
        establishments: `leaving_spells.ESTABLISHMENT_COLUMNS`; none = no hazards.
        firm_years: place_id, year, level, member, size_band, n_stock, n_exit; none = no stocks and no acts.
        panel: place_id, year, indicator, value.
        events: event_id, place_id, date.
        policies: policy_id, place_id, issued.
        ties: origin_place_id, destination_place_id, share: of the founders at an origin, those who come from there.
        calibration: how sure the probabilities are; none = nobody has checked them.

    Returns:
        The estimates, and the status of every question; the same bytes for the same inputs and seed.

    Source: see `gravity`, `destination_choice`, `leaving` and `event_study`.
    """
    rows = moves.sort_values("move_id", kind="stable").reset_index(drop=True)
    found = Found()
    if rows.empty:
        for question in ("distance", "destination"):
            found.say(question, "all", "not_estimable", "no_moves", "", 0.0, parameters.gravity.least_moves)
    else:
        found.add(drivers_of_flows(rows, places, parameters, seed, firm_years, panel, ties, calibration))
    if establishments is None:
        found.say("leaving", "all", "not_estimable", "no_table", "establishments")
    else:
        found.add(
            drivers_of_leaving(rows, establishments, places, parameters, seed, years, firm_years, panel, calibration)
        )
    if firm_years is None:
        found.say("act", "all", "not_estimable", "no_table", "firm_years")
    else:
        found.add(drivers_of_acts(rows, firm_years, places, parameters, seed, events, policies, calibration))
    return Drivers(collect_rows(found.rows, EXTRA_COLUMNS), typed(found.status, STATUS_COLUMNS))
