"""Agreement on passages against sums over single characters."""

import numpy as np
import pandas as pd
import pytest

from townshift.errors import MeasureError
from townshift.governance.coding.spans import span_agreement

COLUMNS = ["document", "coder", "code", "start", "end"]


def drawn(rng, documents=3, coders=3, size=80, codes="ABC"):
    rows = []
    for document in range(documents):
        for coder in range(coders):
            edge = int(rng.integers(-30, 1))
            while (start := edge + int(rng.integers(1, 12))) + 2 < size:
                edge = min(size, start + int(rng.integers(2, 15)))
                if start < 0:
                    continue
                rows.append((f"d{document}", f"c{coder}", str(rng.choice(list(codes))), start, edge))
    return pd.DataFrame(rows, columns=COLUMNS), {f"d{at}": size for at in range(documents)}


def u_alpha_of_characters(spans, lengths, codes):
    """uα from every character of every pair of coders, and squared lengths of units."""
    coders = sorted(set(spans["coder"]))
    places = {code: at + 1 for at, code in enumerate(codes)}
    n = len(codes) + 1
    cells, squares = np.zeros((n, n)), np.zeros(n)
    for document, size in lengths.items():
        lines = np.zeros((len(coders), size), int)
        for row in spans[spans["document"] == document].itertuples():
            if row.code in places:
                lines[coders.index(row.coder), row.start : row.end] = places[row.code]
                squares[places[row.code]] += (row.end - row.start) ** 2
        squares[0] += (lines == 0).sum()
        for a in range(len(coders)):
            for b in range(len(coders)):
                if a != b:
                    np.add.at(cells, (lines[a], lines[b]), 1 / (len(coders) - 1))
    margins = cells.sum(axis=1)
    total = margins.sum()
    expected = total * (np.outer(margins, margins) - np.diag(squares)) / (total**2 - squares.sum())
    off = ~np.eye(n, dtype=bool)
    return 1 - cells[off].sum() / expected[off].sum()


@pytest.mark.parametrize("seed", range(6))
def test_u_alpha_is_that_of_single_characters(seed):
    spans, lengths = drawn(np.random.default_rng(seed))
    found = span_agreement(spans, lengths, replicates=0)
    assert found.coefficients["u_alpha"].value == pytest.approx(u_alpha_of_characters(spans, lengths, "ABC"), abs=1e-12)
    for code, one in found.by_code.items():
        assert one.value == pytest.approx(u_alpha_of_characters(spans, lengths, code), abs=1e-12)


def test_coders_who_mark_the_same_agree_fully_and_strangers_not_at_all():
    spans, lengths = drawn(np.random.default_rng(1), documents=30, coders=1)
    twin = spans.assign(coder="c9")
    assert span_agreement(pd.concat([spans, twin]), lengths).coefficients["u_alpha"].value == pytest.approx(1.0)
    strangers, lengths = drawn(np.random.default_rng(2), documents=200, coders=2)
    found = span_agreement(strangers, lengths, seed=3).coefficients["u_alpha"]
    assert found.low < 0 < found.high


def test_one_document_has_no_interval():
    spans, lengths = drawn(np.random.default_rng(4), documents=1)
    assert span_agreement(spans, lengths).coefficients["u_alpha"].low is None


def test_overlapping_codes_are_judged_one_by_one():
    rows = [("d", "x", "A", 0, 10), ("d", "x", "B", 5, 15), ("d", "y", "A", 0, 10), ("d", "y", "B", 20, 30)]
    found = span_agreement(pd.DataFrame(rows, columns=COLUMNS), {"d": 100})
    assert "u_alpha" not in found.coefficients
    assert found.by_code["A"].value == pytest.approx(1.0)
    assert found.by_code["B"].value < 0.1


def test_passages_without_a_place_in_a_text_are_refused_all_at_once():
    rows = [("d", "x", "A", 0, 200), ("e", "y", "A", 0, 10)]
    with pytest.raises(MeasureError) as caught:
        span_agreement(pd.DataFrame(rows, columns=COLUMNS), {"d": 100})
    assert [problem.code for problem in caught.value.problems] == ["TS-CODING-006", "TS-CODING-007"]
