"""What joint draws of a series are for: errors of common pages cancel in a ratio; a further published figure."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.test_series import BASE, SEED, facts, steady
from townshift.draws import ratio
from townshift.evidence.series import predictive_draws, reconcile


def series(rows, key=0, **change):
    return reconcile(facts(rows), "log", BASE.model_copy(update=change), [*SEED, key])


def renamed(rows, prefix, factor=1.0):
    return [(year, value * factor, qualifier, prefix + lineage) for year, value, qualifier, lineage in rows]


def test_common_pages_correlate_errors_so_that_their_ratio_is_narrower():
    whole = series(steady(), 1)
    same, other = series(renamed(steady(), "", 0.31), 2), series(renamed(steady(), "M", 0.31), 3)
    widths = [np.std(np.log(ratio(part.draws, whole.draws)[0]), axis=1).mean() for part in (same, other)]
    assert widths[0] < 0.8 * widths[1]
    assert np.corrcoef(whole.bias, same.bias)[0, 1] > 0.95
    assert abs(np.corrcoef(whole.bias, other.bias)[0, 1]) < 0.2


def test_a_further_figure_is_less_certain_than_the_series():
    result = series(steady(), common_bias_sd=0.0)
    exact = predictive_draws(result, 2005, "official", "exact")
    about = predictive_draws(result, 2005, "mirror_or_aggregator", "about")
    over = predictive_draws(result, 2005, "official", "over")
    inner = [np.subtract(*np.quantile(np.log(draws), [0.8, 0.2])) for draws in (result.draws[4], exact, about)]
    assert inner[0] < inner[1] < inner[2]
    assert np.median(over) < np.median(exact)
    with pytest.raises(ValueError, match="outside"):
        predictive_draws(result, 1999, "official", "exact")
