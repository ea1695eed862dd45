"""frictionless, the reference implementation of Table Schema, as oracle: what it finds in a row, we find too."""

import csv
import io
import json

import pytest
from frictionless import Package, Resource, Schema, system
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from townshift.study import open_study
from townshift.study.check import examination
from townshift.study.reading import ROW, quoted
from townshift.study.schemas import schema

KINDS = {
    "TS-DATA-007": "type",
    "TS-DATA-029": "type",
    "TS-DATA-008": "constraint",
    "TS-DATA-009": "constraint",
    "TS-DATA-010": "constraint",
    "TS-DATA-013": "constraint",
    "TS-DATA-014": "constraint",
    "TS-DATA-015": "constraint",
    "TS-DATA-016": "constraint",
    "TS-DATA-011": "key",
    "TS-DATA-012": "key",
    "TS-DATA-017": "reference",
    "TS-DATA-022": "ragged",
}
THEIRS = {
    "type-error": "type",
    "constraint-error": "constraint",
    "unique-error": "key",
    "primary-key": "key",
    "foreign-key": "reference",
    "missing-cell": "ragged",
    "extra-cell": "ragged",
}
TABLES = ("places", "sources", "indicators", "facts", "events")


def ours(folder, careful=False):
    """(table, record number, column, kind) of everything that both could know."""
    found = set()
    with examination(open_study(folder), careful=careful) as exam:
        for file in exam.study.tables.values():
            done = exam.examine(file)
            if done.rows is None:
                continue
            if done.found:
                query = f"SELECT {ROW}, unnest(rules) FROM {quoted(done.found)}"
                for row, number in exam.con.execute(query).fetchall():
                    rule = done.rules[number]
                    if rule.code in KINDS:
                        kinds = {KINDS[rule.code]} | ({"key"} if rule.code == "TS-DATA-010" else set())
                        found |= {(file.name, row, name, kind) for name in rule.column.split(", ") for kind in kinds}
            # A ragged record has no number of its own in the relation: its line stands for it where no cell spans two.
            found |= {(file.name, one.line - 1, "", "ragged") for one in done.rows.ragged}
    return found


def missed(folder, found):
    """What frictionless finds and we do not; the cells of a ragged row stand nowhere and are not judged."""
    ragged = {(table, row) for table, row, _, kind in found if kind == "ragged"}
    return {one for one in theirs(folder) - found if one[:2] not in ragged}


def theirs(folder):
    """The same from frictionless, each table with its published schema."""
    resources = []
    for table in TABLES:
        raw = json.loads(json.dumps(schema(table).raw))
        header = next(csv.reader(io.StringIO((folder / "data" / f"{table}.csv").read_text(encoding="utf-8"))))
        raw["fields"] = [one for name in header for one in raw["fields"] if one["name"] == name]
        raw["foreignKeys"] = [one for one in raw.get("foreignKeys", []) if one["fields"][0] in header]
        resources.append(Resource(name=table, path=f"data/{table}.csv", schema=Schema.from_descriptor(raw)))
    with system.use_context(trusted=True):
        report = Package(resources=resources, basepath=str(folder)).validate()
    found = set()
    for task in report.tasks:
        for error in task.errors:
            kind = THEIRS.get(error.type)
            if kind is None:
                continue
            row = error.row_number - 1
            if kind == "reference":
                columns = list(error.field_names)
            elif error.type == "primary-key":
                columns = list(schema(task.name).primary_key)
            else:
                columns = ["" if kind == "ragged" else error.field_name]
            found |= {(task.name, row, name, kind) for name in columns}
    return found


BROKEN = {
    "types": ("facts", [("2010,410", "x,4l0"), ("2012,520", "2012.0,5 20")]),
    "required": ("events", [("Market opens", ""), ("E2,2013", ",2013")]),
    "range": ("places", [("120.27", "190"), ("30.13", "-91")]),
    "words": ("facts", [("over", "ovre"), ("exact", "Exact")]),
    "patterns": ("events", [("2009", "09"), ("2013-05", "2013-5")]),
    "keys": ("events", [("E2,", "E1,")]),
    "references": ("facts", [("F1,alder", "F1,adler"), ("over,S2,F2", "over,S2,F8"), ("about,S2", "about,S7")]),
    "ragged": ("facts", [("410,firms,", "410,firms,,"), ("F3,alder,", "F3,")]),
}


@pytest.mark.parametrize("careful", [False, True])
@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN)
def test_what_frictionless_finds_we_find_in_the_same_row_and_column(folder, edit, case, careful):
    table, edits = case
    for old, new in edits:
        edit(folder, table, old, new)
    assert theirs(folder), "the case is not broken in the eyes of frictionless"
    assert missed(folder, ours(folder, careful)) == set()


def test_both_find_nothing_in_a_sound_study(folder):
    assert theirs(folder) == set()
    assert ours(folder) == set()


WORDS = ["", "x", "alder", "S1", "F2", "town", "Town", "over", "中", 'a"b', "true"]
NUMBERS = ["-1", "12", "2012", "2012.0", "1e3", "1,000", " 7 ", "200", "330502", "33050"]
DATES = ["2012-02-30", "2012-13", "2012-05"]


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_written_into_cells_we_find_what_frictionless_finds(study_with, sound_tables, data):
    tables = {}
    for name in ("places", "facts", "events"):
        rows = list(csv.reader(io.StringIO(sound_tables[name])))
        for _ in range(data.draw(st.integers(0, 4))):
            row = data.draw(st.integers(1, len(rows) - 1))
            column = data.draw(st.integers(0, len(rows[0]) - 1))
            rows[row][column] = data.draw(st.sampled_from([*WORDS, *NUMBERS, *DATES]))
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows(rows)
        tables[name] = written.getvalue()
    folder = study_with(**tables)
    found = ours(folder)
    assert missed(folder, found) == set()
    assert ours(folder, careful=True) == found
