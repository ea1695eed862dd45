"""What is told from the bytes of a whole column is what the cell-by-cell readers say."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from townshift.readers.registries.memo import Memo
from townshift.readers.registries.values import read_date
from townshift.readers.registries.whole_columns import trimmed, whole_days

ODD_DATES = (
    "2010-02-29", "2012-02-29", "1900-02-29", "2000-02-29", "0000-01-01", "0001-01-01", "9999-12-31", "2010-13-01",
    "2010-00-01", "2010-01-00", "2010-04-31", "2010-1-010", "2010/05/01", "2010-05-01x", "", "2010-05",
    "２０１０-05-01", "-010-05-01", "2010-05 01", "abcdefghij", "2010年5月1日", None,
)  # fmt: skip


def test_a_cell_is_a_whole_day_if_and_only_if_it_is_read_as_itself() -> None:
    days = [(datetime.date(1896, 1, 1) + datetime.timedelta(days=number)).isoformat() for number in range(0, 80_000, 7)]
    cells = [
        *days,
        *ODD_DATES,
        *(f"{year}-{month:02}-{day:02}" for year in (1900, 2023, 2024) for month in range(14) for day in range(34)),
    ]
    expected = [cell is not None and read_date(cell) == (cell, "ok") and len(cell) == 10 for cell in cells]
    assert whole_days(pa.array(cells)).tolist() == expected
    assert any(expected)
    assert not all(expected)


@pytest.mark.parametrize("start", [0, 1, 3])
def test_a_slice_of_a_column_of_days_is_read_by_its_own_cells(start: int) -> None:
    column = pa.array(["2010-01-01", None, "x", "2011-01-01", "2012-13-01"])
    assert whole_days(column.slice(start)).tolist() == [True, False, False, True, False][start:]


def test_dates_are_read_alike_with_and_without_the_look_at_the_whole_column() -> None:
    column = pa.array([*ODD_DATES, *["2010-01-01"] * 50, None, *ODD_DATES[::-1]])
    plain, fast = Memo(read_date, pa.string()), Memo(read_date, pa.string(), whole_days)
    for part in (column, column.slice(5), column.slice(23, 40), column.slice(len(column))):
        one, other = plain(part), fast(part)
        assert one.values.equals(other.values)
        assert {key: rows.tolist() for key, rows in one.wrong.items()} == {
            key: rows.tolist() for key, rows in other.wrong.items()
        }


@pytest.mark.parametrize(
    "blank", [" ", "\t", "\u00a0", "\u0085", "\u1680", "\u2003", "\u2028", "\u205f", "\u3000", "\x1f"]
)
def test_every_blank_of_unicode_is_trimmed(blank: str) -> None:
    column = pa.array(["织里", f"{blank}童装", None, f"厂{blank}", f"a{blank}b", blank, ""])
    found, changed = trimmed(column)
    assert found.equals(pc.utf8_trim_whitespace(column))
    assert changed is not None
    assert changed.tolist() == [False, True, False, True, False, True, False]


def test_a_column_without_blanks_at_its_ends_is_given_back_as_it_is() -> None:
    column = pa.array(["织里镇。《童装》“厂”", None, "no blank  at an end", "１０－２"])
    found, changed = trimmed(column)
    assert found is column
    assert changed is None


def test_nothing_is_told_of_an_empty_column() -> None:
    assert trimmed(pa.array([], pa.string()))[1] is None
    assert trimmed(pa.nulls(3, pa.string()))[1] is None
    assert not np.any(whole_days(pa.nulls(3, pa.string())))
