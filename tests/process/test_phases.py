"""Change points of growth: planted ones are found, lines are left alone, short series are not judged."""

import numpy as np
import pytest

from process.planted import Planted, constant, noisy, together
from townshift.process.phases import COLUMNS, PhasesParameters, phases, segment

DEFAULT = PhasesParameters()
YEARS = list(range(2000, 2015))


def bent(before, after, turn, years=YEARS):
    t = np.array(years, dtype=float)
    return np.exp(5 + before * np.minimum(t - turn, 0) + after * np.maximum(t - turn, 0))


def test_an_exact_bend_is_found_in_its_year_with_its_slopes():
    found = phases(together(Planted("firms", YEARS, constant(bent(0.2, 0.02, 2007)))), DEFAULT)
    best = found.loc[found["probability"].idxmax()]
    assert (best["year"], best["probability"]) == (2007, 1.0)
    assert (best["slope_before"], best["slope_after"]) == pytest.approx((0.2, 0.02))
    assert best["slower_probability"] == 1.0
    assert bool(best["modal"])
    assert found["probability"].sum() == pytest.approx(1.0)


def test_two_exact_bends_are_both_found():
    t = np.array(YEARS, dtype=float)
    values = np.exp(5 + 0.2 * (t - 2000) - 0.25 * np.maximum(t - 2005, 0) + 0.3 * np.maximum(t - 2010, 0))
    found = phases(together(Planted("firms", YEARS, constant(values))), DEFAULT)
    assert found.loc[found["probability"] == 1.0, "year"].tolist() == [2005, 2010]
    assert found["mean_changes"].iloc[0] == 2.0


def test_a_straight_line_has_no_bend():
    found = phases(together(Planted("firms", YEARS, constant(bent(0.1, 0.1, 2007)))), DEFAULT)
    assert found["probability"].max() == 0.0
    assert not found["modal"].any()


def test_ripples_below_the_floor_are_no_bends():
    values = bent(0.1, 0.1, 2007) * np.exp(0.02 * np.sin(np.arange(15)))
    found = phases(together(Planted("firms", YEARS, constant(values))), DEFAULT)
    assert found["probability"].max() == 0.0


def test_planted_bends_are_found_within_two_years_in_most_noisy_records():
    values = bent(0.25, 0.0, 2007)
    series = [Planted(f"d{seed:02}", YEARS, noisy(values, 0.08, seed)) for seed in range(40)]
    found = phases(together(*series), DEFAULT)
    near = found.loc[found["year"] == 2007].set_index("definition_id")["near_probability"]
    assert (near >= 0.5).mean() >= 0.9


def test_noisy_straight_lines_seldom_look_bent():
    values = bent(0.1, 0.1, 2007)
    series = [Planted(f"d{seed:02}", YEARS, noisy(values, 0.08, 100 + seed)) for seed in range(40)]
    found = phases(together(*series), DEFAULT)
    highest = found.groupby("definition_id")["near_probability"].max()
    assert (highest >= 0.5).mean() <= 0.15


def test_a_short_series_is_not_judged():
    found = phases(together(Planted("firms", YEARS[:7], constant(bent(0.3, 0.0, 2003, YEARS[:7])))), DEFAULT)
    assert found["status"].tolist() == ["too_short"]
    assert found["year"].isna().all()
    assert found["probability"].isna().all()
    assert found["n_years"].tolist() == [7]


def test_the_level_of_one_year_is_not_even_short():
    assert phases(together(Planted("firms", [2000], constant([5.0]))), DEFAULT).empty


def test_bridged_years_neither_lengthen_a_series_nor_turn_it():
    bridged = YEARS[4:11]
    few = phases(together(Planted("a", YEARS, constant(bent(0.3, 0.0, 2007)), bridged=[*bridged, 2011])), DEFAULT)
    assert few["status"].tolist() == ["too_short"]
    enough = phases(together(Planted("a", YEARS, constant(bent(0.3, 0.0, 2007)), bridged=bridged)), DEFAULT)
    assert set(enough["year"]).isdisjoint(bridged)


def test_a_series_that_is_not_positive_is_not_judged():
    values = constant(bent(0.1, 0.1, 2007))
    values[3, 5] = -1.0
    assert phases(together(Planted("a", YEARS, values)), DEFAULT)["status"].tolist() == ["not_positive"]


def test_each_regime_between_breaks_is_looked_at_on_its_own():
    years = list(range(1995, 2015))
    values = np.where(np.array(years) < 2005, 1.0, 50.0) * np.exp(0.1 * (np.array(years) - 1995))
    series = together(Planted("firms", years, constant(values)))
    with_break = phases(series, DEFAULT, [{"year": 2005}])
    assert with_break["probability"].max() == 0.0
    assert sorted(set(with_break["regime_from"])) == [1995, 2005]
    assert phases(series, DEFAULT)["probability"].max() > 0.9


def test_the_first_and_last_intervals_cannot_hold_a_turn():
    found = phases(together(Planted("firms", YEARS, constant(bent(0.2, 0.0, 2007)))), DEFAULT)
    assert (found["year"].min(), found["year"].max()) == (2002, 2012)


def test_a_constant_series_does_not_fail():
    found = phases(together(Planted("firms", YEARS, constant([5.0] * 15))), DEFAULT)
    assert found["probability"].max() == 0.0


def test_no_series_is_an_empty_table_with_all_columns():
    found = phases(together(), DEFAULT)
    assert list(found.columns) == list(COLUMNS)
    assert found.empty


def test_rows_are_sorted_and_every_setting_is_there():
    series = [Planted("b", YEARS, constant(bent(0.2, 0.0, 2007)), setting=name) for name in ("base", "loose_prior")]
    found = phases(together(*series, Planted("a", YEARS, constant(bent(0.1, 0.1, 2007)))), DEFAULT)
    keys = found[["place_id", "definition_id", "setting", "year"]].apply(tuple, axis=1).tolist()
    assert keys == sorted(keys)
    assert set(found["setting"]) == {"base", "loose_prior"}


def test_segments_agree_with_least_squares_over_all_single_joints():
    rng = np.random.default_rng(4)
    years = np.arange(2000, 2012)
    y = np.log(bent(0.3, -0.05, 2006, years)) + 0.05 * rng.standard_normal(12)
    chosen = segment(years, y[:, None], PhasesParameters(max_changes=1)).changes[0]
    t = years - 2000.0

    def sse(joint):
        design = np.column_stack([np.ones(12), t, np.maximum(t - t[joint], 0)])
        return float(np.linalg.lstsq(design, y, rcond=None)[1][0])

    assert chosen == (min(range(2, 10), key=sse),)


def test_phases_of_draws_that_differ_share_the_probability():
    early, late = bent(0.3, 0.0, 2004), bent(0.3, 0.0, 2010)
    draws = np.column_stack([np.tile(early[:, None], 100), np.tile(late[:, None], 300)])
    found = phases(together(Planted("a", YEARS, draws)), DEFAULT).set_index("year")["probability"]
    assert found[2004] == 0.25
    assert found[2010] == 0.75
