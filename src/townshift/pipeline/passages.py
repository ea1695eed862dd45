"""Coded passages in their context, and which case brings up which code: for the researcher's eyes, written nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from townshift.errors import Problem, StudyError
from townshift.evidence.disclosure.field_record import field_record
from townshift.governance.coding.frequencies import code_by_case, passages

if TYPE_CHECKING:
    import pandas as pd

_TABLES = ("codings", "documents", "consent", "participants", "fieldwork", "codes")


def permitted_codings(study: Path) -> pd.DataFrame:
    """Codings of the first coder that consent stands for, straight from the study's tables.

    Raises:
        StudyError: nothing is coded.
    """
    import pandas as pd

    found: dict[str, pd.DataFrame | None] = {}
    for name in _TABLES:
        path = study / "data" / f"{name}.csv"
        found[name] = pd.read_csv(path, dtype="string") if path.is_file() else None
    codings = found["codings"]
    if codings is None or codings.empty:
        raise StudyError(Problem("TS-DOCS-013", str(study)))
    for column in ("start", "end"):
        codings[column] = pd.to_numeric(codings[column]).astype("Int64")
    record = field_record(
        codings, found["documents"], found["consent"], found["participants"], found["fieldwork"], found["codes"]
    )
    return record.codings[record.codings["round"] == "first"]


def passages_of(study: Path, code: str, context: int = 120) -> pd.DataFrame:
    """Passages of a code with the words before and after them.

    Args:
        study: the study's folder.
        code: as codings name it.
        context: characters on each side.

    Raises:
        StudyError: nothing is coded, or the code is not used.
    """
    rows = permitted_codings(study)
    mine = rows[rows["code"] == code]
    if mine.empty:
        raise StudyError(Problem("TS-DOCS-020", code, {"codes": ", ".join(sorted(set(rows["code"])))}))
    texts = {
        name: (study / "documents" / name).read_text("utf-8")
        for name in sorted(set(mine["document"]))
        if (study / "documents" / name).is_file()
    }
    return passages(mine, texts, context)


def cases_by_code(study: Path) -> pd.DataFrame:
    """Passages of each code in each case: the people heard, documents without a speaker under their own name.

    Raises:
        StudyError: nothing is coded.
    """
    rows = permitted_codings(study)
    case = rows["participant_id"].fillna(rows["document"])
    counted = code_by_case(rows.assign(document=case), {name: name for name in sorted(set(case))})
    return counted.pivot_table(index="case", columns="code", values="n_passages", fill_value=0, aggfunc="sum")
