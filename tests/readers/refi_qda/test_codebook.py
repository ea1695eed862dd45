"""Codebooks on their own (`.qdc`)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from lxml import etree

from readers.refi_qda.made import guid, projects, schema
from townshift.readers.refi_qda import Codebook, Project, QdaError, codebook_of, read_codebook, write_codebook
from townshift.readers.refi_qda import model as m
from townshift.readers.refi_qda.passages import iter_codes

TAGUETTE = f"""<?xml version="1.0" encoding="utf-8"?>
<CodeBook xmlns="urn:QDA-XML:codebook:1.0" origin="Taguette 1.4"><Codes>
<Code guid="{guid("a")}" name="interesting" isCodable="true"><Description>Further review required</Description></Code>
<Code guid="{guid("b")}" name="work.wages" isCodable="true"/>
</Codes></CodeBook>"""
SETTINGS = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


def test_a_codebook_of_taguette_is_read(tmp_path: Path):
    path = tmp_path / "a.qdc"
    path.write_text(TAGUETTE, "utf-8")
    found = read_codebook(path)
    assert [(one.name, one.description) for one in found.codebook.codes] == [
        ("interesting", "Further review required"),
        ("work.wages", None),
    ]
    assert not found.report.losses
    assert not found.report.missing


@given(projects())
@SETTINGS
def test_a_codebook_comes_back_the_same_but_for_what_the_format_cannot_hold(tmp_path: Path, project: Project):
    book = codebook_of(project)
    if not book.codes:
        return
    report = write_codebook(book, tmp_path / "a.qdc")
    found = read_codebook(tmp_path / "a.qdc")

    def bare(codes: tuple[m.Code, ...]) -> list[tuple[object, ...]]:
        return [
            (one.guid, one.name, one.is_codable, one.color, one.description, above and above.guid)
            for one, above in iter_codes(codes)
        ]

    assert bare(found.codebook.codes) == bare(book.codes)
    assert [(one.guid, one.name, one.description, one.codes) for one in found.codebook.sets] == [
        (one.guid, one.name, one.description, one.codes) for one in book.sets
    ]
    lost = sum(len(one.notes) for one, _ in iter_codes(book.codes))
    lost += sum(len(one.sources) + len(one.notes) for one in book.sets)
    assert report.codes["TS-QDA-053"] == lost


@given(projects())
@SETTINGS
def test_a_written_codebook_is_valid_by_the_published_schema(tmp_path: Path, project: Project):
    published = schema("Codebook.xsd")
    if project.codes:
        write_codebook(codebook_of(project), tmp_path / "a.qdc")
        published.assertValid(etree.parse(tmp_path / "a.qdc"))


def test_members_of_sets_are_found_under_either_name_of_their_attribute(tmp_path: Path):
    path = tmp_path / "a.qdc"
    sets = f'<Sets><Set guid="{guid("s")}" name="mine"><MemberCode targetGUID="{guid("a")}"/></Set></Sets></CodeBook>'
    path.write_text(TAGUETTE.replace("</CodeBook>", sets), "utf-8")
    assert read_codebook(path).codebook.sets[0].codes == (guid("a"),)


def test_a_codebook_without_codes_cannot_be_written(tmp_path: Path):
    with pytest.raises(QdaError, match="no code to write"):
        write_codebook(Codebook(), tmp_path / "a.qdc")
    assert not (tmp_path / "a.qdc").exists()


def test_additions_of_a_program_are_kept(tmp_path: Path):
    path = tmp_path / "a.qdc"
    path.write_text(TAGUETTE.replace('isCodable="true"/>', 'isCodable="true" weight="2"/>'), "utf-8")
    found = read_codebook(path)
    assert found.codebook.codes[1].extra == m.Extra((("weight", "2"),))
    assert found.report.codes == {"TS-QDA-013": 1}
    write_codebook(found.codebook, tmp_path / "b.qdc", foreign=True)
    assert read_codebook(tmp_path / "b.qdc").codebook == found.codebook
