"""Bytes of a register's file as blocks of UTF-8, cut at line ends; the encoding is recognised file by file."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice

from townshift.errors import Problem, StudyError
from townshift.readers.registries.members import Stream

BLOCK_BYTES = 4 * 1024 * 1024
"""How much is read at a time. Neither it nor the cut into blocks shows in the result."""

LONGEST_LINE_BYTES = 64 * 1024 * 1024
"""A line that does not end after this many bytes is none."""

SNIFFED_BYTES = 256 * 1024

JUDGED_LINES = 40
"""So many lines beyond ASCII decide."""

COMMON_SHARE = 0.8
"""Share of the characters beyond ASCII that are everyday Chinese ones if a text really is GB18030."""

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
_BINARY = (
    b"%PDF",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"\x7fELF",
    b"\x89PNG",
    b"Rar!",
    b"7z\xbc\xaf",
    b"PAR1",
    b"\x1f\x8b",
)


@dataclass(frozen=True)
class Block:
    """Whole lines of a file.

    Attributes:
        first_line: physical line in the file on which the block starts, from 1.
        data: the lines in UTF-8, each with its end.
        broken: lines that do not decode, as (line, number of bytes); they are left empty in `data`.
        taken: bytes of the file that have been read so far.
    """

    first_line: int
    data: bytes
    broken: tuple[int, ...] = ()
    taken: int = 0


def sniff(start: bytes, shown: str, declared: str = "") -> str:
    r"""The encoding of a file: UTF-8, UTF-16, GB18030, the declared one, or `ascii` while nothing else was seen.

    Args:
        start: its first bytes.
        shown: its name, for messages.
        declared: encoding that the map declares; empty = none.

    Raises:
        StudyError: the file is no text, or its encoding cannot be told.

    Example:
        >>> sniff("企业名称,注册地址\n".encode("gb18030"), "a.csv"), sniff("企业名称\n".encode(), "b.csv")
        ('gb18030', 'utf-8')
    """
    if start.startswith(_BINARY):
        raise StudyError(Problem("TS-READ-010", shown))
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    if declared:
        return _known(declared, shown)
    if b"\0" in start[:4096]:
        return _wide(start, shown)
    if start.isascii():
        return "ascii"
    whole = start[: start.rfind(b"\n") + 1 or None].split(b"\n")
    lines = list(islice((line for line in whole if not line.isascii()), JUDGED_LINES))
    if _most_decode(lines, "utf-8"):
        return "utf-8"
    if _most_decode(lines, "gb18030") and _is_chinese(b"\n".join(lines).decode("gb18030", "ignore")):
        return "gb18030"
    raise StudyError(Problem("TS-READ-011", shown))


def _known(declared: str, shown: str) -> str:
    try:
        return codecs.lookup(declared).name
    except LookupError:
        raise StudyError(Problem("TS-READ-012", shown, {"encoding": declared})) from None


def _wide(start: bytes, shown: str) -> str:
    """UTF-16 without a mark: every second byte of its digits, commas and line ends is zero."""
    even, odd = start[0:4096:2].count(0), start[1:4096:2].count(0)
    for name, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > 4 * others + 2 and _decodes(start[:4096], name):
            return name
    raise StudyError(Problem("TS-READ-010", shown))


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _most_decode(lines: list[bytes], encoding: str) -> bool:
    """Whether more than half of the lines decode: a few broken ones do not make it another encoding."""
    return 2 * sum(_decodes(line, encoding) for line in lines) > len(lines)


def _is_chinese(text: str) -> bool:
    """Whether the characters beyond ASCII are everyday Chinese ones and their signs."""
    beyond = _BEYOND_ASCII.findall(text)
    common = sum(map(_everyday().__contains__, beyond))
    return bool(beyond) and common >= COMMON_SHARE * len(beyond)


@cache
def _everyday() -> frozenset[str]:
    """The signs and the 3,755 most used characters of GB 2312: its rows 1 to 55."""
    cells = (bytes((row, cell)) for row in range(0xA1, 0xD8) for cell in range(0xA1, 0xFF))
    return frozenset("".join(cell.decode("gb2312", "ignore") for cell in cells))


def read_blocks(stream: Stream, shown: str, declared: str = "", block_bytes: int = BLOCK_BYTES) -> Iterator[Block]:
    """The lines of a file in UTF-8, block by block; memory does not grow with the file.

    Args:
        stream: the file.
        shown: its name, for messages.
        declared: its encoding, empty = to be recognised.
        block_bytes: how much to read at a time.

    Raises:
        StudyError: no text, an unknown encoding, or a line without end.
    """
    start = stream.read(block_bytes)
    encoding = sniff(start[:SNIFFED_BYTES], shown, declared)
    for mark, name in _BOMS:
        if name == encoding and start.startswith(mark):
            start = start[len(mark) :]
    decoder = None
    if encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        decoder = codecs.getincrementaldecoder(encoding)("replace")
    old_ends = decoder is None and b"\n" not in start and b"\r" in start
    rest, line = b"", 1
    while True:
        last = len(start) == 0
        if decoder is not None:
            start = decoder.decode(start, final=last).encode("utf-8")
        data = rest + (start.replace(b"\r", b"\n") if old_ends else start)
        if last and data and not data.endswith(b"\n"):
            data += b"\n"
        cut = data.rfind(b"\n") + 1
        data, rest = data[:cut], data[cut:]
        if len(rest) > LONGEST_LINE_BYTES:
            raise StudyError(Problem("TS-READ-013", f"{shown}:{line}", {"megabytes": LONGEST_LINE_BYTES // 1024**2}))
        if data:
            if encoding == "ascii" and not data.isascii():
                encoding = sniff(data, shown)
            block = _block(data, encoding if decoder is None else "utf-8", line, stream.taken)
            line += block.data.count(b"\n")
            yield block
        if last:
            return
        start = stream.read(block_bytes)


def _block(data: bytes, encoding: str, line: int, taken: int) -> Block:
    """Lines as UTF-8. Those in UTF-8 already are only looked at when a table is made of them."""
    if b"\0" in data:
        data = data.replace(b"\0", b"")
    if encoding in ("utf-8", "ascii"):
        return Block(line, data, (), taken)
    try:
        return Block(line, data.decode(encoding).encode("utf-8"), (), taken)
    except UnicodeDecodeError:
        return decoded_by_line(data, encoding, line, taken)


def decoded_by_line(data: bytes, encoding: str, line: int, taken: int) -> Block:
    """Lines as UTF-8, those that do not decode left empty and named."""
    kept, broken = [], []
    for number, one in enumerate(data.split(b"\n")[:-1]):
        try:
            kept.append(one.decode(encoding).encode("utf-8"))
        except UnicodeDecodeError:
            kept.append(b"")
            broken.append(line + number)
    return Block(line, b"\n".join(kept) + b"\n", tuple(broken), taken)
