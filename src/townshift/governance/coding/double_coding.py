"""Two coders on the same sources: agreement of each code on units and on passages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError
from townshift.frames import typed
from townshift.governance.coding.agreement import AgreementParameters, agreement
from townshift.governance.coding.resampling import Coefficient
from townshift.governance.coding.spans import span_agreement
from townshift.governance.field.parameters import CodeAgreementParameters

AGREEMENT_TYPES = {
    "code": "string",
    "measure": "string",
    "value": "float64",
    "low": "float64",
    "high": "float64",
    "n_units": "Int64",
    "n_documents": "Int64",
    "n_passages": "Int64",
    "status": "string",
}


def double_coding(
    codings: pd.DataFrame,
    sources: pd.DataFrame,
    turns: pd.DataFrame | None,
    parameters: CodeAgreementParameters,
    seed: int,
) -> pd.DataFrame:
    """How far the first and the second coding agree, code by code and over all codes.

    Documents count that the second coder marked anything in. On units (turns of speech, or documents) a code was given
    or was not; on passages the unitizing alpha also asks where. The row of code "" takes every pair of unit and code as
    one decision. Intervals draw documents anew.

    Args:
        codings: document, code, start, end, round (first | second).
        sources: document, characters.
        turns: document, start, end; `None` makes documents the units.
        parameters: unit and replicates.
        seed: of the study.

    Returns:
        `AGREEMENT_TYPES`, sorted by code and measure; `status` says why there is no number.
    """
    second = codings[codings["round"] == "second"]
    documents = sorted(set(second["document"]))
    if not documents:
        return typed([{"code": "", "measure": "krippendorff_alpha", "status": "not_coded_twice"}], AGREEMENT_TYPES)
    both = codings[codings["document"].isin(documents)]
    units = _units(documents, turns if parameters.unit == "turn" else None)
    codes = sorted(set(both["code"]))
    marks = {name: _given(both[both["round"] == name], units, codes) for name in ("first", "second")}
    settings = AgreementParameters(replicates=parameters.replicates)
    rows: list[dict[str, object]] = []
    for at, code in enumerate([*codes, ""]):
        chosen = [marks[name].ravel() if code == "" else marks[name][:, at] for name in ("first", "second")]
        clusters = np.repeat(units["document"].to_numpy(dtype=str), len(codes) if code == "" else 1)
        n = int((both["code"] == code).sum()) if code else len(both)
        try:
            found = agreement(np.column_stack(chosen), settings, clusters=clusters.tolist(), seed=seed)
        except MeasureError as error:
            rows.append({"code": code, "measure": "krippendorff_alpha", "status": error.problems[0].code})
            continue
        for one in found.coefficients.values():
            rows.append(_row(code, one, len(chosen[0]), len(documents), n))
    rows += _on_passages(both, sources, documents, parameters, seed)
    table = typed(rows, AGREEMENT_TYPES)
    return table.sort_values(["code", "measure"], kind="stable").reset_index(drop=True)


def _units(documents: list[str], turns: pd.DataFrame | None) -> pd.DataFrame:
    """Where each unit lies; a document without turns is one unit."""
    whole = pd.DataFrame({"document": documents, "start": 0, "end": np.iinfo(np.int64).max})
    if turns is None:
        return whole
    known = turns[turns["document"].isin(documents)].dropna(subset=["start", "end"])
    parts = [known[["document", "start", "end"]], whole[~whole["document"].isin(known["document"])]]
    out = pd.concat([part for part in parts if len(part)], ignore_index=True)
    return out.astype({"start": "int64", "end": "int64"}).sort_values(["document", "start"], kind="stable")


def _given(rows: pd.DataFrame, units: pd.DataFrame, codes: list[str]) -> npt.NDArray[np.float64]:
    """Whether each unit has each code: shape (units, codes)."""
    out = np.zeros((len(units), len(codes)))
    of_document = {name: np.flatnonzero(units["document"].to_numpy() == name) for name in set(rows["document"])}
    start, end = units["start"].to_numpy(np.int64), units["end"].to_numpy(np.int64)
    column = {code: at for at, code in enumerate(codes)}
    placed = rows[["document", "code"]].astype(str).to_numpy().tolist()
    ends = rows[["start", "end"]].fillna(0).to_numpy(np.int64).tolist()
    for (document, code), (left, right) in zip(placed, ends, strict=True):
        at = of_document[document]
        out[at[(start[at] < max(right, left + 1)) & (end[at] > left)], column[code]] = 1.0
    return out


def _on_passages(
    both: pd.DataFrame, sources: pd.DataFrame, documents: list[str], parameters: CodeAgreementParameters, seed: int
) -> list[dict[str, object]]:
    placed = both.dropna(subset=["start", "end"])
    lengths = sources.set_index("document")["characters"].reindex(documents).fillna(0).astype("int64")
    reach = placed.groupby("document")["end"].max().reindex(documents).fillna(0).astype("int64")
    size = {name: max(int(lengths[name]), int(reach[name])) for name in documents}
    spans = placed.rename(columns={"round": "by"})[["document", "code", "start", "end", "by"]].rename(
        columns={"by": "coder"}
    )
    try:
        found = span_agreement(spans, size, replicates=parameters.replicates, seed=seed)
    except MeasureError as error:
        return [{"code": "", "measure": "binary_u_alpha", "status": error.problems[0].code}]
    counts = placed.groupby("code").size()
    rows = [_row("", one, 0, len(documents), len(placed)) for one in found.coefficients.values()]
    rows += [_row(code, one, 0, len(documents), int(counts[code])) for code, one in found.by_code.items()]
    return rows


def _row(code: str, one: Coefficient, units: int, documents: int, passages: int) -> dict[str, object]:
    return {
        "code": code,
        "measure": one.name,
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "n_units": units or None,
        "n_documents": documents,
        "n_passages": passages,
        "status": "no_variation" if one.value is None else "ok",
    }
