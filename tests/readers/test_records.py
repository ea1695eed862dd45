"""Lines into rows: whatever stands in the lines, every line is a row, part of a row, or set aside."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from townshift.readers.registries.decoding import Block, sniff
from townshift.readers.registries.records import LONGEST_RECORD_LINES, Shape, read_rows

SHAPE = Shape(",", 3, (0, 1, 2), ("",))


def blocks(data: bytes, cut: int) -> list[Block]:
    """The lines in blocks of `cut` lines."""
    lines = data.splitlines(keepends=True)
    return [Block(place + 1, b"".join(lines[place : place + cut])) for place in range(0, max(len(lines), 1), cut)]


def read(data: bytes, cut: int = 1_000) -> tuple[list[tuple[int, list[str | None]]], list[tuple[int, str]]]:
    """Line and cells of every row, line and reason of every line set aside."""
    aside: list[tuple[int, str]] = []
    rows = []
    for found, _ in read_rows(blocks(data, cut), SHAPE, lambda line, reason: aside.append((line, reason))):
        for line, cells in zip(found.lines, found.table.to_pylist(), strict=True):
            rows.append((int(line), list(cells.values())))
    return rows, sorted(aside)


def test_rows_bear_the_line_on_which_they_start():
    rows, aside = read(b'a,b,c\n\nd,"e\nf",g\nh,i\nj,k,l\n')
    assert rows == [(1, ["a", "b", "c"]), (3, ["d", "e\nf", "g"]), (6, ["j", "k", "l"])]
    assert aside == [(5, "width")]


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 1_000])
def test_a_broken_quote_before_a_long_record_costs_only_its_line_however_blocks_are_cut(cut):
    data = b'a,b,c\n"x,b,c\nd,e,f\n' + b"g,h,i\n" * LONGEST_RECORD_LINES + b'j,"k\nl\nm",n\no,p,q\n'
    rows, aside = read(data, cut)
    assert aside == [(2, "broken_quote")]
    assert [cells[0] for _, cells in rows] == ["a", "d", *["g"] * LONGEST_RECORD_LINES, "j", "o"]
    assert rows[-2][1] == ["j", "k\nl\nm", "n"]


def test_lines_of_every_kind_of_damage_in_one_block_are_each_counted_once():
    rows, aside = read(b'a,b,c\n"x,b,c\n\xff\xfe,b,c\nd,e\nf,g,h\n')
    assert [cells[0] for _, cells in rows] == ["a", "f"]
    assert aside == [(2, "broken_quote"), (3, "undecodable"), (4, "width")]


def test_quotes_that_pair_up_on_a_line_but_open_a_cell_do_not_swallow_the_next_line():
    rows, aside = read(b'5",x,"abc\nd,e,f\ng,h,i\n')
    assert [cells[0] for _, cells in rows] == ["d", "g"]
    assert aside == [(1, "width")]


def test_a_first_cell_of_several_lines_is_one_cell_though_its_last_line_looks_like_a_row():
    assert read(b'"a\nb",c,d\ne,f,g\n') == ([(1, ["a\nb", "c", "d"]), (3, ["e", "f", "g"])], [])


def test_a_record_of_several_lines_is_read_in_a_block_that_has_to_be_read_with_care():
    rows, aside = read(b'5",x,"abc\nd,"e\nf",g\nh,i,j\n')
    assert rows == [(2, ["d", "e\nf", "g"]), (4, ["h", "i", "j"])]
    assert aside == [(1, "width")]


def test_a_stray_quote_inside_a_cell_is_part_of_the_cell():
    assert read(b'5" pipe,b,c\n6" x 7",b,c\n') == ([(1, ['5" pipe', "b", "c"]), (2, ['6" x 7"', "b", "c"])], [])


CELL = st.text(st.sampled_from('ab"\n 中'), max_size=6) | st.text(st.sampled_from('ab," 中'), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12), st.integers(1, 5))
def test_whatever_is_written_by_the_rules_is_read_back_however_blocks_are_cut(table, cut):
    shown = io.StringIO()
    csv.writer(shown, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    data = shown.getvalue().encode()
    rows, aside = read(data, cut)
    assert [tuple(cell or "" for cell in cells) for _, cells in rows] == table
    assert aside == []


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.sampled_from('ab,,"'), max_size=8), min_size=1, max_size=15), st.integers(1, 6))
def test_no_line_of_any_damage_is_lost_or_counted_twice(lines, cut):
    data = "".join(line + "\n" for line in lines).encode()
    rows, aside = read(data, cut)
    told = [line for line, _ in rows] + [line for line, _ in aside]
    assert len(told) == len(set(told))
    inside = sum(str(cell or "").count("\n") for _, cells in rows for cell in cells)
    empty = sum(not line for line in lines)
    assert len(told) + inside <= len(lines)
    assert len(told) + inside + empty >= len(lines)


def test_lines_are_numbered_through_all_blocks():
    rows, _ = read(b"a,b,c\n" * 10, 3)
    assert np.array_equal([line for line, _ in rows], np.arange(1, 11))


@pytest.mark.parametrize(
    ("start", "encoding"),
    [
        (b"a,b\n1,2\n", "ascii"),
        ("企业,地址\n某厂,某路\n".encode(), "utf-8"),
        ("企业,地址\n某厂,某路\n".encode("gb18030"), "gb18030"),
        ("企业,地址\n".encode("utf-16"), "utf-16-le"),
        ("name,town\n某厂,某路\n".encode("utf-16-be"), "utf-16-be"),
        ("企业\n".encode() * 20 + b"\xff\xff\n", "utf-8"),
    ],
)
def test_encodings_are_told_apart(start, encoding):
    assert sniff(start, "a.csv") == encoding
