"""What a reconciled series does with copies, bounds, lost zeros, breaks and thin records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from townshift.evidence.series import SETTINGS, SeriesInput, SeriesParameters, reconcile, reconcile_many, settings

COLUMNS = [
    "fact_id", "year", "value", "qualifier", "tier", "lineage", "package", "originator", "interest", "flag", "same_as",
]  # fmt: skip
BASE = SeriesParameters()
SEED = [7, 11]


def facts(rows, **more):
    """Rows of (year, value, qualifier, lineage) as a full frame."""
    frame = pd.DataFrame(
        [
            (f"F{i:03d}", year, value, qualifier, "official", lineage, "", "", "none", "ok", "")
            for i, (year, value, qualifier, lineage) in enumerate(rows)
        ],
        columns=COLUMNS,
    )
    return frame.assign(**more)


def steady(n=10, first=2001, start=137.0, growth=1.11):
    return [(first + i, round(start * growth**i, 1), "exact", f"L{i}") for i in range(n)]


def log_width(result):
    return np.log(result.high / result.low)


def test_a_clean_record_gives_every_year_of_its_span_and_covers_it():
    result = reconcile(facts(steady()), "log", BASE, SEED)
    assert result.status == "series"
    assert result.years.tolist() == list(range(2001, 2011))
    truth = 137.0 * 1.11 ** np.arange(10)
    assert ((result.low < truth) & (truth < result.high)).all()
    assert result.draws.shape == (10, 400)
    assert np.allclose(result.value, np.median(result.draws, axis=1))


def test_same_year_copies_of_one_lineage_do_not_narrow_the_interval():
    rows = steady(6)
    copied = rows + [(2003, rows[2][1], "exact", "L2")] * 8
    once, many = (reconcile(facts(some), "log", BASE, SEED) for some in (rows, copied))
    assert np.allclose(once.draws, many.draws)
    assert many.facts["reason"].str.startswith("copy_of:").sum() == 8


def test_more_lineages_never_shrink_the_common_bias():
    crowd = [
        (year, 1000.0 + 7 * k + year - 2000, "exact", f"L{year}-{k}") for year in (2001, 2002, 2003) for k in range(15)
    ]
    result = reconcile(facts(crowd), "log", BASE, SEED)
    alone = reconcile(facts(crowd), "log", BASE.model_copy(update={"common_bias_sd": 0.0}), SEED)
    assert np.std(np.log(result.draws), axis=1).min() > 0.085
    assert np.std(np.log(alone.draws), axis=1).max() < 0.085
    assert 0.08 < result.bias.std() < 0.12


def test_over_figures_alone_leave_the_upper_side_wide():
    rows = [(2001 + i, 10_300.0 + 170 * i, "over", f"L{i}") for i in range(8)]
    parameters = BASE.model_copy(update={"common_bias_sd": 0.0})
    result = reconcile(facts(rows), "log", parameters, SEED)
    bounds = np.array([row[1] for row in rows])
    assert (result.value > bounds * 0.99).all()
    assert np.log(result.high / bounds).mean() > 2 * np.log(bounds / result.low).mean()
    assert all("over_only" in flags for flags in result.flags)
    pure = reconcile(facts(rows), "log", settings(parameters)["pure_bounds"], SEED)
    assert (np.log(pure.high / bounds) > np.log(result.high / bounds)).all()


def test_under_mirrors_over():
    centre = 5000.0
    over = [(2001 + i, centre * 1.02**i, "over", f"L{i}") for i in range(6)]
    under = [(year, centre**2 / value, "under", lineage) for year, value, _, lineage in over]
    parameters = BASE.model_copy(update={"common_bias_sd": 0.0})
    up, down = (reconcile(facts(rows), "log", parameters, SEED) for rows in (over, under))
    assert np.allclose(np.log(up.value) - np.log(centre), np.log(centre) - np.log(down.value), atol=0.12)


@pytest.mark.parametrize(("factor", "flag"), [(0.1, "lost_zero"), (10.0, "extra_zero")])
def test_a_lost_or_extra_zero_is_named_and_does_not_move_the_series(factor, flag):
    rows = steady(9)
    wrong = list(rows)
    wrong[4] = (*rows[4][:1], rows[4][1] * factor, *rows[4][2:])
    clean, slipped = (reconcile(facts(some), "log", BASE, SEED) for some in (rows, wrong))
    named = slipped.fact_flags
    assert named["fact_id"].tolist() == ["F004"]
    assert named["flag"].tolist() == [flag]
    assert named["probability"].iloc[0] > 0.9
    assert abs(np.log(slipped.value[4] / clean.value[4])) < 0.1
    assert clean.fact_flags.empty


def test_a_value_repeated_in_later_years_is_flagged_and_weighs_less():
    rows = [*steady(5), (2008, 137.0, "exact", "M1"), (2009, 137.0, "exact", "M2"), (2010, 412.3, "exact", "M3")]
    result = reconcile(facts(rows), "log", BASE, SEED)
    flags = result.fact_flags
    assert flags["fact_id"].tolist() == ["F005", "F006"]
    assert set(flags["flag"]) == {"stale_repeat"}
    weights = result.facts.set_index("fact_id")["weight"]
    assert weights[["F005", "F006"]].sum() < weights["F007"] / 2


def test_one_number_told_by_several_lineages_of_a_year_counts_once_and_shares_its_weight():
    rows = steady(6)
    told = [*rows, *((2003, rows[2][1], "exact", f"M{k}") for k in range(5))]
    once, many = (
        reconcile(facts(some), "log", BASE.model_copy(update={"common_bias_sd": 0.0}), SEED) for some in (rows, told)
    )
    assert np.allclose(once.draws, many.draws)
    assert many.facts["used"].all()
    assert many.n_lineages == 11
    shares = many.facts.set_index("fact_id")["weight"]
    assert np.allclose(shares[["F002", *(f"F{k:03d}" for k in range(6, 11))]], shares["F002"])
    assert np.isclose(shares.sum(), 1)
    assert np.isclose(6 * shares["F002"], once.facts.set_index("fact_id")["weight"]["F002"])


def test_a_lost_zero_that_others_copied_is_still_named_in_all_of_them():
    rows = steady(9)
    wrong = [*rows[:4], (*rows[4][:1], rows[4][1] / 10, *rows[4][2:]), *rows[5:], (2005, rows[4][1] / 10, "about", "M")]
    named = reconcile(facts(wrong), "log", BASE, SEED).fact_flags
    assert named["fact_id"].tolist() == ["F004", "F009"]
    assert set(named["flag"]) == {"lost_zero"}


def test_equal_numbers_of_a_later_year_count_as_one_repetition():
    rows = [*steady(5), (2009, 137.0, "exact", "M1"), (2009, 137.0, "exact", "M2"), (2010, 412.3, "exact", "M3")]
    single = [row for row in rows if row[3] != "M2"]
    one, two = (
        reconcile(facts(some), "log", BASE.model_copy(update={"common_bias_sd": 0.0}), SEED) for some in (single, rows)
    )
    assert np.allclose(one.draws, two.draws)
    assert two.fact_flags["fact_id"].tolist() == ["F005", "F006"]


def test_weights_of_lineages_and_of_facts_sum_to_one():
    result = reconcile(facts(steady()), "log", BASE, SEED)
    assert np.isclose(result.lineage_weights["weight"].sum(), 1)
    assert np.allclose(result.fact_weights.groupby("year")["weight"].sum(), 1)


def test_the_order_of_rows_never_matters():
    frame = facts(steady(12))
    shuffled = frame.sample(frac=1, random_state=3)
    first, second = (reconcile(some, "log", BASE, SEED) for some in (frame, shuffled))
    assert first.draws.tobytes() == second.draws.tobytes()
    pd.testing.assert_frame_equal(first.facts, second.facts)


def test_a_series_does_not_depend_on_its_neighbours_in_the_batch():
    groups = [SeriesInput(facts(steady(n, start=30.0 + n)), "log", [7, n]) for n in (5, 9, 10, 11, 12, 30)]
    together = reconcile_many(groups, BASE)
    for group, joint in zip(groups, together, strict=True):
        alone = reconcile(group.facts, group.scale, BASE, group.seed_entropy)
        assert alone.draws.tobytes() == joint.draws.tobytes()


def test_another_seed_gives_other_draws_but_the_same_series():
    one, two = (reconcile(facts(steady()), "log", BASE, [seed, 1]) for seed in (1, 2))
    assert not np.array_equal(one.draws, two.draws)
    assert np.allclose(np.log(one.value / two.value), 0, atol=0.06)


def test_a_change_of_unit_only_changes_the_unit():
    frame = facts(steady())
    large = reconcile(frame.assign(value=frame["value"] * 1000), "log", BASE, SEED)
    small = reconcile(frame, "log", BASE, SEED)
    assert np.allclose(large.draws, small.draws * 1000, rtol=1e-6)


def test_shares_in_percent_stay_between_zero_and_a_hundred():
    rows = [(2001 + i, value, "about", f"L{i}") for i, value in enumerate((60.0, 66.7, 75.0, 80.0, 90.0, 95.0))]
    result = reconcile(facts(rows), "logit", BASE, SEED)
    assert result.draws.min() > 0
    assert result.draws.max() < 100
    assert 70 < result.value[2] < 82


def test_an_identity_series_may_be_negative_and_is_shift_free_of_zero():
    rows = [(2001 + i, value, "exact", f"L{i}") for i, value in enumerate((-12.0, -3.5, 2.0, 6.5, 11.0, 18.5, 22.0))]
    result = reconcile(facts(rows), "identity", BASE, SEED)
    assert result.value[0] < 0 < result.value[-1]
    assert result.low[0] < -12 < result.high[0]


def test_a_rate_returns_to_its_mean_in_a_long_gap_where_a_level_keeps_its_momentum():
    values = (2.0, 2.2, 1.9, 2.1, 9.0, 9.2, 2.0, 2.1)
    years = (2000, 2001, 2002, 2003, 2004, 2005, 2024, 2025)
    rows = [(year, value, "exact", f"L{k}") for k, (year, value) in enumerate(zip(years, values, strict=True))]
    result = reconcile(facts(rows), "identity", BASE.model_copy(update={"common_bias_sd": 0.0}), SEED)
    middle = result.value[result.years == 2015][0]
    straight = 9.2 - 7.2 * 10 / 19
    assert middle < straight - 0.5


def test_a_lost_zero_beside_a_declared_break_is_no_shift_of_level():
    rows = [(y, v if y < 2007 else 1.5 * v, q, lineage) for y, v, q, lineage in steady(12)]
    rows[5] = (2006, rows[5][1] / 10, *rows[5][2:])
    result = reconcile(facts(rows), "log", BASE, SEED, breaks=(2006, 2007))
    assert result.fact_flags["fact_id"].tolist() == ["F005"]
    assert np.log(result.value[5] / (rows[5][1] * 10)) > -0.5


def test_years_without_a_fact_are_bridged_and_wider():
    rows = [row for row in steady(12) if row[0] not in (2005, 2006, 2007, 2008)]
    result = reconcile(facts(rows), "log", BASE.model_copy(update={"common_bias_sd": 0.0}), SEED)
    assert [int(y) for y, kind in zip(result.years, result.kind, strict=True) if kind == "bridged"] == [
        2005,
        2006,
        2007,
        2008,
    ]
    assert log_width(result)[5] > 1.2 * log_width(result)[2]


def test_growth_across_a_declared_break_is_not_identified():
    rows = steady(12)
    broken = [(y, v if y < 2007 else 3 * v, q, lineage) for y, v, q, lineage in rows]
    taken = reconcile(facts(broken), "log", BASE, SEED, breaks=(2007,))
    assert "definition_break" in taken.flags[6]
    assert taken.breaks == (2007,)
    assert not taken.growth_identified(2005, 2009)
    assert taken.growth_identified(2002, 2006)
    assert taken.growth_identified(2007, 2012)
    assert np.log(taken.value[6] / taken.value[5]) > 0.8
    ignored = reconcile(facts(broken), "log", settings(BASE)["breaks_not_taken"], SEED, breaks=(2007,))
    assert ignored.growth_identified(2005, 2009)


def test_data_propose_a_break_but_never_apply_it():
    broken = [(y, v if y < 2010 else 2.5 * v, q, lineage) for y, v, q, lineage in steady(18)]
    result = reconcile(facts(broken), "log", BASE, SEED)
    assert result.proposed_breaks["year"].iloc[0] == 2010
    assert result.proposed_breaks["log10_bayes_factor"].iloc[0] > 0.5
    assert result.breaks == ()
    smooth = reconcile(facts(steady(18)), "log", BASE, SEED)
    assert (smooth.proposed_breaks["log10_bayes_factor"] < 0.5).all()


def test_definitions_are_spliced_only_through_common_years():
    main = steady(8)
    apart = [(2015 + i, 900.0 + 10 * i, "exact", f"D{i}") for i in range(3)]
    shared = [(2006 + i, 2 * main[5 + i][1] if i < 3 else 700.0, "exact", f"D{i}") for i in range(4)]
    for other, spliced in ((apart, False), (shared, True)):
        frame = facts(main + other, definition=["a"] * 8 + ["b"] * len(other))
        result = reconcile(frame, "log", BASE, SEED)
        assert result.facts["reason"].eq("not_spliced").sum() == (0 if spliced else 3)
        assert np.allclose(np.log(result.value[:8] / [row[1] for row in main]), 0, atol=0.15)
        assert result.years[-1] == (2009 if spliced else 2008)


def test_too_few_lineages_are_listed_and_one_year_gives_a_level():
    thin = reconcile(
        facts([(2001, 5.0, "exact", "A"), (2002, 6.0, "exact", "B"), (2003, 7.0, "exact", "A")]), "log", BASE, SEED
    )
    assert (thin.status, thin.reason, len(thin.years)) == ("listed", "few_lineages", 0)
    assert len(thin.facts) == 3
    one_year = reconcile(facts([(2001, 50.0 + k, "exact", f"L{k}") for k in range(4)]), "log", BASE, SEED)
    assert (one_year.status, one_year.years.tolist()) == ("level", [2001])
    assert not one_year.growth_identified(2001, 2001)
    two_years = reconcile(facts([(2001 + k // 2, 50.0 + k, "exact", f"L{k}") for k in range(4)]), "log", BASE, SEED)
    assert (two_years.status, two_years.reason) == ("listed", "few_years")


def test_unusable_rows_are_set_aside_with_a_reason():
    frame = facts([*steady(5), (2009, 0.0, "exact", "X"), (2010, np.nan, "exact", "Y"), (2011, 200.0, "exact", "Z")])
    frame.loc[7, "same_as"] = "F001"
    frame["year"] = frame["year"].astype("Int64")
    frame.loc[0, "year"] = pd.NA
    result = reconcile(frame, "log", BASE, SEED)
    reasons = result.facts.set_index("fact_id")["reason"]
    assert reasons[["F000", "F005", "F006", "F007"]].tolist() == ["no_year", "not_positive", "no_value", "same_as"]
    assert result.years.tolist() == [2002, 2003, 2004, 2005]


def test_an_empty_record_is_listed():
    result = reconcile(facts([]), "log", BASE, SEED)
    assert (result.status, result.reason) == ("listed", "no_usable_fact")
    for frame in (result.facts, result.fact_flags, result.fact_weights, result.lineage_weights, result.proposed_breaks):
        assert frame.empty


def test_facts_that_pull_to_two_places_are_shown_as_two_peaks():
    rows = [
        *steady(3),
        *((2006, 220.0 + k, "exact", f"A{k}") for k in range(4)),
        *((2006, 640.0 + k, "exact", f"B{k}") for k in range(4)),
    ]
    result = reconcile(facts(rows), "log", BASE, SEED)
    assert "two_peaked" in result.flags[-1]
    assert not any("two_peaked" in flags for flags in reconcile(facts(steady()), "log", BASE, SEED).flags)


def test_every_setting_changes_what_it_says():
    assert tuple(settings(BASE)) == SETTINGS
    rows = [(2001 + i % 5, 100.0 + i, "about", f"L{i}") for i in range(15)]
    frame = facts(rows, package=["P1"] * 10 + [""] * 5)
    results = {name: reconcile(frame, "log", one, SEED) for name, one in settings(BASE).items()}
    assert results["packages_once"].n_lineages == 6
    assert results["base"].n_lineages == 15
    assert log_width(results["loose_prior"]).mean() > log_width(results["base"]).mean()
    assert np.array_equal(results["breaks_not_taken"].draws, results["base"].draws)
