"""Gaps are computed from what is there: the gravest first, proxies fill none."""

import pandas as pd
import pytest

from townshift.frames import typed
from townshift.labour.labour_gaps import COLUMNS, GAPS, LabourRecord, labour_gaps
from townshift.labour.labour_record import EVENT_COLUMNS, RECORD_COLUMNS
from townshift.labour.themes import Theme
from townshift.voices import voices_once

WAGES = Theme(theme="wages", title_en="Wages", title_zh="工资", concepts=("pay_rises",))
SIDES = {"town": "focal", "county": "receiving"}


def figure(year=2019, definition="wage", lineage="L1", single=False, place="town", basis="figure", theme="wages"):
    return {"theme": theme, "place_id": place, "basis": basis, "definition_id": definition, "year": year,
            "single_case": single, "lineage": lineage}  # fmt: skip


def said(*rows):
    columns = ["statement_id", "actor_id", "actor_group", "place_id", "concept", "stance", "lineage"]
    return voices_once(pd.DataFrame(rows, columns=columns))


def gaps(*figures, voices=None, events=(), places=("town",), themes=(WAGES,)):
    record = LabourRecord(
        figures=typed(figures, RECORD_COLUMNS),
        voices=said() if voices is None else voices,
        events=typed(events, EVENT_COLUMNS),
    )
    return labour_gaps(themes, record, places, SIDES, ["worker"])


def only(found):
    assert len(found) == 1
    return found.iloc[0]


@pytest.mark.parametrize(
    ("figures", "status", "expected"),
    [
        ([], "no_record", "no_figure"),
        ([figure(single=True)], "single_case_only", "single_case_only;one_lineage;one_year"),
        ([figure(None)], "no_year", "no_year;one_lineage"),
        ([figure(None), figure(None, lineage="L2")], "no_year", "no_year"),
        ([figure(2019), figure(2020)], "one_lineage", "one_lineage"),
        ([figure(2019), figure(2019, lineage="L2")], "one_year", "one_year"),
        ([figure(2019), figure(2020, lineage="L2")], "held", ""),
        ([figure(2019), figure(None, lineage="L2")], "one_year", "one_year"),
    ],
)
def test_each_gap_follows_from_the_figures(figures, status, expected):
    worker = said(("T1", "A", "worker", "town", "pay_rises", "agree", "L1"))
    found = only(gaps(*figures, voices=worker))
    assert found["gaps"] == expected
    assert found["status"] == ("statements_only" if status == "no_record" else status)


def test_two_definitions_do_not_confirm_each_other():
    found = only(gaps(figure(2019, "wage", "L1"), figure(2020, "income", "L2")))
    assert (found.n_lineages, found.n_years, found.best_lineages, found.best_years) == (2, 2, 1, 1)
    assert found.status == "one_lineage"


def test_single_cases_do_not_confirm_a_figure():
    found = only(gaps(figure(2019), figure(2020, "case", "L2", single=True), figure(2021, "case", "L3", single=True)))
    assert (found.n_single_case, found.best_lineages, found.best_years) == (2, 1, 1)
    assert found.status == "one_lineage"


def test_many_single_cases_stay_single_cases():
    found = only(gaps(*(figure(2010 + i, "case", f"L{i}", single=True) for i in range(5))))
    assert found.status == "single_case_only"
    assert found.best_lineages == 5


def test_what_there_is_instead_of_figures_is_said():
    boss = said(("T1", "A", "enterprise", "town", "pay_rises", "agree", "L1"))
    event = {"theme": "wages", "place_id": "town", "row_id": "E1"}
    proxy = figure(basis="proxy")
    assert only(gaps()).status == "no_record"
    assert only(gaps(proxy)).status == "proxy_only"
    assert only(gaps(proxy, events=[event])).status == "events_only"
    assert only(gaps(proxy, events=[event], voices=boss)).status == "statements_only"


def test_a_proxy_fills_no_gap():
    found = only(gaps(figure(2019, basis="proxy"), figure(2020, basis="proxy", lineage="L2")))
    assert (found.n_figures, found.n_proxies) == (0, 2)
    assert "no_figure" in found.gaps


def test_a_proxy_of_another_place_makes_no_row():
    assert gaps(figure(place="nation", basis="proxy"))["place_id"].tolist() == ["town"]


def test_the_silence_of_workers_is_a_gap_whoever_else_speaks():
    boss = said(("T1", "A", "enterprise", "town", "pay_rises", "agree", "L1"))
    worker = said(("T1", "A", "worker", "town", "pay_rises", "agree", "L1"))
    off_theme = said(("T1", "A", "worker", "town", "food", "agree", "L1"))
    held = (figure(2019), figure(2020, lineage="L2"))
    assert only(gaps(*held, voices=boss)).gaps == "no_worker_voice"
    assert only(gaps(*held, voices=worker)).gaps == ""
    assert only(gaps(*held, voices=off_theme)).gaps == "no_worker_voice"
    assert only(gaps(*held, voices=boss)).status == "held"


def test_every_place_asked_for_has_a_row_and_places_with_a_record_are_added():
    elsewhere = said(("T1", "A", "worker", "village", "pay_rises", "agree", "L1"))
    found = gaps(figure(place="county"), voices=elsewhere, places=("town", "port"))
    assert found["place_id"].tolist() == ["county", "port", "town", "village"]
    assert found["side"].tolist() == ["receiving", "elsewhere", "focal", "elsewhere"]


def test_themes_do_not_borrow_figures_from_each_other():
    hours = Theme(theme="hours", title_en="Hours", title_zh="工时")
    found = gaps(figure(2019), figure(2020, lineage="L2"), themes=(WAGES, hours)).set_index("theme")
    assert found.loc["hours", "status"] == "no_record"
    assert found.loc["wages", "status"] == "held"


def test_gaps_are_named_gravest_first():
    found = only(gaps(figure(single=True)))
    assert found.gaps.split(";") == [name for name in GAPS if name in found.gaps.split(";")]


def test_without_themes_nothing_is_lacking():
    found = gaps(themes=())
    assert found.empty
    assert list(found.columns) == list(COLUMNS)
