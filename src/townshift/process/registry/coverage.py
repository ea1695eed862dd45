"""Where a registry is thin: years it misses, and the share of sole traders it holds.

A year in which entries of *all* industries fall far below the years around it is a gap of the registry (or a slump of
everything), not a slump of the one industry under study. It is detected, said, and the firm-years of that place and
year are flagged; nothing is filled in.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.draws import summarise
from townshift.frames import texts, typed
from townshift.process.registry.parameters import CoverageParameters
from townshift.types import N_DRAWS, keyed_seed

Values = npt.NDArray[np.float64]

COVERAGE_TYPES = {
    "place_id": "string",
    "level": "string",
    "year": "Int64",
    "kind": "string",
    "n_registry": "Int64",
    "expected": "float64",
    "share": "float64",
    "low": "float64",
    "high": "float64",
    "score": "float64",
    "thin": "boolean",
    "source": "string",
}
"""Columns of `registry_coverage`; `kind` is `entries` (years) or `stock` (against published figures)."""

_ROUNDING = {"exact": 0.01, "about": 0.05, "over": 0.15, "under": 0.15}
_MAD_TO_SD = 1.4826
_PRIOR_YEARS = 8.0
_MAD_EFFICIENCY = 0.37  # of the median absolute deviation against the standard deviation (Rousseeuw and Croux 1993)


def thin_years(entries: pd.DataFrame, parameters: CoverageParameters) -> pd.DataFrame:
    """Years whose entries of all industries fall far below the years around them.

    A year is expected to have the median of the `window_years` before and after it, moved along the line between the
    medians of the two sides. The log ratio to that expectation, divided by its spread, is the score. The spread is
    robust (median absolute deviation of the place's own log ratios), drawn towards that of all places of its level by
    eight years' worth of weight, and never below counting noise. Thin = a score below the quantile that sound years
    pass with probability `1 - false_alarms` (Student's t), and at most `substantial` of what is expected.

    Args:
        entries: all industries: columns `place_id`, `level`, `year`, `n`.
        parameters: of the step.

    Returns:
        One row a place and year judged: `COVERAGE_TYPES` with `kind` = `entries`.

    Source: robust scale as in Rousseeuw and Croux (1993); shrinkage of variances as in Smyth (2004).
    """
    from scipy import stats

    judged: list[tuple[str, str, npt.NDArray[np.int64], Values, Values]] = []
    for (level, place), rows in entries.groupby(["level", "place_id"], sort=True):
        years = np.arange(int(rows["year"].min()), int(rows["year"].max()) + 1)
        counts = np.zeros(years.size)
        np.add.at(counts, rows["year"].to_numpy(dtype=np.int64) - years[0], rows["n"].to_numpy(dtype=np.float64))
        judged.append((str(level), str(place), years, counts, expected_entries(counts, parameters.window_years)))
    pooled = {level: _pooled_spread([one for one in judged if one[0] == level]) for level in {one[0] for one in judged}}
    rows_out: list[dict[str, object]] = []
    for level, place, years, counts, expected in judged:
        ratio = _log_ratio(counts, expected)
        usable = np.isfinite(ratio) & (expected >= parameters.least_expected)
        spread, freedom = _spread(ratio[usable], pooled[level])
        noise = np.sqrt(1 / (counts + 1) + 1 / (np.nan_to_num(expected) * parameters.window_years + 1))
        score = ratio / np.hypot(spread, noise)
        limit = float(stats.t.ppf(parameters.false_alarms, freedom))
        for i in np.flatnonzero(usable):
            share = float(counts[i] / expected[i])
            half = 1.645 * float(np.hypot(spread, noise[i]))
            rows_out.append(
                {
                    "place_id": place,
                    "level": level,
                    "year": int(years[i]),
                    "kind": "entries",
                    "n_registry": int(counts[i]),
                    "expected": float(expected[i]),
                    "share": share,
                    "low": share * float(np.exp(-half)),
                    "high": share * float(np.exp(half)),
                    "score": float(score[i]),
                    "thin": bool(score[i] < limit and share <= parameters.substantial),
                    "source": "",
                }
            )
    return typed(rows_out, COVERAGE_TYPES)


def expected_entries(counts: Values, window: int) -> Values:
    """What each year would have if it lay on the line between the years around it; NaN near the ends.

    Args:
        counts: entries of consecutive years.
        window: years on either side.

    Example:
        >>> expected_entries(np.array([10.0, 20.0, 0.0, 40.0, 50.0]), window=2)
        array([nan, nan, 30., nan, nan])
    """
    out = np.full(counts.size, np.nan)
    for i in range(2, counts.size - 2):
        before, after = counts[max(0, i - window) : i], counts[i + 1 : i + 1 + window]
        left, right = np.median(before), np.median(after)
        # The medians stand at the middles of the two sides; the year lies between them in proportion.
        to_left, to_right = (before.size + 1) / 2, (after.size + 1) / 2
        out[i] = (left * to_right + right * to_left) / (to_left + to_right)
    return out


def _log_ratio(counts: Values, expected: Values) -> Values:
    return np.asarray(np.log((counts + 0.5) / (expected + 0.5)))


def _pooled_spread(judged: list[tuple[str, str, npt.NDArray[np.int64], Values, Values]]) -> float:
    found = [_log_ratio(counts, expected) for _, _, _, counts, expected in judged]
    every = np.concatenate(found) if found else np.empty(0)
    every = every[np.isfinite(every)]
    return float(_MAD_TO_SD * np.median(np.abs(every - np.median(every)))) if every.size else 0.2


def _spread(ratio: Values, pooled: float) -> tuple[float, float]:
    """A place's own spread drawn towards that of all, and the degrees of freedom behind it."""
    if not ratio.size:
        return pooled, _PRIOR_YEARS
    own = _MAD_TO_SD * float(np.median(np.abs(ratio - np.median(ratio))))
    weight = ratio.size / (ratio.size + _PRIOR_YEARS)
    return float(np.sqrt(weight * own**2 + (1 - weight) * pooled**2)), _MAD_EFFICIENCY * ratio.size + _PRIOR_YEARS


def stock_coverage(stock: pd.DataFrame, facts: pd.DataFrame, parameters: CoverageParameters, seed: int) -> pd.DataFrame:
    """Which share of the sole traders a published figure counts the registry holds.

    `share = registry stock / published stock`, on draws: the registry's count is Poisson noise around itself, the
    published figure a log-normal around what is written (1 % for an exact figure, 5 % for a rounded one, 15 % on the
    open side of a bound). A share above 1 is left as it is: the two then count different things.

    Args:
        stock: the registry's sole traders: columns `place_id`, `level`, `year`, `n_stock`.
        facts: the table `facts`.
        parameters: of the step; without `stock_definition` nothing is compared.
        seed: of the study.

    Returns:
        One row a place and year that both have: `COVERAGE_TYPES` with `kind` = `stock`.
    """
    if not parameters.stock_definition:
        return typed([], COVERAGE_TYPES)
    known = texts(facts, "fact_id", "place_id", "definition_id", "indicator", "qualifier", "same_as")
    named = known["definition_id"].where(known["definition_id"] != "", known["indicator"])
    known = known[(named == parameters.stock_definition) & (known["same_as"] == "") & known["year"].notna()]
    rows: list[dict[str, object]] = []
    for fact in known.sort_values("fact_id", kind="stable").to_dict("records"):
        here = stock[(stock["place_id"] == fact["place_id"]) & (stock["year"] == int(fact["year"]))]
        published = fact.get("value_std")
        published = fact["value"] if published is None or pd.isna(published) else published
        if here.empty or not float(published) > 0:
            continue
        n = int(here["n_stock"].iloc[0])
        share, low, high = summarise(
            _share_draws(n, float(published), str(fact["qualifier"]), seed, str(fact["fact_id"]))
        )
        rows.append(
            {
                "place_id": fact["place_id"],
                "level": str(here["level"].iloc[0]),
                "year": int(fact["year"]),
                "kind": "stock",
                "n_registry": n,
                "expected": float(published),
                "share": share,
                "low": low,
                "high": high,
                "thin": bool(high < parameters.substantial),
                "source": fact["fact_id"],
            }
        )
    return typed(rows, COVERAGE_TYPES)


def _share_draws(n: int, published: float, qualifier: str, seed: int, key: str) -> Values:
    rng = np.random.default_rng(keyed_seed(seed, "registry_coverage", key))
    error = np.abs(rng.normal(size=N_DRAWS)) if qualifier in ("over", "under") else rng.normal(size=N_DRAWS)
    sign = -1.0 if qualifier == "under" else 1.0
    actual = published * np.exp(sign * _ROUNDING.get(qualifier or "exact", 0.01) * error)
    return np.asarray(rng.gamma(n + 0.5, size=N_DRAWS) / actual)


def flagged_years(found: pd.DataFrame, coverage: pd.DataFrame) -> pd.DataFrame:
    """Firm-years with the column `coverage`: `thin` where the registry is thin in that place or its level, else `ok`.

    Args:
        found: firm-years, columns `place_id`, `year` and more.
        coverage: `thin_years`.

    Example:
        >>> years = pd.DataFrame({"place_id": ["a", "a"], "year": [2000, 2001]})
        >>> coverage = pd.DataFrame({"place_id": ["a"], "year": [2001], "kind": ["entries"], "thin": [True]})
        >>> flagged_years(years, coverage)["coverage"].tolist()
        ['ok', 'thin']
    """
    thin = coverage[coverage["thin"] & (coverage["kind"] == "entries")]
    keys = pd.MultiIndex.from_frame(thin[["place_id", "year"]])
    here = pd.MultiIndex.from_frame(found[["place_id", "year"]])
    words = np.where(here.isin(keys), "thin", "ok")
    return found.assign(coverage=pd.array(words, dtype="string"))
