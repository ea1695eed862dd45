"""The simulator of published records: what it promises, not how it works."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest

from evidence.simulated_records import COLUMNS, SimulatedRecord, simulate_record


@functools.cache
def many(**options) -> tuple[SimulatedRecord, ...]:
    return tuple(simulate_record(seed, **options) for seed in range(300))


def share(records, members) -> float:
    return sum(len(members(record)) for record in records) / sum(len(record.facts) for record in records)


def test_the_same_seed_gives_the_same_record_whatever_ran_before():
    first = simulate_record(7)
    simulate_record(8)
    again = simulate_record(7)
    pd.testing.assert_frame_equal(first.facts, again.facts)
    pd.testing.assert_series_equal(first.truth, again.truth)
    assert first.lost_zero_ids == again.lost_zero_ids
    assert first.copies == again.copies
    assert not first.facts.equals(simulate_record(8).facts)


def test_facts_have_the_columns_and_words_of_a_coded_record():
    facts = pd.concat([record.facts for record in many()])
    assert tuple(facts.columns) == COLUMNS
    assert set(facts["qualifier"]) == {"exact", "about", "over", "under"}
    assert set(facts["tier"]) == {
        *("official", "original_press", "press_origin", "trade_press", "mirror_or_aggregator", "film")
    }
    assert set(facts["interest"]) == {"self_interested_for", "self_interested_against", "none", "unclear"}
    assert facts["flag"].eq("ok").mean() > 0.75
    assert not facts["flag"].eq("lost_zero").any()  # whoever reconciles must find them
    assert facts["flag"].eq("stale_repeat").any()
    assert np.isfinite(facts["value"]).all()


def test_every_record_is_large_and_long_enough_and_its_truth_spans_its_facts():
    sizes = [len(record.facts) for record in many()]
    assert min(sizes) == 4
    assert 26 <= max(sizes) <= 30
    for record in many():
        years = record.facts["year"]
        assert 6 <= len(record.truth) <= 35
        assert list(record.truth.index) == list(range(years.min(), years.max() + 1))
        assert record.facts["lineage"].nunique() >= 4
        assert years.nunique() >= 3
        assert record.facts["fact_id"].is_unique
        if record.scale == "log":
            assert (record.truth > 0).all()
            assert (record.facts["value"] > 0).all()
        if record.scale == "logit":
            assert record.truth.between(0, 100, inclusive="neither").all()
            assert record.facts["value"].between(0, 100, inclusive="neither").all()


def test_rates_are_those_promised():
    records = many()
    facts = pd.concat([record.facts for record in records])
    assert facts["qualifier"].isin(["over", "under"]).mean() == pytest.approx(0.40, abs=0.03)
    printed_with_zeros = [record for record in records if record.scale == "log"]
    assert share(printed_with_zeros, lambda record: record.lost_zero_ids) == pytest.approx(0.03, abs=0.01)
    assert 0 < share(printed_with_zeros, lambda record: record.extra_zero_ids) < 0.012
    assert share(records, lambda record: record.stale_ids) == pytest.approx(0.11, abs=0.025)
    assert share(many(stale_share=0.35), lambda record: record.stale_ids) == pytest.approx(0.33, abs=0.04)
    assert share(records, lambda record: record.copies) == pytest.approx(0.13, abs=0.03)
    assert np.mean([bool(record.breaks) for record in records]) == pytest.approx(0.15, abs=0.06)
    assert np.mean([record.scale == "log" for record in records]) == pytest.approx(0.74, abs=0.08)


def test_a_lost_zero_is_a_tenth_of_what_its_neighbours_say():
    ratios = []
    for record in many():
        for fact in record.facts[record.facts["fact_id"].isin(record.lost_zero_ids)].itertuples():
            ratios.append(fact.value / record.truth[fact.year])
    assert 0.06 < np.median(ratios) < 0.14


def test_most_bounds_hold_and_exact_figures_are_near_the_truth():
    over, near = [], []
    for record in many(scale="log", shared_bias_low=0.0, shared_bias_high=0.0):
        plain = record.facts[~record.facts["fact_id"].isin(record.lost_zero_ids | record.extra_zero_ids)]
        ratio = np.log(plain["value"] / plain["year"].map(record.truth))
        over.extend(ratio[plain["qualifier"].eq("over")])
        near.extend(ratio[plain["qualifier"].eq("exact")])
    assert 0.6 < np.mean(np.array(over) < 0) < 0.97
    assert np.median(np.abs(near)) < 0.12


def test_a_seen_copy_names_a_fact_of_the_same_lineage_and_year():
    seen = 0
    hidden = 0
    for record in many():
        table = record.facts.set_index("fact_id")
        for copy, original in record.copies.items():
            assert table.loc[copy, "year"] == table.loc[original, "year"]
            if pd.notna(table.loc[copy, "same_as"]):
                seen += 1
                assert table.loc[copy, "same_as"] == original
                assert table.loc[copy, "lineage"] == table.loc[original, "lineage"]
            hidden += table.loc[copy, "lineage"] != table.loc[original, "lineage"]
    assert seen > 50
    assert hidden > 50


def test_declared_breaks_are_true_ones_and_shift_the_level():
    declared = [record for record in many() if record.declared_breaks]
    assert declared
    for record in declared:
        assert record.declared_breaks == record.breaks
        assert record.truth.index[0] < record.breaks[0] <= record.truth.index[-1]
    assert any(record.breaks and not record.declared_breaks for record in many())


def test_options_hold():
    record = simulate_record(3, n_facts=50, n_years=30, scale="logit", lost_zero_share=0.0)
    assert len(record.facts) == 50
    assert len(record.truth) == 30
    assert record.scale == "logit"
    assert not record.lost_zero_ids
    with pytest.raises(TypeError):
        simulate_record(3, stale=0.5)
