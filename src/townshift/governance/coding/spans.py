"""Agreement of coders on passages of text: where they mark, and what they call it (the unitizing alphas).

A document is a continuum of characters; each coder cuts it into valued units and the gaps between them. Coefficients
are functions of sums over documents, so documents are what a bootstrap draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.errors import MeasureError, Problem
from townshift.governance.coding.resampling import Coefficient, Value, with_interval
from townshift.types import keyed_seed

if TYPE_CHECKING:
    import pandas as pd

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SpanAgreement:
    """Agreement on passages.

    Attributes:
        coefficients: `u_alpha` (passages and codes together), `binary_u_alpha` (marked or not), `coded_u_alpha` (the
            codes, where passages of two coders meet).
        by_code: `u_alpha` of each code alone against all other text: did coders mark the same passages with it.
        n_documents, n_coders, n_spans: what they rest on.
        characters: length of the documents together.
    """

    coefficients: dict[str, Coefficient]
    by_code: dict[str, Coefficient]
    n_documents: int
    n_coders: int
    n_spans: int
    characters: int


def span_agreement(
    spans: pd.DataFrame, lengths: Mapping[str, int], *, replicates: int = 1000, seed: int = 0
) -> SpanAgreement:
    """How far coders agree on where a passage lies and what it is called.

    With o_ck = Σ |g ∩ h| / (m − 1) over units g (value c) and h (value k) of two different coders, margins l_c, total
    l, and e_ck = l (l_c l_k − [c=k] S_c) / (l² − Σ S), where S_c sums the squared lengths of units (of a gap its
    length): uα = 1 − Σ_{c≠k} o_ck / Σ_{c≠k} e_ck. The binary uα takes all codes as one; the coded uα drops gaps
    (Krippendorff, Mathet, Bouvry & Widlöcher 2016, equations 1–11). Where passages of one coder overlap, which a
    partition cannot hold, only the coefficients of each code alone and the binary one are given.

    Args:
        spans: columns document, coder, code, start, end (characters, half-open).
        lengths: document → characters; every coder is taken to have read every document given here.
        replicates: resamples of documents; with a single document there is no interval.
        seed: of the study.

    Returns:
        Coefficients with bootstrap intervals over documents.

    Raises:
        MeasureError: fewer than two coders, a document without a length, a passage beyond its text.

    Example:
        >>> import pandas as pd
        >>> rows = [("d", "A", "1", 2, 5), ("d", "P", "1", 2, 5), ("d", "P", "2", 10, 20)]
        >>> rows += [("d", "S", "2", 2, 5), ("d", "S", "2", 15, 20)]
        >>> spans = pd.DataFrame(rows, columns=["document", "coder", "code", "start", "end"])
        >>> found = span_agreement(spans, {"d": 60})
        >>> {name: round(one.value, 3) for name, one in found.coefficients.items()}
        {'u_alpha': 0.398, 'binary_u_alpha': 0.524, 'coded_u_alpha': 0.357}
    """
    _refuse(spans, lengths)
    coders = sorted(set(spans["coder"].astype(str)))
    codes = sorted(set(spans["code"].astype(str)))
    documents = sorted(lengths)
    rows = _Rows.of(spans, documents, coders, codes)
    length = np.array([lengths[name] for name in documents], np.int64)

    def coefficient(name: str, value_of_code: Whole, values: int, formula: Value, kind: str) -> Coefficient:
        sums = _document_sums(rows, length, len(coders), value_of_code, values)
        return with_interval(
            name, sums, formula, None, replicates if len(documents) > 1 else 0,
            np.random.default_rng(keyed_seed(seed, "span_agreement", name, kind)),
        )  # fmt: skip

    every = np.arange(1, len(codes) + 1)
    found = {}
    if not rows.overlapping():
        found["u_alpha"] = coefficient("u_alpha", every, len(codes) + 1, _Formula(len(codes) + 1).u_alpha, "")
    ones = np.ones(len(codes), np.int64)
    found["binary_u_alpha"] = coefficient("binary_u_alpha", ones, 2, _Formula(2).u_alpha, "")
    if not rows.overlapping() and len(codes) > 1:
        found["coded_u_alpha"] = coefficient("coded_u_alpha", every, len(codes) + 1, _Formula(len(codes) + 1).coded, "")
    by_code = {
        code: coefficient("u_alpha", (np.arange(len(codes)) == at).astype(np.int64), 2, _Formula(2).u_alpha, code)
        for at, code in enumerate(codes)
    }
    return SpanAgreement(found, by_code, len(documents), len(coders), len(spans), int(length.sum()))


def _refuse(spans: pd.DataFrame, lengths: Mapping[str, int]) -> None:
    problems = []
    coders = spans["coder"].astype(str).nunique()
    if coders < 2:
        problems.append(Problem("TS-CODING-001", values={"coders": coders}))
    unknown = sorted(set(spans["document"].astype(str)) - set(lengths))
    if unknown:
        problems.append(Problem("TS-CODING-006", values={"documents": ", ".join(unknown[:5]), "n": len(unknown)}))
    known = spans[spans["document"].astype(str).isin(list(lengths))]
    ends = known["document"].astype(str).map(dict(lengths))
    outside = (known["start"] < 0) | (known["end"] > ends) | (known["start"] >= known["end"])
    if outside.any():
        problems.append(Problem("TS-CODING-007", values={"n": int(outside.sum())}))
    if problems:
        raise MeasureError(*problems)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Passages as numbers, sorted by document, coder, start and end."""

    document: Whole
    coder: Whole
    code: Whole
    start: Whole
    end: Whole

    @classmethod
    def of(cls, spans: pd.DataFrame, documents: list[str], coders: list[str], codes: list[str]) -> _Rows:
        columns = [
            np.searchsorted(names, spans[column].astype(str).to_numpy(dtype=str)).astype(np.int64)
            for column, names in (("document", documents), ("coder", coders), ("code", codes))
        ]
        ends = [spans[column].to_numpy(np.int64) for column in ("start", "end")]
        order = np.lexsort((columns[2], ends[1], ends[0], columns[1], columns[0]))
        return cls(columns[0][order], columns[1][order], columns[2][order], ends[0][order], ends[1][order])

    def overlapping(self) -> bool:
        """Whether a coder gave one character two codes; the same passage with one code twice counts once."""
        same = (self.document[1:] == self.document[:-1]) & (self.coder[1:] == self.coder[:-1])
        furthest = np.zeros(len(self.end), np.int64)
        reach, last = 0, (-1, -1)
        for at, key in enumerate(zip(self.document.tolist(), self.coder.tolist(), strict=True)):
            reach = max(reach, int(self.end[at])) if key == last else int(self.end[at])
            furthest[at], last = reach, key
        return bool((same & (self.start[1:] < furthest[:-1])).any())


def _document_sums(rows: _Rows, length: Whole, coders: int, value_of_code: Whole, values: int) -> Real:
    """What each document adds: o_ck, S_c, and the squared meetings of units with units of another coder, by value."""
    value = value_of_code[rows.code]
    # Rows are sorted by document and coder, so what one coder did in one document is a slice.
    bounds = np.searchsorted(rows.document * coders + rows.coder, np.arange(len(length) * coders + 1))
    sums = np.zeros((len(length), values * values + 2 * values))
    for document, size in enumerate(length.tolist()):
        cuts = []
        for coder in range(coders):
            at = document * coders + coder
            mine = bounds[at] + np.flatnonzero(value[bounds[at] : bounds[at + 1]])
            cuts.append(_partition(rows.start[mine], rows.end[mine], value[mine], size))
        squares, met = np.zeros(values), np.zeros(values)
        cells = np.zeros((values, values))
        for edges, named in cuts:
            extents = np.diff(edges).astype(np.float64)
            squares += np.bincount(named, np.where(named == 0, extents, extents**2), values)
        for first in range(coders):
            for second in range(coders):
                if first != second:
                    mine, squared = _meeting(cuts[first], cuts[second], values)
                    cells += mine
                    met += squared
        sums[document] = np.concatenate([(cells / (coders - 1)).ravel(), squares, met / (coders - 1)])
    return sums


def _partition(start: Whole, end: Whole, value: Whole, size: int) -> tuple[Whole, Whole]:
    """A document cut into units and gaps: edges (units + 1) and values (0 = gap); overlaps of one value are joined."""
    edges, named = [0], []
    for one, (left, right) in zip(value.tolist(), zip(start.tolist(), end.tolist(), strict=True), strict=True):
        if left < edges[-1]:
            # Only passages of one value overlap here; together they are one unit.
            edges[-1] = max(edges[-1], right)
            continue
        if left > edges[-1]:
            edges.append(left)
            named.append(0)
        edges.append(right)
        named.append(one)
    if edges[-1] < size:
        edges.append(size)
        named.append(0)
    return np.array(edges, np.int64), np.array(named, np.int64)


def _meeting(one: tuple[Whole, Whole], other: tuple[Whole, Whole], values: int) -> tuple[Real, Real]:
    """Lengths that units of two coders share, value by value, and squared shares of each unit of the first."""
    edges = np.union1d(one[0], other[0])
    extents = np.diff(edges).astype(np.float64)
    at = np.searchsorted(one[0], edges[:-1], "right") - 1
    there = np.searchsorted(other[0], edges[:-1], "right") - 1
    mine, theirs = one[1][at], other[1][there]
    cells = np.bincount(mine * values + theirs, extents, values * values).astype(np.float64).reshape(values, values)
    both = (mine > 0) & (theirs > 0)
    shared = np.bincount(at[both], extents[both], len(one[1]))
    return cells, np.bincount(one[1], shared**2, values).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Formula:
    """The unitizing alphas of sums over documents; the first of `values` is the gap."""

    values: int

    def _parts(self, sums: Real) -> tuple[Real, Real, Real]:
        n = self.values
        return sums[:, : n * n].reshape(-1, n, n), sums[:, n * n : n * n + n], sums[:, n * n + n :]

    def u_alpha(self, sums: Real) -> Real:
        cells, squares, _ = self._parts(sums)
        margins = cells.sum(axis=2)
        total = margins.sum(axis=1)
        observed = total - np.einsum("rkk->r", cells)
        room = total**2 - squares.sum(axis=1)
        agreed = (margins**2 - squares).sum(axis=1)
        expected = total * (1 - agreed / np.where(room > 0, room, np.nan))
        return _ratio(observed, expected)

    def coded(self, sums: Real) -> Real:
        cells, _, met = self._parts(sums)
        valued = cells[:, 1:, 1:]
        margins = valued.sum(axis=2)
        total = margins.sum(axis=1)
        total = np.where(total > 0, total, np.nan)
        room = total - met.sum(axis=1) / total
        agreed = (margins**2 - met[:, 1:]).sum(axis=1) / np.where(room > 0, room, np.nan)
        return _ratio(total - np.einsum("rkk->r", valued), total - agreed)


def _ratio(observed: Real, expected: Real) -> Real:
    some = expected > 1e-9
    return np.asarray(np.where(some, 1 - observed / np.where(some, expected, 1.0), np.nan))
