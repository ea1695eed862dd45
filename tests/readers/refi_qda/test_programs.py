"""Exports shaped like those of the programs that researchers use, made by hand from a description of their habits."""

from pathlib import Path

import pytest
from lxml import etree

from readers.refi_qda.made import guid, markup_of, project_markup, qdpx, schema
from townshift.readers.refi_qda import ProjectRead, read_project, write_project
from townshift.readers.refi_qda.attributes import set_attributes
from townshift.readers.refi_qda.passages import iter_codings

PROLOGUE = '<?xml version="1.0" encoding="utf-8"?>'
XSI = (
    'xmlns="urn:QDA-XML:project:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xsi:schemaLocation="urn:QDA-XML:project:1.0 {where}"'
)


def up(*keys: object) -> str:
    return guid(*keys).upper()


def coding(name: str, code: str, spelt: str | None = None) -> str:
    return f'<Coding guid="{guid(name)}"><CodeRef targetGUID="{spelt or guid(code)}"/></Coding>'


def code(name: str, inner: str = "", codable: str = "true") -> str:
    return f'<Code guid="{guid(name)}" name="{name}" isCodable="{codable}">{inner}</Code>'


def selected(name: str, quote: str, start: int, end: int, inner: str = "") -> str:
    return (
        f'<PlainTextSelection guid="{guid(name)}" name="{quote}" startPosition="{start}" endPosition="{end}">'
        f"{inner}</PlainTextSelection>"
    )


def quotes(found: ProjectRead) -> list[str]:
    return [
        one.holder.text[one.selection.start : one.selection.end]
        for one in iter_codings(found.project)
        if one.selection is not None
    ]


def atlas(path: Path) -> Path:
    """CRLF in the file counted as one; attributes as sets; quotes cut with an ellipsis; no cases, no variables."""
    stored = "Q: How is work?\r\nA: The season is short,\r\nand the piece rate falls.\r\n"
    counted = stored.replace("\r\n", "\n")
    first, second = counted.index("The season"), counted.index("and the piece")
    sets = "".join(
        f'<Set guid="{guid("set", n)}" name="{name}"><MemberSource targetGUID="{guid("doc")}"/></Set>'
        for n, name in enumerate(("age: 25", "gender: female", "my favourites"))
    )
    selections = selected("p1", "The season is short...", first, first + 20, coding("c1", "season")) + selected(
        "p2", "and the piece rate falls.", second, second + 25, coding("c2", "wages") + coding("c3", "season")
    )
    markup = (
        f"{PROLOGUE}<Project {XSI.format(where='http://schema.qdasoftware.org/versions/Project/v1.0/Project.xsd')} "
        f'name="A" origin="ATLAS.ti 23" creatingUserGUID="{guid("u")}">'
        f'<Users><User guid="{guid("u")}" name="Coder"/></Users>'
        f"<CodeBook><Codes>{code('season')}{code('wages')}</Codes></CodeBook>"
        f'<Sources><TextSource guid="{guid("doc")}" name="Interview" plainTextPath="internal://{guid("doc")}.txt">'
        f"{selections}</TextSource></Sources><Sets>{sets}</Sets></Project>"
    )
    return qdpx(path, markup, {f"sources/{guid('doc')}.txt": stored.encode()})


def maxqda(path: Path) -> Path:
    """Upper case GUIDs, answers of a survey as sources of one name, comments without a code, cases without a name."""
    answers = "".join(
        f'<TextSource guid="{up("answer", n)}" name="Answer" plainTextPath="internal://{up("answer", n)}.txt">'
        f'<PlainTextSelection guid="{up("sel", n)}" startPosition="0" endPosition="4">'
        + (
            "<Description>odd answer</Description>"
            if n == 2
            else f'<Coding guid="{up("cod", n)}"><CodeRef targetGUID="{guid("rent")}"/></Coding>'
        )
        + "</PlainTextSelection></TextSource>"
        for n in range(3)
    )
    cases = "".join(
        f'<Case guid="{up("case", n)}"><VariableValue><VariableRef targetGUID="{up("var")}"/>'
        f'<IntegerValue>{20 + n}</IntegerValue></VariableValue><SourceRef targetGUID="{up("answer", n)}"/></Case>'
        for n in range(3)
    )
    markup = (
        f'{PROLOGUE}<Project {XSI.format(where="Project.xsd")} name="M" origin="MAXQDA 24.7">'
        f'<CodeBook><Codes><Code guid="{up("rent")}" name="rent" isCodable="true" color="#ff0000"/></Codes></CodeBook>'
        f'<Variables><Variable guid="{up("var")}" name="age" typeOfVariable="Integer"/></Variables>'
        f"<Cases>{cases}</Cases><Sources>{answers}</Sources></Project>"
    )
    return qdpx(path, markup, {f"sources/{up('answer', n)}.txt": b"high" for n in range(3)})


def nvivo(path: Path) -> Path:
    """A capital folder with a mark in it, docx beside txt, annotations as links, one GUID for a coding and a case."""
    doc = guid("doc")
    markup = (
        f'{PROLOGUE}<Project {XSI.format(where="Project.xsd")} name="N" origin="NVivo 15">'
        f'<Users><User guid="{guid("u")}" name="NN" id="nn"/></Users>'
        f"<CodeBook><Codes>{code('theme', code('wages') + code('rent'), 'false')}</Codes></CodeBook>"
        f'<Cases><Case guid="{guid("shared")}" name="Firm A"><SourceRef targetGUID="{doc}"/>'
        f'<SelectionRef targetGUID="{guid("p")}"/></Case></Cases>'
        f'<Sources><TextSource guid="{doc}" name="one" richTextPath="internal://{doc}.docx" '
        f'plainTextPath="internal://{doc}.txt">'
        + selected(
            "p", "wages", 4, 9, f'<Coding guid="{guid("shared")}"><CodeRef targetGUID="{guid("wages")}"/></Coding>'
        )
        + f'</TextSource><TextSource guid="{guid("none")}" name="two" plainTextPath="internal://{guid("none")}.txt"/>'
        f'</Sources><Notes><Note guid="{guid("n")}" name="annotation">'
        f"<PlainTextContent>says who?</PlainTextContent></Note></Notes>"
        f'<Links><Link guid="{guid("l")}" direction="OneWay" originGUID="{guid("n")}" targetGUID="{guid("p")}"/>'
        f"</Links></Project>"
    )
    files = {
        "Sources/.root": b"",
        f"Sources/{doc}.txt": b"the wages fall",
        f"Sources/{doc}.docx": b"PK docx",
        f"Sources/{guid('none')}.txt": b"",
    }
    return qdpx(path, markup, files)


def qualcoder(path: Path) -> Path:
    """Memos as notes that are referred to, a PDF with its text, a case that points to passages."""
    pdf = guid("pdf")
    markup = project_markup(
        f'<CodeBook><Codes><Code guid="{guid("fire")}" name="fire" isCodable="true" color="#F781F3">'
        f'<Description>as they say it</Description><NoteRef targetGUID="{guid("memo")}"/></Code></Codes></CodeBook>'
        f'<Cases><Case guid="{guid("case")}" name="Ward 3"><Description>memo of a case</Description>'
        f'<SelectionRef targetGUID="{guid("p")}"/></Case></Cases>'
        f'<Sources><PDFSource guid="{pdf}" name="notice.pdf" path="internal://{pdf}.pdf">'
        f'<Representation guid="{guid("text")}" plainTextPath="internal://{guid("text")}.txt">'
        + selected("p", "no fire", 2, 9, coding("c", "fire"))
        + f"</Representation></PDFSource></Sources>"
        f'<Notes><Note guid="{guid("memo")}" name="why"><PlainTextContent>ask again</PlainTextContent></Note></Notes>'
        f"<Description>of the project</Description>",
        'name="Q" origin="Qualcoder-3.8"',
    )
    return qdpx(path, markup, {f"sources/{pdf}.pdf": b"%PDF", f"sources/{guid('text')}.txt": b"- no fire doors"})


def quirkos(path: Path) -> Path:
    """A case without a name carries the variables of one source."""
    markup = project_markup(
        f"<CodeBook><Codes>{code('home')}</Codes></CodeBook>"
        f'<Variables><Variable guid="{guid("v")}" name="age" typeOfVariable="Text"/></Variables>'
        f'<Cases><Case guid="{guid("case")}"><VariableValue><VariableRef targetGUID="{guid("v")}"/>'
        f'<TextValue>old</TextValue></VariableValue><SourceRef targetGUID="{guid("s")}"/></Case></Cases>'
        f'<Sources><TextSource guid="{guid("s")}" name="s"><PlainTextContent>at home</PlainTextContent>'
        + selected("p", "home", 3, 7, coding("c", "home"))
        + "</TextSource></Sources>",
        'name="K" origin="Quirkos 2.5"',
    )
    return qdpx(path, markup)


def qc(path: Path) -> Path:
    """Whole lines coded; a path without a scheme."""
    markup = project_markup(
        f"<CodeBook><Codes>{code('land')}</Codes></CodeBook>"
        f'<Sources><TextSource guid="{guid("s")}" name="board" plainTextPath="board_2017.txt">'
        + selected("p", "line 2", 7, 16, coding("c", "land"))
        + "</TextSource></Sources>",
        'name="C" origin="qc"',
    )
    return qdpx(path, markup, {"sources/board_2017.txt": b"agenda\nnew land\n"})


PROGRAMS = [atlas, maxqda, nvivo, qualcoder, quirkos, qc]


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_export_of_the_program_is_read_without_a_lost_element(tmp_path: Path, program):
    found = read_project(program(tmp_path / "a.qdpx"))
    assert not found.report.missing
    assert not found.report.aside
    assert set(found.report.codes) <= {"TS-QDA-023"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_export_of_the_program_goes_through_us_and_back_unchanged(tmp_path: Path, program):
    found = read_project(program(tmp_path / "a.qdpx"))
    written = write_project(found.project, tmp_path / "b.qdpx")
    again = read_project(tmp_path / "b.qdpx")
    renamed = program is qc
    if renamed:
        assert written.codes == {"TS-QDA-048": 1}, "the standard wants a GUID as the name of a file"
    else:
        assert written.codes == {}
        assert again.project == found.project
        before, after = ({one.name: one.read() for one in read.project.files} for read in (found, again))
        assert before == after
    assert quotes(again) == quotes(found)


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_we_write_of_an_export_is_valid_by_the_published_schema(tmp_path: Path, program):
    write_project(read_project(program(tmp_path / "a.qdpx")).project, tmp_path / "b.qdpx")
    schema("Project.xsd").assertValid(etree.fromstring(markup_of(tmp_path / "b.qdpx")))


def test_atlas_counts_a_line_end_as_one_and_its_quotes_show_it(tmp_path: Path):
    found = read_project(atlas(tmp_path / "a.qdpx"))
    assert found.project.sources[0].offset_rule == "crlf_as_lf"
    assert quotes(found) == ["The season is short,", "and the piece rate falls.", "and the piece rate falls."]


def test_atlas_keeps_attributes_as_sets(tmp_path: Path):
    found = read_project(atlas(tmp_path / "a.qdpx"))
    assert [(one.name, one.value, one.member) for one in set_attributes(found.project)] == [
        ("age", "25", guid("doc")),
        ("gender", "female", guid("doc")),
    ]
    assert len(found.project.sets) == 3


def test_maxqda_writes_guids_in_upper_case_and_we_give_them_back_so(tmp_path: Path):
    found = read_project(maxqda(tmp_path / "a.qdpx"))
    assert "TS-QDA-015" not in found.report.codes, "a reference in another case still holds"
    assert [one.name for one in found.project.sources] == ["Answer"] * 3
    assert found.project.sources[2].selections[0].description == "odd answer"
    assert [case.name for case in found.project.cases] == [None] * 3
    assert [case.variable_values[0].value for case in found.project.cases] == ["20", "21", "22"]
    assert quotes(found) == ["high", "high"]


def test_nvivo_may_give_a_coding_and_a_case_one_guid(tmp_path: Path):
    found = read_project(nvivo(tmp_path / "a.qdpx"))
    assert "TS-QDA-014" not in found.report.codes
    assert found.project.sources[1].text == ""
    assert found.project.codes[0].is_codable is False
    assert [one.name for one in found.project.codes[0].children] == ["wages", "rent"]
    assert found.project.links[0].origin == found.project.notes[0].guid
    assert sorted(one.name for one in found.project.files) == sorted(
        [f"{guid('doc')}.docx", f"{guid('doc')}.txt", f"{guid('none')}.txt"]
    )


def test_qualcoder_codes_the_text_of_a_pdf(tmp_path: Path):
    found = read_project(qualcoder(tmp_path / "a.qdpx"))
    assert quotes(found) == ["no fire"]
    assert found.project.codes[0].notes == (guid("memo"),)
    assert found.project.description == "of the project"


def test_a_path_without_a_scheme_is_looked_for_in_the_archive(tmp_path: Path):
    found = read_project(qc(tmp_path / "a.qdpx"))
    assert quotes(found) == ["new land\n"]
    assert found.project.sources[0].plain_text_path == "board_2017.txt"
