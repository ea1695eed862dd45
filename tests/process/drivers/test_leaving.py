"""Hazards of leaving and of exit: published numbers, hand-worked tables, planted ratios, left truncation."""

import numpy as np
import pandas as pd
import pytest

from process.drivers.planted_spells import planted_places, planted_spells
from townshift.process.drivers.leaving import annual_hazards, cox, cox_hazards, incidences, months, told_by_events
from townshift.process.drivers.leaving_annual import cloglog, design, risk_cells
from townshift.process.drivers.leaving_incidence import cumulative_incidence, incidence_draws, risk_table
from townshift.process.drivers.leaving_spells import NEVER, cohorts, ends, leaving_days, regions, spells
from townshift.process.moves.calibration import Calibration

EXACT = Calibration(0.0, 1.0, np.eye(2) * 1e-12, 100)


def planted(n, seed, year_from=1990, n_places=20, **kinds):
    establishments, moves = planted_spells(n, seed, n_places, **kinds)
    return spells(establishments, moves, planted_places(n_places), "county", year_from, 2020), moves


def region(found):
    return np.array([int(place[1:]) % 2 for place in found.places])


def ratio(hazards, cause, term="size=small|big"):
    pooled = next(hazard.pooled for hazard in hazards if hazard.cause == cause)
    at = next(i for i, name in enumerate(pooled.names) if name.startswith("size="))
    sign = 1.0 if pooled.names[at] == term else -1.0
    low, high = sorted(sign * bound for bound in pooled.interval(at))
    return sign * pooled.coefficients[at], low, high


def test_cox_reproduces_the_published_numbers_of_the_recidivism_data():
    from lifelines.datasets import load_rossi

    data = load_rossi()
    names = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    never_late = np.zeros(len(data), dtype=np.int64)
    b, v = cox(never_late, data["week"].to_numpy(), data["arrest"].to_numpy() == 1, data[names])
    published = [-0.379422, -0.057438, 0.313900, -0.149796, -0.433704, -0.084871, 0.091497]
    np.testing.assert_allclose(b, published, atol=1e-6)
    assert np.sqrt(v[0, 0]) == pytest.approx(0.191379, abs=1e-6)


def test_cumulative_incidence_agrees_with_lifelines_where_nothing_is_tied():
    from lifelines import AalenJohansenFitter

    rng = np.random.default_rng(1)
    n = 300
    last = rng.permutation(np.arange(1, n + 1)) + 20
    entry = np.where(rng.random(n) < 0.4, rng.integers(0, 15, n), 0)
    cause = rng.integers(-1, 2, n)
    at_risk, events = risk_table(entry, last, cause, 2)
    ours = cumulative_incidence(at_risk, events)
    for k in range(2):
        peer = AalenJohansenFitter(calculate_variance=False).fit(last, cause + 1, event_of_interest=k + 1, entry=entry)
        theirs = peer.cumulative_density_.iloc[:, 0]
        np.testing.assert_allclose(ours[k][theirs.index.to_numpy(dtype=int)], theirs.to_numpy(), atol=1e-9)


def test_causes_and_survivors_sum_to_one():
    at_risk, events = np.array([0, 10, 8, 5]), np.array([[0, 1, 2, 0], [0, 1, 1, 5]])
    survival = np.prod(1 - np.array([2 / 10, 3 / 8, 5 / 5]))
    assert cumulative_incidence(at_risk, events)[:, -1].sum() + survival == pytest.approx(1.0)


def test_incidence_draws_spread_like_the_binomial_where_nobody_is_censored():
    rng = np.random.default_rng(2)
    draws = incidence_draws(np.array([0, 400]), np.array([[0, 100]]), 4_000, rng)[0, 1]
    assert draws.mean() == pytest.approx(0.25, abs=0.005)
    assert 0.9 < draws.std() / np.sqrt(0.25 / 400) < 1.1


def test_planted_ratios_come_back_by_year_and_by_month():
    found, moves = planted(20_000, 3)
    annual = annual_hazards(found, moves, 1990, 2020, region(found), lambda cells: {}, calibration=EXACT)
    covariates = pd.DataFrame({"size=small|big": (found.size == found.sizes.index("small")).astype(float)})
    monthly = cox_hazards(found, moves, covariates, 2, calibration=EXACT)
    for hazards in (annual, monthly):
        for cause, truth in (("leaving", -np.log(2.0)), ("exit", np.log(2.0))):
            value, low, high = ratio(hazards, cause)
            assert value == pytest.approx(truth, abs=0.08), cause
            assert high - low < 0.25


def test_establishments_that_closed_before_the_registry_looked_do_not_bias_the_hazards():
    early, moves = planted(20_000, 4)
    late, moves_late = planted(20_000, 4, year_from=2012)
    assert late.left_out["not_under_observation"] > 3_000
    covariates = pd.DataFrame({"size=small|big": (late.size == late.sizes.index("small")).astype(float)})
    value, _, _ = ratio(cox_hazards(late, moves_late, covariates, 2, calibration=EXACT), "leaving")
    assert value == pytest.approx(-np.log(2.0), abs=0.1)
    # the incidence by age needs no firm to have been seen from its start
    whole = {(i.cause, i.years): i.value for i in incidences(early, moves, None, 5, calibration=EXACT)}
    part = {(i.cause, i.years): i.value for i in incidences(late, moves_late, None, 5, calibration=EXACT)}
    for key in (("leaving", 5), ("exit", 10)):
        assert part[key] == pytest.approx(whole[key], abs=0.02), key


def test_ignoring_late_entry_would_have_been_wrong():
    late, moves = planted(20_000, 4, year_from=2012)
    entry, last, cause = months(late, leaving_days(late, np.zeros(len(moves), dtype=np.int8)))
    right = cumulative_incidence(*risk_table(entry, last, cause, 2))[1, 120]
    wrong = cumulative_incidence(*risk_table(np.zeros_like(entry), last, cause, 2))[1, 120]
    assert wrong < 0.8 * right


def test_a_relocation_ends_the_spell_as_leaving_and_not_as_exit():
    found, moves = planted(500, 5)
    gone = leaving_days(found, np.zeros(len(moves), dtype=np.int8))
    _, cause = ends(found, gone)
    assert (cause == 0).sum() == len(found.move_row)
    _, cause = ends(found, leaving_days(found, np.full(len(moves), 4, dtype=np.int8)))
    assert (cause == 0).sum() == 0
    assert (cause == 1).sum() > 0


def test_records_left_out_are_counted_by_reason_and_none_is_lost():
    establishments, moves = planted_spells(400, 6)
    establishments.loc[0, ["entry_from", "entry_to"]] = pd.NaT
    establishments.loc[1, "date_flag"] = "future"
    establishments.loc[2, "place_id"] = None
    found = spells(establishments, moves, planted_places(), "county", 1990, 2020)
    assert (found.left_out["without_entry"], found.left_out["date_in_doubt"], found.left_out["without_place"]) == (
        1,
        1,
        1,
    )
    assert found.born.size + sum(found.left_out.values()) == len(establishments)


def test_dates_known_to_a_year_are_taken_at_its_middle():
    establishments, moves = planted_spells(50, 7)
    row = establishments.index[0]
    establishments.loc[row, ["entry_from", "entry_to"]] = [pd.Timestamp("2001-01-01"), pd.Timestamp("2002-01-01")]
    establishments.loc[row, ["exit_from", "exit_to"]] = pd.NaT
    found = spells(establishments, moves, planted_places(), "county", 1990, 2020)
    at = list(found.record_id).index(establishments.loc[row, "record_id"])
    assert np.datetime64(int(found.born[at]), "D") == np.datetime64("2001-07-02")


def test_the_grouped_model_is_the_maximum_of_the_binomial_likelihood():
    from scipy.optimize import minimize

    found, _ = planted(2_000, 8)
    cells = risk_cells(found, 1990, 2020)
    usable = np.ones(cells.place.size, dtype=bool)
    formed = design(cells, found, region(found), {}, usable)
    fit = cloglog(formed, cells.at_risk, cells.events[1], usable)
    x = formed.x[fit.rows][:, fit.kept].toarray()
    n, d = cells.at_risk[fit.rows], cells.events[1][fit.rows]

    def minus(b):
        rate = np.exp(x @ b)
        return -(d * np.log(-np.expm1(-rate)) - (n - d) * rate).sum()

    best = minimize(minus, fit.coefficients + 0.05, method="BFGS", options={"gtol": 1e-6, "maxiter": 2_000})
    assert minus(fit.coefficients) <= best.fun + 1e-6


def test_a_level_in_which_nothing_happened_is_left_out_and_nothing_breaks():
    establishments, moves = planted_spells(1_000, 9)
    establishments.loc[:30, "kind"] = "branch"
    establishments.loc[:30, ["exit_from", "exit_to"]] = pd.NaT
    moves = moves[~moves["origin_record_id"].isin(establishments.loc[:30, "record_id"])].reset_index(drop=True)
    found = spells(establishments, moves, planted_places(), "county", 1990, 2020)
    hazards = annual_hazards(found, moves, 1990, 2020, region(found), lambda cells: {}, calibration=EXACT)
    assert all("kind=branch|firm" not in hazard.pooled.names for hazard in hazards)
    assert all(np.isfinite(hazard.pooled.coefficients).all() for hazard in hazards)


def test_uncertain_moves_lower_the_incidence_of_leaving_by_their_doubt():
    establishments, moves = planted_spells(4_000, 10)
    doubtful = moves.assign(p_relocation=0.5, p_look_alike=0.5)
    places = planted_places()
    sure, half = (
        incidences(spells(establishments, m, places, "county", 1990, 2020), m, None, 10, calibration=EXACT)
        for m in (moves, doubtful)
    )
    at = next(i for i, answer in enumerate(sure) if (answer.cause, answer.years) == ("leaving", 5))
    assert half[at].value == pytest.approx(sure[at].value / 2, rel=0.1)


@pytest.mark.slow
def test_ninety_percent_intervals_of_a_ratio_hold_it_nine_times_in_ten():
    held, n = 0, 200
    for seed in range(n):
        found, moves = planted(1_500, 1_000 + seed, n_places=40)
        hazards = annual_hazards(found, moves, 1990, 2020, region(found), lambda cells: {}, 5, seed, calibration=EXACT)
        _, low, high = ratio(hazards, "leaving")
        held += low < -np.log(2.0) < high
    assert 0.84 <= held / n <= 0.96


def test_cox_leaves_a_level_without_events_out_and_the_other_ratios_alone():
    found, moves = planted(3_000, 5)
    rng = np.random.default_rng(5)
    covariates = pd.DataFrame({"size=small|big": rng.integers(0, 2, found.born.size).astype(float)})
    whole = cox_hazards(found, moves, covariates, 2)
    nothing = np.zeros(found.born.size)
    still_open = np.setdiff1d(np.flatnonzero(found.ended == NEVER), found.move_spell)
    nothing[still_open[:30]] = 1.0
    hazards = {one.cause: one for one in cox_hazards(found, moves, covariates.assign(**{"kind=idle|firm": nothing}), 2)}
    for cause in ("leaving", "exit"):
        assert dict(hazards[cause].without_events) == {"kind=idle|firm": 30}
        assert hazards[cause].pooled.names == ("size=small|big",)
        assert np.isfinite(hazards[cause].pooled.interval(0)).all()
    assert {one.cause for one in whole} == {"leaving", "exit"}
    assert not any(one.without_events for one in whole)


def test_a_level_that_holds_all_events_has_no_ratio_either():
    event = np.array([True, True, False, False, False])
    kept, silent = told_by_events(pd.DataFrame({"a": [1, 1, 1, 0, 0], "b": [1, 0, 0, 1, 0]}), [event])
    assert kept.tolist() == [True, True, True, False, False]
    assert silent == {"a": 2}


def of_branches(hazards, cause="leaving"):
    """The logarithm of the ratio of branches to firms, and its interval."""
    pooled = next(hazard.pooled for hazard in hazards if hazard.cause == cause)
    at = pooled.names.index("kind=branch|firm")
    return pooled.coefficients[at], *pooled.interval(at)


def branches_and_sizes(found):
    return pd.DataFrame(
        {
            "kind=branch|firm": (found.kind == found.kinds.index("branch")).astype(float),
            "size=small|big": (found.size == found.sizes.index("small")).astype(float),
        }
    )


def test_a_rare_kind_that_stands_where_few_leave_has_its_planted_ratio_in_both_models():
    held, n, apart = {"annual": 0, "cox": 0}, 3, []
    for seed in range(20, 20 + n):
        found, moves = planted(8_000, seed, branch_ratio=2.0)
        region = regions(found, moves, planted_places(), 30)
        annual = annual_hazards(found, moves, 1990, 2020, region, lambda cells: {}, 5, calibration=EXACT)
        cox = cox_hazards(found, moves, branches_and_sizes(found), 2, 0, EXACT, cohorts(found, region))
        values = {}
        for name, hazards in (("annual", annual), ("cox", cox)):
            values[name], low, high = of_branches(hazards)
            held[name] += low < np.log(2.0) < high
        apart.append(abs(values["annual"] - values["cox"]))
    assert min(held.values()) >= n - 1, held  # of 90 % intervals; so many hold in 97 of 100 such runs
    assert max(apart) < 0.15


def test_compared_across_places_the_same_kind_would_look_as_if_it_left_less_often():
    found, moves = planted(8_000, 20, branch_ratio=2.0)
    _, _, high = of_branches(cox_hazards(found, moves, branches_and_sizes(found), 2, 0, EXACT))
    assert high < np.log(2.0) - 0.2


def test_a_place_from_which_many_moved_is_a_region_of_its_own_and_the_others_are_their_province():
    found, moves = planted(3_000, 21, branch_ratio=2.0)
    region = regions(found, moves, planted_places(), 200)
    crowded = found.places.index("c000")
    assert (region == region[crowded]).sum() == 1
    assert len(set(region)) == 3
    assert regions(found, moves, planted_places(), 1).tolist() != region.tolist()


def test_a_town_that_holds_most_events_does_not_make_the_intervals_narrow():
    found, moves = planted(6_000, 22, branch_ratio=2.0)
    everywhere = np.zeros(len(found.places), dtype=np.int64)
    crowded = found.place == found.places.index("c000")
    assert np.isin(found.move_spell, np.flatnonzero(crowded)).mean() > 0.7
    annual = annual_hazards(found, moves, 1990, 2020, everywhere, lambda cells: {}, 5, calibration=EXACT)
    _, low, high = ratio(annual, "leaving")
    entry, last, cause = months(found, leaving_days(found, np.zeros(len(moves), dtype=np.int8)))
    _, v = cox(entry, last, cause == 0, branches_and_sizes(found))
    assert high - low > 0.95 * 2 * 1.645 * np.sqrt(v[1, 1])


def test_establishments_that_err_together_widen_the_intervals_of_cox():
    rng = np.random.default_rng(23)
    place = np.repeat(np.arange(30), 60)
    shared = rng.normal(0.0, 0.8, 30)[place]
    given = pd.DataFrame({"x": (place % 2).astype(float)})
    last = np.ceil(rng.exponential(40.0 * np.exp(-shared))).astype(np.int64)
    _, alone = cox(np.zeros_like(last), last, np.ones(len(last), dtype=bool), given)
    _, together = cox(np.zeros_like(last), last, np.ones(len(last), dtype=bool), given, place)
    assert together[0, 0] > 4 * alone[0, 0]
