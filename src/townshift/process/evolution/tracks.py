"""Tracks: which cluster of one year is which of the next, what happened to it, and in which stage of its life it is."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from townshift.errors import Problem

ONE_YEAR = "TS-EVOLUTION-008"
NO_CLUSTER = "TS-EVOLUTION-009"


@dataclass(frozen=True)
class Tracks:
    """Clusters followed through the years: what `cluster_tracks(memberships, clusters, parameters, links)` gives.

    Attributes:
        tracks: one row a track and year in which it was seen; `TRACK_TYPES`.
        events: one row an event of a confirmed track; `EVENT_TYPES`.
        stages: one row a confirmed track and year; `STAGE_TYPES`.
        status: what was left out or could not be said; `STATUS_TYPES`.
        warnings: the same as statements for a reader: one year only, no cluster in any year.
    """

    tracks: pd.DataFrame
    events: pd.DataFrame
    stages: pd.DataFrame
    status: pd.DataFrame
    warnings: tuple[Problem, ...] = ()
