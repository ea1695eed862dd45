"""The pages of field evidence: small groups stay hidden, agreement stands beside what rests on codings, both sides."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from report.fake_out import FOCUS, write_out
from townshift.report import write_reports
from townshift.report.figures.field_coverage import banded, safe_bands
from townshift.report.figures.field_joint import group_blocks, joint_blocks
from townshift.report.figures.field_words import Agreement, CodeWords, named
from townshift.report.results import Results
from townshift.report.words import Names
from townshift.small_groups import shown_groups

PEOPLE = {"enterprise": 7, "migrant_worker": 6, "media": 3, "research": 4}


def attendance() -> list[dict[str, object]]:
    return [
        {
            "participant_id": f"{group}{at}", "session_id": f"S-{group}{at}", "actor_group": group,
            "role": f"{group} role", "place_id": "alder", "year": 2015,
        }
        for group, n in PEOPLE.items()
        for at in range(n)
    ]  # fmt: skip


def coding(at: int, group: str, code: str, stance: str) -> dict[str, object]:
    return {
        "coding_id": f"K{at}{group}{stance}", "document": f"{group}{at}.txt", "code": code, "concept": "moved",
        "stance": stance, "participant_id": f"{group}{at}", "session_id": f"S-{group}{at}", "actor_group": group,
        "level": "quote", "round": "first",
    }  # fmt: skip


def field_tables() -> dict[str, list[dict[str, object]]]:
    codings = [coding(at, "enterprise", "gone", "for") for at in range(4)]
    codings += [coding(at, "migrant_worker", "stayed", "against") for at in range(3)]
    codings += [coding(at, "media", "stayed", "against") for at in range(3)]
    sources = [
        {"document": f"{group}{at}.txt", "session_id": f"S-{group}{at}", "actor_group": group}
        for group, n in PEOPLE.items()
        for at in range(n)
    ]
    share = {"share": 0.5, "low": 0.2, "high": 0.8, "n_passages": 3}
    quote = {"concept": "moved", "place_id": "", "period": "2015–2019", "generalised": "period"}
    alpha = {"measure": "krippendorff_alpha", "n_units": 90, "n_documents": 6, "n_passages": 20, "status": "ok"}
    return {
        "field_attendance": attendance(),
        "field_codings": codings,
        "field_sources": sources,
        "field_status": [{"reason": "withdrawn", "table": "codings", "n": 4}],
        "quotes_status": [{"reason": "no_consent_to_quote", "n": 11}],
        "code_frequencies": [
            {"code": code, "group": group, "n_sources": 3, "of_sources": n, **share}
            for code in ("gone", "stayed")
            for group, n in {"": 20, **PEOPLE}.items()
        ],
        "code_agreement": [
            {**alpha, "code": "", "value": 0.81, "low": 0.7, "high": 0.9},
            {**alpha, "code": "gone", "value": 0.88, "low": 0.77, "high": 0.95},
            {**alpha, "code": "stayed", "value": 0.55, "low": 0.31, "high": 0.72},
        ],
        "quotes": [
            {**quote, "stance": "for", "quote": "It went away.", "role": "enterprise", "coding_id": "K0enterprisefor",
             "code": "gone"},
            {**quote, "stance": "against", "quote": "Nothing left.", "role": "", "coding_id": "K0migrant_workeragainst",
             "code": "stayed"},
        ],
        "fieldwork_coverage": [
            {"actor_group": "enterprise", "place_id": "alder", "period_from": 2010, "period_to": 2020, "planned": 4,
             "heard": 7, "heard_band": "7", "sessions": 7, "status": "as_planned"},
            {"actor_group": "village_community", "place_id": "birch", "period_from": 2010, "period_to": 2020,
             "planned": 6, "heard": 0, "heard_band": "0", "sessions": 0, "status": "not_heard"},
        ],
        "fieldwork_routes": [
            {"route": "gatekeeper", "sessions": 9, "people": 20, "people_band": "20", "refusals": 2,
             "refusal_share": 0.0909, "with_gatekeeper": 9},
        ],
    }  # fmt: skip


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = write_out(tmp_path / "out")
    for name, rows in field_tables().items():
        pd.DataFrame(rows).convert_dtypes().to_parquet(folder / "results" / f"{name}.parquet", index=False)
    codes = [{"code": "gone", "version": 1, "name": "It is gone", "name_zh": "走了"}]
    pd.DataFrame(codes).to_parquet(folder / "tables" / "codes.parquet", index=False)
    return folder


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    return re.sub(r'href="data:[^"]*"', "", found[0]) if found else ""


def test_withheld_groups_are_together_always_enough_people_or_none() -> None:
    assert shown_groups(PEOPLE, 5) == {"enterprise", "migrant_worker"}
    # One person of the press alone would follow from the total: the smallest group left goes too.
    assert shown_groups({"enterprise": 9, "government": 6, "media": 1}, 5) == {"enterprise"}
    assert shown_groups({"enterprise": 2}, 5) == frozenset()


def test_a_single_band_of_a_group_gets_a_second_so_that_no_total_gives_it_away() -> None:
    rows = {"actor_group": ["a", "a", "b"], "heard": [8, None, 6], "heard_band": ["8", "1–4", "6"]}
    found = safe_bands(pd.DataFrame(rows).astype({"heard": "Int64"}), 5)
    assert found["heard_band"].tolist() == ["5+", "1–4", "6"]
    assert [banded(n, 5) for n in (0, 4, 5)] == ["0", "1–4", "5"]


def test_small_groups_are_named_as_withheld_and_none_of_their_numbers_is_shown(out: Path) -> None:
    write_reports(out, ("en", "zh"), FOCUS)
    page = (out / "report.html").read_text("utf-8")
    codes = section(page, "field-codes")
    assert "media, research." in re.sub(r"\s+", " ", codes)
    assert "<td>enterprise</td>" in codes
    assert "<td>media</td>" not in codes
    assert "list-group-media" not in page
    assert "list-group-enterprise" in page


def test_nobody_who_was_not_heard_is_passed_over_in_silence(out: Path) -> None:
    write_reports(out, ("en", "zh"), FOCUS)
    heard = section((out / "report.html").read_text("utf-8"), "field-heard")
    assert "Planned but nobody heard: village community" in heard
    assert "0 of 6" in heard
    assert "1–4" in heard
    assert "9.1" not in heard
    assert re.search(r"consent was taken back</td>\s*<td[^>]*>4", heard)
    assert re.search(r"used, but not to be quoted</td>\s*<td[^>]*>11", heard)


def test_every_part_that_rests_on_codings_prints_how_far_a_second_coder_agrees(out: Path) -> None:
    write_reports(out, ("en", "zh"), FOCUS)
    for name, overall in (("report.html", "0.81 (0.70 to 0.90)"), ("report.zh.html", "0.81（0.70至0.90）")):
        page = (out / name).read_text("utf-8")
        assert overall in section(page, "field-codes")
        for part in ("field-codes", "field-joint", "field-groups"):
            assert "0.55" in section(page, part)
    weak = section((out / "report.html").read_text("utf-8"), "field-codes")
    assert re.search(r"reaches below 0\.667[^<]*: stayed\.", weak)


def test_without_a_second_coder_the_page_says_so(out: Path) -> None:
    rows = [{"code": "", "measure": "krippendorff_alpha", "value": None, "status": "not_coded_twice"}]
    pd.DataFrame(rows).to_parquet(out / "results" / "code_agreement.parquet", index=False)
    results = Results(out)
    agreement, titles = Agreement(results), CodeWords(results)
    assert agreement.words("gone").en == "not coded twice"
    assert "No second coder" in agreement.notes(titles)[0].en


def test_numbers_of_both_sides_stand_beside_quotes_of_both_sides(out: Path) -> None:
    results = Results(out)
    table = joint_blocks(results, Names(results), 5)[0].table
    shown = [[one.shown.en for one in row] for row in table.rows]
    assert [column.title.en for column in table.columns][:4] == ["Side", "All heard", "enterprise", "migrant worker"]
    assert shown[0][:5] == ["for", "1–4 of 20", "1–4 of 7", "0 of 6", "“It went away.”"]
    assert shown[1][:5] == ["against", "6 of 20", "0 of 7", "1–4 of 6", "“Nothing left.”"]


def test_a_quote_whose_description_hides_the_group_never_stands_on_the_page_of_a_group(out: Path) -> None:
    results = Results(out)
    shown = [
        one.shown.en
        for block in group_blocks(results, Names(results), 5)
        if hasattr(block, "table")
        for row in block.table.rows
        for one in row
    ]
    assert "“It went away.”" in shown
    assert "“Nothing left.”" not in shown


def test_no_participant_coding_or_session_is_named(out: Path) -> None:
    write_reports(out, ("en", "zh"), FOCUS)
    for name in ("report.html", "report.zh.html"):
        page = (out / name).read_text("utf-8")
        parts = "".join(section(page, f"field-{one}") for one in ("heard", "codes", "joint", "groups"))
        assert parts
        assert not re.search(r"S-enterprise|enterprise\d|migrant_worker\d|K\d(enterprise|migrant)", parts)


def test_a_study_without_fieldwork_has_no_page_of_it(tmp_path: Path) -> None:
    write_reports(write_out(tmp_path / "out"), ("en",), FOCUS)
    assert "field-heard" not in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_codes_without_a_name_are_shown_as_they_are() -> None:
    assert named("act", "demand").zh == "要求"
    assert named("act", "walk_out").en == "walk out"
