"""The part of the report that comes from a firm registry: what is shown, what is withheld, and that it is said."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pandas as pd
import pytest

from report.fake_out import FOCUS, estimate, write_out
from townshift.report import write_reports
from townshift.report.figures.registry import holders, masked
from townshift.report.figures.registry_drivers import as_percent, term_words

KINDS = ("relocation", "branch", "return_entrepreneurship", "outsourcing")


def registry_tables() -> dict[str, list[dict[str, object]]]:
    """What the steps of a registry write, small."""
    years = range(2010, 2016)
    counts = {"member": True, "size_band": "", "level": "town", "place_id": "alder"}
    pairs = [
        {
            "move_id": f"R{i}>S{i}", "origin_record_id": f"R{i}", "destination_record_id": f"S{i}", "year": 2012,
            "origin_place_id": "alder", "destination_place_id": "birch", "p_look_alike": 0.5, "p_relocation": 0.5,
            "kind": "relocation", "basis": "model", "reasons": "same_phone", "distance_km": 280.0,
        }
        for i in range(20)
    ]  # fmt: skip
    model = {"estimator": "conditional_logit", "about": "all", "n": 30, "between_share": 0.1, "reference": None}
    return {
        "establishments": [{"record_id": "R1"}],
        "firm_years": [{**counts, "year": y, "n_stock": 100 + y, "n_entry": 3, "n_exit": 17} for y in years],
        "firm_survival": [
            {"member": m, "age_years": a, "n_at_risk": 90, "n_exits": 5, "survival": 0.9 - a / 10, "low": 0.7,
             "high": 0.95}
            for m in (True, False)
            for a in (0, 1)
        ],
        "registry_dates": [{"date_flag": "too_old", "n": 12, "in_stock": False}],
        "registry_coverage": [
            {"place_id": "maple", "level": "province", "year": 2013, "kind": "entries", "share": 0.42, "thin": True},
            {"place_id": "alder", "level": "town", "year": 2012, "kind": "stock", "n_registry": 40, "expected": 100.0,
             "share": 0.4, "low": 0.35, "high": 0.45, "thin": True, "source": "F1"},
        ],
        "membership_rules": [
            {"rule_id": "name", "n_caught": 90, "n_alone": 9, "share_alone": 0.1, "overlaps": "code:81"}
        ],
        "moves": pairs,
        "review_moves": [],
        "moves_blocking": [
            {"rule": "phone", "outcome": "dropped", "n_groups": 3, "n_records": 400, "largest_group": 200,
             "n_pairs": 4321}
        ],
        "moves_calibration": [
            {"shift": 0.0, "slope": 1.0, "shift_variance": 0.25, "slope_variance": 0.04, "covariance": 0.0,
             "n_labels": 0}
        ],
        "move_totals": [
            *(estimate("moves_by_kind", y, y, 2.0, place_id="all_places", group=kind) for y in years for kind in KINDS),
            *(estimate("moves_out", y, y, 3.3 if y < 2013 else 9.0, group="relocation") for y in years),
            estimate("flow_total", 2010, 2015, 12.0, place_id="birch", group="alder>birch"),
            estimate("flow_total", 2010, 2015, 4.321, place_id="elm", group="alder>elm"),
        ],
        "pathways": [
            estimate("hop", 2010, 2015, 10.0, place_id="all_places", group="1"),
            estimate("hop", 2010, 2015, 2.0, place_id="all_places", group="2"),
            estimate("second_hop", 2010, 2015, 1.23, place_id="elm", group="alder>birch>elm"),
            estimate("destination_share", 2010, 2015, 0.8, place_id="all_places", group="other_province", unit="share"),
        ],
        "drivers": [
            {**estimate("destination_choice", 2010, 2015, -1.0, group="a"), **model, "term": "ln_km",
             "question": "destination"},
            {**estimate("hazard_ratio", 2010, 2015, 0.01, group="b"), **model, "term": "kind=branch",
             "question": "leaving",
             "about": "leaving", "estimator": "cox", "reference": "kind=firm", "low": 0.0, "high": float("inf")},
            {**estimate("act_effect", 2010, 2015, 0.02, group="c"), **model, "term": "E0", "question": "act",
             "about": "exit_rate", "estimator": "group_time", "event_time": 1, "p_value": 0.04},
        ],
        "driver_sentences": [
            {"table": "drivers", "row_id": "x", "question": "destination", "about": "all", "status": "ok",
             "text_en": "Twice as far, half as many.", "text_zh": "距离加倍，数量减半。"},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = write_out(tmp_path_factory.mktemp("study") / "out")
    for name, rows in registry_tables().items():
        columns = ["move_id", "kind"] if not rows else None
        pd.DataFrame(rows, columns=columns).to_parquet(out / "results" / f"{name}.parquet")
    places = pd.read_parquet(out / "tables" / "places.parquet")
    more = pd.DataFrame(
        [{"place_id": "maple", "name": "Maple Province", "name_zh": "枫林省", "lon": None, "lat": None}]
    )
    places = pd.concat([places, more], ignore_index=True)
    places["kind"] = places["place_id"].map({"alder": "town", "maple": "province"}).fillna("county")
    places["parent_id"] = places["place_id"].map({"alder": "birch", "birch": "maple"})
    places.to_parquet(out / "tables" / "places.parquet")
    written = write_reports(out, ("en", "zh"), FOCUS)
    return {language: path.read_text("utf-8") for language, path in written.items()}


def figure(page: str, name: str) -> str:
    found = re.search(rf'<figure[^>]*id="{name}".*?</figure>', page, flags=re.DOTALL)
    assert found, name
    return found[0]


def sheets(page: str) -> list[str]:
    found = re.findall(r"data:text/csv;charset=utf-8;base64,([A-Za-z0-9+/=]+)", page)
    return [base64.b64decode(one).decode("utf-8-sig") for one in found]


def test_every_figure_of_a_registry_has_a_table_a_source_and_a_description(pages: dict[str, str]) -> None:
    names = (
        "firm-years",
        "coverage",
        "survival",
        "moves-by-kind",
        "moves-out",
        "lines",
        "hops",
        "destinations",
        "drivers",
    )
    for page in pages.values():
        for name in (*names, "act-E0"):
            shown = figure(page, f"figure-{name}")
            assert 'aria-label="' in shown
            assert '<p class="source">' in shown
            assert "data:text/csv" in shown


def test_counts_below_the_threshold_stand_in_no_table_and_no_download(pages: dict[str, str]) -> None:
    for page in pages.values():
        shown = figure(page, "figure-firm-years")
        assert "&lt; 5" in shown
        assert not re.search(r"<td[^>]*>3</td>", shown)
        assert re.search(r"<td[^>]*>17</td>", shown)
        assert not any(re.search(r",3\.33?\b|4\.32|1\.23\b", sheet) for sheet in sheets(page))
    assert "shown as &#34;&lt; 5&#34; in the tables" in pages["en"]


def test_what_is_withheld_is_counted_and_said(pages: dict[str, str]) -> None:
    assert "Withheld: 1 lines along which fewer are expected" in pages["en"]
    assert "Withheld: 1 chains over three places" in pages["en"]
    assert "不予显示：期望数更少的 1 条" in pages["zh"]


def test_a_thin_year_is_shaded_and_said_not_to_be_a_slump(pages: dict[str, str]) -> None:
    shown = figure(pages["en"], "figure-firm-years")
    assert "2013: the registry is thin (Maple Province). It holds 42\xa0% of the entries" in shown
    assert "a dip there is no slump" in shown
    assert "2013年：登记不全（枫林省）" in figure(pages["zh"], "figure-firm-years")


def test_pairs_that_blocking_left_out_are_counted(pages: dict[str, str]) -> None:
    assert "3 keys, 4,321 pairs" in pages["en"]
    assert "3 个键、4,321 对" in pages["zh"]


def test_unchecked_probabilities_are_said_to_be_unchecked(pages: dict[str, str]) -> None:
    assert "Nobody has checked the probabilities yet" in pages["en"]
    assert "尚无人核对这些概率" in pages["zh"]


def test_an_interval_that_says_nothing_is_in_the_table_and_not_in_the_picture(pages: dict[str, str]) -> None:
    assert "kept in the table: 1 terms" in figure(pages["en"], "figure-drivers")


def test_drivers_are_told_in_sentences_of_the_page(pages: dict[str, str]) -> None:
    assert "Twice as far, half as many." in pages["en"]
    assert "距离加倍，数量减半。" in pages["zh"]
    assert "What goes together does not thereby cause." in pages["en"]


def test_a_study_without_a_registry_says_so_once(tmp_path: Path) -> None:
    page = write_reports(write_out(tmp_path / "out"), ("en",), FOCUS)["en"].read_text("utf-8")
    assert page.count("Not studied: no establishments table.") == 1
    assert "figure-moves" not in page


def test_a_count_is_withheld_only_between_nothing_and_the_threshold() -> None:
    assert [masked(n, 5).shown.en for n in (0, 1, 4, 5, 1234)] == ["0", "< 5", "< 5", "5", "1,234"]
    assert masked(4, 5).value == "<5"


def test_what_holds_a_place_is_found_upwards_and_a_circle_ends() -> None:
    places = pd.DataFrame({"place_id": ["t", "c"], "kind": ["town", "county"], "parent_id": ["c", "t"]})
    assert list(holders(places, "t").items()) == [("t", "town"), ("c", "county")]
    assert holders(None, "t") == {"t": ""}


def test_a_coefficient_is_told_as_percent_at_twice_as_much_or_against_its_level() -> None:
    assert as_percent("ln_km", "gravity", -1.0) == pytest.approx(-50.0)
    assert as_percent("same_province", "gravity", 0.0) == pytest.approx(0.0)
    assert as_percent("age=2", "hazard_ratio", 1.5) == pytest.approx(50.0)
    assert as_percent("ln_stock", "hazard_ratio", 2.718281828459045) == pytest.approx(100.0)
    assert as_percent("kind=branch", "hazard_ratio", 0.0) == -100.0


def test_a_term_names_the_level_that_it_is_compared_with() -> None:
    assert term_words("kind=branch", "kind=firm").en == "registered as branch (against firm)"
    assert term_words("ln_km").zh == "加倍：距离"
