"""Positions of passages: which characters do they count?"""

from pathlib import Path

import pytest

from readers.refi_qda.made import guid, passage, project_markup, qdpx, text_source
from townshift.readers.refi_qda import LossReport, ProjectRead, read_project, write_project
from townshift.readers.refi_qda import model as m
from townshift.readers.refi_qda.anchors import anchor, find_again, with_text
from townshift.readers.refi_qda.texts import Stored, choose, decode, read_by, readings


def read(tmp_path: Path, stored: bytes, passages: str, origin: str = "x") -> ProjectRead:
    markup = project_markup(text_source(guid("s"), passages, path="internal://s.txt"), f'name="P" origin="{origin}"')
    return read_project(qdpx(tmp_path / "a.qdpx", markup, {"sources/s.txt": stored}))


def quotes(found: ProjectRead) -> list[str]:
    source = found.project.sources[0]
    return [source.text[one.start : one.end] for one in source.selections]


STORED = "one\r\ntwo\r\nthree 𠮷 four".encode()


@pytest.mark.parametrize(
    ("rule", "start", "stored"),
    [
        ("", 10, STORED),
        ("crlf_as_lf", 8, STORED),
        ("utf16", 19, STORED),
        ("crlf_as_lf+utf16", 17, STORED),
        ("", 10, b"\xef\xbb\xbf" + STORED),
        ("bom_kept", 11, b"\xef\xbb\xbf" + STORED),
        ("bom_kept+crlf_as_lf", 9, b"\xef\xbb\xbf" + STORED),
    ],
)
def test_the_reading_of_a_text_is_the_one_that_agrees_with_the_quotes(tmp_path: Path, rule, start, stored):
    quote = "four" if "utf16" in rule else "three"
    found = read(tmp_path, stored, passage("p", start, start + len(quote), quote))
    assert quotes(found) == [quote]
    assert found.project.sources[0].offset_rule == rule
    again = tmp_path / "b.qdpx"
    write_project(found.project, again)
    assert quotes(read_project(again)) == [quote]


def test_a_quote_cut_with_an_ellipsis_or_with_its_line_ends_lost_is_evidence_too(tmp_path: Path):
    stored = b"one\r\ntwo words\r\nand more words"
    found = read(tmp_path, stored, passage("p", 4, 28, "two words and m…"))
    assert found.project.sources[0].offset_rule == "crlf_as_lf"


def test_a_text_without_evidence_follows_the_others_of_its_project():
    telling, silent = Stored("a\r\nbcd", [(2, 5, "bcd")]), Stored("x\r\nyz", [(2, 4, "label")])
    choose([telling, silent])
    assert telling.chosen.rule == silent.chosen.rule == "crlf_as_lf"


def test_a_text_without_any_evidence_is_read_as_stored_but_atlas_counts_a_line_end_once():
    for origin, rule in (("NVivo", ""), ("ATLAS.ti 23", "crlf_as_lf")):
        silent = Stored("x\r\nyz", [(2, 4, "label")])
        choose([silent], origin)
        assert silent.chosen.rule == rule


def test_a_passage_beyond_one_reading_speaks_for_the_longer_one():
    stored = Stored("a\r\nb\r\nc", [(6, 7, "")])
    choose([stored])
    assert stored.chosen.rule == ""


def test_a_program_that_gives_the_last_character_is_found_out_and_all_its_passages_mended(tmp_path: Path):
    passages = passage("a", 0, 2, "one") + passage("b", 4, 6, "two") + passage("c", 8, 12)
    found = read(tmp_path, b"one two three", passages)
    assert quotes(found) == ["one", "two", "three"]
    assert found.report.codes["TS-QDA-022"] == 3


def test_one_passage_that_disagrees_is_mended_alone(tmp_path: Path):
    passages = passage("a", 0, 3, "one") + passage("b", 4, 6, "two") + passage("c", 8, 12)
    found = read(tmp_path, b"one two three", passages)
    assert quotes(found) == ["one", "two", "thre"]
    assert found.report.codes["TS-QDA-022"] == 1


def test_half_open_positions_are_left_alone(tmp_path: Path):
    found = read(tmp_path, b"one two three", passage("a", 0, 3, "one") + passage("b", 4, 7, "two"))
    assert quotes(found) == ["one", "two"]
    assert not found.report.losses


def test_the_example_of_the_standard_is_half_open():
    text = "x" * 62 + "granola and more"
    stored = Stored(text, [(62, 69, "granola")])
    assert not choose([stored])


def test_a_position_inside_a_surrogate_pair_moves_outwards_and_is_told(tmp_path: Path):
    stored = "𠮷 wages 𠮷 rent".encode()
    passages = passage("a", 3, 8, "wages") + passage("b", 12, 16, "rent") + passage("c", 1, 10)
    found = read(tmp_path, stored, passages)
    assert quotes(found) == ["wages", "rent", "𠮷 wages 𠮷"]
    assert [one.guid for one in found.report.losses if one.code == "TS-QDA-021"] == [guid("c")]


def test_a_passage_that_cuts_a_line_end_in_two_is_kept_and_told(tmp_path: Path):
    found = read(tmp_path, b"one\r\ntwo", passage("a", 5, 8, "two") + passage("b", 4, 8))
    assert quotes(found) == ["two", "\ntwo"]
    assert [one.guid for one in found.report.losses if one.code == "TS-QDA-034"] == [guid("b")]


@pytest.mark.parametrize(("start", "end"), [(0, 99), (5, 2), (-3, 2), (50, 60)])
def test_a_passage_that_does_not_fit_its_text_is_kept_as_written_and_told(tmp_path: Path, start, end):
    found = read(tmp_path, b"one two", passage("a", start, end) + passage("b", 0, 3, "one"))
    first, second = found.project.sources[0].selections
    assert (first.start, first.end) == (start, end)
    assert (second.start, second.end) == (0, 3)
    assert found.report.codes == {"TS-QDA-033": 1}


def test_a_rule_reads_the_same_text_again():
    for text in ("\ufeffa\r\nb𠮷", "a\nb", "\r\n\r\n"):
        for way in readings(text):
            assert read_by(way.rule, text) == way.text


def test_every_position_of_a_utf16_reading_is_that_of_python():
    text = "a𠮷b😀c"
    way = next(one for one in readings(text) if one.rule == "utf16")
    units = text.encode("utf-16-le")
    for position in range(len(text) + 1):
        unit = len(text[:position].encode("utf-16-le")) // 2
        assert way.codepoint(unit) == (position, False)
    assert way.length == len(units) // 2
    assert way.codepoint(way.length + 3) == (len(text) + 3, False)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_chinese_text_is_read_in_the_encodings_in_use(encoding):
    text, found = decode("织里镇的工价".encode(encoding))
    assert text.removeprefix("\ufeff") == "织里镇的工价"
    assert found == encoding.removesuffix("-sig")


def test_a_passage_is_found_again_after_its_text_changed():
    text = "first wages fell. then wages rose. then wages fell again."
    start = text.index("wages rose")
    kept = anchor(text, start, start + 5)
    assert find_again(kept, text) == (start, start + 5)
    longer = "A heading.\n" + text
    assert find_again(kept, longer) == (start + 11, start + 16)
    assert find_again(kept, "nothing of it") is None


def test_a_passage_that_could_be_in_two_places_is_not_guessed():
    kept = anchor("a wages b", 2, 7)
    assert find_again(kept, "x wages y wages z") is None


def test_all_passages_of_a_changed_text_move_with_their_words_and_lost_ones_are_told():
    old = "first wages fell. then rents rose."
    places = [old.index("wages"), old.index("rents"), old.index("fell")]
    passages = tuple(m.TextSelection(guid=guid(n), start=at, end=at + 4) for n, at in enumerate(places))
    source = m.TextSource(guid=guid("s"), text=old, selections=passages)
    report = LossReport()
    new = "At first wages shrank. And then rents rose."
    moved = with_text(source, new, report)
    assert [new[one.start : one.end] for one in moved.selections[:2]] == ["wage", "rent"]
    assert moved.selections[2] == passages[2]
    assert [one.guid for one in report.losses] == [guid(2)]
