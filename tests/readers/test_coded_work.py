"""Coded work in and out of a study: REFI-QDA, Discourse Network Analyzer, codebooks, the second coder."""

import csv
import json
import sqlite3

import pytest

from townshift.api import (
    cases_by_code,
    code_check,
    coded_passages,
    export_qda,
    import_coded,
    list_identifiers,
    new_field_study,
)
from townshift.errors import StudyError
from townshift.readers.discourse_network import read_dna


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    return new_field_study(tmp_path_factory.mktemp("field") / "study", 3)


@pytest.fixture
def empty(tmp_path):
    (tmp_path / "new" / "data").mkdir(parents=True)
    (tmp_path / "new" / "study.toml").write_text("format = 1\n")
    return tmp_path / "new"


def test_what_was_coded_goes_out_and_comes_back(field, empty, tmp_path):
    export_qda(field, tmp_path / "out.qdpx")
    report = import_coded("qda", tmp_path / "out.qdpx", empty)
    before = rows(field / "data" / "codings.csv")
    after = rows(empty / "data" / "codings.csv")
    assert report.rows["codings"] == len(after) == len(before)
    assert sorted((row["start"], row["end"], row["text"]) for row in after) == sorted(
        (row["start"], row["end"], row["text"]) for row in before
    )
    assert json.loads((empty / "out" / "qda_report.json").read_text())
    names = {row["name"] for row in rows(field / "data" / "participants.csv")}
    told = "".join(path.read_text() for path in (empty / "data").glob("p*.csv"))
    assert not any(name in told for name in names)
    assert (empty / "documents" / "project.qdpx").read_bytes() == (tmp_path / "out.qdpx").read_bytes()
    # Laid over the project it came from, the second export is the first, byte for byte of every text and id.
    export_qda(empty, tmp_path / "again.qdpx")
    other = tmp_path / "third"
    (other / "data").mkdir(parents=True)
    (other / "study.toml").write_text("format = 1\n")
    import_coded("qda", tmp_path / "again.qdpx", other)
    assert {row["coding_id"] for row in rows(other / "data" / "codings.csv")} == {row["coding_id"] for row in after}


def dna(path, short, person, roles=False):
    """A small project as versions 2 and 3 store it: short texts as texts, attributes or entities."""
    base = sqlite3.connect(path)
    link = "RoleVariableLinkId" if roles else "VariableId"
    base.executescript(f"""
        CREATE TABLE DOCUMENTS (ID INTEGER, Title TEXT, Text TEXT, Coder INTEGER, Author TEXT, Source TEXT,
            Section TEXT, Notes TEXT, Type TEXT, Date INTEGER);
        CREATE TABLE STATEMENTTYPES (ID INTEGER, Label TEXT);
        CREATE TABLE VARIABLES (ID INTEGER, Variable TEXT, DataType TEXT, StatementTypeId INTEGER);
        CREATE TABLE STATEMENTS (ID INTEGER, StatementTypeId INTEGER, DocumentId INTEGER, Start INTEGER, Stop INTEGER,
            Coder INTEGER);
        CREATE TABLE DATASHORTTEXT (ID INTEGER, StatementId INTEGER, {link} INTEGER, {short});
        CREATE TABLE DATABOOLEAN (ID INTEGER, StatementId INTEGER, {link} INTEGER, Value INTEGER);
        INSERT INTO DOCUMENTS VALUES (1, 'Letter', '🧵 The levy is too high.', 1, '', '', '', '', '', 1318636800);
        INSERT INTO STATEMENTTYPES VALUES (1, 'DNA Statement');
        INSERT INTO VARIABLES VALUES (1, 'person', 'short text', 1), (2, 'concept', 'short text', 1),
            (3, 'agreement', 'boolean', 1), (4, 'arena', 'short text', 1);
        INSERT INTO STATEMENTS VALUES (1, 1, 1, 3, 11, 1), (2, 1, 1, 3, 99, 1), (3, 1, 1, 1, 5, 1);
        INSERT INTO DATABOOLEAN VALUES (1, 1, 3, 0), (2, 2, 3, 1);
    """)
    if roles:
        base.execute("CREATE TABLE ROLEVARIABLELINKS (ID INTEGER, RoleId INTEGER, VariableId INTEGER)")
        base.executemany("INSERT INTO ROLEVARIABLELINKS VALUES (?, 1, ?)", [(at, at) for at in (1, 2, 3, 4)])
    if short.startswith("Entity"):
        base.execute("CREATE TABLE ENTITIES (ID INTEGER, VariableId INTEGER, Value TEXT)")
        base.executemany("INSERT INTO ENTITIES VALUES (?, 1, ?)", [(11, "Ann Miller"), (12, "levy"), (13, "council")])
    if person == "attribute":
        base.execute("CREATE TABLE ATTRIBUTES (ID INTEGER, VariableId INTEGER, Value TEXT)")
        base.executemany("INSERT INTO ATTRIBUTES VALUES (?, 1, ?)", [(11, "Ann Miller"), (12, "levy"), (13, "council")])
    values = ("Ann Miller", "levy", "council") if short == "Value TEXT" else (11, 12, 13)
    table = [
        (1, 1, 1, values[0]),
        (2, 1, 2, values[1]),
        (3, 2, 2, values[1]),
        (4, 1, 4, values[2]),
        (5, 1, 99, values[0]),
    ]
    base.executemany("INSERT INTO DATASHORTTEXT VALUES (?, ?, ?, ?)", table)
    base.commit()
    base.close()


FORMS = [("Value TEXT", "", False), ("Value INTEGER", "attribute", False), ("Entity INTEGER", "", False),
         ("Entity INTEGER", "", True)]  # fmt: skip


@pytest.mark.parametrize(("short", "person", "roles"), FORMS)
def test_every_way_in_which_short_texts_are_stored_gives_the_same_statements(tmp_path, short, person, roles):
    dna(tmp_path / "a.dna", short, person, roles)
    found = read_dna(tmp_path / "a.dna")
    first = found.statements[0]
    assert first.values == {"person": "Ann Miller", "concept": "levy", "arena": "council", "agreement": 0}
    # The file counts UTF-16 units, in which the sign before the text is two.
    text = found.documents[0].text
    assert text[first.start : first.end] == "The levy"
    assert found.documents[0].date == "2011-10-15"
    assert [problem.code for problem in found.problems] == ["TS-DNA-004", "TS-DNA-005"]


def test_a_dna_project_becomes_tables_without_names_and_nothing_is_lost(empty, tmp_path):
    dna(tmp_path / "a.dna", "Entity INTEGER", "")
    report = import_coded("dna", tmp_path / "a.dna", empty)
    assert sorted({problem.code for problem in report.problems}) == [
        "TS-DNA-004", "TS-DNA-005", "TS-DNA-006", "TS-DNA-007", "TS-DNA-008",
    ]  # fmt: skip
    said = rows(empty / "data" / "statements.csv")
    assert [(row["concept"], row["stance"], row["speech_act"]) for row in said] == [
        ("levy", "disagree", ""),
        ("levy", "agree", ""),
    ]
    assert "Miller" not in "".join(path.read_text() for path in (empty / "data").glob("*.csv"))
    assert (empty / "documents" / "originals" / "a.dna").read_bytes() == (tmp_path / "a.dna").read_bytes()
    assert "Nothing" not in report.told()


@pytest.mark.parametrize(("data", "code"), [(b"no database", "TS-DNA-002"), (None, "TS-DNA-001"), (b"", "TS-DNA-003")])
def test_what_is_no_dna_project_is_refused(tmp_path, data, code):
    if data is not None:
        (tmp_path / "a.dna").write_bytes(data)
    with pytest.raises(StudyError) as caught:
        read_dna(tmp_path / "a.dna")
    assert caught.value.problems[0].code == code


def test_a_changed_codebook_is_the_next_version_and_an_unchanged_one_is_none(empty, tmp_path):
    book = tmp_path / "tags.csv"
    book.write_text("tag,description\nrent,Rent of rooms\nwage,Pay\n")
    import_coded("codebook", book, empty)
    import_coded("codebook", book, empty)
    assert {row["version"] for row in rows(empty / "data" / "codes.csv")} == {"1"}
    book.write_text("tag,description\nrent,Rent of rooms and plants\nwage,Pay\n")
    import_coded("codebook", book, empty)
    versions = [(row["code"], row["version"], row["definition"]) for row in rows(empty / "data" / "codes.csv")]
    assert ("rent", "1", "Rent of rooms") in versions
    assert ("rent", "2", "Rent of rooms and plants") in versions
    book.write_text("colour\nred\n")
    with pytest.raises(StudyError) as caught:
        import_coded("codebook", book, empty)
    assert caught.value.problems[0].code == "TS-DOCS-014"


def test_a_second_coder_sees_no_code_and_what_they_give_is_a_second_coding(tmp_path):
    study = new_field_study(tmp_path / "study", 4)
    made = code_check(study, 0.1)
    sheet = rows(made.path)
    assert made.documents == len({row["document"] for row in sheet}) == 4
    assert all(row["codes"] == "" for row in sheet)
    given = ["rent_rose", "", "wages_rose; rent_rose", *[""] * (len(sheet) - 3)]
    with made.path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(sheet[0]))
        writer.writeheader()
        writer.writerows({**row, "codes": codes} for row, codes in zip(sheet, given, strict=True))
    assert code_check(study, take="Bo").codings == 3
    assert code_check(study, take="Bo").codings == 3
    coded = rows(study / "data" / "codings.csv")
    second = [row for row in coded if row["round"] == "second" and row["coder"] == "Bo"]
    assert sorted(row["code"] for row in second) == ["rent_rose", "rent_rose", "wages_rose"]
    assert not any(
        row["round"] == "second" and row["coder"] == "B" and row["document"] in {one["document"] for one in sheet}
        for row in coded
    )


def test_codes_that_nobody_knows_are_refused_all_at_once(tmp_path):
    study = new_field_study(tmp_path / "study", 4)
    made = code_check(study, 0.05)
    text = made.path.read_text().replace(",\n", ",no_such;neither\n")
    made.path.write_text(text)
    with pytest.raises(StudyError) as caught:
        code_check(study, take="Bo")
    assert [problem.values["code"] for problem in caught.value.problems] == ["no_such", "neither"]


def test_identifiers_to_be_confirmed_stay_in_private(tmp_path):
    study = new_field_study(tmp_path / "study", 1)
    coded = rows(study / "data" / "codings.csv")
    coded[0]["text"] = "我叫王建国，电话13812345678。"
    with (study / "data" / "codings.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(coded[0]))
        writer.writeheader()
        writer.writerows(coded)
    path, n = list_identifiers(study)
    assert path == study / "private" / "review" / "identifiers.csv"
    assert {"王建国", "13812345678"} <= {row["text"] for row in rows(path)}
    assert n >= 2


def test_passages_come_with_their_words_and_only_within_consent(field):
    found = coded_passages(field, "rent_rose", 10)
    texts = {path.name: path.read_text() for path in (field / "documents").glob("*.txt")}
    coded = {row["coding_id"]: row for row in rows(field / "data" / "codings.csv")}
    assert len(found) > 5
    for one in found.itertuples():
        assert one.passage == coded[one.coding_id]["text"]
        assert one.before + one.passage + one.after in texts[one.document]
    assert "I07.txt" not in set(found["document"])
    table = cases_by_code(field)
    assert int(table["rent_rose"].sum()) == len(found)
    with pytest.raises(StudyError) as caught:
        coded_passages(field, "no_such")
    assert caught.value.problems[0].code == "TS-DOCS-020"
