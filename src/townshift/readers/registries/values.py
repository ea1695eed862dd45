"""Cells of a register as values of the study: dates, amounts of money, numbers, yes and no.

Each function answers with the value (None = nothing usable) and a reason: `ok`, or why the cell is emptied.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

NULL_MARKERS = (
    "", "N/A", "n/a", "NA", "#N/A", "NULL", "null", "None", "none", "NaN", "nan", "nil", "-", "--", "---", "—", "——",
    "－", "–", "/", "\\", ".", "?", "？", "*", "无", "無", "暂无", "暂无信息", "暂无数据", "空", "空白", "未知", "不详",
    "未填写", "未公开", "未公示", "[ND]", "NC", "néant", "Néant", "NÉANT", "unknown", "Unknown", "UNKNOWN",
)  # fmt: skip
"""Cells that say nothing, in every register; a map may add its own."""

OPEN_YEAR = 9999
"""Registers write the last of all days for "no end"."""

_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})(?:[-/.月](\d{1,2})日?|月)?(?:[ T]\d{1,2}[:时].*)?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0)?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?: \d{1,2}:.*)?")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_YEAR = re.compile(r"(\d{4})(?:年|\.0)?")
_SERIAL_ZERO = date(1899, 12, 30)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SCALES = (
    ("千万", 1e7), ("百万", 1e6), ("million", 1e6), ("亿", 1e8), ("億", 1e8), ("万", 1e4), ("萬", 1e4), ("千", 1e3),
)  # fmt: skip
_FLAGS = {
    **dict.fromkeys(("true", "1", "oui", "yes", "y", "o", "是", "t"), 1),
    **dict.fromkeys(("false", "0", "non", "no", "n", "否", "f"), 0),
}


def half_width(written: str) -> str:
    """A cell with full-width letters, digits and signs made half-width, and no blanks around.

    Example:
        >>> half_width(" ２０１０－０５ ")
        '2010-05'
    """
    return unicodedata.normalize("NFKC", written).strip()


def read_date(written: str, day_first: bool | None = None) -> tuple[str | None, str]:
    """A date as `YYYY[-MM[-DD]]`.

    Dates that cannot be true of a firm, such as 1900 or 2199, are kept: the step that cleans the records flags them.

    Args:
        written: the cell.
        day_first: whether 03/04/2010 is the third of April; None = not known, such a date is not guessed.

    Returns:
        The date, and `ok`, `unreadable`, `no_such_day`, `ambiguous` or `means_open`.

    Example:
        >>> [read_date(one)[0] for one in ("2010/5/1", "20100501", "2010年5月1日", "40299", "2010年5月", "31/12/2010")]
        ['2010-05-01', '2010-05-01', '2010-05-01', '2010-05-01', '2010-05', '2010-12-31']
        >>> read_date("01/05/2010"), read_date("01/05/2010", day_first=True), read_date("2010-02-30")
        ((None, 'ambiguous'), ('2010-05-01', 'ok'), (None, 'no_such_day'))
    """
    text = half_width(written)
    if found := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
        year, month, day = (int(part or 0) for part in found.groups())
        return _day(year, month, day)
    if found := _YEAR_LAST.fullmatch(text):
        first, second, year = (int(part) for part in found.groups())
        if day_first is None and first <= 12 and second <= 12 and first != second:
            return None, "ambiguous"
        before = second > 12 if day_first is None else not day_first
        return _day(year, first, second) if before else _day(year, second, first)
    if found := _SERIAL.fullmatch(text):
        return (_SERIAL_ZERO + timedelta(days=int(found[1]))).isoformat(), "ok"
    if found := _YEAR.fullmatch(text):
        return _day(int(found[1]), 0, 0)
    return None, "unreadable"


def _day(year: int, month: int, day: int) -> tuple[str | None, str]:
    """A day, month or year; a month or day of 0 is one that is not known."""
    if year == OPEN_YEAR:
        return None, "means_open"
    if not month:
        return (f"{year:04d}", "ok") if year else (None, "no_such_day")
    try:
        found = date(year, month, day or 1)
    except ValueError:
        return None, "no_such_day"
    return (found.isoformat() if day else f"{year:04d}-{month:02d}"), "ok"


def day_after(written: str) -> str:
    """The first day, month or year after a partial date: the end of a period whose last day is given.

    Example:
        >>> day_after("2009-12-31"), day_after("2009-12"), day_after("2009")
        ('2010-01-01', '2010-01', '2010')
    """
    parts = [int(part) for part in written.split("-")]
    if len(parts) == 1:
        return f"{parts[0] + 1:04d}"
    if len(parts) == 2:
        months = parts[0] * 12 + parts[1]
        return f"{months // 12:04d}-{months % 12 + 1:02d}"
    return (date(*parts) + timedelta(days=1)).isoformat()


def read_number(written: str) -> tuple[float | None, str]:
    """A plain number; thousands may be set off by commas and a unit of persons may follow.

    Example:
        >>> read_number("1,234人"), read_number("10-19")
        ((1234.0, 'ok'), (None, 'unreadable'))
    """
    text = half_width(written).replace(",", "").replace(" ", "").removesuffix("人").removesuffix("名")
    try:
        found = float(text)
    except ValueError:
        return None, "unreadable"
    return (found, "ok") if abs(found) < 1e15 else (None, "unreadable")


def read_flag(written: str) -> tuple[int | None, str]:
    """Yes as 1, no as 0.

    Example:
        >>> read_flag("true"), read_flag("oui"), read_flag("peut-être")
        ((1, 'ok'), (1, 'ok'), (None, 'unreadable'))
    """
    found = _FLAGS.get(half_width(written).lower())
    return found, "ok" if found is not None else "unreadable"


@cache
def currency_words() -> tuple[tuple[str, str], ...]:
    """Words for currencies with the currency each names, the longest first."""
    data = tomllib.loads((files(__package__) / "currencies.toml").read_text("utf-8"))
    words = [(word, name) for name, given in data.items() for word in given]
    return tuple(sorted(words, key=lambda pair: (-len(pair[0]), pair)))


def read_amount(written: str, currency: str, unit: str = "") -> tuple[float | None, str]:
    """An amount of money in millions of the study's currency.

    Args:
        written: the cell, such as `100万元人民币`.
        currency: of the study, `yuan` and the like; an amount in another one is not converted.
        unit: what a bare number is counted in, such as `万元`; empty = not known.

    Returns:
        Millions, and `ok`, `unit_assumed` (kept), `no_unit`, `other_currency` or `unreadable`.

    Example:
        >>> read_amount("100万元人民币", "yuan"), read_amount("人民币1,500,000元", "yuan")
        ((1.0, 'ok'), (1.5, 'ok'))
        >>> read_amount("500万美元", "yuan"), read_amount("50", "yuan", "万元"), read_amount("50", "yuan")
        ((None, 'other_currency'), (0.5, 'unit_assumed'), (None, 'no_unit'))
    """
    text = half_width(written).replace(",", "").replace(" ", "").lower()
    numbers = _NUMBER.findall(text)
    if len(numbers) != 1 or text.startswith("-"):
        return None, "unreadable"
    around = _NUMBER.sub("", text)
    reason = "ok"
    if not around.strip("()"):
        if not unit:
            return None, "no_unit"
        around, reason = unit.lower(), "unit_assumed"
    named = next((name for word, name in currency_words() if word in around), None)
    if named is not None and named != currency:
        return None, "other_currency"
    scale = next((factor for word, factor in _SCALES if word in around), 1.0)
    if named is None and scale == 1.0:
        return None, "no_unit"
    return float(numbers[0]) * scale / 1e6, reason
