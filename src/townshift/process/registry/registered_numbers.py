"""Registered numbers checked and read: China's unified code, SIREN and SIRET, UK company numbers.

Whole columns at once, in numpy. A number that fails its check digit is mistyped or invented; a Chinese one also says
in which county the firm was registered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from townshift.process.registry.code_points import CodePoints, normalise

Matrix = npt.NDArray[np.int64]

_UNIFIED_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_UNIFIED_WEIGHTS = np.array([pow(3, position, 31) for position in range(17)])
_ORGANISATION_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_MISREAD = {"I": 1, "O": 0, "Z": 2, "S": 5}
_LA_POSTE = 356000000
_UK_PREFIXES = frozenset(
    [
        "AC",
        "BR",
        "CE",
        "CS",
        "FC",
        "FE",
        "GE",
        "GN",
        "GS",
        "IC",
        "IP",
        "LP",
        "NA",
        "NC",
        "NF",
        "NI",
        "NL",
        "NO",
        "NP",
        "NV",
        "NZ",
        "OC",
        "OE",
        "PC",
        "R0",
        "RC",
        "RS",
        "SA",
        "SC",
        "SE",
        "SF",
        "SG",
        "SI",
        "SL",
        "SO",
        "SP",
        "SR",
        "SZ",
        "ZC",
    ]
)


@dataclass(frozen=True, slots=True)
class CheckedNumbers:
    """What a column of registered numbers is worth.

    Attributes:
        present: whether a number is written at all.
        valid: whether its length, signs and check digits are right.
        county: the six digits of the registering county, -1 where the number says none or is not valid.
    """

    present: npt.NDArray[np.bool_]
    valid: npt.NDArray[np.bool_]
    county: npt.NDArray[np.int32]


def chinese_numbers(column: pa.Array) -> CheckedNumbers:
    """Check unified social credit codes (18 signs) and the older registration numbers (15 digits).

    Unified code: `check = (31 - sum(value_i * 3^(i-1) mod 31) mod 31) mod 31` over 17 signs; signs 9 to 17 are the
    organisation code with its own check sign; signs 3 to 8 the registering county. Letters that the code does not use
    are read as the digits they look like (O as 0, I as 1, Z as 2, S as 5). Registration number: ISO 7064 MOD 11,10.

    Source: GB 32100-2015; GB 11714-1997; GS 15-2006.

    Example:
        >>> found = chinese_numbers(pa.array(["91350100M000100Y43", "91350100M000100Y44", None]))
        >>> found.valid.tolist(), found.county.tolist()
        ([True, False, False], [350100, -1, -1])
    """
    codes = normalise(column)
    size = np.diff(codes.offsets)
    valid = np.zeros(len(codes), dtype=np.bool_)
    county = np.full(len(codes), -1, dtype=np.int32)
    rows, signs = _signs(codes, 18)
    if rows.size:
        values = _values(signs, _UNIFIED_SIGNS, misread=True)
        valid[rows] = _unified(values)
        county[rows] = _county(values[:, 2:8])
    rows, signs = _signs(codes, 15)
    if rows.size:
        values = _values(signs, "0123456789")
        valid[rows] = _mod_11_10(values)
        county[rows] = _county(values[:, :6])
    return CheckedNumbers(size > 0, valid, np.where(valid, county, -1).astype(np.int32))


def organisation_codes(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Whether each is a valid organisation code (8 signs and a check sign, a hyphen between or not).

    `check = 11 - sum(value_i * weight_i) mod 11`, weights 3 7 9 10 5 8 4 2; 10 is written X, 11 is 0.

    Source: GB 11714-1997.

    Example:
        >>> organisation_codes(pa.array(["D2143569-X", "D21435690"])).tolist()
        [True, False]
    """
    codes = normalise(pa.compute.replace_substring(column, "-", ""))
    valid = np.zeros(len(codes), dtype=np.bool_)
    rows, signs = _signs(codes, 9)
    if rows.size:
        valid[rows] = _organisation(_values(signs, _ORGANISATION_SIGNS))
    return valid


def french_numbers(column: pa.Array) -> CheckedNumbers:
    """Check SIREN (9 digits) and SIRET (14 digits) by Luhn's formula; La Poste's SIRET sum to a multiple of 5.

    Source: INSEE, documentation of the SIRENE register; ISO/IEC 7812-1.

    Example:
        >>> french_numbers(pa.array(["732829320", "73282932000074", "732829321", "35600000049837"])).valid.tolist()
        [True, True, False, True]
    """
    codes = normalise(pa.compute.replace_substring(column, " ", ""))
    valid = np.zeros(len(codes), dtype=np.bool_)
    for length in (9, 14):
        rows, signs = _signs(codes, length)
        if not rows.size:
            continue
        values = _values(signs, "0123456789")
        good = (values >= 0).all(axis=1)
        found = _luhn(values) % 10 == 0
        if length == 14:
            siren = values[:, :9] @ 10 ** np.arange(8, -1, -1)
            found |= (siren == _LA_POSTE) & (values.sum(axis=1) % 5 == 0)
        valid[rows] = good & found
    return CheckedNumbers(np.diff(codes.offsets) > 0, valid, np.full(len(codes), -1, dtype=np.int32))


def british_numbers(column: pa.Array) -> CheckedNumbers:
    """Whether each has the shape of a UK company number: 8 digits, or a known prefix of two signs and 6 digits.

    There is no check digit; leading zeros that a spreadsheet dropped are put back.

    Source: Companies House, uniform resource identifiers and company number prefixes.

    Example:
        >>> british_numbers(pa.array(["00445790", "445790", "SC123456", "XX123456", "12345678901"])).valid.tolist()
        [True, True, True, False, False]
    """
    codes = normalise(column)
    valid = np.zeros(len(codes), dtype=np.bool_)
    for length in range(4, 9):
        rows, signs = _signs(codes, length)
        if rows.size:
            digits = (signs >= 48) & (signs <= 57)
            prefixes = [[ord(sign) for sign in prefix] for prefix in sorted(_UK_PREFIXES)]
            known = (signs[:, None, :2] == np.array(prefixes)[None]).all(axis=2).any(axis=1)
            valid[rows] = digits.all(axis=1) | (known & digits[:, 2:].all(axis=1) & (length == 8))
    return CheckedNumbers(np.diff(codes.offsets) > 0, valid, np.full(len(codes), -1, dtype=np.int32))


def _signs(codes: CodePoints, length: int) -> tuple[npt.NDArray[np.int64], Matrix]:
    """Rows of one length and their code points, shape (rows, length)."""
    rows = np.flatnonzero(np.diff(codes.offsets) == length)
    positions = codes.offsets[:-1][rows][:, None] + np.arange(length)
    return rows, codes.signs[positions].astype(np.int64)


def _values(signs: Matrix, alphabet: str, misread: bool = False) -> Matrix:
    """Numbers of the signs in an alphabet; -1 where a sign is not in it."""
    table = np.full(256, -1, dtype=np.int64)
    for value, sign in enumerate(alphabet):
        table[ord(sign)] = value
    if misread:
        for sign, digit in _MISREAD.items():
            table[ord(sign)] = digit
    return table[np.where(signs < 256, signs, 255)]


def _unified(values: Matrix) -> npt.NDArray[np.bool_]:
    check = (31 - (values[:, :17] @ _UNIFIED_WEIGHTS) % 31) % 31
    # The organisation code inside counts letters in the alphabet of 36 signs, where I, O, S, V and Z have a number.
    full = np.array([_ORGANISATION_SIGNS.index(sign) for sign in _UNIFIED_SIGNS])[np.maximum(values, 0)]
    good = (values >= 0).all(axis=1) & (check == values[:, 17])
    return np.asarray(good & _organisation(full[:, 8:17]))


def _organisation(values: Matrix) -> npt.NDArray[np.bool_]:
    check = 11 - (values[:, :8] @ _ORGANISATION_WEIGHTS) % 11
    wanted = np.where(check == 10, _ORGANISATION_SIGNS.index("X"), np.where(check == 11, 0, check))
    return np.asarray((values >= 0).all(axis=1) & (wanted == values[:, 8]))


def _mod_11_10(values: Matrix) -> npt.NDArray[np.bool_]:
    product = np.full(len(values), 10, dtype=np.int64)
    for position in range(14):
        part = (product + values[:, position]) % 10
        product = np.where(part == 0, 10, part) * 2 % 11
    return np.asarray((values >= 0).all(axis=1) & ((product + values[:, 14]) % 10 == 1))


def _luhn(values: Matrix) -> npt.NDArray[np.int64]:
    doubled = values[:, -2::-2] * 2
    return np.asarray(values[:, ::-2].sum(axis=1) + (doubled - 9 * (doubled > 9)).sum(axis=1))


def _county(digits: Matrix) -> npt.NDArray[np.int64]:
    whole = ((digits >= 0) & (digits <= 9)).all(axis=1)
    return np.where(whole, digits @ 10 ** np.arange(5, -1, -1), -1)
