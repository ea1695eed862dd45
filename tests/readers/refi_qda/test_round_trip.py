"""Any project goes out and comes back the same."""

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from readers.refi_qda.made import SCHEMAS, guid, markup_of, passage, project_markup, projects, qdpx, schema, text_source
from townshift.readers.refi_qda import LossReport, read_project, write_project
from townshift.readers.refi_qda import model as m
from townshift.readers.refi_qda.files import SourceFile

GENEROUS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)
TELLS_OUTSIDE = {"TS-QDA-032"}


def losses(report: LossReport) -> set[str]:
    return set(report.codes) - TELLS_OUTSIDE


@given(projects())
@GENEROUS
def test_a_project_comes_back_the_same_with_its_files(tmp_path: Path, project: m.Project):
    path = tmp_path / "a.qdpx"
    written = write_project(project, path)
    found = read_project(path)
    assert losses(written) == set()
    assert found.project == project
    assert {one.name: one.read() for one in found.project.files} == {one.name: one.read() for one in project.files}
    assert losses(found.report) <= {"TS-QDA-025"}
    assert not found.report.missing
    assert found.report.read == found.report.kept == written.kept


@given(projects())
@GENEROUS
def test_a_written_project_is_valid_by_the_published_schema(tmp_path: Path, project: m.Project):
    published = schema("Project.xsd")
    path = tmp_path / "a.qdpx"
    write_project(project, path)
    published.assertValid(etree.fromstring(markup_of(path)))


@given(projects())
@settings(GENEROUS, max_examples=25)
def test_what_was_read_is_written_byte_by_byte_the_same(tmp_path: Path, project: m.Project):
    first, second = tmp_path / "a.qdpx", tmp_path / "b.qdpx"
    write_project(project, first)
    write_project(read_project(first).project, second)
    assert first.read_bytes() == second.read_bytes()


@given(st.text(max_size=40), st.data())
@settings(GENEROUS, max_examples=60)
def test_any_text_keeps_its_passages_whatever_characters_are_in_it(tmp_path: Path, text: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    named = m.TextSelection(guid=guid("p"), name=None, start=start, end=end)
    source = m.TextSource(guid=guid("s"), text=text, selections=(named,))
    write_project(m.Project(name="P", sources=(source,)), tmp_path / "a.qdpx")
    found = read_project(tmp_path / "a.qdpx").project.sources[0]
    if "\r\n" not in text and not text.startswith("\ufeff"):
        assert found.text == text
        assert found.text[found.selections[0].start : found.selections[0].end] == text[start:end]


def test_unknown_elements_and_attributes_are_kept_and_written_back_on_request(tmp_path: Path):
    body = text_source(guid("s"), f'<Extra x="1"><Deep/></Extra>{passage("p", 0, 2)}', text="ab")
    markup = project_markup(body, 'name="P" weight="3"')
    found = read_project(qdpx(tmp_path / "a.qdpx", markup))
    assert found.project.extra == m.Extra((("weight", "3"),), ())
    assert found.report.aside == {"Extra": 1, "Deep": 1}
    assert found.report.codes["TS-QDA-013"] == 2
    assert not found.report.missing
    write_project(found.project, tmp_path / "b.qdpx", foreign=True)
    assert read_project(tmp_path / "b.qdpx").project == found.project
    without = write_project(found.project, tmp_path / "c.qdpx")
    assert without.codes == {"TS-QDA-040": 2}
    if SCHEMAS.is_dir():
        schema("Project.xsd").assertValid(etree.fromstring(markup_of(tmp_path / "c.qdpx")))


def test_a_project_can_be_written_over_the_file_it_was_read_from(tmp_path: Path):
    path = qdpx(
        tmp_path / "a.qdpx",
        project_markup(text_source(guid("s"), "", path="internal://s.txt")),
        {"sources/s.txt": b"sewing", "sources/film.mp4": b"\x00" * 100},
    )
    project = read_project(path).project
    write_project(project, path)
    again = read_project(path).project
    assert again == project
    assert {one.name: one.read() for one in again.files} == {"s.txt": b"sewing", "film.mp4": b"\x00" * 100}


def test_a_changed_text_is_written_instead_of_its_old_file(tmp_path: Path):
    markup = project_markup(text_source(guid("s"), "", path="internal://s.txt"))
    project = read_project(qdpx(tmp_path / "a.qdpx", markup, {"sources/s.txt": b"old"})).project
    changed = replace(project, sources=(replace(project.sources[0], text="新"),))
    report = write_project(changed, tmp_path / "b.qdpx")
    assert report.codes == {"TS-QDA-049": 1}
    assert zipfile.ZipFile(tmp_path / "b.qdpx").read("sources/s.txt").decode() == "新"


def test_values_that_the_schema_refuses_are_mended_or_left_out_and_told(tmp_path: Path):
    odd = m.Project(
        name="a\x00b",
        creation_date_time="2024-05-01 10:00:00",
        modified_date_time="yesterday",
        users=(m.User(guid="user-1", name="x"),),
        codes=(m.Code(guid="code-1", name="n", color="AABBCC"),),
        variables=(m.Variable(guid=guid("v"), name="v", type="Colour"),),
        cases=(
            m.Case(
                guid=guid("c"),
                codes=("code-1",),
                variable_values=(
                    m.VariableValue(variable=guid("v"), type="Float", value="1e5"),
                    m.VariableValue(variable=guid("v"), type="Float", value="many"),
                    m.VariableValue(variable=guid("v"), type="Boolean", value="TRUE"),
                ),
            ),
        ),
        sources=(m.TextSource(guid=guid("s"), text="a\x01b", selections=(m.TextSelection(guid=guid("p")),)),),
    )
    report = write_project(odd, tmp_path / "a.qdpx")
    schema("Project.xsd").assertValid(etree.fromstring(markup_of(tmp_path / "a.qdpx")))
    found = read_project(tmp_path / "a.qdpx").project
    assert found.creation_date_time == "2024-05-01T10:00:00"
    assert found.modified_date_time is None
    assert found.name == "ab"
    assert found.codes[0].color == "#AABBCC"
    assert found.cases[0].codes == (found.codes[0].guid,)
    assert [one.value for one in found.cases[0].variable_values] == ["100000", None, "true"]
    assert found.sources[0].text == "a\x01b", "a text is never cut: it gets a file of its own"
    assert set(report.codes) == {
        *("TS-QDA-033", "TS-QDA-041", "TS-QDA-042", "TS-QDA-043", "TS-QDA-044", "TS-QDA-045", "TS-QDA-051"),
    }


def test_empty_lists_are_left_out_of_the_markup(tmp_path: Path):
    write_project(m.Project(name="P"), tmp_path / "a.qdpx")
    assert b"<Users" not in markup_of(tmp_path / "a.qdpx")
    assert b"<CodeBook" not in markup_of(tmp_path / "a.qdpx")
    schema("Project.xsd").assertValid(etree.fromstring(markup_of(tmp_path / "a.qdpx")))


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.qdpx"
    write_project(m.Project(name="old"), path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ValueError, match="No space left"):
        write_project(m.Project(name="new"), path)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.qdpx"]


def test_files_that_nothing_names_are_kept(tmp_path: Path):
    project = m.Project(name="P", files=(SourceFile("left.bin", b"1"), SourceFile("readme.txt", b"2", outside=True)))
    report = write_project(project, tmp_path / "a.qdpx")
    assert zipfile.ZipFile(tmp_path / "a.qdpx").namelist() == ["project.qde", "sources/left.bin"]
    assert report.codes == {"TS-QDA-047": 1}
