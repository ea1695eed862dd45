"""The list of what may tell who somebody is in coded passages, for a person to confirm; it never leaves `private/`."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from townshift.engine.atomic import write_text
from townshift.errors import Problem, StudyError
from townshift.evidence.disclosure.masking import find_identifiers, plain_names
from townshift.readers.study_rows import read_rows

SHEET = Path("review") / "identifiers.csv"
COLUMNS = ("kind", "text", "certainty", "rule", "times", "decision")


def identifiers_sheet(study: Path, private: Path) -> tuple[Path, int]:
    """Write what was found in coded passages, the uncertain first; a person adds `keep` or `mask` and saves it.

    Args:
        study: the study's folder.
        private: its `private/`.

    Returns:
        The sheet and how many different identifiers stand on it.

    Raises:
        StudyError: nothing is coded.
    """
    passages = _column(study, "codings", "text")
    if not passages:
        raise StudyError(Problem("TS-DOCS-013", str(study)))
    people = _column(study, "participants", "name")
    public = plain_names(_column(study, "places", "name") + _column(study, "places", "name_zh"))
    found: Counter[tuple[str, str, str, str]] = Counter()
    for words in passages:
        for one in find_identifiers(words, "", known_names=people, public_names=public):
            found[(one.kind, words[one.start : one.end], one.certainty, one.rule)] += 1
    rows = sorted(found.items(), key=lambda item: (item[0][2] == "certain", item[0]))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([*key, times, ""] for key, times in rows)
    write_text(private / SHEET, out.getvalue())
    return private / SHEET, len(rows)


def _column(study: Path, table: str, name: str) -> list[str]:
    return [row[name] for row in read_rows(study / "data" / f"{table}.csv") if row.get(name)]
