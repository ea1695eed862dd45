"""What must hold for any figures: units do not change growth, a reciprocal ratio shrinks as the other grows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from process.planted import Planted, constant, row, together
from townshift.process.growth import GrowthParameters, growth
from townshift.process.land_consumption import LandConsumptionParameters, land_consumption
from townshift.process.phases import PhasesParameters, segment
from townshift.process.ratios import RatioDeclaration, RatiosParameters, ratios

level = st.floats(0.01, 1e6)
quick = settings(max_examples=25, deadline=None)


@quick
@given(level, level, st.floats(1e-3, 1e3))
def test_a_change_of_unit_changes_no_growth(first, last, factor):
    def rate(scale):
        series = together(Planted("d", [2000, 2010], constant([first * scale, last * scale], 4)))
        return growth(series, GrowthParameters()).table["value"].iloc[0]

    assert rate(1.0) == pytest.approx(rate(factor), abs=1e-9)


@quick
@given(level, level, level)
def test_growth_of_two_spans_adds_up_to_that_of_both(a, b, c):
    def rate(years, values):
        series = together(Planted("d", years, constant(values, 4)))
        return growth(series, GrowthParameters()).table["value"].iloc[0] * (years[-1] - years[0])

    whole = rate([2000, 2007], [a, c])
    assert whole == pytest.approx(rate([2000, 2003], [a, b]) + rate([2003, 2007], [b, c]), abs=1e-9)


@quick
@given(level, level, level, level)
def test_the_growth_of_a_ratio_is_minus_that_of_its_reciprocal(a, b, c, d):
    series = together(Planted("x", [2000, 2010], constant([a, b], 4)), Planted("y", [2000, 2010], constant([c, d], 4)))
    both = RatiosParameters(
        ratio=(
            RatioDeclaration(name="r", numerator="x", denominator="y", unit="u"),
            RatioDeclaration(name="s", numerator="y", denominator="x", unit="u"),
        )
    )
    found = ratios(series, both)
    up, down = row(found, "r_growth@town/2000-2010")["value"], row(found, "s_growth@town/2000-2010")["value"]
    assert up == pytest.approx(-down, abs=1e-9)


@quick
@given(st.floats(0.1, 10), st.floats(0.5, 3), level, st.floats(1.01, 5))
def test_the_land_ratio_lies_above_one_only_if_land_is_taken_faster_than_people_come(v, v_growth, p, p_growth):
    series = together(
        Planted("land", [2000, 2010], constant([v, v * v_growth], 4)),
        Planted("people", [2000, 2010], constant([p, p * p_growth], 4)),
    )
    found = land_consumption(series, LandConsumptionParameters(land="land", population="people"))
    lcr, pgr = row(found, "lcr@town/2000-2010")["value"], row(found, "pgr@town/2000-2010")["value"]
    ratio = row(found, "lcrpgr@town/2000-2010")["value"]
    assert ratio == pytest.approx(lcr / pgr)
    assert (ratio > 1) == (lcr > pgr) or lcr == pytest.approx(pgr)


@quick
@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(-0.2, 0.2))
def test_turns_do_not_depend_on_level_or_on_a_trend_added_throughout(seed, shift, trend):
    years = np.arange(2000, 2012)
    y = 0.1 * np.random.default_rng(seed).standard_normal((12, 3)).cumsum(axis=0)
    moved = y + shift + trend * (years - 2000)[:, None]
    assert segment(years, y, PhasesParameters()).changes == segment(years, moved, PhasesParameters()).changes
