"""The list of what may tell who somebody is in coded passages, for a person to confirm; it never leaves `private/`."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine.atomic import write_text
from townshift.evidence.disclosure.masking import find_identifiers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SHEET = Path("review") / "identifiers.csv"
COLUMNS = ("kind", "text", "certainty", "rule", "times", "decision")


def identifiers_sheet(
    private: Path, passages: Iterable[str], known_names: Collection[str], public_names: Collection[str]
) -> tuple[Path, int]:
    """Write what was found in passages, the uncertain first; a person writes `keep` or `mask` and saves it as answers.

    Args:
        private: the study's `private/`.
        passages: texts.
        known_names: of participants.
        public_names: of places and public bodies.

    Returns:
        The sheet and how many different identifiers stand on it.
    """
    found: Counter[tuple[str, str, str, str]] = Counter()
    for words in passages:
        for one in find_identifiers(words, "", known_names=known_names, public_names=public_names):
            found[(one.kind, words[one.start : one.end], one.certainty, one.rule)] += 1
    rows = sorted(found.items(), key=lambda item: (item[0][2] == "certain", item[0]))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([*key, times, ""] for key, times in rows)
    write_text(private / SHEET, out.getvalue())
    return private / SHEET, len(rows)
