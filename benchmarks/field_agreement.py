"""Rows of `field.py` on coding: agreement of coders on units and passages, codes per source, masking."""

from __future__ import annotations

from collections.abc import Iterable

from field_row import Row

START = """
import json, sys, time
import numpy as np, pandas as pd
def done(start, said=""):
    print(json.dumps({"cpu_s": time.process_time() - start, "said": said}))
"""
RATINGS = (
    START
    + """
from townshift.governance.coding.agreement import AgreementParameters, agreement, krippendorff_alpha
rng = np.random.default_rng(1)
units, level = int(sys.argv[1]), sys.argv[2]
truth = rng.integers(0, 5, (units, 1))
ratings = np.where(rng.random((units, 4)) < 0.8, truth, rng.integers(0, 5, (units, 4))).astype(float)
ratings[rng.random(ratings.shape) < 0.1] = np.nan
if level == "many":
    ratings = truth + rng.normal(size=(units, 4))
"""
)
ALPHA = (
    RATINGS + 'start = time.process_time()\nvalue = krippendorff_alpha(ratings)\ndone(start, f"alpha {value:.4f}")\n'
)
BOOTSTRAP = (
    RATINGS
    + """
start = time.process_time()
found = agreement(ratings, AgreementParameters(level="interval" if level == "many" else level), seed=1)
one = found.coefficients["krippendorff_alpha"]
done(start, f"alpha {one.value:.4f} [{one.low:.4f}, {one.high:.4f}], {len(found.coefficients)} coefficients")
"""
)
SPANS = (
    START
    + """
from townshift.governance.coding.spans import span_agreement
rng = np.random.default_rng(1)
n, documents = int(sys.argv[1]), int(sys.argv[2])
start_at = rng.integers(0, 20_000, n)
spans = pd.DataFrame({
    "document": rng.integers(0, documents, n).astype(str), "coder": rng.integers(0, 2, n).astype(str),
    "code": rng.integers(0, 50, n).astype(str), "start": start_at, "end": start_at + rng.integers(5, 200, n),
})
start = time.process_time()
found = span_agreement(spans, {str(at): 21_000 for at in range(documents)}, seed=1)
done(start, f"{len(found.by_code)} codes with intervals")
"""
)
TOGETHER = (
    START
    + """
from townshift.governance.coding.frequencies import code_frequencies, codes_together
rng = np.random.default_rng(1)
n = int(sys.argv[1])
at = rng.integers(0, 20_000, n)
codings = pd.DataFrame({"document": rng.integers(0, 200, n).astype(str), "code": rng.integers(0, 50, n).astype(str),
                        "start": at, "end": at + rng.integers(5, 200, n)})
sources = pd.DataFrame({"document": [str(one) for one in range(200)], "group": "all"})
start = time.process_time()
done(start, f"{len(code_frequencies(codings, sources))} shares, {len(codes_together(codings, 200))} pairs")
"""
)
MASKING = (
    START
    + """
from townshift.evidence.disclosure.masking import find_identifiers
find_identifiers("我叫王建国。", "zh")
text = "工资比前几年高。我叫王建国，电话13812345678，住在富民路12号。搬走的人很多，房租也涨了。" * 20
start = time.process_time()
n = sum(len(find_identifiers(text, "zh")) for _ in range(int(sys.argv[1])))
done(start, f"{n:,} identifiers in {int(sys.argv[1]) * len(text):,} characters")
"""
)


def rows() -> Iterable[Row]:
    """What coding and its agreement cost."""
    for units in (25_000, 100_000, 400_000):
        bound = 0.05 if units == 100_000 else float("inf")
        yield Row(f"alpha, {units:,} units x 4 coders", ALPHA, (str(units), "nominal"), units, "alpha", bound)
    for units in (25_000, 100_000, 400_000):
        bound = 20.0 if units == 100_000 else float("inf")
        what = f"all coefficients with 1,000 resamples, {units:,} units"
        yield Row(what, BOOTSTRAP, (str(units), "nominal"), units, "resamples", bound)
    for level in ("ordinal", "interval", "many"):
        yield Row(f"alpha with 1,000 resamples, 100,000 units, {level}", BOOTSTRAP, ("100000", level), cpu_s=20.0)
    for spans in (10_000, 40_000):
        yield Row(f"unitizing alphas, {spans:,} passages, 50 codes", SPANS, (str(spans), "200"), spans, "passages")
    yield Row("codes per source and together, 40,000 codings", TOGETHER, ("40000",))
    yield Row("identifiers in Chinese texts", MASKING, ("100",))
