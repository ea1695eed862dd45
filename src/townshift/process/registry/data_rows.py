"""Rows of the word lists that lie beside the modules: CSV with `#` comments, so that rules are data and not code."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def data_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one word list.

    Example:
        >>> data_rows("countries.csv")[0]
        {'code': 'CN', 'name': '中国'}
    """
    text = (files(__package__) / name).read_text("utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
