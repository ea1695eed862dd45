"""Event studies: published numbers, planted effects, placebos for one treated place, what makes a panel."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from process.moves.planted_moves import move_rows
from townshift.process.drivers.event_study import (
    by_group,
    dynamic,
    group_time_effects,
    overall_dynamic,
    pre_trend,
    simple,
)
from townshift.process.drivers.event_study_panel import act_panel, treated_places
from townshift.process.drivers.event_study_placebo import Placebo, placebos
from townshift.process.drivers.event_study_two_stage import two_stage
from townshift.process.drivers.parameters import DatedAct, EventStudyParameters

REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "data" / "mpdta.csv"
YEARS = np.arange(2005, 2013)


@pytest.fixture(scope="module")
def mpdta():
    if not REFERENCE.exists():
        pytest.skip("the reference data (../shared/reference/data/mpdta.csv) are not here")
    data = pd.read_csv(REFERENCE)
    wide = data.pivot_table(index="countyreal", columns="year", values="lemp")
    first = data.groupby("countyreal")["first.treat"].first().reindex(wide.index).to_numpy(np.int64)
    return group_time_effects(wide.to_numpy(), wide.columns.to_numpy(np.int64), first)


def test_group_time_effects_reproduce_the_published_numbers(mpdta):
    found = {(int(g), int(t)): att for g, t, att in zip(mpdta.group, mpdta.year, mpdta.att, strict=True)}
    published = {
        (2004, 2004): -0.0105, (2004, 2005): -0.0704, (2004, 2006): -0.1373, (2004, 2007): -0.1008,
        (2006, 2006): -0.0046, (2007, 2007): -0.0261,
    }  # fmt: skip
    for cell, att in published.items():
        assert found[cell] == pytest.approx(att, abs=5.1e-5), cell


def test_aggregates_reproduce_the_reference_program(mpdta):
    assert simple(mpdta).att == pytest.approx(-0.03995127515517, abs=1e-6)
    assert simple(mpdta).se == pytest.approx(0.012034, abs=1e-6)
    for event_time, att in enumerate((-0.0199318, -0.0509574, -0.1372587, -0.1008114)):
        assert dynamic(mpdta, event_time).att == pytest.approx(att, abs=1e-6)
    assert overall_dynamic(mpdta).att == pytest.approx(-0.0772398, abs=1e-6)
    assert by_group(mpdta).att == pytest.approx(-0.0310183, abs=1e-6)


def test_the_two_stage_estimator_reproduces_the_reference_program():
    import pyfixest

    data = pd.read_csv(Path(pyfixest.__file__).parent / "did" / "data" / "df_het.csv")
    found = two_stage(
        data["state"].to_numpy(np.int64), data["year"].to_numpy(np.int64), data["dep_var"].to_numpy(),
        data["g"].to_numpy(np.int64), data["state"].to_numpy(np.int64),
    )  # fmt: skip
    assert found.att == pytest.approx(2.152214, abs=1e-5)
    assert found.se == pytest.approx(0.047607, abs=1e-5)
    by_time = dict(zip(found.event_time.tolist(), found.effects.tolist(), strict=True))
    for event_time, effect in ((0, 1.304462), (1, 1.533486), (5, 1.990587)):
        assert by_time[event_time] == pytest.approx(effect, abs=1e-5)


def planted(seed, n=120, effect=0.5, noise=1.0, treated=(30, 30), trend=0.0):
    """Units with own levels; groups treated in 2008 and 2010; the effect grows by `effect` every year after."""
    rng = np.random.default_rng(seed)
    first = np.zeros(n, dtype=np.int64)
    first[: treated[0]], first[treated[0] : sum(treated)] = 2008, 2010
    y = rng.normal(0, 2, n)[:, None] + rng.normal(0, 1, YEARS.size)[None] + noise * rng.normal(0, 1, (n, YEARS.size))
    since = np.where(first > 0, YEARS[:, None] - first, -99).T
    return y + effect * np.where(since >= 0, since + 1, 0) + trend * (first > 0)[:, None] * (YEARS - 2005), first


def test_growing_effects_of_staggered_acts_come_back():
    y, first = planted(1, n=2_000, treated=(500, 500))
    found = group_time_effects(y, YEARS, first)
    for event_time in range(3):
        assert dynamic(found, event_time).att == pytest.approx(0.5 * (event_time + 1), abs=0.15)
    assert pre_trend(found, -5)[0] > 0.01


def test_places_not_yet_treated_may_stand_beside_and_agree():
    y, first = planted(2, n=2_000, treated=(500, 500))
    never, not_yet = (overall_dynamic(group_time_effects(y, YEARS, first, way)) for way in ("never", "not_yet"))
    assert never.att == pytest.approx(not_yet.att, abs=0.1)
    assert never.att != not_yet.att


def test_a_course_that_was_not_parallel_before_the_act_is_seen():
    y, first = planted(3, n=400, treated=(100, 100), trend=0.5)
    p, n = pre_trend(group_time_effects(y, YEARS, first), -5)
    assert n == 4  # years -5, -4, -3, -2 are seen in one group or the other
    assert p < 0.001


def test_a_true_null_before_the_act_is_rejected_no_more_often_than_the_test_says():
    rejected, n = 0, 300
    for seed in range(n):
        y, first = planted(2_000 + seed, n=60, effect=0.0, treated=(20, 0))
        rejected += pre_trend(group_time_effects(y, YEARS, first), -5)[0] < 0.1
    assert rejected / n <= 0.15


def test_groups_without_a_year_before_or_without_controls_are_left_out():
    y = np.ones((4, 3))
    years = np.array([2001, 2002, 2003])
    assert group_time_effects(y, years, np.array([2001, 2001, 0, 0])).att.size == 0
    assert group_time_effects(y, years, np.array([2003, 2003, 2003, 2003])).att.size == 0


@pytest.mark.slow
def test_ninety_percent_intervals_of_the_overall_effect_hold_it_nine_times_in_ten():
    held, n = 0, 300
    for seed in range(n):
        y, first = planted(1_000 + seed)
        found = overall_dynamic(group_time_effects(y, YEARS, first), last=2)
        held += abs(found.att - 0.5 * (1 + 2 + 3) / 3) < 1.6449 * found.se
    assert 0.85 <= held / n <= 0.95


def overall(found):
    return {"overall": overall_dynamic(found).att}


def test_placebos_of_one_treated_place_reject_a_true_null_no_more_often_than_they_say():
    rejected, n = 0, 200
    for seed in range(n):
        y, first = planted(seed, n=40, effect=0.0, treated=(1, 0))
        rng = np.random.default_rng(seed)
        placebo = placebos(y, YEARS, first, overall, "never", 999, rng)
        rejected += placebo.p_value(0, overall_dynamic(group_time_effects(y, YEARS, first)).att) <= 0.1
    assert rejected / n <= 0.15


def test_placebo_intervals_of_one_treated_place_hold_a_planted_effect():
    held, n = 0, 200
    for seed in range(n):
        y, first = planted(500 + seed, n=60, effect=1.0, treated=(1, 0))
        placebo = placebos(y, YEARS, first, overall, "never", 999, np.random.default_rng(seed))
        att = overall_dynamic(group_time_effects(y, YEARS, first)).att
        low, high = placebo.interval(0, att)
        held += low <= (1 + 2 + 3 + 4 + 5) / 5 <= high
    assert 0.83 <= held / n <= 0.96


def test_placebos_of_small_places_are_drawn_in_to_the_size_of_the_treated_one():
    rng = np.random.default_rng(7)
    stock = np.where(np.arange(80) < 40, 10.0, 1_000.0)[:, None] * np.ones((1, YEARS.size))
    y = rng.normal(0, 1, (80, YEARS.size)) / np.sqrt(stock)
    first = np.zeros(80, dtype=np.int64)
    first[79] = 2008
    plain = placebos(y, YEARS, first, overall, "never", 999, np.random.default_rng(1))
    sized = placebos(y, YEARS, first, overall, "never", 999, np.random.default_rng(1), stock)
    assert sized.effects.std() < 0.35 * plain.effects.std()
    small = Placebo(("overall",), plain.effects).rescaled(1.0 / stock[:79].mean(axis=1), 0.1)
    assert small.effects.std() > plain.effects.std()


PLACES = pd.DataFrame(
    [("p", "province", None), ("home", "county", "p"), ("town", "town", "home")]
    + [(f"c{i:02}", "county", "p") for i in range(25)],
    columns=["place_id", "kind", "parent_id"],
)


def firm_years(small=()):
    rows = []
    for place, level in [("home", "county"), ("town", "town"), *((f"c{i:02}", "county") for i in range(25))]:
        for year in range(2004, 2016):
            stock = 3 if place in small else 100
            rows.append((place, year, level, True, "", stock, 7))
            rows.append((place, year, level, False, "", 999, 99))
    return pd.DataFrame(rows, columns=["place_id", "year", "level", "member", "size_band", "n_stock", "n_exit"])


def test_a_treated_town_is_compared_with_counties_but_not_with_the_one_around_it():
    moves = move_rows(
        ("a", "b", "town", "c03", 2011, {"relocation": 1.0}), ("c", "d", "home", "c03", 2011, {"branch": 1.0})
    )
    panel = act_panel({"town": 2010}, firm_years(small=("c07",)), moves, PLACES, EventStudyParameters())
    assert "home" not in panel.units
    assert "c07" not in panel.units
    assert panel.left_out == {"treated_small": 0, "beside_small": 1}
    assert panel.years.tolist() == list(range(2005, 2015))
    leaving, arriving = (panel.outcome(name, np.ones(2)) for name in ("leaving_rate", "arrival_rate"))
    assert leaving.sum() == pytest.approx(0.01)  # one move of the town; the county's own is no unit's
    assert arriving[panel.units.index("c03"), 2011 - 2005] == pytest.approx(0.02)
    assert panel.outcome("exit_rate", np.ones(2)).max() == pytest.approx(0.07)


def test_places_and_years_of_an_act_come_from_events_policies_and_parameters():
    events = pd.DataFrame({"event_id": ["E1", "E2"], "place_id": ["a", "b"], "date": ["2014-03-01", "2016"]})
    policies = pd.DataFrame({"policy_id": ["P1"], "place_id": ["a"], "issued": ["2012-07"]})
    act = DatedAct(name="x", event_ids=("E1", "E2"), policy_ids=("P1",), places=("c",), year=2013)
    assert treated_places(act, events, policies) == {"a": 2012, "b": 2016, "c": 2013}
    assert treated_places(DatedAct(name="x", event_ids=("E9",)), events, policies) == {}
