import csv
import json
import os
import re
from pathlib import Path

import pytest

from townshift.locales import catalogue, set_language
from townshift.study import CheckReport, check_study, open_study
from townshift.study.check import examination

RECORD = Path(__file__).parents[2] / "studies" / "zhili"
SOURCE = Path(__file__).parents[2] / "src" / "townshift" / "study"


def found(folder, **options):
    return {(one.code, one.column): one for one in check_study(folder, **options).findings}


def quarantine(folder, table):
    with (folder / "out" / "quarantine" / f"{table}.csv").open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_a_sound_study_has_no_problem(folder):
    report = check_study(folder)
    assert report.findings == ()
    assert report.ok
    assert report.rows == {"places": 3, "sources": 2, "indicators": 3, "facts": 5, "events": 2}
    assert not (folder / "out" / "quarantine").exists() or not list((folder / "out" / "quarantine").iterdir())


@pytest.mark.parametrize("careful", [False, True])
def test_the_real_record_has_no_problem(tmp_path, careful):
    import shutil

    shutil.copytree(RECORD, tmp_path / "zhili", ignore=shutil.ignore_patterns("out"))
    report = check_study(tmp_path / "zhili", careful=careful)
    assert [str(one) for one in report.problems] == []
    assert report.rows["facts"] == 585


def test_swapped_coordinates_read_as_the_style_guide_asks(folder, edit):
    edit(folder, "places", "116.7,30.13", "30.13,116.7")
    report = check_study(folder)
    assert str(report.findings[0].problem) == (
        "data/places.csv line 4, column lat: 116.7 is outside -90..90\n"
        "  lon and lat look swapped on this row (1 of 3). Mend the file, or set columns.swap_xy = true"
        "     [TS-DATA-014]"
    )
    assert report.findings[0].severity == "warning"


def test_coordinates_swapped_throughout_are_fatal_and_one_setting_mends_them(study_with, manifest):
    places = "place_id,name,kind,lon,lat\nalder,Alder,town,30.87,120.27\nhill,Hill,county,30.13,116.7\n"
    others = {"facts": None, "sources": "source_id\nS1\nS2\n"}
    assert found(study_with(places=places, **others))["TS-DATA-014", "lat"].severity == "fatal"
    mended = study_with(manifest + "\n[columns]\nswap_xy = true\n", places=places, **others)
    assert check_study(mended).findings == ()


CASES = {
    "unknown column": ("facts", "qualifier,source_id", "qualifer,source_id", "TS-DATA-004", "", 1, "warning"),
    "missing required column": ("facts", ",value,unit", ",valeu,unit", "TS-DATA-005", "value", 1, "fatal"),
    "column twice": ("facts", "same_as,note", "note,note", "TS-DATA-006", "", 1, "fatal"),
    "no number": ("facts", "2010,410", "2010,4l0", "TS-DATA-007", "value", 2, "warning"),
    "thousands separator": ("facts", "2010,410", '2010,"1,410"', "TS-DATA-007", "value", 2, "warning"),
    "not finite": ("facts", "2010,410", "2010,nan", "TS-DATA-007", "value", 2, "warning"),
    "impossible day": ("events", "2013-05", "2013-02-30", "TS-DATA-008", "date", 3, "warning"),
    "impossible month": ("events", "2013-05", "2013-13", "TS-DATA-008", "date", 3, "warning"),
    "date of another style": ("events", "2013-05", "May 2013", "TS-DATA-008", "date", 3, "warning"),
    "year beyond time": ("events", "2013-05", "0213-05", "TS-DATA-008", "date", 3, "warning"),
    "required cell empty": ("events", "Market opens", "", "TS-DATA-009", "title", 2, "warning"),
    "no key": ("events", "E2,2013", ",2013", "TS-DATA-010", "event_id", 3, "warning"),
    "key of two rows": ("events", "E2,2013", "E1,2013", "TS-DATA-011", "event_id", 2, "fatal"),
    "copy of a row": ("events", "E2,", "E1,2009,alder,Market opens,S1\nE2,", "TS-DATA-012", "event_id", 3, "warning"),
    "out of range": ("places", "120.27", "220.27", "TS-DATA-013", "lon", 3, "warning"),
    "word of no vocabulary": ("facts", "over", "ovre", "TS-DATA-015", "qualifier", 3, "warning"),
    "wrong form": ("places", "340827", "3408", "TS-DATA-016", "adcode", 4, "warning"),
    "broken reference": ("facts", "F1,alder", "F1,adler", "TS-DATA-017", "place_id", 2, "warning"),
    "broken reference to itself": ("facts", "over,S2,F2", "over,S2,F9", "TS-DATA-017", "same_as", 6, "warning"),
    "unit of another thing": ("facts", "410,firms", "410,persons", "TS-DATA-019", "unit", 2, "warning"),
    "ragged": ("facts", "F3,alder,area,2012,", "F3,alder,area,2012,,", "TS-DATA-022", "", 4, "warning"),
    "NUL byte": ("facts", "from a map", "from\0a map", "TS-DATA-028", "note", 4, "warning"),
    "half a year": ("facts", "2010,410", "2010.5,410", "TS-DATA-029", "year", 2, "warning"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_each_problem_is_found_where_it_is(folder, edit, case):
    table, old, new, code, column, line, severity = case
    edit(folder, table, old, new)
    here = found(folder)
    assert (code, column) in here, [str(one) for one in here.values()]
    finding = here[code, column]
    assert (finding.line, finding.severity, finding.table) == (line, severity, table)
    assert finding.problem.code == code
    for language in ("zh", "en"):
        set_language(language)
        told = str(finding)
        assert not re.search(r"\{\w+\}", told)
        assert code in told


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_reading_record_by_record_finds_the_same(folder, edit, case):
    table, old, new, *_ = case
    edit(folder, table, old, new)
    quick = check_study(folder)
    (folder / "out" / "cache" / "check.json").unlink()
    assert check_study(folder, careful=True) == quick


def test_lines_are_physical_ones_even_after_cells_that_span_lines(folder, edit):
    edit(folder, "facts", "S1,,\n", 'S1,,"first\nsecond\n\nthird"\n\n')
    edit(folder, "facts", "from a map", "from\na map")
    edit(folder, "facts", "2012,2,亿元", "2012,two,亿元")
    path = folder / "data" / "facts.csv"
    text = path.read_text(encoding="utf-8").replace("from\na map", '"from\na map"')
    path.write_text(text, encoding="utf-8")
    expected = text.splitlines().index(next(line for line in text.splitlines() if ",two," in line)) + 1
    assert found(folder)["TS-DATA-007", "value"].line == expected


def test_a_unit_of_the_standard_value_must_be_that_of_the_indicator(study_with):
    facts = (
        "fact_id,place_id,indicator,year,value,unit,value_std,unit_std,source_id\n"
        "F1,alder,area,2010,300,mu,0.2,km2,S1\n"
        "F2,alder,area,2010,300,mu,200000,m2,S1\n"
        "F3,alder,area,2010,300,firms,0.2,km2,S1\n"
        "F4,alder,area,2010,300,mu,2,km2,S1\n"
        "F5,alder,firms,2010,300,firms,-300,count,S1\n"
    )
    folder = study_with(facts=facts)
    here = found(folder)
    assert here["TS-DATA-019", "unit_std"].examples == ((3, "m2"),)
    assert "which is counted in km2" in str(here["TS-DATA-019", "unit_std"])
    assert here["TS-DATA-020", "unit"].examples == ((4, "firms"),)
    assert here["TS-DATA-021", "value_std"].examples == ((5, "2"),)
    assert "0.2 km2" in str(here["TS-DATA-021", "value_std"])
    assert here["TS-DATA-021", "value_std"].effect == "kept"
    assert {row["fact_id"] for row in quarantine(folder, "facts")} == {"F2", "F3"}


def test_a_reference_to_a_row_that_was_set_aside_says_so(folder, edit):
    edit(folder, "places", "hill,Hill County", "hill,")
    edit(folder, "events", "E2,2013-05,alder", "E2,2013-05,hill")
    here = found(folder)
    assert here["TS-DATA-018", "place_id"].examples == ((3, "hill"),)
    assert ("TS-DATA-017", "place_id") not in here


def test_a_period_that_ends_before_it_begins_is_found(study_with):
    firms = "record_id,place_id,from,to\nR1,alder,2010,2012\nR2,alder,2012-05,2012-04-30\nR3,alder,2012,\n"
    here = found(study_with(firms=firms))
    assert here["TS-DATA-025", "to"].examples == ((3, "2012-04-30"),)


def test_files_that_are_no_tables_are_fatal(folder):
    data = folder / "data"
    (data / "events.csv").write_text("event_id;date;place_id\nE1;2009;alder\n")
    (data / "sources.csv").write_text("")
    (data / "facts.csv").write_text('fact_id,note\nF1,"never closed\nF2,x\n')
    (data / "places.csv").write_bytes((data / "places.csv").read_text().encode("utf-16"))
    (data / "flows.parquet").write_bytes(b"PAR1 this is not Parquet")
    report = check_study(folder)
    codes = {one.table: one.code for one in report.findings if one.severity == "fatal"}
    assert codes == {
        "places": "TS-DATA-002",
        "sources": "TS-DATA-003",
        "facts": "TS-DATA-001",
        "events": "TS-DATA-026",
        "flows": "TS-DATA-027",
    }


def test_an_unclosed_quotation_mark_is_named_with_its_line(folder, edit):
    edit(folder, "facts", "from a map", '"from a map')
    here = found(folder)
    assert here["TS-DATA-001", ""].line == 4
    assert here["TS-DATA-001", ""].severity == "fatal"


def test_a_table_without_rows_is_a_warning(folder):
    path = folder / "data" / "events.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    assert found(folder)["TS-DATA-030", ""].severity == "warning"


def test_ten_thousand_broken_rows_make_a_short_report(folder):
    rows = [f"E{i},2013-02-30,nowhere{i},Title,S1" for i in range(10_000)]
    (folder / "data" / "events.csv").write_text("event_id,date,place_id,title,source_id\n" + "\n".join(rows) + "\n")
    report = check_study(folder)
    text = str(report)
    assert len(text.splitlines()) < 40
    assert "10,000 of 10,000 rows: line 2 (2013-02-30), line 3 (2013-02-30), line 4 (2013-02-30) and 9,997 more" in text
    assert report.set_aside == {"events": 10_000}
    assert ("TS-DATA-024", "") in {(one.code, one.column) for one in report.findings}
    kept = quarantine(folder, "events")
    assert len(kept) == 10_000
    assert kept[9_999]["line"] == "10001"


def test_nothing_is_silently_dropped(folder, edit):
    """Every row of the file is either loaded or in quarantine with its line and reason."""
    edit(folder, "facts", "2010,410", "2010,4l0")
    edit(folder, "facts", "F3,alder,area,2012,", "F3,alder,area,2012,,")
    edit(folder, "facts", "about,S2,,\n", "abuot,S2,,\n")
    report = check_study(folder)
    aside = {row["line"]: row for row in quarantine(folder, "facts") if row["effect"] == "set_aside"}
    assert sorted(aside) == ["2", "4", "5"]
    assert report.set_aside == {"facts": 3}
    assert aside["2"]["reason"] == "4l0 is not a number"
    assert aside["2"]["value"] == "4l0"
    assert all(row["code"] and row["reason"] for row in aside.values())


def test_personal_values_are_hidden_in_report_and_quarantine(study_with):
    participants = "participant_id,name,birth_year,gender\nP1,Li Secret,19x4,female\nP1,Li Secret,1970,female,extra\n"
    folder = study_with(participants=participants)
    report = check_study(folder)
    everything = str(report) + json.dumps(report.to_json(), ensure_ascii=False)
    for path in (folder / "out").rglob("*"):
        if path.is_file() and path.suffix != ".parquet":
            everything += path.read_text(encoding="utf-8")
    assert "•••" in everything
    assert "Secret" not in everything
    assert "19x4" not in everything
    assert "name" not in quarantine(folder, "participants")[0]


def test_the_focal_place_and_declared_breaks_must_exist(study_with, manifest):
    breaks = '\n[[breaks]]\nplace = "alder"\ndefinition = "fimrs"\nyear = 2000\nreason = "x"\n'
    report = check_study(study_with(manifest.replace('"alder"', '"adler"') + breaks))
    told = {one.code: one for one in report.problems}
    assert (told["TS-STUDY-019"].severity, told["TS-STUDY-020"].severity) == ("fatal", "warning")
    assert "alder" in str(told["TS-STUDY-019"])
    assert "firms" in str(told["TS-STUDY-020"])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_tables_from_chinese_spreadsheets_are_read(folder, encoding):
    path = folder / "data" / "places.csv"
    text = path.read_text(encoding="utf-8").replace("Alder Town", "赤杨镇").replace("\n", "\r\n")
    path.write_bytes(text.encode(encoding))
    assert check_study(folder).findings == ()


def test_parquet_is_checked_like_csv_and_counts_rows(folder):
    import pandas as pd

    path = folder / "data" / "facts.csv"
    table = pd.read_csv(path)
    table.loc[4, "year"] = None
    table["year"] = table["year"].astype("float64")
    table.loc[0, "place_id"] = "adler"
    table.to_parquet(folder / "data" / "facts.parquet")
    path.unlink()
    here = found(folder)
    assert set(here) == {("TS-DATA-017", "place_id")}
    assert here["TS-DATA-017", "place_id"].where == "data/facts.parquet row 1, column place_id"


def test_the_report_is_remembered_until_a_file_changes(folder, edit, monkeypatch):
    from townshift.study import check

    first = check_study(folder)
    monkeypatch.setattr(check, "examination", lambda *_, **__: pytest.fail("checked again"))
    assert check_study(folder) == first
    monkeypatch.undo()
    edit(folder, "facts", "2010,410", "2010,4l0")
    changed = check_study(folder)
    assert changed.set_aside == {"facts": 1}
    edit(folder, "facts", "2010,4l0", "2010,410")
    assert check_study(folder) == first
    assert not (folder / "out" / "quarantine" / "facts.csv").exists()


def test_a_lost_quarantine_file_is_written_again(folder, edit):
    edit(folder, "facts", "2010,410", "2010,4l0")
    first = check_study(folder)
    (folder / "out" / "quarantine" / "facts.csv").unlink()
    assert check_study(folder) == first
    assert quarantine(folder, "facts")


def test_a_remembered_report_speaks_the_language_asked_for(folder, edit):
    edit(folder, "facts", "2010,410", "2010,4l0")
    check_study(folder)
    set_language("zh")
    try:
        told = str(check_study(folder))
    finally:
        set_language("en")
    assert "第 2 行" in told
    assert "不是数字" in told


def test_a_report_survives_storing(folder, edit):
    edit(folder, "facts", "2010,410", "2010,4l0")
    report = check_study(folder)
    assert CheckReport.from_json(json.loads(json.dumps(report.to_json()))) == report


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_study_that_may_not_be_written_is_still_checked(folder, edit):
    edit(folder, "facts", "2010,410", "2010,4l0")
    folder.chmod(0o500)
    try:
        report = check_study(folder)
    finally:
        folder.chmod(0o700)
    assert {one.code for one in report.findings} == {"TS-DATA-007", "TS-RUN-002"}


def test_out_that_is_no_folder_is_a_warning(folder, edit):
    edit(folder, "facts", "2010,410", "2010,4l0")
    (folder / "out").write_text("in the way")
    codes = {one.code for one in check_study(folder).findings}
    assert "TS-DATA-007" in codes
    assert any(code.startswith("TS-RUN-") for code in codes)


def test_temporary_folders_are_given_back(folder, tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    with examination(open_study(folder), careful=True) as exam:
        for file in exam.study.tables.values():
            exam.examine(file)
        assert set(tmp_path.iterdir()) > before
    assert set(tmp_path.iterdir()) == before


def test_every_code_is_used_and_every_used_code_has_both_languages():
    code_text = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    for area in ("data", "study"):
        used = set(re.findall(rf"TS-{area.upper()}-(\d{{3}})", code_text))
        for language in ("en", "zh"):
            told = {key.split(".")[1] for key in catalogue(language) if key.startswith(f"errors_{area}.")}
            assert told == used, (area, language)


def test_a_remembered_check_imports_nothing_heavy(folder):
    import subprocess
    import sys

    study = open_study(folder)
    study.load_table("facts")
    program = (
        "import sys; from townshift.study import check_study, open_study\n"
        f"study = open_study({str(folder)!r}); check_study(study); study.load_table('facts')\n"
        "print(sorted({'duckdb', 'pandas', 'pyarrow', 'numpy', 'ibis'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("careful", [False, True])
def test_a_quoted_empty_cell_is_an_empty_cell(folder, edit, careful):
    edit(folder, "facts", "F1,alder,firms,2010,410,firms,exact,S1,,", 'F1,alder,firms,"",410,firms,"",S1,"",""')
    assert check_study(folder, careful=careful).findings == ()


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_line_ends_of_other_systems_are_read(folder, ending):
    path = folder / "data" / "facts.csv"
    path.write_bytes(path.read_text(encoding="utf-8").replace("520,firms", "5x0,firms").replace("\n", ending).encode())
    assert found(folder)["TS-DATA-007", "value"].examples == ((3, "5x0"), (6, "5x0"))


def test_coordinates_swapped_wherever_there_are_any_are_fatal_however_many_rows_have_none(study_with):
    places = "place_id,name,kind,lon,lat\nalder,Alder,town,30.87,120.27\nhill,Hill,county,,\ncoast,Coast,province,,\n"
    assert found(study_with(places=places))["TS-DATA-014", "lat"].severity == "fatal"


def test_fatal_problems_and_warnings_stand_under_headings_of_their_own(folder, edit):
    edit(folder, "events", "E2,2013-05", "E1,2013-05")
    edit(folder, "facts", "2010,410", "2010,4l0")
    told = str(check_study(folder))
    fatal, warning = told.index("These stop a run:"), told.index("These do not stop a run:")
    assert fatal < told.index("TS-DATA-011") < warning < told.index("TS-DATA-007")


def test_problems_outside_the_tables_are_told_and_counted_with_the_others(folder):
    from townshift.errors import Problem

    report = check_study(folder)
    told = report.told([Problem("TS-STUDY-014", "data")])
    assert "TS-STUDY-014" in told
    assert "1 fatal, 0 to look at" in told
    assert "Nothing is wrong" not in told


def test_quarantine_speaks_the_language_of_whoever_checks(folder, edit):
    edit(folder, "facts", "2010,410", "2010,4l0")
    check_study(folder)
    assert quarantine(folder, "facts")[0]["reason"] == "4l0 is not a number"
    set_language("zh")
    try:
        check_study(folder)
    finally:
        set_language("en")
    assert quarantine(folder, "facts")[0]["reason"] == "4l0 不是数字"
