"""The reconciled series on the real record of Zhili, by holding facts out: part (b) of `benchmarks/series.py`."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from heuristics import LEVEL, NAIVE, counted

STUDY = Path(__file__).resolve().parents[1] / "studies" / "zhili"
CAP = float(np.log(2))  # an error of more than a factor of two counts as two
RESAMPLES = 2000
METHODS = ("model", *NAIVE)


@dataclass(frozen=True)
class Published:
    """The facts of one place under one definition."""

    name: str
    facts: pd.DataFrame
    scale: str
    breaks: tuple[int, ...]


def published_series() -> list[Published]:
    """Every place and definition of the record with at least four lineages in three years."""
    facts = pd.read_csv(STUDY / "data" / "facts.csv")
    indicators = pd.read_csv(STUDY / "data" / "indicators.csv").drop_duplicates("indicator").set_index("indicator")
    sources = pd.read_csv(STUDY / "data" / "sources.csv").set_index("source_id")
    manifest = STUDY / "study.toml"
    breaks = tomllib.loads(manifest.read_text(encoding="utf-8")).get("breaks", []) if manifest.exists() else []
    facts = facts[facts["year"].notna() & facts["value_std"].notna()]
    facts = facts.assign(year=facts["year"].astype(int), value=facts["value_std"])
    for column in ("tier", "originator", "interest"):
        facts[column] = facts["source_id"].map(sources[column])
    found = []
    for (place, definition), group in facts.groupby(["place_id", "definition_id"]):
        single = group[group["same_as"].isna()]
        if single["lineage"].nunique() >= 4 and single["year"].nunique() >= 3:
            declared = tuple(
                sorted(one["year"] for one in breaks if (one["place"], one["definition"]) == (place, definition))
            )
            scale = str(indicators.loc[definition, "scale"])
            found.append(Published(f"{place} {definition}", group.reset_index(drop=True), scale, declared))
    return found


def held_out(series: Published, by: str) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """(what is held out, the rest, interior exact or about facts held out), each lineage or each year in turn."""
    for key, out in series.facts.groupby(by):
        rest = series.facts[series.facts[by] != key].reset_index(drop=True)
        rest = rest[~rest["same_as"].isin(out["fact_id"])]  # a second entry would give the held-out figure away
        target = out[out["same_as"].isna() & out["qualifier"].isin(["exact", "about"])]
        if len(rest):
            target = target[target["year"].between(rest["year"].min(), rest["year"].max())]
        yield str(key), rest, target


def predict(series: Published, by: str) -> pd.DataFrame:
    """One row a held-out fact: predictions of each method and the predictive interval of the model."""
    from townshift.evidence.series import predictive_draws, reconcile
    from townshift.evidence.series_parameters import SeriesParameters

    rows = []
    for number, (key, rest, target) in enumerate(held_out(series, by)):
        if target.empty:
            continue
        result = reconcile(rest, series.scale, SeriesParameters(), seed_entropy=[7, number], breaks=series.breaks)
        kept = counted(rest)
        for fact in target.itertuples():
            row = {"series": series.name, "held_out": key, "year": fact.year, "truth": fact.value}
            row["status"] = result.status
            row["own_year"] = bool((rest["year"] == fact.year).any())
            for name, method in NAIVE.items():
                row[name] = float(method(kept, np.array([fact.year]), series.scale)[0])
            if result.status == "series":
                at = int(np.flatnonzero(np.asarray(result.years) == fact.year)[0])
                draws = np.asarray(predictive_draws(result, int(fact.year), fact.tier, fact.qualifier))
                tail = (1 - LEVEL) / 2
                row["model"] = float(np.asarray(result.value)[at])
                row["low"], row["high"] = (float(np.nanquantile(draws, q)) for q in (tail, 1 - tail))
            rows.append(row)
    return pd.DataFrame(rows)


def errors(predicted: pd.DataFrame) -> pd.DataFrame:
    """Absolute logarithmic error of every method, with the series it belongs to."""
    table = predicted[["series", "held_out", "year"]].copy()
    for name in METHODS:
        table[name] = np.abs(np.log(np.maximum(predicted[name], 1e-9) / predicted["truth"]))
    return table


def _capped(values: np.ndarray) -> float:
    return float(np.minimum(values, CAP).mean())


def bootstrap(table: pd.DataFrame, rival: str, summary: object) -> tuple[float, float, float]:
    """Difference (model − rival) of a summary of errors, with the 90 % interval over resampled series."""
    rng = np.random.default_rng(20_261_124)
    groups = [group[["model", rival]].to_numpy() for _, group in table.groupby("series")]
    pooled = np.concatenate(groups)
    found = []
    for _ in range(RESAMPLES):
        picked = np.concatenate([groups[k] for k in rng.integers(len(groups), size=len(groups))])
        found.append(summary(picked[:, 0]) - summary(picked[:, 1]))
    low, high = np.quantile(found, [0.05, 0.95])
    return summary(pooled[:, 0]) - summary(pooled[:, 1]), float(low), float(high)


def compare_real() -> None:
    """Print the hold-out tables."""
    series = published_series()
    print(f"\n(b) REAL RECORD: {len(series)} series of {STUDY.name} with four lineages in three years")
    used = [one for one in series if one.scale != "identity"]
    for one in series:
        if one.scale == "identity":
            print(f"    {one.name}: identity scale, no logarithmic error, left out")
    for by, what in (("lineage", "each lineage"), ("year", "each whole year")):
        frames = [predict(one, by) for one in used]
        predicted = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
        _print_table(what, predicted)


def _print_table(what: str, predicted: pd.DataFrame) -> None:
    fitted = predicted[predicted["status"] == "series"].reset_index(drop=True)
    left = len(predicted) - len(fitted)
    print(f"\n  Held out: {what}. {len(fitted)} interior exact or about facts of {fitted['series'].nunique()} series")
    print(f"  ({left} more had too little left for a series: not compared)")
    table = errors(fitted)
    print(
        f"  {'absolute logarithmic error':26s} {'median':>8s} {'capped mean':>12s}   model − rival [90 % over series]"
    )
    lost = []
    for name in METHODS:
        error = table[name].to_numpy()
        median, capped = float(np.median(error)), _capped(error)
        text = f"  {name:26s} {median:8.3f} {capped:12.3f}"
        if name != "model":
            for label, summary in (("median", lambda v: float(np.median(v))), ("capped", _capped)):
                difference, low, high = bootstrap(table, name, summary)
                text += f"   {label} {difference:+.3f} [{low:+.3f}, {high:+.3f}]"
                if difference >= 0:
                    lost.append(f"{label} error against {name}")
        print(text)
    print("  Lost comparisons: " + ("; ".join(lost) if lost else "none"))
    inside = (fitted["low"] <= fitted["truth"]) & (fitted["truth"] <= fitted["high"])
    share = float(inside.mean())
    met = "met" if 0.84 <= share <= 0.97 else "NOT MET"
    print(f"  Predictive 90 % intervals contain {share:.3f} of them ({int(inside.sum())})  0.84-0.97  {met}")
    by_series = fitted.assign(inside=inside, error=table["model"]).groupby("series")
    for name, rows in by_series:
        rivals = ", ".join(f"{table.loc[rows.index, rival].median():.3f}" for rival in NAIVE)
        print(
            f"    {name:38s} {len(rows):3d} facts  inside {rows['inside'].mean():.2f}"
            f"  median error {rows['error'].median():.3f}  (rivals {rivals})"
        )
