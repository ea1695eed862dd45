"""Saturation against exact rarefaction, published estimators and planted truth."""

from itertools import combinations

import numpy as np
import pytest

from townshift.errors import MeasureError
from townshift.governance.field.saturation import saturation


def test_codes_in_fewer_sources_are_the_mean_over_all_choices_of_them():
    sources = [["a", "b"], ["a"], ["c", "d", "a"], ["b"], ["e"]]
    found = saturation(sources, replicates=10).curve
    for n in (1, 2, 3, 4, 5):
        every = [len(set().union(*chosen)) for chosen in combinations([set(one) for one in sources], n)]
        assert found.loc[found["n_sources"] == n, "codes"].item() == pytest.approx(np.mean(every), abs=1e-9)


def test_codes_there_are_follow_chaos_estimator():
    # 4 codes once and 2 codes twice in 10 sources: 8 + 9/10 · 4² / (2 · 2).
    sources = [["x", "y", f"u{at}"] if at < 4 else ["x", "y"] for at in range(10)]
    for at in (0, 1):
        sources[at] = [*sources[at], "v"]
        sources[at + 2] = [*sources[at + 2], "w"]
    found = saturation(sources, replicates=10)
    assert found.n_codes == 8
    assert found.expected_codes[0] == pytest.approx(8 + 0.9 * 16 / 4)


def test_intervals_of_the_next_source_hold_what_it_would_bring_as_often_as_said():
    rng = np.random.default_rng(21)
    shares = rng.beta(0.8, 5, 60)
    hits = []
    for seed in range(150):
        draw = np.random.default_rng([21, seed]).random((25, 60)) < shares
        seen = draw.any(axis=0)
        truth = shares[~seen].sum()
        found = saturation([np.flatnonzero(row).astype(str).tolist() for row in draw], replicates=200, seed=seed)
        hits.append(found.next_source[1] <= truth <= found.next_source[2])
    # LEVEL is 90 %; three standard errors of 150 trials.
    assert 0.82 <= np.mean(hits) <= 0.98


def test_sources_that_repeat_each_other_are_saturated():
    found = saturation([["a", "b", "c"]] * 12, replicates=50)
    assert found.next_source[:2] == (0.0, 0.0)
    # A code in a fifth of such sources could have stayed unseen: the end is no zero.
    assert 0.1 < found.next_source[2] < 0.3
    assert found.share_covered == 1.0


def test_one_source_says_nothing_of_the_next():
    with pytest.raises(MeasureError) as caught:
        saturation([["a"]])
    assert caught.value.problems[0].code == "TS-FIELD-001"
