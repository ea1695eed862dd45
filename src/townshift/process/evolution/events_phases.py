"""Events of growth and decline: the phases in which a cluster's firms became more, or fewer, at a steady rate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.evolution.events import CONFIRMED, PROVISIONAL, Spans
from townshift.process.evolution.stages import Trend, phases
from townshift.process.evolution.stages_changes import Changes
from townshift.process.evolution.tracks_follow import Followed
from townshift.process.evolution.tracks_input import ClusterYears
from townshift.process.evolution.tracks_parameters import TracksParameters

Ints = npt.NDArray[np.int64]


def phase_events(
    yearly: ClusterYears,
    followed: Followed,
    span: Spans,
    change: Changes,
    found: Trend,
    step: Ints,
    shown: npt.NDArray[np.bool_],
    parameters: TracksParameters,
) -> pd.DataFrame:
    """One row a phase of growth or decline that lasts `phase_least_years`.

    The strength is the mean change of ln(firms) a year over the phase, `Σ r / Σ d`, with its normal interval of
    variance `Σ v / (Σ d)²`; the probability is the highest that a year of the phase belongs to growth (decline). A
    phase that holds the first step of a track which stood in the first year may have set in earlier: it is provisional.

    Args:
        yearly: the clusters.
        followed: which cluster goes on as which.
        span: when each track was seen.
        change: of ln(firms), with its variance.
        found: the trend.
        step: shape (nodes,), step of its track that ends in the node, -1 at the beginning.
        shown: shape (tracks,), tracks of which phases are told.
        parameters: thresholds and level.
    """
    from scipy.special import ndtri

    steps = change.change.shape[1]
    year_of = np.full((len(shown), steps + 1), -1, dtype=np.int64)
    year_of[followed.track, step + 1] = yearly.years[yearly.node_year]
    n_of = np.zeros((len(shown), steps + 1), dtype=np.int64)
    n_of[followed.track, step + 1] = yearly.nodes["n"].to_numpy(dtype=np.int64)
    used = (change.years > 0) & shown[:, None]
    spread = float(ndtri((1 + parameters.level) / 2))
    rows = []
    for kind, p in (("growth", found.growing), ("decline", found.declining)):
        for track, first, last, probability in phases(np.where(used, p, 0.0), parameters):
            part = np.s_[track, first : last + 1]
            years = float(change.years[part].sum())
            if years < parameters.phase_least_years:
                continue
            rate = float(change.change[part].sum()) / years
            sd = float(np.sqrt(change.variance[part].sum())) / years
            early = first == 0 and span.first_year[track] == 0
            rows.append(
                (track, year_of[track, first + 1], year_of[track, last + 1], kind, -1, rate, rate - spread * sd,
                 rate + spread * sd, probability, n_of[track, first], PROVISIONAL if early else CONFIRMED)
            )  # fmt: skip
    columns = ["number", "year", "year_to", "kind", "other", "strength", "low", "high", "probability", "n", "status"]
    return pd.DataFrame(rows, columns=columns)
