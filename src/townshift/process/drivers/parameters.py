"""What a user may set of drivers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townshift.process.pathways.parameters import Level
from townshift.types import Parameters


class GravityParameters(Parameters):
    """`[parameters.drivers.gravity]`: how flows are explained.

    Attributes:
        level: kind of place between which flows are counted.
        by_kind: whether each kind of move with enough moves has a model of its own, beside all kinds together.
        cluster: flows that may err together.
        pull_indicators: indicators of `panel` that may draw firms to a destination; logarithms are taken.
        lag_years: years before a move of which stock and indicators are taken.
        reach_years: how many years older a figure of the panel may be.
        least_known: share of cells for which a regressor must be known.
        least_moves: moves expected below which no model is fitted.
        least_pairs: pairs of places with moves below which no model is fitted.
        max_cells: cells of the grid above which no model is fitted.
    """

    level: Level = "county"
    by_kind: bool = True
    cluster: Literal["pair", "origin", "destination"] = "pair"
    pull_indicators: tuple[str, ...] = ()
    lag_years: int = Field(default=1, ge=1)
    reach_years: int = Field(default=3, ge=0)
    least_known: float = Field(default=0.8, gt=0, le=1)
    least_moves: float = Field(default=50, ge=10)
    least_pairs: int = Field(default=20, ge=5)
    max_cells: int = Field(default=4_000_000, ge=1_000)


class LeavingParameters(Parameters):
    """`[parameters.drivers.leaving]`: the hazards of leaving and of exit.

    Attributes:
        level: kind of place whose stock and indicators are taken, and by which errors are clustered.
        members_only: whether only establishments of the industry are followed.
        indicators: indicators of `panel` of the place where an establishment stands; logarithms are taken.
        least_events: events of a cause below which no model is fitted; a place from which so many moved has its own
            level of hazard, all others share that of their province.
        least_places: places below which errors cannot be clustered by place.
        cox_spells: establishments up to which Cox's model is fitted too.
        cox_imputations: completed data sets of Cox's model.
    """

    level: Level = "county"
    members_only: bool = True
    indicators: tuple[str, ...] = ()
    least_events: float = Field(default=30, ge=10)
    least_places: int = Field(default=8, ge=2)
    cox_spells: int = Field(default=30_000, ge=0)
    cox_imputations: int = Field(default=5, ge=2)


class DatedAct(Parameters):
    """An entry of `[[parameters.drivers.act]]`: a dated act whose traces in exits and moves are looked for.

    Attributes:
        name: a short name.
        places: places that it reached, all in `year`.
        year: the year in which it reached `places`.
        event_ids: events that are the act, each with its own place and year.
        policy_ids: policies that are the act, each with its own place and year of issue.
    """

    name: str = Field(min_length=1)
    places: tuple[str, ...] = ()
    year: int | None = None
    event_ids: tuple[str, ...] = ()
    policy_ids: tuple[str, ...] = ()


class EventStudyParameters(Parameters):
    """`[parameters.drivers.event_study]`: how an act's traces are looked for.

    Attributes:
        level: kind of place that treated places are compared with.
        years_before: years before the act.
        years_after: years after it.
        least_stock: establishments that a place must have in every year.
        least_beside: places to compare with, below which nothing is estimated.
        few_treated: below so many treated places intervals come from placebos, not from the sampling of places.
        placebos: placebos at most.
        controls: places never treated, or also those not treated yet.
    """

    level: Level = "county"
    years_before: int = Field(default=5, ge=2)
    years_after: int = Field(default=4, ge=0)
    least_stock: float = Field(default=5, gt=0)
    least_beside: int = Field(default=19, ge=5)
    few_treated: int = Field(default=10, ge=2)
    placebos: int = Field(default=999, ge=99)
    controls: Literal["never", "not_yet"] = "never"


class DriversParameters(Parameters):
    """Parameters of the step `drivers`.

    Attributes:
        gravity: flows and destinations.
        leaving: hazards.
        event_study: how acts are looked at.
        act: the dated acts; none = no event study.
        imputations: completed data sets, in each of which every uncertain pair is a move or none.
    """

    gravity: GravityParameters = GravityParameters()
    leaving: LeavingParameters = LeavingParameters()
    event_study: EventStudyParameters = EventStudyParameters()
    act: tuple[DatedAct, ...] = ()
    imputations: int = Field(default=20, ge=5)
