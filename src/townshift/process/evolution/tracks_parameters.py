"""What a user may set of tracks, and the columns of what they give."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from townshift.types import LEVEL, Parameters

EventKind = Literal["birth", "split", "spill_over", "growth", "decline", "merge", "death"]
Stage = Literal["emerging", "growing", "mature", "declining"]

EVENT_KINDS: tuple[EventKind, ...] = ("birth", "split", "spill_over", "growth", "decline", "merge", "death")
"""Kinds of events: three ways to begin, two phases, two ways to end."""

STAGES: tuple[Stage, ...] = ("emerging", "growing", "mature", "declining")
"""Stages of a cluster's life, in the order of their columns `p_<stage>`."""

TRACK_TYPES = {
    "track": "string",
    "year": "Int64",
    "cluster": "Int64",
    "n": "Int64",
    "jobs": "float64",
    "area_m2": "float64",
    "x_m": "float64",
    "y_m": "float64",
    "overlap": "float64",
    "bridged": "Int64",
    "shift_m": "float64",
    "drift_m": "float64",
    "status": "string",
}
"""Columns of `tracks`: one row a track and year in which its cluster was seen.

`overlap` (0 to 1) is the overlap with the track's cluster before; `bridged` counts the missing years between;
`shift_m` is how far the centre went since then, `drift_m` since the track's first year. `status` is `confirmed`;
`flicker` of a track seen in fewer than `confirm_years`, which has no events; `provisional` if such a track stands at
an edge of the record.
"""

EVENT_TYPES = {
    "track": "string",
    "year": "Int64",
    "year_to": "Int64",
    "kind": "string",
    "other_track": "string",
    "strength": "float64",
    "low": "float64",
    "high": "float64",
    "level": "float64",
    "probability": "float64",
    "n": "Int64",
    "status": "string",
}
"""Columns of `events`: one row an event.

`track` is the track that begins, ends, grows or declines; `other_track` the one it came out of (`split`,
`spill_over`) or went into (`merge`). `year` is the first year in which the change shows in the stock of 31 December:
the first of a track that begins, the first without a track that ends, the first after growth or decline set in;
`year_to` is the last year of growth or decline, else the same year.

`strength` with its interval is a share from 0 to 1 (`split`: of the new cluster that lay in the old one; `merge`: of
the ended one that lies in the other; `spill_over`: of the founding firms that links lead to; `birth`, `death`: of the
cluster that came from, or went to, no other) or, for `growth` and `decline`, the mean change of ln(firms) a year. `n`
is the number of firms behind it. `status` is `provisional` where years outside the record could undo the event
(a cluster missing in the last year may come back), else `confirmed`; `probability` allows for it.
"""

STAGE_TYPES = {
    "track": "string",
    "year": "Int64",
    "stage": "string",
    **{f"p_{stage}": "float64" for stage in STAGES},
    "growth_rate": "float64",
    "low": "float64",
    "high": "float64",
    "level": "float64",
}
"""Columns of `stages`: one row a year of a confirmed track; `growth_rate` is the change of ln(firms) a year."""

STATUS_TYPES = {"measure": "string", "status": "string", "reason": "string", "n": "Int64"}
"""Columns of `status`: what was left out or not said, why, and of how many tracks or rows."""


class TracksParameters(Parameters):
    """Parameters of the step `cluster_tracks`. Years that may be missing count years that the data have.

    Attributes:
        area_weight: weight of area against members in every overlap, where both are known.
        least_overlap: overlap (weighted Jaccard) below which two clusters are never the same one.
        least_inclusion: share of one cluster that must lie in another for them to be the same, to have split or merged.
        least_area: share of a cluster's area that must lie in the other's for a split or merge; less is a move.
        bridged_years: years that a cluster may be missing and still be the same one, and a firm be missing from its
            cluster and still be counted in it when growth is told.
        confirm_years: years in which a track must be seen; shorter ones are flicker and have no events.
        founding_years: first years of a track whose new firms count as its founders.
        spill_share: share of the founders that links from one older cluster must lead to for a spill-over.
        spill_links: links (sum of probabilities) that a spill-over needs at least.
        stable_rate: change of ln(firms) a year up to which a cluster is neither growing nor declining.
        rate_sd: prior standard deviation of that change between phases.
        phase_years: prior mean length of a phase of steady change, years.
        phase_enters: probability at which a phase of growth or decline is believed.
        phase_leaves: probability below which it is over; lower than `phase_enters`, against flicker.
        phase_least_years: years that a phase must last; a jump within one year is none.
        emerging_years: years after a birth or spill-over in which a cluster counts as emerging unless it declines.
        level: probability inside the intervals.
    """

    area_weight: float = Field(default=0.4, ge=0, le=1)
    least_overlap: float = Field(default=0.1, ge=0, le=1)
    least_inclusion: float = Field(default=0.5, gt=0, le=1)
    least_area: float = Field(default=0.1, ge=0, le=1)
    bridged_years: int = Field(default=2, ge=0, le=5)
    confirm_years: int = Field(default=2, ge=1)
    founding_years: int = Field(default=3, ge=1)
    spill_share: float = Field(default=0.2, gt=0, le=1)
    spill_links: float = Field(default=3.0, gt=0)
    stable_rate: float = Field(default=0.04, ge=0)
    rate_sd: float = Field(default=0.15, gt=0)
    phase_years: float = Field(default=8.0, gt=1)
    phase_enters: float = Field(default=0.8, gt=0.5, le=1)
    phase_leaves: float = Field(default=0.5, gt=0, le=1)
    phase_least_years: float = Field(default=2.0, ge=0)
    emerging_years: int = Field(default=3, ge=0)
    level: float = Field(default=LEVEL, gt=0, lt=1)
