"""Ratios and shares on joint draws, before and after an event, a further published figure."""

from __future__ import annotations

import numpy as np
import pytest

from evidence.test_series import BASE, SEED, facts, steady
from townshift.evidence.series import before_after, predictive_draws, ratio, ratio_draws, reconcile


def series(rows, key=0, **change):
    return reconcile(facts(rows), "log", BASE.model_copy(update=change), [*SEED, key])


def renamed(rows, prefix, factor=1.0):
    return [(year, value * factor, qualifier, prefix + lineage) for year, value, qualifier, lineage in rows]


def test_common_pages_correlate_errors_so_that_their_ratio_is_narrower():
    whole = series(steady(), 1)
    same, other = series(renamed(steady(), "", 0.31), 2), series(renamed(steady(), "M", 0.31), 3)
    widths = [np.std(np.log(ratio_draws(part, whole, share=False)[1]), axis=1).mean() for part in (same, other)]
    assert widths[0] < 0.8 * widths[1]
    assert np.corrcoef(whole.bias, same.bias)[0, 1] > 0.95
    assert abs(np.corrcoef(whole.bias, other.bias)[0, 1]) < 0.2


def test_a_share_stays_below_one_and_a_contradiction_is_reported():
    whole = series(steady(), 1)
    near = ratio(series(renamed(steady(), "M", 0.93), 2), whole, share=True)
    assert near.draws.max() <= 1
    assert near.draws.min() >= 0
    assert near.draws.shape == (10, 400)
    assert near.consistent
    assert 0.05 < near.acceptance < 0.95
    larger = ratio(series(renamed(steady(), "M", 3.0), 3), whole, share=True)
    assert not larger.consistent


def test_a_ratio_keeps_to_common_years_and_marks_bridges():
    whole = series(steady(12), 1)
    part = series([row for row in renamed(steady(9, first=2004), "M") if row[0] != 2006], 2)
    result = ratio(part, whole, share=False)
    assert result.years.tolist() == list(range(2004, 2013))
    assert [year for year, kind in zip(result.years, result.kind, strict=True) if kind == "bridged"] == [2006]


def test_before_and_after_need_three_unbridged_years_on_each_side():
    rows = [(y, v if y <= 2008 else v * 1.25 ** (y - 2008), q, lineage) for y, v, q, lineage in steady(15)]
    result = series(rows)
    found = before_after(result, 2008)
    assert found.estimable
    assert found.years_before == (2005, 2006, 2007)
    assert found.years_after == (2009, 2010, 2011)
    assert found.low < np.log(1.25) < found.high
    assert before_after(result, 2003).reason == "few_unbridged_years"
    assert np.isnan(before_after(result, 2014).value)
    thin = series([row for row in rows if row[0] not in (2002, 2003, 2005, 2006)])
    assert before_after(thin, 2007).reason == "few_unbridged_years"


def test_before_and_after_do_not_reach_across_a_break():
    result = reconcile(facts(steady(15)), "log", BASE, SEED, breaks=(2009,))
    assert before_after(result, 2008).reason == "definition_break"
    listed = reconcile(facts(steady(2)), "log", BASE, SEED)
    assert before_after(listed, 2002).reason == "no_series"


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
