"""A project as study tables, and back."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from readers.refi_qda.made import guid, markup_of, projects, schema
from townshift.readers.qda_tables import from_tables, texts, to_tables
from townshift.readers.refi_qda import Project, QdaError, read_project, write_project
from townshift.readers.refi_qda import model as m
from townshift.readers.refi_qda.passages import iter_codings
from townshift.study.schemas import schema as study_schema

SALT = b"a secret of the study"
SETTINGS = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
TEXT = "The wages fall. 租金上涨。Nobody asked us."


def coding(name: str, code: str, user: str | None = "li") -> m.Coding:
    return m.Coding(guid=guid(name), code=guid(code), creating_user=user and guid(user))


def field_project() -> Project:
    """Two coders, codes in a tree with one name twice, a case, memos on everything, a PDF, a recording."""
    first = m.TextSelection(
        guid=guid("p1"), name="wages", start=4, end=9, codings=(coding("c1", "pay"), coding("c2", "pay", "wang"))
    )
    second = m.TextSelection(
        guid=guid("p2"), start=16, end=20, codings=(coding("c3", "rent", None),), creating_user=guid("wang")
    )
    comment = m.TextSelection(guid=guid("p3"), start=22, end=28, description="odd remark")
    text = m.TextSource(
        guid=guid("s").upper(),
        name="Interview 1",
        plain_text_path=f"internal://{guid('s').upper()}.txt",
        text=TEXT,
        selections=(first, second, comment),
        codings=(coding("c4", "home"),),
        variable_values=(m.VariableValue(variable=guid("language"), type="Text", value="zh"),),
        notes=(guid("n2"),),
    )
    inner = m.TextSource(
        guid=guid("pdf text"),
        text="no fire doors",
        selections=(m.TextSelection(guid=guid("p4"), start=3, end=7, codings=(coding("c5", "home"),)),),
    )
    area = m.PdfSelection(
        guid=guid("p5"),
        **{"page": 0, "first_x": 1, "first_y": 2, "second_x": 3, "second_y": 4},
        representation=m.TextSource(guid=guid("p5 text"), text="a stamp"),
        codings=(coding("c6", "pay"),),
    )
    pdf = m.PdfSource(guid=guid("pdf"), name="Notice", selections=(area,), representation=inner)
    transcript = m.Transcript(
        guid=guid("t"),
        text="we sew by night",
        sync_points=(m.SyncPoint(guid=guid("y1"), position=3), m.SyncPoint(guid=guid("y2"), position=6)),
        selections=(
            m.TranscriptSelection(
                guid=guid("p6"), from_sync_point=guid("y1"), to_sync_point=guid("y2"), codings=(coding("c7", "pay"),)
            ),
        ),
    )
    audio = m.AudioSource(guid=guid("a"), name="Roundtable", transcripts=(transcript,))
    return Project(
        name="Field",
        users=(m.User(guid=guid("li"), name="Li Ming"), m.User(guid=guid("wang"), name="Wang Fang")),
        codes=(
            m.Code(guid=guid("work"), name="work", children=(m.Code(guid=guid("pay"), name="pay", color="#aabbcc"),)),
            m.Code(guid=guid("home"), name="home", children=(m.Code(guid=guid("rent"), name="pay"),)),
        ),
        variables=(m.Variable(guid=guid("language"), name="Language"), m.Variable(guid=guid("role"), name="role")),
        cases=(
            m.Case(
                guid=guid("case"),
                name="Zhang San",
                selections=(guid("p1"),),
                variable_values=(m.VariableValue(variable=guid("role"), type="Text", value="sewer"),),
            ),
        ),
        sources=(text, pdf, audio),
        notes=(
            m.TextSource(guid=guid("n1"), text="ask again", creating_user=guid("li")),
            m.TextSource(guid=guid("n2"), text="noisy", creation_date_time="2024-05-01T10:00:00Z"),
        ),
        links=(m.Link(guid=guid("l"), direction="OneWay", origin=guid("n1"), target=guid("p1")),),
        graphs=(m.Graph(guid=guid("g"), vertices=(m.Vertex(guid=guid("v"), first_x=1, first_y=1),)),),
    )


def test_a_row_is_one_passage_one_code_and_one_coder():
    codings = to_tables(field_project(), SALT, names_are_codes=True)["codings"]
    shown = codings[["code", "coder", "start", "end", "text"]].astype(object).where(codings.notna(), None)
    assert [tuple(row) for row in shown.to_numpy()] == [
        ("work / pay", "Li Ming", 4, 9, "wages"),
        ("work / pay", "Wang Fang", 4, 9, "wages"),
        ("home / pay", "Wang Fang", 16, 20, "租金上涨"),
        ("home", "Li Ming", None, None, None),
        ("work / pay", "Li Ming", None, None, "a stamp"),
        ("home", "Li Ming", 3, 7, "fire"),
        ("work / pay", "Li Ming", 3, 6, "sew"),
    ]
    assert codings["coding_id"].is_unique


def test_positions_count_in_the_texts_that_are_given_with_the_tables():
    project = field_project()
    tables, found = to_tables(project, SALT), texts(project)
    placed = tables["codings"].dropna(subset=["start"])
    assert len(placed) == 5
    for row in placed.itertuples():
        assert found[row.document][row.start : row.end] == row.text
    assert set(placed["document"]) <= set(tables["documents"]["document"])


def test_no_name_of_a_coder_or_case_is_in_the_tables_unless_it_is_a_code():
    for table, frame in to_tables(field_project(), SALT).items():
        shown = frame.to_csv()
        for name in ("Li Ming", "Wang Fang", "Zhang San"):
            assert name not in shown, table
    assert "Li Ming" in to_tables(field_project(), SALT, names_are_codes=True)["codings"].to_csv()


def test_a_title_that_names_a_person_names_the_pseudonym():
    project = Project(
        name="P",
        users=(m.User(guid=guid("u"), name="Li"),),
        cases=(m.Case(guid=guid("c"), name="Li Ming"),),
        sources=(m.TextSource(guid=guid("s"), name="Interview LI MING, by Li", text=""),),
    )
    tables = to_tables(project, SALT)
    case, title = tables["cases"].loc[0, "name"], tables["documents"].loc[0, "title"]
    assert title.startswith(f"Interview {case}, by coder_")
    assert to_tables(project, SALT, names_are_codes=True)["documents"].loc[0, "title"] == "Interview LI MING, by Li"


def test_one_coder_has_one_pseudonym_in_every_project_of_a_study_and_another_in_another_study():
    first, again, other = (to_tables(field_project(), salt)["codings"]["coder"] for salt in (SALT, SALT, b"other"))
    assert first.equals(again)
    assert set(first).isdisjoint(other)
    with pytest.raises(QdaError, match="no salt"):
        to_tables(field_project(), b"")


def test_who_speaks_is_the_case_that_holds_the_passage():
    tables = to_tables(field_project(), SALT)
    assert tables["codings"]["participant_id"].to_list()[:2] == [guid("case")] * 2
    assert tables["codings"]["participant_id"].isna().to_list()[2:] == [True] * 5
    assert tables["participants"].loc[0, ["participant_id", "role"]].to_list() == [guid("case"), "sewer"]


def test_memos_say_what_they_are_about():
    memos = to_tables(field_project(), SALT, names_are_codes=True)["memos"].astype(object)
    memos = memos.where(memos.notna(), None)
    assert [tuple(row) for row in memos.to_numpy()] == [
        (guid("n1"), "coding", guid("c1"), "Li Ming", None, "ask again"),
        (guid("n2"), "document", f"{guid('s')}.txt", "unknown", "2024-05-01", "noisy"),
        (f"{guid('p3')}-description", "document", f"{guid('s')}.txt", "unknown", None, "odd remark"),
    ]


@pytest.mark.parametrize("table", ["codings", "codes", "documents", "memos", "participants"])
def test_columns_are_those_of_the_tables_of_a_study(table):
    known = set(study_schema(table).names) | {"text_path"}
    assert set(to_tables(field_project(), SALT)[table].columns) <= known


@given(projects())
@SETTINGS
def test_tables_laid_over_the_project_they_came_from_give_it_back_unchanged(project: Project):
    made = from_tables(to_tables(project, SALT), base=project, salt=SALT)
    assert made.project == project
    assert made.project.files == project.files
    assert not made.report.losses


@given(projects())
@SETTINGS
def test_every_coding_of_any_project_is_a_row(project: Project):
    tables = to_tables(project, SALT)
    assert len(tables["codings"]) == sum(1 for _ in iter_codings(project))
    assert tables["codings"]["coding_id"].is_unique
    assert tables["codes"]["code"].is_unique
    assert tables["memos"]["memo_id"].is_unique
    assert tables["documents"]["document"].is_unique


def test_a_project_made_from_tables_alone_holds_their_codings_and_is_valid(tmp_path: Path):
    before = field_project()
    tables = to_tables(before, SALT, names_are_codes=True)
    wanted = tables["codings"].dropna(subset=["start"])
    made = from_tables(tables | {"codings": wanted}, texts(before))
    assert not made.report.losses
    write_project(made.project, tmp_path / "a.qdpx")
    again = to_tables(read_project(tmp_path / "a.qdpx").project, SALT, names_are_codes=True)
    key = ["coding_id"]
    columns = ["coding_id", "document", "coder", "start", "end", "participant_id", "text"]
    pd.testing.assert_frame_equal(
        again["codings"][columns].sort_values(key, ignore_index=True),
        wanted[columns].sort_values(key, ignore_index=True),
    )
    assert [one.name for one in made.project.codes] == ["work", "home"]
    assert [one.name for one in made.project.codes[1].children] == ["pay"]
    schema("Project.xsd").assertValid(etree.fromstring(markup_of(tmp_path / "a.qdpx")))


def test_projects_made_from_the_same_tables_are_the_same():
    tables = to_tables(field_project(), SALT)
    assert from_tables(tables).project == from_tables(tables).project


def test_new_changed_and_removed_codings_touch_nothing_else():
    before = field_project()
    tables = to_tables(before, SALT)
    codings = tables["codings"].copy()
    codings.loc[codings["coding_id"] == guid("c2"), "code"] = "home"
    codings = codings[codings["coding_id"] != guid("c3")]
    document = f"{guid('s')}.txt"
    new = {"coding_id": "new-1", "document": document, "code": "rent level", "coder": "second", "start": 4, "end": 9}
    other = {"coding_id": "new-2", "document": document, "code": "home", "coder": "second", "start": 0, "end": 9}
    codings = pd.concat([codings, pd.DataFrame([new, other]).astype({"start": "Int64", "end": "Int64"})])
    after = from_tables({"codings": codings}, base=before, salt=SALT).project
    source = after.sources[0]
    assert [len(one.codings) for one in source.selections] == [3, 0, 1]
    assert source.selections[0].codings[0] is before.sources[0].selections[0].codings[0]
    assert source.selections[0].codings[1].code == guid("home")
    assert source.selections[1].description == "odd remark"
    assert source.selections[2].name == "The wages"
    assert after.codes[-1].name == "rent level"
    assert after.users[-1].name == "second"
    assert after.sources[1:] == before.sources[1:]
    assert (after.graphs, after.cases, after.links) == (before.graphs, before.cases, before.links)


def test_passages_follow_a_text_that_was_corrected_and_new_codings_count_in_it():
    before = field_project()
    document, pdf = f"{guid('s')}.txt", f"{guid('pdf')}.txt"
    corrected = "Heading\n" + TEXT
    new = {"coding_id": "n", "document": document, "code": "home", "coder": "x", "start": 0, "end": 7}
    codings = to_tables(before, SALT)["codings"]
    codings = pd.concat([codings, pd.DataFrame([new]).astype({"start": "Int64", "end": "Int64"})])
    made = from_tables({"codings": codings}, {document: corrected, pdf: "There are no fire doors"}, before, SALT)
    again = to_tables(made.project, SALT)["codings"].dropna(subset=["start"])
    found = texts(made.project)
    assert [found[row.document][row.start : row.end] for row in again.itertuples()] == again["text"].to_list()
    assert again["text"].to_list() == ["wages", "wages", "租金上涨", "Heading", "fire", "sew"]
    assert not made.report.losses


def test_a_new_coding_of_a_transcript_stands_between_sync_points():
    before = field_project()
    tables = to_tables(before, SALT)
    new = {"coding_id": "n", "document": f"{guid('t')}.txt", "code": "home", "coder": "x", "start": 7, "end": 15}
    codings = pd.concat([tables["codings"], pd.DataFrame([new]).astype({"start": "Int64", "end": "Int64"})])
    after = from_tables({"codings": codings}, base=before, salt=SALT).project
    again = to_tables(after, SALT)["codings"]
    assert again[again["document"] == f"{guid('t')}.txt"]["text"].to_list() == ["sew", "by night"]


def test_new_codes_memos_and_speakers_find_their_place():
    before = field_project()
    tables = to_tables(before, SALT)
    codes = pd.concat([tables["codes"], pd.DataFrame([{"code": "piece rate", "parent_code": "work / pay"}])])
    memos = pd.DataFrame(
        [
            {"memo_id": "m1", "about_kind": "code", "about": "piece rate", "text": "new since 2023"},
            {"memo_id": "m2", "about_kind": "coding", "about": guid("c1"), "text": "unsure", "author": "second"},
            {"memo_id": "m3", "about_kind": "study", "about": None, "text": "plan"},
            {"memo_id": "m4", "about_kind": "participant", "about": "P7", "text": "shy"},
            {"memo_id": "m5", "about_kind": "episode", "about": "E1", "text": "offer"},
        ]
    )
    made = from_tables({"codes": codes, "memos": memos}, base=before, salt=SALT)
    after = made.project
    piece = after.codes[0].children[0].children[0]
    new = {one.text: one.guid for one in after.notes}
    assert (piece.name, piece.notes) == ("piece rate", (new["new since 2023"],))
    assert after.sources[0].selections[0].codings[0].notes == (new["unsure"],)
    assert after.note_refs == (new["plan"],)
    assert after.links[-1].origin == new["shy"]
    assert after.cases[-1].name == "P7"
    assert made.report.codes == {"TS-QDA-061": 1}
    assert "offer" in new, "a memo about what the format does not know is kept all the same"


def test_a_circle_in_the_codebook_is_cut_and_told():
    codes = pd.DataFrame({"code": ["a", "b", "c"], "parent_code": ["b", "a", "a"]})
    made = from_tables({"codes": codes})
    assert made.report.codes == {"TS-QDA-062": 1}
    assert [one.name for one in made.project.codes] == ["a"]
    assert sorted(one.name for one in made.project.codes[0].children) == ["b", "c"]


def test_the_latest_version_of_a_code_counts():
    codes = pd.DataFrame({"code": ["a", "a"], "version": [2, 1], "definition": ["new", "old"]})
    assert from_tables({"codes": codes}).project.codes[0].description == "new"


def test_statements_become_links_and_the_rest_of_them_is_told():
    statements = pd.DataFrame({"actor_id": ["town", "town"], "concept": ["levy", "levy"], "stance": ["agree", "agree"]})
    made = from_tables({"codes": pd.DataFrame({"code": ["levy"]}), "statements": statements})
    assert [(one.name, one.target) for one in made.project.links] == [("agree", made.project.codes[0].guid)]
    assert made.project.cases[0].name == "town"
    assert made.report.codes == {"TS-QDA-061": 2}


def test_a_coding_without_a_text_to_stand_in_is_told():
    before = Project(name="P", sources=(m.PictureSource(guid=guid("x")),), codes=(m.Code(guid=guid("k"), name="k"),))
    codings = pd.DataFrame(
        {
            "coding_id": ["1", "2", "3"],
            "document": [f"{guid('x')}.txt", f"{guid('x')}.txt", "none.txt"],
            "code": ["k", "k", None],
            "coder": ["c"] * 3,
            "start": [0, None, None],
            "end": [5, None, None],
        }
    )
    made = from_tables({"codings": codings}, base=before, salt=SALT)
    assert len(made.project.sources[0].codings) == 1
    assert made.report.codes == {"TS-QDA-064": 1, "TS-QDA-060": 1, "TS-QDA-031": 1}


def test_reading_and_writing_projects_needs_no_table_library():
    import subprocess

    code = "import sys, townshift.readers.refi_qda; print('pandas' in sys.modules, 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split() == ["False"] * 2
