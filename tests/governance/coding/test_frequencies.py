"""Codes per source, per case and together."""

import numpy as np
import pandas as pd
import pytest

from townshift.governance.coding.frequencies import code_by_case, code_frequencies, codes_together, passages
from townshift.governance.shares import wilson


def frame(rows, columns=("document", "code", "start", "end")):
    return pd.DataFrame(rows, columns=list(columns))


def test_a_talkative_source_counts_once_and_a_silent_one_counts_too():
    codings = frame([("a", "wage", 0, 5)] * 9 + [("b", "wage", 0, 5)])
    sources = frame([("a", "worker"), ("b", "worker"), ("c", "worker"), ("d", "official")], ("document", "group"))
    found = code_frequencies(codings, sources).set_index("group")
    assert found.loc["", ["n_sources", "of_sources", "n_passages"]].tolist() == [2, 4, 10]
    assert found.loc["worker", "share"] == pytest.approx(2 / 3)
    assert found.loc["official", ["n_sources", "of_sources"]].tolist() == [0, 1]
    assert found.loc["official", "high"] > 0.5


def test_wilson_is_the_published_example():
    # Newcombe (1998), table I, case (81, 263), at 95 %; here at LEVEL the interval is inside it.
    low, high = wilson(np.array([81.0]), np.array([263.0]))
    assert 0.2553 < low[0] < 81 / 263 < high[0] < 0.3662


def test_shares_of_sources_are_covered_as_often_as_said():
    rng = np.random.default_rng(11)
    hits = rng.binomial(30, 0.3, 4000).astype(float)
    low, high = wilson(hits, np.full(4000, 30.0))
    assert 0.86 < np.mean((low <= 0.3) & (high >= 0.3)) < 0.95


def brute(codings):
    rows = list(codings.itertuples(index=False))
    out = {}
    for at, one in enumerate(rows):
        for other in rows[at + 1 :]:
            if one.document == other.document and one.start < other.end and other.start < one.end:
                pair = tuple(sorted((one.code, other.code)))
                out[pair] = out.get(pair, 0) + 1
    return out


def test_overlapping_passages_are_those_of_a_comparison_of_all_pairs():
    rng = np.random.default_rng(2)
    start = rng.integers(0, 200, 150)
    codings = frame({
        "document": rng.choice(["a", "b", "c"], 150), "code": rng.choice(list("PQRS"), 150),
        "start": start, "end": start + rng.integers(1, 30, 150),
    })  # fmt: skip
    found = codes_together(codings, 5).set_index(["code", "other_code"])["n_passages"].to_dict()
    truth = brute(codings)
    assert {pair: n for pair, n in found.items() if n} == {pair: n for pair, n in truth.items() if pair[0] != pair[1]}


def test_independent_codes_have_a_lift_of_one_inside_the_interval():
    inside = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        rows = [
            (f"d{at}", code, 0, 1)
            for at in range(80)
            for code, share in (("x", 0.5), ("y", 0.3))
            if rng.random() < share
        ]
        one = codes_together(frame(rows), 80).iloc[0]
        inside += one["lift_low"] <= 1 <= one["lift_high"]
    assert 0.84 <= inside / 200 <= 1.0


def test_cases_gather_their_documents():
    codings = frame([("a", "wage", 0, 1), ("b", "wage", 0, 1), ("c", "wage", 0, 1)])
    found = code_by_case(codings, {"a": "P1", "b": "P1"})
    assert found.to_dict("records") == [{"case": "P1", "code": "wage", "n_passages": 2, "n_documents": 2}]


def test_a_passage_comes_with_the_words_around_it():
    codings = frame(
        [("k1", "a", "wage", 4, 6), ("k2", "b", "wage", 0, 1)], ("coding_id", "document", "code", "start", "end")
    )
    found = passages(codings, {"a": "工厂的工资低于城里"}, context=2)
    assert found.to_dict("records") == [
        {"coding_id": "k1", "document": "a", "code": "wage", "before": "的工", "passage": "资低", "after": "于城"}
    ]
