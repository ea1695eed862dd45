"""The measures of question 2 on the real record, against counts made with nothing but the csv module."""

import csv
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from townshift.governance.discourse import discourse, voices_held
from townshift.governance.instruments import instruments
from townshift.governance.periods import declared
from townshift.governance.sequence import turn_sequence
from townshift.place_sides import sides
from townshift.voices import voices_once

DATA = Path(__file__).parents[2] / "studies" / "zhili" / "data"
PERIODS = declared([[1978, 1991], [1992, 2005], [2006, 2013], [2014, 2019], [2020, 2026]])
LEVELS = ("town", "district", "county", "city", "province", "nation")


def plain(name):
    with (DATA / f"{name}.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def record():
    names = ("events", "statements", "concepts", "places", "destinations")
    return {name: pd.read_csv(DATA / f"{name}.csv", dtype="string") for name in names}


@pytest.fixture(scope="module")
def voices(record):
    return voices_once(record["statements"], ["T010"])


def test_each_event_of_the_record_is_counted_once(record):
    found = instruments(record["events"], PERIODS, LEVELS, {"all": None})
    rows = plain("events")
    singles = [row for row in rows if not row["same_as"]]
    assert found["n_events"].sum() == len(singles)
    assert found["n_rows"].sum() == len(rows)
    by_instrument = found.groupby("instrument")["n_events"].sum().to_dict()
    assert by_instrument == Counter(row["instrument"] for row in singles)


def test_no_event_of_the_record_falls_outside_the_declared_periods(record):
    found = instruments(record["events"], PERIODS, LEVELS, {"all": None})
    assert not {"outside", "undated"} & set(found["period"])


def test_the_turns_of_the_record_span_the_dates_of_their_events(record):
    found = turn_sequence(record["events"], {"all": None}).turns.set_index("turn")
    rows = [row for row in plain("events") if not row["same_as"]]
    for turn, line in found.iterrows():
        dates = sorted(row["date"] for row in rows if row["turn"] == turn)
        assert line["n_events"] == len(dates)
        assert line["first_from"][:4] == dates[0][:4]
        assert line["last_from"][:4] == dates[-1][:4]


def test_pairs_of_the_record_add_up(record):
    found = turn_sequence(record["events"], {"all": None})
    size = found.turns.set_index("turn")["n_events"]
    for line in found.sequence.itertuples():
        pairs = line.pairs_before + line.pairs_after + line.pairs_undetermined
        assert pairs == line.n_events * size[line.turn] - line.n_own


def test_voices_of_the_record_are_actor_concept_and_lineage_once(voices):
    rows = [row for row in plain("statements") if not row["same_as"]]
    assert len(voices) == len({(row["actor_id"], row["concept"], row["lineage"]) for row in rows})
    assert sum(map(len, voices["row_ids"])) == len(rows)


def test_stances_of_the_record_add_up_and_no_actor_is_named(record, voices):
    questions = dict(zip(record["concepts"]["concept"], record["concepts"]["question"], strict=True))
    shown = discourse(voices, PERIODS, questions, (), 5)
    assert shown[["agree", "disagree", "neutral"]].sum().sum() == len(voices)
    actors = {row["actor_id"] for row in plain("statements")} | {row["actor"] for row in plain("statements")}
    printed = {str(value) for value in shown.to_numpy().ravel()}
    assert not printed & (actors - {row["actor_group"] for row in plain("statements")})


def test_withholding_hides_cells_and_adds_none(voices):
    shown = discourse(voices, PERIODS, {}, (), 5)
    held = discourse(voices, PERIODS, {}, ("migrant_worker", "village_community"), 5)
    assert len(shown) == len(held)
    assert set(held[held["suppressed"]]["actor_group"]) <= {"migrant_worker", "village_community"}
    assert held[~held["suppressed"]]["n_voices"].sum() < shown["n_voices"].sum()


def test_every_statement_of_the_record_is_on_one_side(record, voices):
    side = sides(record["places"], "zhili", record["destinations"], ("named", "county_named"))
    assert side["wangjiang_yatan"] == "receiving"
    assert side["susong"] == side["jianli"] == "elsewhere"
    found = voices_held(voices, side, ("migrant_worker",))
    counts = found.groupby("level")["n_statements"].sum()
    assert counts["side"] == counts["place"] == sum(not row["same_as"] for row in plain("statements"))
