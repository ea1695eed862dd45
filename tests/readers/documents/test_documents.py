"""Documents of every kind as text, who speaks in them, and files that are not what they say."""

import csv
import zipfile

import docx
import pytest
from pypdf import PdfWriter

from townshift.errors import StudyError
from townshift.readers.documents.document_import import import_documents
from townshift.readers.documents.reading import decoded, language_of, read_document
from townshift.readers.documents.speakers import find_turns

TALK = "访谈者：为什么来这里？\n受访者：这里有市场。\n也有老乡。\n访谈者：后来呢？\n受访者：工资涨了。\n"


def codes(caught):
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_in_the_usual_encodings_is_the_same_text(tmp_path, encoding):
    path = tmp_path / "a.txt"
    path.write_bytes(TALK.replace("\n", "\r\n").encode(encoding))
    found = read_document(path)
    assert found.text == TALK
    assert found.language == "zh"
    assert [turn.speaker for turn in found.turns] == ["访谈者", "受访者", "访谈者", "受访者"]
    assert found.text[found.turns[1].start : found.turns[1].end] == "这里有市场。\n也有老乡。"


@pytest.mark.parametrize("word", ["童装", "café", "Привет", "联通", "Ελλάδα"])
def test_short_texts_keep_their_script(word):
    assert decoded(word.encode(), "a.txt") == (word, [])


def test_short_chinese_text_that_happens_to_be_utf_8_is_read_as_chinese():
    assert decoded("童装".encode("gb18030"), "a.txt")[0] == "童装"


def test_signs_that_fit_no_encoding_are_told_and_the_rest_is_read():
    text, problems = decoded(b"wage \xff\xfd\xff rent", "a.txt")
    assert text.startswith("wage ")
    assert text.endswith(" rent")
    assert [one.code for one in problems] == ["TS-DOCS-005"]


def test_a_word_document_is_read_with_its_tables_in_order(tmp_path):
    document = docx.Document()
    document.add_paragraph("Q: Why here?")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "year", "firms"
    document.add_paragraph("A: The market.")
    document.save(tmp_path / "a.docx")
    assert read_document(tmp_path / "a.docx").text == "Q: Why here?\nyear\tfirms\nA: The market."


def test_a_page_is_read_without_its_scripts_and_with_its_breaks(tmp_path):
    path = tmp_path / "a.html"
    path.write_text("<html><head><title>t</title><script>x()</script></head><body><h1>Levy</h1>"
                    "<p>Firms\n  paid&nbsp;more.</p><p>Then<br>stopped.</p><!-- note --></body></html>")  # fmt: skip
    assert read_document(path).text == "Levy\n\nFirms paid more.\n\nThen\nstopped."


def test_an_entity_bomb_in_a_page_stays_small(tmp_path):
    path = tmp_path / "a.html"
    bomb = '<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><p>&b;&b;</p>'
    path.write_text(bomb)
    assert len(read_document(path).text) < 200


def test_captions_with_one_voice_are_one_turn(tmp_path):
    path = tmp_path / "a.vtt"
    path.write_text(
        "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann>Why here?\n\n00:02.000 --> 00:03.000\n<v Bo>The market.\n\n"
        "00:03.000 --> 00:04.500\n<v Bo>And kin.\n"
    )
    found = read_document(path)
    assert found.text == "Why here?\nThe market.\nAnd kin."
    assert [(turn.speaker, found.text[turn.start : turn.end], turn.seconds_to) for turn in found.turns] == [
        ("Ann", "Why here?", 2.0),
        ("Bo", "The market.\nAnd kin.", 4.5),
    ]


def test_subrip_is_read(tmp_path):
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nWhy here?\n\n2\n00:00:02,000 --> 00:00:03,000\nThe market.\n")
    assert read_document(path).text == "Why here?\nThe market."


def test_a_scanned_pdf_says_which_pages_hold_no_text(tmp_path):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.add_blank_page(100, 100)
    writer.write(tmp_path / "scan.pdf")
    found = read_document(tmp_path / "scan.pdf")
    assert [one.code for one in found.problems] == ["TS-DOCS-008", "TS-DOCS-004"]
    assert found.problems[0].values["pages"] == "1, 2"


def test_a_locked_pdf_is_refused(tmp_path):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt("secret")
    writer.write(tmp_path / "locked.pdf")
    with pytest.raises(StudyError) as caught:
        read_document(tmp_path / "locked.pdf")
    assert codes(caught) == ["TS-DOCS-007"]


@pytest.mark.parametrize(
    ("name", "code"), [("a.docx", "TS-DOCS-006"), ("a.pdf", "TS-DOCS-006"), ("a.odt", "TS-DOCS-001")]
)
def test_files_that_are_not_what_they_say_are_refused(tmp_path, name, code):
    (tmp_path / name).write_bytes(b"no such thing")
    with pytest.raises(StudyError) as caught:
        read_document(tmp_path / name)
    assert codes(caught) == [code]


def test_a_word_file_that_unfolds_to_gigabytes_is_refused_unopened(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as packed:
        for number in range(3):
            packed.writestr(f"word/{number}.xml", b"0" * (100 << 20))
    with pytest.raises(StudyError) as caught:
        read_document(tmp_path / "bomb.docx")
    assert codes(caught) == ["TS-DOCS-003"]


def test_prose_with_colons_is_no_transcript():
    assert find_turns("Time: 1990\nPlace: town\nNote: nothing\nThe levy: too high.\n") == []
    assert language_of("1983") == ""


def test_an_import_keeps_other_rows_and_no_name_of_a_speaker(tmp_path):
    study = tmp_path / "study"
    (study / "data").mkdir(parents=True)
    (study / "study.toml").write_text("format = 1\n")
    (study / "data" / "documents.csv").write_text("document,title,mine\nold.txt,Old,kept\n")
    (tmp_path / "talk.txt").write_text("Mary Smith: Why?\nInterviewer: So.\nMary Smith: Because.\n")
    (tmp_path / "broken.docx").write_bytes(b"no")
    for _ in range(2):
        report = import_documents([tmp_path / "talk.txt", tmp_path / "broken.docx"], study, "transcript")
    assert [row[0] for row in report.read] == ["talk.txt"]
    assert [problem.code for problem in report.problems] == ["TS-DOCS-006"]
    with (study / "data" / "documents.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [(row["document"], row["mine"], row["kind"]) for row in rows] == [
        ("old.txt", "kept", ""),
        ("talk.txt", "", "transcript"),
    ]
    turns = (study / "data" / "speech_turns.csv").read_text()
    assert "Mary" not in turns
    assert turns.count("talk:S1") == 2
    assert "Mary Smith" in (study / "private" / "speakers.csv").read_text()
    assert "talk.txt: " in report.told()
