"""How often codes come up per source, with which cases and with which other codes, and passages in their context."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from townshift.governance.shares import wilson
from townshift.types import LEVEL

if TYPE_CHECKING:
    import numpy.typing as npt

FREQUENCY_COLUMNS = ("code", "group", "n_sources", "of_sources", "share", "low", "high", "n_passages")
TOGETHER_COLUMNS = ("code", "other_code", "n_sources", "jaccard", "n_passages", "lift", "lift_low", "lift_high")
PASSAGE_COLUMNS = ("coding_id", "document", "code", "before", "passage", "after")


def code_frequencies(codings: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """In how many sources each code was found, of all sources of a group, and in how many passages.

    The source is the unit: a talkative interview counts once, and one in which a code never came up counts too. The
    interval is Wilson's (1927) for a share of sources at `LEVEL`; it speaks of sources like these, not of a population.

    Args:
        codings: columns document, code; one row a passage.
        sources: columns document, group; every source that was coded, those without any coding too.

    Returns:
        `FREQUENCY_COLUMNS`, one row a code and group; group "" is all sources.

    Example:
        >>> codings = pd.DataFrame({"document": ["a", "a", "b"], "code": ["wage", "wage", "rent"]})
        >>> sources = pd.DataFrame({"document": ["a", "b", "c"], "group": ["worker", "worker", "official"]})
        >>> found = code_frequencies(codings, sources)
        >>> found[["code", "group", "n_sources", "of_sources", "n_passages"]].head(2).values.tolist()
        [['rent', '', 1, 3, 1], ['rent', 'official', 0, 1, 0]]
    """
    group_of = dict(zip(sources["document"].astype(str), sources["group"].astype(str), strict=True))
    known = codings[codings["document"].astype(str).isin(list(group_of))]
    rows = pd.DataFrame({"document": known["document"].astype(str), "code": known["code"].astype(str)})
    rows["group"] = rows["document"].map(group_of)
    both = pd.concat([rows.assign(group=""), rows], ignore_index=True)
    counted = both.groupby(["code", "group"], sort=True).agg(
        n_sources=("document", "nunique"), n_passages=("document", "size")
    )
    of = pd.Series({"": len(group_of), **pd.Series(list(group_of.values()), dtype=str).value_counts().to_dict()})
    codes, groups = sorted(set(rows["code"])), sorted(set(of.index))
    every = pd.MultiIndex.from_product([codes, groups], names=["code", "group"])
    out = counted.reindex(every, fill_value=0).reset_index()
    out["of_sources"] = out["group"].map(of).astype("int64")
    out["share"] = out["n_sources"] / out["of_sources"]
    out["low"], out["high"] = wilson(out["n_sources"].to_numpy(np.float64), out["of_sources"].to_numpy(np.float64))
    return out[list(FREQUENCY_COLUMNS)]


def code_by_case(codings: pd.DataFrame, case_of: Mapping[str, str]) -> pd.DataFrame:
    """Passages of each code in each case: the matrix from which cases are compared.

    Args:
        codings: columns document, code.
        case_of: document → case (a person, a firm, a village); documents without a case are left out.

    Returns:
        Columns case, code, n_passages, n_documents; only cells that are not empty.

    Example:
        >>> codings = pd.DataFrame({"document": ["a", "b"], "code": ["wage", "wage"]})
        >>> code_by_case(codings, {"a": "P1", "b": "P1"}).to_dict("records")
        [{'case': 'P1', 'code': 'wage', 'n_passages': 2, 'n_documents': 2}]
    """
    rows = pd.DataFrame({"document": codings["document"].astype(str), "code": codings["code"].astype(str)})
    rows["case"] = rows["document"].map(dict(case_of))
    counted = rows.dropna(subset=["case"]).groupby(["case", "code"], sort=True)
    return counted.agg(n_passages=("document", "size"), n_documents=("document", "nunique")).reset_index()


def codes_together(codings: pd.DataFrame, n_sources: int) -> pd.DataFrame:
    """Which codes come up in the same sources, and which in passages that overlap.

    `jaccard` = sources with both / sources with either. `lift` = sources with both × all sources / (sources with one ×
    sources with the other): 1 if the two codes were spread over sources independently. Its interval is
    that of its logarithm by the delta method, with half a source added to each count; it says nothing of cause.

    Args:
        codings: columns document, code, start, end.
        n_sources: all sources that were coded.

    Returns:
        `TOGETHER_COLUMNS`, one row a pair of codes in order of their names, pairs never seen together too.

    Example:
        >>> rows = {"document": ["a", "a"], "code": ["rent", "wage"], "start": [0, 3], "end": [5, 9]}
        >>> codes_together(pd.DataFrame(rows), 4)[["n_sources", "jaccard", "n_passages", "lift"]].to_dict("records")
        [{'n_sources': 1, 'jaccard': 1.0, 'n_passages': 1, 'lift': 4.0}]
    """
    from scipy.special import ndtri

    documents, row = np.unique(codings["document"].astype(str), return_inverse=True)
    codes, column = np.unique(codings["code"].astype(str), return_inverse=True)
    seen = sparse.coo_matrix((np.ones(len(row)), (row, column)), shape=(len(documents), len(codes))).tocsr()
    seen.data[:] = 1.0
    both = np.asarray((seen.T @ seen).todense())
    alone = np.diag(both)
    passages = _overlaps(codings, row, column, len(codes))
    first, second = np.triu_indices(len(codes), 1)
    either = alone[first] + alone[second] - both[first, second]
    together = both[first, second]
    z = float(ndtri(1 - (1 - LEVEL) / 2))
    # Half a source is added to each count, so that a pair never seen together has an interval too.
    n, p, one, other = n_sources + 1.0, together + 0.5, alone[first] + 0.5, alone[second] + 0.5
    half = np.log(p * n / (one * other))
    # Delta method under multinomial sampling of sources.
    variance = 1 / p - 1 / one - 1 / other + 2 * p / (one * other) - 1 / n
    error = z * np.sqrt(np.maximum(variance, 0.0))
    return pd.DataFrame(
        {
            "code": codes[first],
            "other_code": codes[second],
            "n_sources": together.astype(np.int64),
            "jaccard": together / either,
            "n_passages": passages[first, second],
            "lift": together * n_sources / (alone[first] * alone[second]),
            "lift_low": np.exp(half - error),
            "lift_high": np.exp(half + error),
        }
    )


def _overlaps(
    codings: pd.DataFrame, row: npt.NDArray[np.intp], column: npt.NDArray[np.intp], n_codes: int
) -> npt.NDArray[np.int64]:
    """Pairs of overlapping passages by pair of codes: a sweep over starts within each document."""
    start, end = codings["start"].to_numpy(np.float64), codings["end"].to_numpy(np.float64)
    order = np.lexsort((end, start, row))
    order = order[np.isfinite(start[order]) & np.isfinite(end[order])]
    counts = np.zeros((n_codes, n_codes), np.int64)
    document = row[order]
    # In a document, passages that begin before this one ends and after it began overlap it.
    key = document * (np.nanmax(end, initial=0) + 2)
    last = np.searchsorted(key + start[order], key + end[order], "left")
    for at, until in enumerate(last.tolist()):
        others = column[order[at + 1 : until]]
        np.add.at(counts, (column[order[at]], others), 1)
    return counts + counts.T


def passages(codings: pd.DataFrame, texts: Mapping[str, str], context: int = 120) -> pd.DataFrame:
    """Coded passages with the words before and after them; nothing here is checked for consent.

    Args:
        codings: columns coding_id, document, code, start, end (characters, half-open).
        texts: document → its text; codings of other documents are left out.
        context: characters shown on each side.

    Returns:
        `PASSAGE_COLUMNS`, in the order of `codings`.

    Example:
        >>> row = {"coding_id": ["c1"], "document": ["a"], "code": ["wage"], "start": [4], "end": [9]}
        >>> passages(pd.DataFrame(row), {"a": "The wages fell."}, context=4).to_dict("records")[0]["passage"]
        'wages'
    """
    rows = []
    placed = codings.dropna(subset=["start", "end"])
    ends = placed[["start", "end"]].to_numpy(np.int64).tolist()
    named = placed[["coding_id", "document", "code"]].astype(str).to_numpy().tolist()
    for (coding, document, code), (start, end) in zip(named, ends, strict=True):
        text = texts.get(document)
        if text is not None:
            before, after = text[max(0, start - context) : start], text[end : end + context]
            rows.append((coding, document, code, before, text[start:end], after))
    return pd.DataFrame(rows, columns=list(PASSAGE_COLUMNS))
