"""Rows of the word lists that lie beside the modules: CSV with `#` comments, so that rules are data and not code."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

WORD_LISTS = (
    "blank_markers.csv",
    "countries.csv",
    "geonames_provinces.csv",
    "industry_words.csv",
    "latin_address_words.csv",
    "legal_forms.csv",
    "ocr_confusions.csv",
    "registered_forms.csv",
    "surnames.csv",
    "traditional_simplified.csv",
)
"""Every word list; a step that cleans names or addresses names them in `reads_files`, as `process/<name>`."""


@cache
def data_rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one word list.

    Example:
        >>> data_rows("surnames.csv")[0]
        {'surname': '王'}
    """
    text = (files(__package__) / name).read_text("utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
