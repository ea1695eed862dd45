"""Files that are broken or mean harm: refused with a reason, or read as far as they go."""

import ast
import struct
import sys
import warnings
import zipfile
from pathlib import Path

import pytest

import townshift.readers.refi_qda
from readers.refi_qda.made import NS, guid, passage, project_markup, qdpx, text_source
from townshift.locales import has_text
from townshift.readers.refi_qda import Limits, QdaError, read_codebook, read_project, write_project
from townshift.readers.refi_qda import model as m

PACKAGE = Path(townshift.readers.refi_qda.__file__).parent
GOOD = project_markup(text_source(guid("s"), passage("p", 0, 3, "one"), path="internal://s.txt"))


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(QdaError) as caught:
        read_project(path, limits)
    assert len(str(caught.value)) > 80
    return caught.value.problems[0].code


def code(name: str, inner: str = "", own: str | None = None) -> str:
    return f'<Code guid="{own or guid(name)}" name="{name}" isCodable="true">{inner}</Code>'


def codebook(inner: str) -> str:
    return f"<CodeBook><Codes>{inner}</Codes></CodeBook>"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path):
    bomb = qdpx(tmp_path / "a.qdpx", project_markup(" " * 60_000_000))
    assert (tmp_path / "a.qdpx").stat().st_size < 100_000
    assert refusal(bomb) == "TS-QDA-004"


def test_a_bomb_among_the_sources_is_left_out_and_the_rest_read(tmp_path: Path):
    path = qdpx(tmp_path / "a.qdpx", GOOD, {"sources/s.txt": b"one", "sources/b.txt": b"0" * 60_000_000})
    found = read_project(path)
    assert found.report.codes == {"TS-QDA-007": 1}
    assert found.project.sources[0].text == "one"
    assert [one.name for one in found.project.files] == ["s.txt"]


def test_many_files_or_bytes_in_all_are_refused_by_their_number(tmp_path: Path):
    path = qdpx(tmp_path / "a.qdpx", GOOD, {f"sources/{n}.txt": b"x" * 100 for n in range(50)})
    assert refusal(path, Limits(total_bytes=2000)) == "TS-QDA-004"
    assert refusal(path, Limits(members=20)) == "TS-QDA-005"


def test_texts_that_are_too_large_in_all_are_left_out_from_there_on(tmp_path: Path):
    sources = "".join(text_source(guid(n), "", path=f"internal://{n}.txt") for n in range(4)).replace(
        "</Sources><Sources>", ""
    )
    path = qdpx(tmp_path / "a.qdpx", project_markup(sources), {f"sources/{n}.txt": b"x" * 100 for n in range(4)})
    found = read_project(path, Limits(texts_bytes=250))
    assert [one.text is None for one in found.project.sources] == [False, False, True, True]
    assert found.report.codes == {"TS-QDA-007": 2}


def test_many_small_bombs_are_a_bomb(tmp_path: Path):
    path = qdpx(tmp_path / "a.qdpx", GOOD, {f"sources/{n}.bin": bytes(15_000_000) for n in range(20)})
    assert path.stat().st_size < 1_000_000
    assert refusal(path) == "TS-QDA-004"


def test_a_folder_with_backslashes_is_that_of_the_sources(tmp_path: Path):
    path = tmp_path / "a.qdpx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("project.qde", GOOD)
        info = zipfile.ZipInfo("x")
        info.filename = "sources\\s.txt"
        archive.writestr(info, b"one")
    assert read_project(path).project.sources[0].text == "one"


def test_a_size_that_the_archive_understates_is_not_exceeded(tmp_path: Path):
    path = qdpx(tmp_path / "a.qdpx", GOOD, {"sources/s.txt": b"1" * 100_000})
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<I", 100_000), struct.pack("<I", 10)))
    found = read_project(path)
    assert found.report.codes["TS-QDA-008"] == 1
    assert found.project.sources[0].text is None


@pytest.mark.parametrize("declared", ["utf-8", "utf-16"])
def test_an_entity_bomb_is_refused_without_being_unfolded(tmp_path: Path, declared):
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    markup = f'<?xml version="1.0" encoding="{declared}"?><!-- x --><!DOCTYPE Project [<!ENTITY e0 "ha">{entities}]>'
    path = qdpx(tmp_path / "a.qdpx", f'{markup}<Project {NS} name="&e11;"/>'.encode(declared))
    assert refusal(path) == "TS-QDA-010"


def test_an_outside_entity_reads_no_file(tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    markup = f'<!DOCTYPE Project [<!ENTITY e SYSTEM "{secret.as_uri()}">]><Project {NS} name="P"><Description>&e;'
    assert refusal(qdpx(tmp_path / "a.qdpx", f"{markup}</Description></Project>")) == "TS-QDA-010"


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil", "C:/evil.txt", "sources/../../evil.txt", "..\\evil.txt"])
def test_a_member_that_leads_out_of_the_archive_is_left_out_and_the_rest_read(tmp_path: Path, name):
    path = qdpx(tmp_path / "a.qdpx", GOOD, {"sources/s.txt": b"one", name: b"evil"})
    found = read_project(path)
    assert found.report.codes == {"TS-QDA-006": 1}
    assert found.project.sources[0].text == "one"
    write_project(found.project, tmp_path / "b.qdpx")
    assert zipfile.ZipFile(tmp_path / "b.qdpx").namelist() == ["project.qde", "sources/s.txt"]


@pytest.mark.parametrize(
    ("path", "told"),
    [("absolute:///{outside}", "TS-QDA-032"), ("{outside}", "TS-QDA-032"), ("internal://../out.txt", "TS-QDA-019")],
)
def test_a_path_to_outside_is_never_opened(tmp_path: Path, path, told):
    outside = tmp_path / "out.txt"
    outside.write_text("outside")
    markup = project_markup(text_source(guid("s"), passage("p", 0, 3), path=path.format(outside=outside)))
    found = read_project(qdpx(tmp_path / "a.qdpx", markup))
    assert found.project.sources[0].text is None
    assert found.report.codes == {told: 1}
    written = write_project(found.project, tmp_path / "b.qdpx")
    assert not written.losses
    assert read_project(tmp_path / "b.qdpx").project == found.project


def test_a_missing_source_file_costs_only_its_text(tmp_path: Path):
    found = read_project(qdpx(tmp_path / "a.qdpx", GOOD))
    assert found.report.codes == {"TS-QDA-019": 1}
    assert found.project.sources[0].selections[0].name == "one"


def test_a_damaged_source_file_costs_only_its_text(tmp_path: Path):
    path = tmp_path / "a.qdpx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("project.qde", GOOD)
        archive.writestr("sources/s.txt", b"one and all of it")
    path.write_bytes(path.read_bytes().replace(b"all of it", b"ALL OF IT"))
    found = read_project(path)
    assert found.report.codes == {"TS-QDA-008": 1}
    assert len(found.project.sources[0].selections) == 1


def test_two_codes_of_one_guid_are_both_kept_and_told(tmp_path: Path):
    inner = code("a") + code("b", own=guid("a").upper())
    found = read_project(qdpx(tmp_path / "a.qdpx", project_markup(codebook(inner))))
    assert [one.name for one in found.project.codes] == ["a", "b"]
    assert found.report.codes == {"TS-QDA-014": 1}


def test_a_code_inside_itself_is_kept_and_told(tmp_path: Path):
    inner = code("a", code("b", code("a again", own=guid("a"))))
    found = read_project(qdpx(tmp_path / "a.qdpx", project_markup(codebook(inner))))
    assert found.report.codes["TS-QDA-016"] == 1
    assert found.project.codes[0].children[0].children[0].name == "a again"


def test_codes_nested_beyond_reason_are_all_kept(tmp_path: Path):
    depth = 900
    opened = "".join(code(f"c{n}").removesuffix("</Code>") for n in range(depth))
    path = qdpx(tmp_path / "a.qdpx", project_markup(codebook(opened + "</Code>" * depth)))
    found = read_project(path)
    assert found.report.codes["TS-QDA-028"] == depth - 150
    assert found.report.kept["Code"] == depth
    assert not found.report.missing
    write_project(found.project, tmp_path / "b.qdpx")
    assert read_project(tmp_path / "b.qdpx").project == found.project


def test_an_empty_project_is_read_and_told(tmp_path: Path):
    found = read_project(qdpx(tmp_path / "a.qdpx", project_markup("")))
    assert found.project.name == "P"
    assert found.report.codes == {"TS-QDA-025": 1}


@pytest.mark.parametrize("declared", ["UTF-8", "GB18030"])
def test_markup_in_another_encoding_than_declared_is_read_and_told(tmp_path: Path, declared):
    markup = project_markup(codebook(code("工价"))).replace("utf-8", declared).encode("gb18030")
    found = read_project(qdpx(tmp_path / "a.qdpx", markup))
    assert found.project.codes[0].name == "工价"
    assert found.report.codes == ({"TS-QDA-012": 1} if declared == "UTF-8" else {})


def test_a_text_in_another_encoding_is_read_told_and_written_as_utf8(tmp_path: Path):
    markup = project_markup(text_source(guid("s"), passage("p", 0, 2, "工价"), path="internal://s.txt"))
    found = read_project(qdpx(tmp_path / "a.qdpx", markup, {"sources/s.txt": "工价下降".encode("gb18030")}))
    assert found.project.sources[0].text == "工价下降"
    assert found.report.codes == {"TS-QDA-012": 1}
    assert write_project(found.project, tmp_path / "b.qdpx").codes == {"TS-QDA-049": 1}
    assert zipfile.ZipFile(tmp_path / "b.qdpx").read("sources/s.txt").decode("utf-8") == "工价下降"


def test_a_byte_order_mark_before_the_markup_is_no_error(tmp_path: Path):
    found = read_project(qdpx(tmp_path / "a.qdpx", b"\xef\xbb\xbf" + project_markup(codebook(code("a"))).encode()))
    assert not found.report.losses


def test_references_to_nothing_are_kept_and_told_by_kind(tmp_path: Path):
    body = (
        f'<Coding guid="{guid("c")}" creatingUser="{guid("nobody")}"><CodeRef targetGUID="{guid("nothing")}"/>'
        f'<NoteRef targetGUID="{guid("no note")}"/></Coding>'
    )
    markup = project_markup(text_source(guid("s"), passage("p", 0, 1, body=body), text="ab"))
    found = read_project(qdpx(tmp_path / "a.qdpx", markup))
    assert {(one.element, one.guid) for one in found.report.losses} == {
        ("CodeRef", guid("nothing")),
        ("creatingUser", guid("nobody")),
        ("NoteRef", guid("no note")),
    }
    write_project(found.project, tmp_path / "b.qdpx")
    assert read_project(tmp_path / "b.qdpx").project == found.project


def test_all_problems_come_at_once_and_name_no_person(tmp_path: Path):
    body = codebook(code("Mrs Wang") + code("Mrs Wang", own=guid("Mrs Wang"))) + text_source(
        guid("s"), passage("p", 0, 99, "Mrs Wang says") + passage("q", 1, 2).replace('"1"', '"one"'), text="Mrs Wang"
    )
    found = read_project(qdpx(tmp_path / "a.qdpx", project_markup(body, 'name="Mrs Wang" mood="Mrs Wang"')))
    assert {"TS-QDA-013", "TS-QDA-014", "TS-QDA-018", "TS-QDA-033"} <= set(found.report.codes)
    for language in ("en", "zh"):
        assert "Wang" not in found.report.told(language)
    assert "Wang" not in found.report.to_json()


def test_the_report_is_in_the_language_asked_for_and_changes_no_other(tmp_path: Path):
    report = read_project(qdpx(tmp_path / "a.qdpx", GOOD)).report
    assert "不在压缩包中" in report.told("zh")
    assert "not in the archive" in report.told("en")
    assert report.told() == report.told("en")


def test_a_position_that_is_no_number_is_set_aside_and_comes_back(tmp_path: Path):
    broken = passage("q", 1, 2).replace('"1"', '"one"')
    markup = project_markup(text_source(guid("s"), broken, text="abc"))
    found = read_project(qdpx(tmp_path / "a.qdpx", markup))
    assert found.project.sources[0].selections[0].extra == m.Extra((("startPosition", "one"),))
    write_project(found.project, tmp_path / "b.qdpx", foreign=True)
    assert read_project(tmp_path / "b.qdpx").project == found.project


def test_an_empty_guid_points_to_nobody_and_is_not_written(tmp_path: Path):
    markup = project_markup(codebook(code("a")), 'name="P" creatingUserGUID=""')
    found = read_project(qdpx(tmp_path / "a.qdpx", markup))
    assert found.report.codes == {"TS-QDA-018": 1}
    assert write_project(found.project, tmp_path / "b.qdpx").codes == {"TS-QDA-041": 1}
    assert read_project(tmp_path / "b.qdpx").project.creating_user is None


def test_text_between_elements_is_told(tmp_path: Path):
    found = read_project(qdpx(tmp_path / "a.qdpx", project_markup("stray")))
    assert found.report.codes["TS-QDA-026"] == 1


def test_two_texts_that_differ_are_told_and_the_file_taken(tmp_path: Path):
    markup = project_markup(text_source(guid("s"), "", path="internal://s.txt", text="inline"))
    found = read_project(qdpx(tmp_path / "a.qdpx", markup, {"sources/s.txt": b"file"}))
    assert found.project.sources[0].text == "file"
    assert found.report.codes == {"TS-QDA-030": 1}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "TS-QDA-002"),
        (b"PK\x03\x04 not really", "TS-QDA-002"),
        (b"hello", "TS-QDA-002"),
        (b"<Project", "TS-QDA-011"),
        (b"<html/>", "TS-QDA-027"),
    ],
)
def test_a_file_that_is_no_project_is_refused(tmp_path: Path, content, told):
    path = tmp_path / "a.qdpx"
    path.write_bytes(content)
    assert refusal(path) == told


def test_a_missing_file_a_folder_and_an_archive_without_a_project_are_refused(tmp_path: Path):
    assert refusal(tmp_path / "none.qdpx") == "TS-QDA-001"
    assert refusal(tmp_path) == "TS-QDA-001"
    with zipfile.ZipFile(tmp_path / "b.qdpx", "w") as archive:
        archive.writestr("readme.txt", "x")
    assert refusal(tmp_path / "b.qdpx") == "TS-QDA-003"


def test_an_archive_with_two_projects_is_refused(tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = qdpx(tmp_path / "a.qdpx", GOOD, {"project.qde": GOOD.encode()})
    assert refusal(path) == "TS-QDA-003"


def test_a_project_of_another_name_or_bare_markup_is_read(tmp_path: Path):
    markup = project_markup(codebook(code("a")))
    assert read_project(qdpx(tmp_path / "a.qdpx", markup, name="Town.QDE")).project.codes[0].name == "a"
    bare = tmp_path / "b.qde"
    bare.write_text(markup, "utf-8")
    assert read_project(bare).project.codes[0].name == "a"


def test_a_truncated_archive_is_refused(tmp_path: Path):
    path = qdpx(tmp_path / "a.qdpx", GOOD, {"sources/s.txt": b"one"})
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(path) == "TS-QDA-002"


def test_a_codebook_is_not_taken_for_a_project_nor_a_project_for_a_codebook(tmp_path: Path):
    path = qdpx(tmp_path / "a.qdpx", '<CodeBook xmlns="urn:QDA-XML:codebook:1.0"/>')
    assert refusal(path) == "TS-QDA-027"
    bare = tmp_path / "b.qdc"
    bare.write_text(project_markup(""), "utf-8")
    with pytest.raises(QdaError, match="CodeBook"):
        read_codebook(bare)


def test_another_version_of_the_format_is_read_and_told(tmp_path: Path):
    markup = project_markup(codebook(code("a"))).replace(":1.0", ":2.0")
    found = read_project(qdpx(tmp_path / "a.qdpx", markup))
    assert found.project.codes[0].name == "a"
    assert found.report.codes == {"TS-QDA-029": 1}


def test_elements_whose_namespace_was_forgotten_are_read_and_told(tmp_path: Path):
    inside = (codebook(code("a")) + text_source(guid("s"), passage("p", 0, 1), text="ab")).replace(
        "<CodeBook>", '<CodeBook xmlns="">'
    )
    markup = project_markup(inside.replace("<Sources>", '<Sources xmlns="">'))
    for written in (markup, project_markup(codebook(code("a"))).replace(f" {NS}", "")):
        found = read_project(qdpx(tmp_path / "a.qdpx", written))
        assert [one.name for one in found.project.codes] == ["a"]
        assert found.report.codes == {"TS-QDA-029": 1}
        assert not found.report.aside


def test_a_prefix_for_the_namespace_makes_no_difference(tmp_path: Path):
    markup = f'<q:Project {NS.replace("xmlns=", "xmlns:q=")} name="P"><q:Users><q:User guid="{guid("u")}"/></q:Users>'
    found = read_project(qdpx(tmp_path / "a.qdpx", f"{markup}</q:Project>"))
    assert len(found.project.users) == 1


def test_every_code_of_the_package_has_its_texts():
    for path in PACKAGE.glob("*.py"):
        for word in path.read_text("utf-8").split('"'):
            if word.startswith("TS-QDA-"):
                assert has_text(f"errors_qda.{word[-3:]}.what"), word


def test_the_package_rests_on_lxml_the_standard_library_and_the_errors_alone():
    allowed = {"lxml", "townshift", *sys.stdlib_module_names}
    ours = ("townshift.readers.refi_qda", "townshift.errors", "townshift.locales")
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] in allowed, (path.name, name)
                assert not name.startswith("townshift") or name.startswith(ours), (path.name, name)
