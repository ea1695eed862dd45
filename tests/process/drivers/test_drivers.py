"""Drivers gathered: planted truths in one table, a status for every question, sentences that claim no cause."""

import re

import numpy as np
import pandas as pd
import pytest

from process.drivers.planted_spells import planted_places, planted_spells
from process.moves.planted_moves import move_rows
from townshift.engine.estimates import estimate_tables
from townshift.locales import catalogue
from townshift.process.drivers.all_drivers import drivers
from townshift.process.drivers.parameters import DatedAct, DriversParameters, EventStudyParameters, GravityParameters
from townshift.process.drivers.pooling import pooled
from townshift.process.drivers.sentences import driver_sentence, pathway_sentence, status_sentence
from townshift.process.pathways.count_pathways import pathways
from townshift.process.pathways.parameters import PathwaysParameters

YEARS = (1990, 2020)
N_PLACES = 30


@pytest.fixture(scope="module")
def inputs():
    establishments, moves = planted_spells(6_000, 1, N_PLACES)
    rng = np.random.default_rng(1)
    there = np.array([f"c{i:03}" for i in rng.integers(0, N_PLACES, len(moves))], dtype=object)
    moves = moves.assign(destination_place_id=there, p_relocation=0.9, p_look_alike=0.1)
    return establishments, moves, firm_years(establishments)


def firm_years(establishments, places=None):
    rows = []
    mine = establishments[establishments["member"]]
    entry, closed = mine["entry_from"].dt.year, mine["exit_from"].dt.year
    for place in sorted(set(mine["place_id"])):
        here = (mine["place_id"] == place).to_numpy()
        for year in range(YEARS[0], YEARS[1] + 1):
            stock = ((entry <= year) & ~(closed <= year) & here).sum()
            rows.append((place, year, "county", True, "", int(stock), int((here & (closed == year)).sum())))
    return pd.DataFrame(rows, columns=["place_id", "year", "level", "member", "size_band", "n_stock", "n_exit"])


ACT = DatedAct(name="rule", places=("c001",), year=2010)
QUICK = DriversParameters(
    act=(ACT,), imputations=5, gravity=GravityParameters(by_kind=False), event_study=EventStudyParameters(years_after=3)
)


@pytest.fixture(scope="module")
def found(inputs):
    establishments, moves, yearly = inputs
    return drivers(moves, planted_places(N_PLACES), QUICK, 1, YEARS, establishments, yearly)


def row(found, measure, **where):
    table = found.drivers.table
    rows = table[table["measure"] == measure]
    for name, value in where.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1, rows[["measure", "group"]].to_string()
    return rows.iloc[0]


def test_every_question_has_estimates_and_a_status(found):
    assert set(found.drivers.table["question"]) == {"distance", "destination", "leaving", "age", "act"}
    status = found.drivers_status
    assert set(status.loc[status["status"] == "ok", "question"]) == {"distance", "destination", "leaving", "act"}


def test_estimates_keep_the_rules_everyone_shares(found):
    estimate_tables("drivers", found.drivers)
    table = found.drivers.table
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()


def test_the_planted_hazard_ratio_is_in_the_table(found):
    leaving = row(found, "hazard_ratio", about="leaving", estimator="annual", term="size=big")
    assert leaving["reference"] == "small"
    assert leaving["value"] == pytest.approx(2.0, abs=0.25)
    assert 0.1 < leaving["high"] - leaving["low"] < 0.6


def test_draws_have_the_interval_of_their_row(found):
    at = found.drivers.table.index[found.drivers.table["measure"] == "hazard_ratio"]
    for i in at:
        low, high = np.quantile(found.drivers.draws[i], [0.05, 0.95])
        wide = found.drivers.table.loc[i, "high"] - found.drivers.table.loc[i, "low"]
        assert abs(low - found.drivers.table.loc[i, "low"]) < 0.2 * wide
        assert abs(high - found.drivers.table.loc[i, "high"]) < 0.2 * wide


def test_one_treated_place_is_said_plainly_and_its_interval_comes_from_placebos(found):
    notes = found.drivers_status
    note = notes[notes["reason"] == "one_place_treated"].iloc[0]
    assert note["item"] == "c001"
    effect = row(found, "act_effect", about="exit_rate", group="rule|exit_rate|group_time|overall")
    assert effect["place_id"] == "c001"
    assert 0 < effect["p_value"] <= 1
    assert "one place only" in status_sentence(note.to_dict())
    table = found.drivers.table
    before = table[(table["measure"] == "act_effect") & (table["event_time"] < -1).fillna(False)]
    assert len(before) == 3 * 4  # the years before the act are shown for each outcome


def test_the_same_inputs_give_the_same_bytes_whatever_the_order_of_rows(inputs, found):
    establishments, moves, yearly = inputs
    again = drivers(
        moves.sample(frac=1, random_state=3), planted_places(N_PLACES), QUICK, 1, YEARS,
        establishments.sample(frac=1, random_state=4), yearly.sample(frac=1, random_state=5),
    )  # fmt: skip
    pd.testing.assert_frame_equal(found.drivers.table, again.drivers.table)
    np.testing.assert_array_equal(found.drivers.draws, again.drivers.draws)
    pd.testing.assert_frame_equal(found.drivers_status, again.drivers_status)


def test_what_cannot_be_estimated_is_said_with_its_number():
    moves = move_rows(*((f"a{i}", f"b{i}", "c000", "c001", 2010, {"relocation": 1.0}) for i in range(7)))
    out = drivers(moves, planted_places(4), DriversParameters(), 1, YEARS)
    assert out.drivers.table.empty
    sentences = [status_sentence(r.to_dict()) for _, r in out.drivers_status.iterrows()]
    assert "cannot be estimated: 7 moves expected, fewer than 50" in sentences
    assert "cannot be estimated: the study has no table establishments" in sentences
    estimate_tables("drivers", out.drivers)


def test_no_moves_at_all_is_an_empty_table_and_a_reason():
    out = drivers(move_rows(), planted_places(4), DriversParameters(), 1, YEARS)
    assert out.drivers.table.empty
    assert "no_moves" in set(out.drivers_status["reason"])


def test_an_act_without_a_place_or_year_is_said():
    establishments, moves = planted_spells(300, 2, 10)
    out = drivers(
        moves, planted_places(10), DriversParameters(act=(DatedAct(name="lost", event_ids=("E9",)),)), 1, YEARS,
        None, firm_years(establishments),
    )  # fmt: skip
    said = out.drivers_status[out.drivers_status["about"] == "lost"]
    assert said["reason"].tolist() == ["act_without_place_or_year"]


def test_a_planted_effect_of_an_act_on_many_places_comes_back_by_both_estimators():
    rng = np.random.default_rng(5)
    places = planted_places(60)
    treated = tuple(f"c{i:03}" for i in range(20))
    rows = []
    for i in range(60):
        for year in range(2000, 2016):
            rate = 0.10 + 0.002 * (i % 5) + (0.08 if i < 20 and year >= 2010 else 0.0)
            rows.append((f"c{i:03}", year, "county", True, "", 400, int(rng.binomial(400, rate))))
    yearly = pd.DataFrame(rows, columns=["place_id", "year", "level", "member", "size_band", "n_stock", "n_exit"])
    act = DatedAct(name="rule", places=treated, year=2010)
    out = drivers(move_rows(), places, DriversParameters(act=(act,)), 1, YEARS, None, yearly)
    for estimator in ("group_time", "two_stage"):
        effect = row(out, "act_effect", group=f"rule|exit_rate|{estimator}|overall")
        assert effect["value"] == pytest.approx(0.08, abs=0.015), estimator  # three standard errors
        assert 0.005 < effect["high"] - effect["low"] < 0.02
    reasons = set(out.drivers_status["reason"])
    assert "outcome_never_happened" in reasons  # nobody moved
    assert reasons & {"pre_trend_not_seen", "pre_trend_seen"}


def test_every_row_of_every_status_and_every_measure_has_its_sentence_in_both_languages(found, inputs):
    _, moves, _ = inputs
    ways = pathways(moves, planted_places(N_PLACES), PathwaysParameters(), 1)
    for language in ("en", "zh"):
        for _, one in found.drivers_status.iterrows():
            assert bool(status_sentence(one.to_dict(), language)) == (one["status"] != "ok")
        for _, one in ways.pathways_status.iterrows():
            assert status_sentence(one.to_dict(), language)
        for _, one in found.drivers.table.iterrows():
            single_year = one["measure"] == "act_effect" and not one["group"].endswith("|overall")
            assert bool(driver_sentence(one.to_dict(), language)) != single_year
        for _, one in ways.pathways.table.iterrows():
            assert bool(pathway_sentence(one.to_dict(), language)) == (one["measure"] in ("hop", "destination_share"))


def test_a_fall_is_told_as_fewer_with_the_smaller_bound_first():
    one = {
        "measure": "gravity",
        "term": "ln_km",
        "about": "all",
        "value": -1.0,
        "low": -2.0,
        "high": -0.5,
        "level": 0.9,
    }
    assert "50.0 % fewer moves of all kinds were counted (29.3 to 75.0 %, 90 % interval)" in driver_sentence(one)


def test_an_interval_that_holds_nothing_is_told_as_undecided():
    one = {
        "measure": "hazard_ratio",
        "term": "ln_stock",
        "about": "exit",
        "value": 1.1,
        "low": 0.9,
        "high": 1.3,
        "level": 0.9,
    }
    assert driver_sentence(one).startswith("Whether establishments closed more or less often")


def test_no_text_words_a_correlation_as_a_cause():
    causal = re.compile(
        r"\b(caus\w*|effect of|because|due to|led to|leads to|makes?|drove|drives|increas\w*|reduc\w*|raise[sd]?)\b"
        r"|因为|由于|使得|造成|促使|带来",
        re.IGNORECASE,
    )
    for language in ("en", "zh"):
        for key, text in catalogue(language).items():
            if key.startswith("drivers.sentence.") or key.startswith("drivers.pathway."):
                assert not causal.search(text), (language, key, causal.search(text))


def test_rubin_adds_what_lies_between_to_what_lies_within():
    answer = pooled(("a",), np.array([[1.0], [3.0], [2.0]]), np.array([[[4.0]], [[4.0]], [[4.0]]]))
    assert answer.covariance[0, 0] == pytest.approx(4.0 + (1 + 1 / 3) * 1.0)
    assert answer.df[0] == pytest.approx(2 * (1 + 4.0 / (4 / 3)) ** 2)
    assert np.median(answer.draws(1, "x")[0]) == pytest.approx(2.0, abs=0.05)
