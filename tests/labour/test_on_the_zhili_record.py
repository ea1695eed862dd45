"""The measures of question 3 on the real record: what is listed, and which gaps a reader of its README expects."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from townshift.labour.labour_gaps import LabourRecord, labour_gaps
from townshift.labour.labour_record import figures, proxies, theme_events
from townshift.labour.themes import Theme
from townshift.place_sides import sides
from townshift.voices import voices_once

DATA = Path(__file__).parents[2] / "studies" / "zhili" / "data"
CASES = ("wage_monthly", "wage_monthly_cutter")
THEMES = (
    Theme(
        theme="wages",
        title_en="Wages",
        title_zh="工资",
        definitions=(*CASES, "wage_avg_annual_migrant"),
        single_cases=CASES,
        concepts=("wages_rise_with_trade",),
    ),
    Theme(
        theme="insurance",
        title_en="Social insurance",
        title_zh="社会保险",
        context=("social_insurance_pension_migrants",),
    ),
)


@pytest.fixture(scope="module")
def record():
    names = ("facts", "statements", "events", "places", "destinations", "context")
    found = {name: pd.read_csv(DATA / f"{name}.csv").convert_dtypes() for name in names}
    found["statements"]["date"] = found["statements"]["date"].astype("string")
    return found


@pytest.fixture(scope="module")
def side(record):
    return sides(record["places"], "zhili", record["destinations"], ("named", "county_named"))


@pytest.fixture(scope="module")
def listed(record, side):
    return figures(THEMES, record["facts"], side)


def test_every_figure_of_a_theme_is_listed_once(listed):
    with (DATA / "facts.csv").open(encoding="utf-8") as lines:
        wanted = [
            row["fact_id"]
            for row in csv.DictReader(lines)
            if row["definition_id"] in THEMES[0].definitions and not row["same_as"]
        ]
    assert sorted(listed["row_id"]) == sorted(wanted)


def test_the_record_holds_no_wage_that_two_originals_confirm_and_nothing_on_insurance(record, side, listed):
    spoken = voices_once(record["statements"])
    nearby = proxies(THEMES, record["context"], side)
    held = LabourRecord(pd.concat([listed, nearby]), spoken, theme_events(THEMES, record["events"], side))
    found = labour_gaps(THEMES, held, ["zhili", "wangjiang"], side, ["migrant_worker"]).set_index(["theme", "place_id"])
    assert found.loc[("wages", "zhili"), "status"] == "one_lineage"
    assert found.loc[("wages", "wangjiang"), "status"] == "no_record"
    assert found.loc[("insurance", "zhili"), "status"] == "no_record"
    assert found.loc[("insurance", "zhili"), "n_proxies"] == 0
    assert len(nearby) == 1


def test_a_national_survey_is_never_a_figure_of_the_town(record, side):
    nearby = proxies(THEMES, record["context"], side)
    assert set(nearby["basis"]) == {"proxy"}
    assert set(nearby["place_id"]) == {"china"}
