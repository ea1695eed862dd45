"""The page as a reader gets it: whole, safe, honest about what is missing, the same for the same results."""

from __future__ import annotations

import base64
import csv
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from report.fake_out import ACTOR, FOCUS, claim_results, inputs, other_results, series_results, write_out
from townshift.report import write_report, write_reports

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.crossed: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in ("src", "srcset", "data", "action") or (name == "href" and tag == "link"):
                self.loaded.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.crossed.append(tag)

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.text.append(data)

    @property
    def words(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.text))


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_out(tmp_path_factory.mktemp("out"))
    write_reports(folder, ("en", "zh"), FOCUS)
    return folder


@pytest.fixture(scope="module")
def page(out: Path) -> str:
    return (out / "report.html").read_text("utf-8")


@pytest.fixture(scope="module")
def chinese(out: Path) -> str:
    return (out / "report.zh.html").read_text("utf-8")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_loads_nothing_and_runs_nothing(out: Path, language: str) -> None:
    text = write_report(out, language, FOCUS).read_text("utf-8")
    reader = Reader(text)
    assert not reader.loaded
    assert "script" not in reader.tags
    assert "@import" not in text
    assert all(address.startswith("data:") for address in re.findall(r"url\(([^)#]+)\)", text))


def test_a_page_is_well_formed_and_its_ids_are_unique(page: str, chinese: str) -> None:
    for text in (page, chinese):
        reader = Reader(text)
        assert not reader.crossed
        assert not reader.open
        assert len(reader.ids) == len(set(reader.ids))


def test_every_link_inside_the_page_leads_somewhere(page: str) -> None:
    reader = Reader(page)
    inside = {link[1:] for link in reader.links if link.startswith("#")}
    assert inside <= set(reader.ids)
    assert "lineage-L1" in inside


def test_the_language_is_declared(page: str, chinese: str) -> None:
    assert '<html lang="en">' in page
    assert '<html lang="zh-Hans">' in chinese


def test_titles_come_in_the_language_of_the_page(page: str, chinese: str) -> None:
    assert "Shoes in Alder" in page
    assert "Shoe firms, Alder Town" in Reader(page).words
    assert "赤杨的鞋业" in chinese
    assert "鞋企数，赤杨镇" in Reader(chinese).words


def test_no_person_is_named(page: str, chinese: str) -> None:
    for text in (page, chinese):
        assert ACTOR not in text
        csvs = "".join(_csvs(text))
        assert ACTOR not in csvs


def test_what_a_table_says_is_shown_as_text_and_never_as_markup(page: str) -> None:
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_a_paraphrase_is_labelled_and_not_put_in_quotation_marks(page: str, chinese: str) -> None:
    said = "The levy takes a month of wages."
    for text, label in ((page, "paraphrase"), (chinese, "转述")):
        before, _, after = Reader(text).words.partition(said)
        assert before.rstrip().endswith(label)
        assert not set(before.rstrip()[-len(label) - 3 :] + after[:3]) & set("\"'“”‘’「」")


def test_a_small_cell_is_suppressed_in_the_table_and_in_its_csv(page: str) -> None:
    assert "suppressed" in Reader(page).words
    table = next(text for text in _csvs(page) if "The levy is fair" in text and "enterprise" in text.splitlines()[0])
    assert "suppressed" in table


def test_verdicts_differ_in_shape_and_word_not_only_in_colour(page: str) -> None:
    badges = re.findall(r'<span class="badge (\w+)"><svg[^>]*>(.*?)</svg>([^<]+)</span>', page)
    shapes = {name: re.sub(r"currentColor|#fff", "", shape) for name, shape, _ in badges}
    words = {name: word for name, _, word in badges}
    verdicts = {"supported", "contradicted", "mixed", "inconclusive", "untestable"}
    assert verdicts <= set(shapes)
    assert len({shapes[one] for one in verdicts}) == len(verdicts)
    assert len({words[one] for one in verdicts}) == len(verdicts)


def test_claims_stand_in_order_with_their_parts_rivals_and_changed_rules(page: str) -> None:
    words = Reader(page).words
    assert words.index("Claim 1.1 holds") < words.index("Claim 1.2 holds")
    assert "The market grew" in words
    assert "CHANGED after results were seen" in words
    assert "Data that would decide it: More years" in words
    assert "9 % (6 % to 12 %) a year; tested: above 5 % a year. Probability 0.97." in words
    assert "looser priors 0.96" in words


def test_a_row_without_a_vote_says_why(page: str) -> None:
    assert "no observation: discourse" in Reader(page).words


def test_numbers_of_a_figure_can_be_downloaded(page: str) -> None:
    series = next(text for text in _csvs(page) if text.startswith("Place,Figure,Year") and "Shoe firms" in text)
    rows = list(csv.DictReader(io.StringIO(series)))
    assert [row["Year"] for row in rows] == ["2010", "2011", "2012", "2013"]
    assert float(rows[3]["Median"]) == 130.0
    assert rows[1]["Kind"] == "bridged"


def test_rows_of_a_table_of_growth_say_of_what(page: str) -> None:
    growth = next(text for text in _csvs(page) if "Average growth" in text)
    assert "Shoe firms: Average growth" in growth


def test_every_figure_has_a_description_a_source_and_a_table(page: str) -> None:
    figures = re.findall(r"<figure.*?</figure>", page, flags=re.DOTALL)
    assert len(figures) >= 8
    for figure in figures:
        assert 'aria-label="' in figure
        assert '<p class="source">' in figure
        assert "<details><summary>" in figure
        assert "data:text/csv" in figure


def test_what_could_not_be_estimated_is_listed_with_its_reason(page: str) -> None:
    words = Reader(page).words
    assert "no series of the numerator" in words
    assert "no survey" in words
    assert "Not studied: no panel table." in words


@pytest.mark.parametrize("table", ["series", "claims", "discourse", "receiving_places", "labour_gaps", "dependence"])
def test_a_missing_table_is_named_as_not_studied(tmp_path: Path, table: str) -> None:
    text = write_report(write_out(tmp_path, (table,)), "en", FOCUS).read_text("utf-8")
    assert f"Not studied: no {'labour_record' if table == 'labour_gaps' else table} table." in Reader(text).words


@pytest.mark.slow
def test_any_single_table_may_be_missing(tmp_path: Path) -> None:
    names = [*inputs(), *series_results(), *other_results(), *claim_results()]
    for table in names:
        folder = write_out(tmp_path / table, (table,))
        assert Reader(write_report(folder, "en", FOCUS).read_text("utf-8")).ids, table


@pytest.mark.slow
def test_any_single_table_may_be_empty(tmp_path: Path) -> None:
    for table in [*inputs(), *series_results(), *other_results(), *claim_results()]:
        folder = write_out(tmp_path / table)
        path = next(folder.glob(f"*/{table}.parquet"))
        pd.read_parquet(path).iloc[:0].to_parquet(path)
        assert Reader(write_report(folder, "en", FOCUS).read_text("utf-8")).ids, table


@pytest.mark.parametrize(("factor", "shown"), [(0.9, "Breaks that the data propose"), (-0.2, "propose no break")])
def test_only_a_substantial_bayes_factor_proposes_a_break(tmp_path: Path, factor: float, shown: str) -> None:
    row = {"place_id": "alder", "definition_id": "firms", "year": 2012, "log10_bayes_factor": factor}
    pd.DataFrame([row]).to_parquet(write_out(tmp_path) / "results" / "proposed_breaks.parquet")
    assert shown in Reader(write_report(tmp_path, "en", FOCUS).read_text("utf-8")).words


def test_an_empty_folder_still_makes_a_page(tmp_path: Path) -> None:
    words = Reader(write_report(tmp_path, "zh").read_text("utf-8")).words
    assert "未研究" in words
    assert "小镇产业研究" in words


def test_the_same_results_give_the_same_bytes(tmp_path: Path, out: Path) -> None:
    other = write_out(tmp_path / "elsewhere")
    for language in ("zh", "en"):
        again = write_report(other, language, FOCUS).read_bytes()
        assert again == write_report(out, language, FOCUS).read_bytes()


def test_a_page_is_written_again_only_when_something_changed(tmp_path: Path) -> None:
    path = write_report(write_out(tmp_path), "en", FOCUS)
    first = path.stat().st_mtime_ns
    assert write_report(tmp_path, "en", FOCUS).stat().st_mtime_ns == first
    table = tmp_path / "results" / "not_sayable.parquet"
    pd.DataFrame([{"topic": "Rents", "reason": "no figure"}]).to_parquet(table)
    assert "Rents" in write_report(tmp_path, "en", FOCUS).read_text("utf-8")


def test_a_damaged_page_is_written_again(tmp_path: Path) -> None:
    path = write_report(write_out(tmp_path), "en", FOCUS)
    whole = path.read_bytes()
    for damaged in (whole[:-400], whole.replace(b"Claim 1.1", b"Claim 9.9")):
        path.write_bytes(damaged)
        assert write_report(tmp_path, "en", FOCUS).read_bytes() == whole


def _csvs(page: str) -> list[str]:
    found = re.findall(r'href="data:text/csv;charset=utf-8;base64,([^"]*)"', page)
    return [base64.b64decode(one).decode("utf-8-sig") for one in found]
