"""What a layperson may read into a page: no cause where there is only order, verdicts explained, gaps named."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from report.fake_out import FOCUS, write_out
from townshift.locales import LANGUAGES, catalogue
from townshift.report import write_report

CAUSAL = {
    "en": r"\b(caus(?!e\.)\w+|led to|leads? to|impacts?|effects? (of|on)|drives?|drove|thanks to|due to|results? in"
    r"|brought about|it did to|consequences?)\b",
    "zh": "导致|促使|造成|致使|带来|有何影响|推动|归因|使得|效应",
}
"""Words that make a cause of an order in time or of a difference."""

SHOWN = ("report.", "claims.", "not_sayable.")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_a_page_words_a_correlation_as_cause(language: str) -> None:
    texts = {key: text for key, text in catalogue(language).items() if key.startswith(SHOWN)}
    assert len(texts) > 300
    assert not {key: text for key, text in texts.items() if re.search(CAUSAL[language], text, re.IGNORECASE)}


def test_the_chinese_page_calls_each_verdict_by_one_name() -> None:
    texts = catalogue("zh")
    rules = texts["report.methods.verdicts_claim"] + texts["report.summary.lead"] + texts["report.summary.fragile"]
    for verdict in ("inconclusive", "untestable", "mixed"):
        assert texts[f"claims.verdict.{verdict}"] in rules
    assert not [key for key, text in texts.items() if "未定" in text and key.startswith(SHOWN)]


def test_every_verdict_is_explained_beside_the_verdicts(tmp_path: Path) -> None:
    page = _words(tmp_path)
    for verdict in ("supported", "contradicted", "mixed", "inconclusive", "untestable"):
        assert catalogue("en")[f"report.meaning.{verdict}"] in page
    assert page.index("How to read a verdict") < page.index("Claim 1.1 holds")


def test_a_claim_says_how_its_parts_came_out_without_unfolding(tmp_path: Path) -> None:
    outside = re.sub(r"<details.*?</details>", "", _page(tmp_path), flags=re.DOTALL)
    assert "Its parts: 1 for" in _plain(outside)
    assert "Its parts: 1 no data" in _plain(outside)


def test_a_result_that_was_not_computed_names_the_table_of_the_study_that_is_missing(tmp_path: Path) -> None:
    out = write_out(tmp_path, ("series",))
    run = json.loads((out / "run.json").read_text("utf-8"))
    run["steps"]["series"] = {"state": "not_studied", "reasons": [{"kind": "no_table", "name": "facts"}]}
    (out / "run.json").write_text(json.dumps(run), encoding="utf-8")
    words = _plain(write_report(out, "en", FOCUS).read_text("utf-8"))
    assert "Reconciled series: not studied. It needs what the study lacks: facts." in words
    assert "no series table" not in words


def test_a_declared_break_is_named_and_has_a_key(tmp_path: Path) -> None:
    out = write_out(tmp_path)
    assert "declared break" not in _plain(write_report(out, "en", FOCUS).read_text("utf-8")).lower()
    path = out / "results" / "series.parquet"
    series = pd.read_parquet(path)
    series.loc[series["year_from"] == 2012, "flags"] = "definition_break"
    series.to_parquet(path, index=False)
    words = _plain(write_report(out, "en", FOCUS).read_text("utf-8"))
    assert "Declared break of definition: from 2012 on" in words
    assert "declared break of definition bridged" not in words
    assert "two-peaked year" not in words


def test_a_figure_with_a_lost_or_added_zero_is_named_below_its_series(tmp_path: Path) -> None:
    out = write_out(tmp_path)
    path = out / "results" / "series_facts.parquet"
    facts = pd.read_parquet(path)
    facts.loc[facts["fact_id"] == "F1", "flags"] = "lost_zero;unverified"
    facts.to_parquet(path, index=False)
    words = _plain(write_report(out, "en", FOCUS).read_text("utf-8"))
    assert "101 in 2011 (far too low, perhaps a zero lost)" in words
    assert "1,100 in" not in words, "a figure set aside has no pull to lose"


def test_long_evidence_is_folded_and_none_of_it_is_lost(tmp_path: Path) -> None:
    out = write_out(tmp_path)
    path = out / "results" / "claim_evidence.parquet"
    found = pd.read_parquet(path)
    more = pd.concat([found, *[found.iloc[[1]].assign(row_id=f"E9{i}") for i in range(6)]])
    more.to_parquet(path, index=False)
    page = write_report(out, "en", FOCUS).read_text("utf-8")
    joint = page[page.index('id="joint"') :]
    assert "3 more" in joint
    assert all(f"E9{i}" in joint for i in range(6))


def test_a_gap_says_which_place_stands_for_the_focal_side(tmp_path: Path) -> None:
    out = write_out(tmp_path)
    path = out / "results" / "level_gaps.parquet"
    pd.read_parquet(path).assign(focal_place="elm").to_parquet(path, index=False)
    page = write_report(out, "en", FOCUS).read_text("utf-8")
    assert "Birch County against Elm County" in page


@pytest.mark.parametrize(("second", "told"), [(2015, True), (2016, False)])
def test_events_of_one_year_are_said_to_be_inseparable(tmp_path: Path, second: int, told: bool) -> None:
    from report.fake_out import estimate

    rows = [
        {
            **estimate("before_after", 2010, 2020, 0.1, group=f"firms:E{i}", unit="per_year"),
            "definition_id": "firms",
            "event_id": f"E{i}",
            "event_year": year,
        }
        for i, year in enumerate((2015, second))
    ]
    out = write_out(tmp_path)
    pd.DataFrame(rows).to_parquet(out / "results" / "before_after.parquet", index=False)
    words = _plain(write_report(out, "en", FOCUS).read_text("utf-8"))
    assert "percentage points a year" in words
    assert ("the figures cannot tell them apart" in words) is told


def test_a_changed_text_of_a_verdict_makes_the_page_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from townshift.report import write

    key = write._key(tmp_path, FOCUS)
    whole = Path.read_bytes

    def changed(path: Path) -> bytes:
        return whole(path) + (b" " if path.name == "claims.toml" else b"")

    monkeypatch.setattr(Path, "read_bytes", changed)
    assert write._key(tmp_path, FOCUS) != key


def _page(folder: Path) -> str:
    return write_report(write_out(folder), "en", FOCUS).read_text("utf-8")


def _words(folder: Path) -> str:
    return _plain(_page(folder))


def _plain(page: str) -> str:
    text = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))
