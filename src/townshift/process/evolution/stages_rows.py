"""The stage of each cluster in each year, from its trend and its beginning."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.evolution.events import CONFIRMED, Spans
from townshift.process.evolution.stages import Trend
from townshift.process.evolution.tracks_follow import Followed
from townshift.process.evolution.tracks_input import ClusterYears
from townshift.process.evolution.tracks_parameters import STAGE_TYPES, STAGES, TracksParameters

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def stage_probabilities(growing: Floats, declining: Floats, young: Floats) -> Floats:
    """Probabilities of the four stages from those of growth, decline and of being young.

    A young cluster is *emerging* unless it declines; otherwise the trend decides.

    Args:
        growing: shape (k,), probability of growth beyond `stable_rate`.
        declining: shape (k,), probability of decline beyond it.
        young: shape (k,), probability that the cluster was born or fed within the last `emerging_years`.

    Returns:
        Shape (k, 4), in the order of `STAGES`; rows sum to 1.

    Source: the stages are those of Menzel and Fornahl (2010); the rule is ours.

    Example:
        >>> stage_probabilities(np.array([0.7, 0.7]), np.array([0.1, 0.1]), np.array([1.0, 0.0])).round(2)
        array([[0.9, 0. , 0. , 0.1],
               [0. , 0.7, 0.2, 0.1]])
    """
    mature = np.maximum(1 - growing - declining, 0)
    emerging = young * (growing + mature)
    return np.stack([emerging, growing * (1 - young), mature * (1 - young), declining], axis=1)


def stage_rows(
    yearly: ClusterYears,
    followed: Followed,
    span: Spans,
    found: Trend,
    step: Ints,
    begun: pd.DataFrame,
    names: npt.NDArray[np.object_],
    parameters: TracksParameters,
) -> pd.DataFrame:
    """One row a year of a confirmed track: the stage, its probabilities, the change of ln(firms) a year.

    The stage of a year is that of the step which ends in it; of a track's first year, that of its first step.

    Args:
        yearly: the clusters.
        followed: which cluster goes on as which.
        span: when each track was seen.
        found: the trend.
        step: shape (nodes,), step of its track that ends in the node, -1 at the beginning.
        begun: events of beginning: number of the track, kind, probability.
        names: shape (tracks,), names of the tracks.
        parameters: `emerging_years`, `level`.
    """
    from scipy.special import ndtri

    node = np.flatnonzero((span.status == CONFIRMED)[followed.track] & (span.seen > 1)[followed.track])
    node = node[np.lexsort([yearly.node_year[node], followed.track[node]])]
    track = followed.track[node]
    at = track, step[node].clip(0)
    since = yearly.years[yearly.node_year[node]] - yearly.years[span.first_year[track]]
    born = np.zeros(len(names))
    fresh = begun[begun["kind"].isin(["birth", "spill_over"])]
    born[fresh["number"].to_numpy(dtype=np.int64)] = fresh["probability"].to_numpy(dtype=np.float64)
    young = np.where(since < parameters.emerging_years, born[track], 0.0)
    p = stage_probabilities(found.growing[at], found.declining[at], young)
    spread = float(ndtri((1 + parameters.level) / 2)) * found.rate_sd[at]
    table = pd.DataFrame(
        {
            "track": names[track],
            "year": yearly.years[yearly.node_year[node]],
            "stage": np.array(STAGES, dtype=object)[p.argmax(axis=1)],
            **{f"p_{stage}": p[:, column] for column, stage in enumerate(STAGES)},
            "growth_rate": found.rate[at],
            "low": found.rate[at] - spread,
            "high": found.rate[at] + spread,
            "level": parameters.level,
        }
    )
    return table[list(STAGE_TYPES)].astype(STAGE_TYPES)
