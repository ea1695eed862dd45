"""Breaks that the data propose: a level shift before each inner year against none, by their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from townshift.evidence.series_ep import propagate
from townshift.evidence.series_likelihood import Components
from townshift.evidence.series_posterior import grid_weights
from townshift.evidence.series_prior import Grid, build_grid, fact_covariance

if TYPE_CHECKING:
    import pandas as pd

    from townshift.evidence.series_result import SeriesResult

ROWS_KEPT = 6


def search_breaks(result: SeriesResult) -> pd.DataFrame:
    """log10 of the Bayes factor of a level shift at each inner year with facts on both sides.

    BF = Σ_h w_h p(y | shift at b, h) / Σ_h w_h p(y | h), over the grid rows h that carry most of the posterior; the
    shift has prior sd `proposed_break_sd`. Two fact years on each side are asked for: fewer cannot tell a shift from
    a slope.

    Returns:
        year, log10_bayes_factor, strongest first.
    """
    import pandas as pd

    empty = pd.DataFrame({"year": np.zeros(0, dtype=np.int64), "log10_bayes_factor": np.zeros(0)})
    problem = result.problem
    if problem is None or result.status != "series":
        return empty
    fact_years = np.unique(problem.year)
    candidates = fact_years[2:-1]
    if not len(candidates):
        return empty
    whole = build_grid(result.parameters)
    keep = np.sort(np.argsort(-result.diagnostics.grid_weight, kind="stable")[:ROWS_KEPT])
    grid = Grid(whole.level_step[keep], whole.slope_step[keep], whole.lineage_sd[keep], whole.log_prior[keep])
    plain = fact_covariance(problem, grid, result.parameters)
    after = (problem.year[None, :] >= candidates[:, None]).astype(float)
    shift = result.parameters.proposed_break_sd**2 * after[:, :, None] * after[:, None, :]
    stack = np.concatenate([plain[None], plain[None] + shift[:, None]])
    many, g, n = stack.shape[:3]
    parts = problem.parts
    wide = [
        np.broadcast_to(array[:, None, :], (5, many * g, n))
        for array in (parts.log_weight, parts.place, parts.precision, parts.skew)
    ]
    posterior = propagate(stack.reshape(many * g, n, n), Components(wide[0], wide[1], wide[2], wide[3]))
    evidence = np.array([grid_weights(row, grid)[1] for row in posterior.log_evidence.reshape(many, g)])
    factor = (evidence[1:] - evidence[0]) / np.log(10)
    order = np.lexsort((candidates, -factor))
    return pd.DataFrame({"year": candidates[order].astype(np.int64), "log10_bayes_factor": factor[order]})
