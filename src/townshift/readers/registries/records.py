"""Blocks of lines as rows of text, where a broken line costs only itself.

A line whose quotes pair up is a row of its own; all such lines of a block are read at once. A line whose quotes do not
pair up either begins a record of several lines or is broken. It is tried as the former over a few lines, and set aside
otherwise, so that one stray quote never swallows the rest of a file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.readers.registries.decoding import Block, decoded_by_line

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST_RECORD_LINES = 20
"""A record that goes on for more lines than this is a broken quote."""

LONGEST_CELL = 1 << 24
LONGEST_HEADER = 1 << 16
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34

Ints = npt.NDArray[np.int64]
Aside = Callable[[int, str], None]
"""Told of a line that could not be read, and why."""


@dataclass(frozen=True)
class Shape:
    """How a file's lines are cut into cells.

    Attributes:
        delimiter: what stands between cells.
        width: cells of a row.
        used: positions of the cells that are wanted, rising.
        empty: cells that say nothing.
    """

    delimiter: str
    width: int
    used: tuple[int, ...]
    empty: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """Rows of text: column `c<position>` for every cell wanted, and the physical line on which each starts."""

    table: pa.Table
    lines: Ints


def read_header(block: Block, delimiter: str) -> tuple[tuple[str, ...], int]:
    r"""The cells of the first line that is not empty, and how many lines up to its end.

    Example:
        >>> read_header(Block(1, b"\na,b\n1,2\n"), ",")
        (('a', 'b'), 2)
    """
    passed, start = 0, 0
    while (end := block.data.find(b"\n", start) + 1) and start < LONGEST_HEADER:
        line = block.data[start:end].decode("utf-8", "replace")
        passed, start = passed + 1, end
        if line.strip(" \t\r\n" + delimiter):
            cells = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
            return tuple(cell.strip("\ufeff") for cell in cells), passed
    return (), passed


def without_lines(block: Block, n_lines: int) -> Block:
    """A block less its first lines."""
    start = 0
    for _ in range(n_lines):
        start = block.data.index(b"\n", start) + 1
    return Block(block.first_line + n_lines, block.data[start:], block.broken, block.taken)


def read_rows(blocks: Iterable[Block], shape: Shape, aside: Aside) -> Iterator[tuple[Rows, Block]]:
    """The rows of a file, block by block.

    Args:
        blocks: its lines after the header.
        shape: how they are cut.
        aside: told of every line that is set aside: `undecodable`, `broken_quote`, `width`.
    """
    waiting: Block | None = None
    for block in blocks:
        whole = block if waiting is None else _after(waiting, block)
        rows, waiting = _read(whole, shape, aside, last=False)
        yield rows, block
    if waiting is not None:
        rows, _ = _read(waiting, shape, aside, last=True)
        yield rows, waiting


def _after(first: Block, second: Block) -> Block:
    return Block(first.first_line, first.data + second.data, first.broken + second.broken, second.taken)


def _read(block: Block, shape: Shape, aside: Aside, *, last: bool) -> tuple[Rows, Block | None]:
    """The rows of a block, and its last lines if a record begins there that may go on in the next block."""
    for line in block.broken:
        aside(line, "undecodable")
    said: list[tuple[int, str]] = []
    try:
        rows, waiting = _fast(block, shape, said, last=last)
    except _UndecodableError:
        checked = decoded_by_line(block.data, "utf-8", block.first_line, block.taken)
        return _read(checked, shape, aside, last=last)
    for line, reason in said:
        aside(line, reason)
    return rows, waiting


class _UndecodableError(Exception):
    """Some line of the block is no UTF-8."""


def _lines_of(data: bytes) -> tuple[Ints, Ints, Ints]:
    """Where each line ends, which lines hold an odd number of quotes, and which are empty."""
    signs = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(signs == _NEWLINE)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    odd = np.zeros(0, np.int64)
    if len(ends) and b'"' in data:
        odd = np.flatnonzero(np.bitwise_xor.reduceat((signs == _QUOTE).view(np.uint8), starts))
    length = ends - starts
    empty = np.flatnonzero((length == 0) | ((length == 1) & (signs[starts] == _RETURN)))
    return ends, odd, empty


def _fast(block: Block, shape: Shape, said: list[tuple[int, str]], *, last: bool) -> tuple[Rows, Block | None]:
    """Lines of paired quotes in one go, the others with care."""
    ends, odd, empty = _lines_of(block.data)
    spans = _spans(block, ends, odd, shape, last=last)
    waiting = None
    if spans.waiting is not None:
        cut = int(ends[spans.waiting - 1]) + 1 if spans.waiting else 0
        waiting = Block(block.first_line + spans.waiting, block.data[cut:], (), block.taken)
        block = Block(block.first_line, block.data[:cut], (), block.taken)
        ends, empty = ends[: spans.waiting], empty[empty < spans.waiting]
    gone = np.union1d(empty, np.array(spans.gone, np.int64)).astype(np.int64)
    whole = np.setdiff1d(np.arange(len(ends)), gone) if len(gone) else np.arange(len(ends))
    table, wrong = _parsed(_only(block.data, ends, whole) if len(gone) else block.data, shape)
    swallowed = len(table) + len(wrong) != len(whole)
    if swallowed or (len(whole) - 1 not in wrong and _ends_open(block.data, ends, whole, shape)):
        return _careful(block, ends, shape, said), waiting
    said += [(block.first_line + line, "broken_quote") for line in spans.broken]
    said += [(block.first_line + int(whole[row]), "width") for row in wrong]
    lines = np.delete(whole, wrong) if wrong else whole
    return _with(Rows(table, lines + block.first_line), spans.taken, block.first_line, shape), waiting


def _ends_open(data: bytes, ends: Ints, whole: Ints, shape: Shape) -> bool:
    """Whether the last line opens a quote that it does not close: there is no further line whose loss would show."""
    last = _text(data, ends, int(whole[-1]), int(whole[-1])) if len(whole) else ""
    return '"' in last and _record(last, shape) is None


def _only(data: bytes, ends: Ints, whole: Ints) -> bytes:
    """The lines in `whole`; neighbours are copied together."""
    if not len(whole):
        return b""
    breaks = np.flatnonzero(np.diff(whole) > 1)
    firsts = whole[np.concatenate(([0], breaks + 1))]
    lasts = whole[np.concatenate((breaks, [len(whole) - 1]))]
    return b"".join(
        data[(int(ends[first - 1]) + 1 if first else 0) : int(ends[final]) + 1]
        for first, final in zip(firsts, lasts, strict=True)
    )


def _parsed(data: bytes, shape: Shape) -> tuple[pa.Table, list[int]]:
    """The rows of lines that stand for themselves, and the numbers of those with another number of cells."""
    import pyarrow as pa
    import pyarrow.csv

    names = [f"c{position}" for position in range(shape.width)]
    used = [f"c{position}" for position in shape.used]
    if not data:
        return pa.table({name: pa.array([], pa.string()) for name in used}), []
    wrong: list[int] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        wrong.append(row.number - 1)
        return "skip"

    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            read_options=pyarrow.csv.ReadOptions(
                use_threads=False, column_names=names, block_size=max(len(data) + 1, 1024)
            ),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=shape.delimiter, invalid_row_handler=note, ignore_empty_lines=False
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=used,
                column_types=dict.fromkeys(used, pa.string()),
                null_values=list(shape.empty),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            raise _UndecodableError from None
        return pa.table({name: pa.array([], pa.string()) for name in used}), []
    return table, wrong


@dataclass(frozen=True)
class _Spans:
    """What became of the lines of unpaired quotes: lines are numbered from the block's first, from 0.

    Attributes:
        taken: first line and cells of records that were read.
        broken: lines to set aside.
        gone: lines that must not be read again.
        waiting: first line of a record that may go on in the next block; None = there is none.
    """

    taken: list[tuple[int, list[str]]]
    broken: list[int]
    gone: list[int]
    waiting: int | None


def _spans(block: Block, ends: Ints, odd: Ints, shape: Shape, *, last: bool) -> _Spans:
    """Lines of unpaired quotes read as records of one or several lines, where they are any."""
    taken: list[tuple[int, list[str]]] = []
    broken: list[int] = []
    gone: list[int] = []
    done = -1
    for line in odd:
        first = int(line)
        if first <= done:
            continue
        found = _record_from(block.data, ends, first, shape)
        if found is None and not last and len(ends) - first < LONGEST_RECORD_LINES:
            return _Spans(taken, broken, gone, first)
        done = first
        if found:
            done, cells = found
            taken.append((first, cells))
        else:
            broken.append(first)
        gone.extend(range(first, done + 1))
    return _Spans(taken, broken, gone, None)


def _record_from(data: bytes, ends: Ints, first: int, shape: Shape) -> tuple[int, list[str]] | tuple[()] | None:
    """The record that starts on a line: its last line and cells.

    A line further on that is a record by itself says that the quote is broken, unless it can be the end of a cell.

    Returns:
        Nothing in brackets if there is no record; None if it may go on after the lines there are.
    """
    alone = _record(_text(data, ends, first, first), shape)
    if alone is not None:
        return first, alone
    for last in range(first + 1, min(first + LONGEST_RECORD_LINES, len(ends))):
        line = _text(data, ends, last, last)
        joined = _record(_text(data, ends, first, last), shape) if '"' in line else None
        by_itself = _record(line, shape) is not None
        if joined is not None and not (by_itself and shape.delimiter in _tail(joined)):
            return last, joined
        if by_itself:
            return ()
    return None if first + LONGEST_RECORD_LINES > len(ends) else ()


def _tail(cells: list[str]) -> str:
    """What stands on the last line of the last cell that has several."""
    return next((cell.rpartition("\n")[2] for cell in reversed(cells) if "\n" in cell), "")


def _text(data: bytes, ends: Ints, first: int, last: int) -> str:
    start = int(ends[first - 1]) + 1 if first else 0
    return data[start : int(ends[last])].decode("utf-8", "replace").removesuffix("\r")


def _record(text: str, shape: Shape) -> list[str] | None:
    """The cells of one record; None if it is none, or not of the right width."""
    csv.field_size_limit(LONGEST_CELL)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=shape.delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 and len(rows[0]) == shape.width else None


def _careful(block: Block, ends: Ints, shape: Shape, said: list[tuple[int, str]]) -> Rows:
    """Every line by itself: for blocks in which quotes pair up but do not stand where quotes stand."""
    import pyarrow as pa

    taken: list[tuple[int, list[str]]] = []
    line = 0
    while line < len(ends):
        text = _text(block.data, ends, line, line)
        found = _record_from(block.data, ends, line, shape) if text else (line, [])
        if found:
            last, cells = found
            taken += [(line, cells)] if text else []
            line = last
        else:
            said.append((block.first_line + line, "width" if text.count('"') % 2 == 0 else "broken_quote"))
        line += 1
    none = pa.table({f"c{position}": pa.array([], pa.string()) for position in shape.used})
    return _with(Rows(none, np.zeros(0, np.int64)), taken, block.first_line, shape)


def _with(rows: Rows, taken: list[tuple[int, list[str]]], first_line: int, shape: Shape) -> Rows:
    """Rows and those that were read one by one, in the order of their lines."""
    if not taken:
        return rows
    import pyarrow as pa

    empty = set(shape.empty)
    columns = {
        f"c{position}": pa.array(
            [None if cells[position] in empty else cells[position] for _, cells in taken], pa.string()
        )
        for position in shape.used
    }
    lines = np.concatenate([rows.lines, np.array([line for line, _ in taken], np.int64) + first_line])
    order = np.argsort(lines, kind="stable")
    table = pa.concat_tables([rows.table, pa.table(columns)]).take(pa.array(order))
    return Rows(table, lines[order])
