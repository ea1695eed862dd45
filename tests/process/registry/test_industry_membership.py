"""Which records belong: the sample that people judge does not depend on how rows are cut."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from townshift.process.registry.industry_membership import (
    judged_precision,
    membership_report,
    membership_sample,
    sample_batches,
)


def drawn(pieces: list[pa.RecordBatch], partitions: int) -> pd.DataFrame:
    found = [batch for part in range(partitions) for batch in sample_batches(iter(pieces[part::partitions]), 5, seed=3)]
    return membership_sample(pa.Table.from_batches(found).to_pandas(), 5)


def test_the_sample_is_the_same_for_any_cut_and_any_number_of_workers():
    ids = [f"r{number}" for number in range(1000)]
    rules = [("a", "a;b", None)[number % 3] for number in range(1000)]
    whole = pa.RecordBatch.from_pydict({"record_id": ids, "member_rule": rules})
    pieces = [whole.slice(start, 37) for start in range(0, 1000, 37)]
    first = drawn([whole], 1)
    assert first.groupby("rule_id").size().to_dict() == {"a": 5, "b": 5}
    pd.testing.assert_frame_equal(first, drawn(pieces, 1))
    pd.testing.assert_frame_equal(first, drawn(pieces[::-1], 4))


def test_the_report_counts_what_rules_share():
    report = membership_report(pd.DataFrame({"member_rule": ["a", "b", "a;b", None], "n": [4, 1, 3, 90]}))
    assert list(report[["rule_id", "n_caught", "n_alone"]].itertuples(index=False, name=None)) == [
        ("a", 7, 4),
        ("b", 4, 1),
    ]


def test_precision_without_a_wrong_answer_still_has_an_interval():
    found = judged_precision(pd.DataFrame({"rule_id": ["a"] * 20, "right": [True] * 20}))
    assert found["low"].iloc[0] < 0.95 < found["high"].iloc[0] <= 1
