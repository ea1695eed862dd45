"""What a person answered to the questions of a step: a sheet that comes back from a spreadsheet, however saved."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.errors import EngineError

if TYPE_CHECKING:
    import pandas as pd

ENCODINGS = ("utf-8-sig", "gb18030")
"""How spreadsheets save text: Unicode, or what a Chinese Windows makes of it."""


def read_answers(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """A sheet that a person filled in, as text; blanks around values are dropped, empty cells are missing.

    Args:
        path: CSV, separated by commas, semicolons or tabs.
        needed: columns that it must have.

    Raises:
        EngineError: the file is no text, or lacks a column.
    """
    import pandas as pd

    text = _text(path)
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    names = [name.strip() for name in rows[0]] if rows else []
    lacking = [name for name in needed if name not in names]
    if lacking:
        raise EngineError.of("TS-RUN-025", _shown(path), columns=", ".join(lacking))
    values = [[value.strip() or None for value in row] + [None] * (len(names) - len(row)) for row in rows[1:] if row]
    return pd.DataFrame([row[: len(names)] for row in values], columns=names, dtype="string")


def _text(path: Path) -> str:
    data = path.read_bytes()
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise EngineError.of("TS-RUN-026", _shown(path))


def _shown(path: Path) -> str:
    return f"private/answers/{path.name}"
