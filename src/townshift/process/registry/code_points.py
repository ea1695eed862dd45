"""Text of registry columns as normalised code points: the form in which names and addresses are taken apart.

Registries mix full and half width, traditional and simplified characters, accents, brackets of five kinds, stray
spaces. `normalise` brings a whole Arrow column to one form: simplified characters, capitals without accents, round
brackets, no punctuation, one space between words of Latin letters and none between Chinese characters. A loop over
Arrow's UTF-8 bytes does it; no Python object is made per row.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from townshift.process.kernel import Column, Scalar, kernel
from townshift.process.registry.data_rows import data_rows

CodePointArray = npt.NDArray[np.uint32]
Positions = npt.NDArray[np.int64]

FIRST_CJK = 0x2E80
"""Code points from here on are written without spaces between words."""

_SPACE, _HYPHEN = 32, 45
_OPENING = "([{（［｛【〔「『〈《<＜"
_CLOSING = ")]}）］｝】〕」』〉》>＞"
_SPACES = "'’‘`´ʼ\"“”,，;；:：/／\\|、。!！?？~～_*^=+＋@　—–−﹣"
_DROPPED = ".．·・•‧#＃"


@dataclass(frozen=True, slots=True)
class CodePoints:
    """A column of normalised text.

    Attributes:
        signs: code points of all rows, one after the other.
        offsets: shape (rows + 1,); row i is `signs[offsets[i]:offsets[i + 1]]`.
    """

    signs: CodePointArray
    offsets: Positions

    def __len__(self) -> int:
        return self.offsets.size - 1


@cache
def normal_form() -> CodePointArray:
    """What each code point of the basic plane becomes: 0 = dropped, 32 = a break between words.

    Compatibility forms (full width, Kangxi radicals) become plain ones, small letters capitals, accents go,
    traditional characters become simplified (OpenCC's table of characters).
    """
    table = np.arange(65536, dtype=np.uint32)
    for code in range(65536):
        char = chr(code)
        if 0xD800 <= code < 0xE000 or unicodedata.category(char) in ("Cc", "Cf", "Zs", "Zl", "Zp"):
            table[code] = _SPACE if code in (9, 10, 13) or char.isspace() else 0
            continue
        plain = unicodedata.normalize("NFKC", char)
        upper = (plain if len(plain) == 1 else char).upper()
        bare = unicodedata.normalize("NFD", upper if len(upper) == 1 else char)
        table[code] = ord(bare[0]) if unicodedata.category(bare[0]) != "Mn" else 0
    for traditional, simplified in traditional_simplified().items():
        table[ord(traditional)] = ord(simplified)
    for signs, target in ((_OPENING, "("), (_CLOSING, ")"), (_SPACES, " ")):
        for sign in signs:
            table[ord(sign)] = ord(target)
    for sign in _DROPPED:
        table[ord(sign)] = 0
    return table


@cache
def traditional_simplified() -> dict[str, str]:
    """Simplified character of each traditional one, from `traditional_simplified.csv` (OpenCC, Apache-2.0)."""
    return {row["traditional"]: row["simplified"] for row in data_rows("traditional_simplified.csv")}


def normalise(column: pa.Array) -> CodePoints:
    """A column of text as normalised code points; a missing value is an empty row.

    Args:
        column: text of any Arrow string type; bytes that are no UTF-8 are left out.

    Example:
        >>> column = normalise(pa.array(["織里鎮 （童裝）", "Société l'Étoile", "S.A.R.L.  Cœur", None]))
        >>> text_of(column).to_pylist()
        ['织里镇(童装)', 'SOCIETE L ETOILE', 'SARL COEUR', '']
    """
    data, offsets = utf8_buffers(column)
    values = np.empty(data.size + 1, dtype=np.uint32)
    ends = np.zeros(offsets.size, dtype=np.int64)
    _decode(data, offsets, normal_form(), values, ends)
    return CodePoints(values[: ends[-1]], ends)


def utf8_buffers(column: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    """The bytes of a column of text and where its rows start, shape (rows + 1,); a missing row is empty."""
    plain = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if plain.type != pa.string():
        plain = plain.cast(pa.string())
    if plain.null_count:
        plain = pc.fill_null(plain, "")
    _, starts, data = plain.buffers()
    offsets = np.frombuffer(starts, dtype=np.int32)[plain.offset : plain.offset + len(plain) + 1]
    found = np.frombuffer(data, dtype=np.uint8) if data is not None else np.empty(0, dtype=np.uint8)
    return found, offsets if offsets.size else np.zeros(1, dtype=np.int32)


def text_of(column: CodePoints, present: npt.NDArray[np.bool_] | None = None) -> pa.StringArray:
    """Code points back as an Arrow column of text; rows not `present` are null."""
    return encoded(column.signs, column.offsets[:-1], column.offsets[1:], present)


def encoded(
    values: CodePointArray, starts: Positions, ends: Positions, present: npt.NDArray[np.bool_] | None = None
) -> pa.StringArray:
    """One piece of code points a row, as an Arrow column of text; rows not `present` are null.

    Example:
        >>> column = normalise(pa.array(["abcd", "xyz"]))
        >>> encoded(column.signs, column.offsets[:-1] + 1, column.offsets[1:]).to_pylist()
        ['BCD', 'YZ']
    """
    shown = np.ones(starts.size, dtype=np.bool_) if present is None else present
    size = int(np.where(shown, ends - starts, 0).sum())
    data = np.empty(4 * size + 1, dtype=np.uint8)
    offsets = np.zeros(starts.size + 1, dtype=np.int32)
    _encode(values, starts, ends, shown, data, offsets)
    valid = None if present is None else pa.py_buffer(np.packbits(shown, bitorder="little"))
    parts = [pa.py_buffer(offsets), pa.py_buffer(data[: offsets[-1]].copy())]
    return pa.StringArray.from_buffers(starts.size, parts[0], parts[1], valid)


@kernel
def _read_one(data: Column, i: Scalar, stop: Scalar) -> tuple[Scalar, Scalar]:
    """The code point at byte `i` and how many bytes it takes; 0 where the bytes are no UTF-8."""
    byte = data[i]
    if byte < 0x80:
        return np.uint32(byte), 1
    if byte < 0xE0:
        code, size = np.uint32(byte & 0x1F), 2
    elif byte < 0xF0:
        code, size = np.uint32(byte & 0x0F), 3
    else:
        code, size = np.uint32(byte & 0x07), 4
    if (byte & 0xC0) == 0x80 or i + size > stop:
        return np.uint32(0), 1
    for k in range(1, size):
        code = (code << np.uint32(6)) | np.uint32(data[i + k] & 0x3F)
    return code, size


@kernel
def _joins_digits(data: Column, i: Scalar, stop: Scalar, out: Column, p: Scalar, start: Scalar) -> bool:
    """Whether the hyphen just read stands between two digits, as in a house number."""
    return bool(p > start and 48 <= out[p - 1] <= 57 and i < stop and 48 <= data[i] <= 57)


@kernel
def _decode(data: Column, offsets: Column, table: Column, out: Column, ends: Column) -> None:
    p = 0
    for row in range(offsets.size - 1):
        start = p
        i = offsets[row]
        stop = offsets[row + 1]
        waiting = False  # a break between words has been read and not yet written
        while i < stop:
            code, size = _read_one(data, i, stop)
            i += size
            ligature = code == 0x152 or code == 0x153
            if ligature:
                code = np.uint32(79)  # œuvre -> OEUVRE
            elif code < 65536:
                code = table[code]
            if code == 0:
                continue
            if code == _SPACE or (code == _HYPHEN and (waiting or not _joins_digits(data, i, stop, out, p, start))):
                waiting = True
                continue
            if waiting and p > start and out[p - 1] < FIRST_CJK and code < FIRST_CJK:
                out[p] = _SPACE
                p += 1
            waiting = False
            out[p] = code
            p += 1
            if ligature:
                out[p] = 69
                p += 1
        ends[row + 1] = p


@kernel
def _encode(values: Column, starts: Column, ends: Column, shown: Column, data: Column, offsets: Column) -> None:
    p = 0
    for row in range(starts.size):
        if shown[row]:
            for i in range(starts[row], ends[row]):
                code = values[i]
                if code < 0x80:
                    data[p] = code
                    p += 1
                elif code < 0x800:
                    data[p] = 0xC0 | (code >> 6)
                    data[p + 1] = 0x80 | (code & 0x3F)
                    p += 2
                elif code < 0x10000:
                    data[p] = 0xE0 | (code >> 12)
                    data[p + 1] = 0x80 | ((code >> 6) & 0x3F)
                    data[p + 2] = 0x80 | (code & 0x3F)
                    p += 3
                else:
                    data[p] = 0xF0 | (code >> 18)
                    data[p + 1] = 0x80 | ((code >> 12) & 0x3F)
                    data[p + 2] = 0x80 | ((code >> 6) & 0x3F)
                    data[p + 3] = 0x80 | (code & 0x3F)
                    p += 4
        offsets[row + 1] = p
