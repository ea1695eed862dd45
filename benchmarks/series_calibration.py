"""Calibration of the reconciled series on simulated records: part (a) of `benchmarks/series.py`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from heuristics import LEVEL, NAIVE, Banded, Heuristic, counted, fit_heuristic, spread, ten_times_off, to_link

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from evidence.simulated_records import simulate_record

SPARSE = 8  # facts in a record, at most
MANY_STALE = 0.35
RESAMPLES = 2000
LIKELY = 0.5  # probability from which a lost zero named by the model is printed apart, without a target


@dataclass(frozen=True)
class Seeds:
    """First seeds of the records that are judged, of those with many stale figures, and of those that fit the rival."""

    judged: int
    stale: int
    fitted: int


# Seeds that have served development and judge no more: 10_000 to 59_999, 60_000 to 60_499 and 100_000 to 119_999 (the
# first version's; whether its author looked at them is not recorded). The final ones were chosen on 25 November 2026
# when the model was finished, and run once. Whoever changes the model afterwards moves them on.
FINAL = Seeds(judged=700_000, stale=710_000, fitted=720_000)
DEVELOPMENT = Seeds(judged=10_000, stale=20_000, fitted=30_000)


def line(name: str, value: float, target: str = "", met: bool | None = None, note: str = "") -> None:
    """One figure beside its target."""
    verdict = "" if met is None else ("met" if met else "NOT MET")
    print(f"  {name:46s} {value:9.3f}  {target:14s} {verdict:8s} {note}")


def within(value: float, low: float, high: float = np.inf) -> bool:
    return bool(low <= value <= high)


def judge_record(seed: int, options: dict[str, object], heuristic: Heuristic) -> dict[str, object]:
    """Reconcile one record, and set model, heuristic and naive methods beside its truth."""
    from townshift.evidence.series import SeriesParameters, reconcile

    record = simulate_record(seed, **options)
    judged: dict[str, object] = {"seed": seed, "converged": True, "fallback": False}
    try:
        result = reconcile(
            record.facts, record.scale, SeriesParameters(), seed_entropy=[seed], breaks=record.declared_breaks
        )
    except (ArithmeticError, ValueError) as error:  # numpy's LinAlgError is a ValueError
        return judged | {"status": f"FAILED seed {seed}: {type(error).__name__}"}
    judged |= {"status": result.status, "converged": bool(result.diagnostics.converged)}
    judged["fallback"] = bool(result.diagnostics.fallback)
    if result.status != "series":
        return judged
    if not np.isin(record.truth.index, np.asarray(result.years)).all():
        judged["status"] = "series without some years"  # a first or last fact was set aside; the rest is judged
    judged["years"] = _year_rows(record, result, heuristic).assign(seed=seed, n_facts=len(record.facts))
    judged["slips"] = _slip_rows(record, result).assign(seed=seed, n_facts=len(record.facts))
    return judged


def _year_rows(record: object, result: object, heuristic: Heuristic) -> pd.DataFrame:
    """One row a year: errors and scores in units of the scale on which the record moves."""
    years, place, _ = np.intersect1d(result.years, record.truth.index, return_indices=True)
    scale, unit = record.scale, spread(record.truth.to_numpy(), record.scale)
    truth = to_link(record.truth.loc[years].to_numpy(), scale) / unit

    def link(values: np.ndarray) -> np.ndarray:
        return to_link(np.asarray(values, float), scale) / unit

    band = heuristic.band(record.facts, years, scale)
    rows = pd.DataFrame({"year": years, "scale": scale, "kind": _kinds(record.facts, years)})
    model = Banded(result.value[place], result.low[place], result.high[place])
    for name, one in (("model", model), ("heuristic", band)):
        low, high = link(one.low), link(one.high)
        rows[f"{name}_covers"] = (low <= truth) & (truth <= high)
        rows[f"{name}_width"] = high - low
        missed = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
        rows[f"{name}_score"] = (high - low) + 2 / (1 - LEVEL) * missed
        rows[f"{name}_error"] = np.abs(link(one.value) - truth)
    kept = counted(record.facts)
    for name, method in NAIVE.items():
        rows[f"{name}_error"] = np.abs(link(method(kept, years, scale)) - truth)
    rows["undeclared_break"] = bool(record.breaks) and not record.declared_breaks
    rows["declared_break"] = bool(record.declared_breaks)
    rows["bias_misses"] = np.abs(record.shared_bias)
    return rows


def _kinds(facts: pd.DataFrame, years: np.ndarray) -> np.ndarray:
    """fact: a year with a figure; gap: in a run of two or more years without; single: one year without."""
    has = np.isin(years, facts["year"].to_numpy())
    kinds = np.where(has, "fact", "single").astype(object)
    for k in range(1, years.size - 1):
        if not has[k] and not (has[k - 1] and has[k + 1]):
            kinds[k] = "gap"
    return kinds


def _slip_rows(record: object, result: object) -> pd.DataFrame:
    """One row a print (one lineage, year and number): was a zero lost, and who says so of any of its entries."""
    kept = counted(record.facts)
    flags = result.fact_flags
    lost = flags[flags["flag"].eq("lost_zero")]
    named, likely = lost["fact_id"], lost[lost["probability"] >= LIKELY]["fact_id"]
    rows = kept[["lineage", "year", "value"]].assign(
        true=kept["fact_id"].isin(record.lost_zero_ids),
        model=kept["fact_id"].isin(set(named)),
        likely=kept["fact_id"].isin(set(likely)),
        heuristic=ten_times_off(kept, record.scale) < 0,
    )
    return rows.groupby(["lineage", "year", "value"], as_index=False).any()


def judge(seeds: Sequence[int], options: dict[str, object], heuristic: Heuristic, workers: int) -> list[dict]:
    """All records, in the order of their seeds, on `workers` processes."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(partial(judge_record, options=options, heuristic=heuristic), seeds, chunksize=10))


def calibrate(records: int, seeds: Seeds, workers: int) -> None:
    """Print every table of the calibration."""
    with ProcessPoolExecutor(workers) as pool:
        fitted = list(pool.map(simulate_record, range(seeds.fitted, seeds.fitted + max(records, 500)), chunksize=25))
    heuristic = fit_heuristic(fitted)
    plain = judge(range(seeds.judged, seeds.judged + records), {}, heuristic, workers)
    stale = judge(range(seeds.stale, seeds.stale + records), {"stale_share": MANY_STALE}, heuristic, workers)
    years, slips = _joined(plain, "years"), _joined(plain, "slips")
    print(f"\n(a) CALIBRATION on {records} simulated records, seeds {seeds.judged}.. and {seeds.stale}..;")
    print(f"    rival fitted on seeds {seeds.fitted}.. ; error of the units: logarithm, logit, size of the balance")
    _print_runs("plain records", plain)
    _print_runs("records with 35 % stale figures", stale)
    _print_coverage(years, _joined(stale, "years"))
    _print_scores(years)
    _print_errors(years)
    _print_slips(slips)


def _joined(outcomes: Iterable[dict], table: str) -> pd.DataFrame:
    return pd.concat([one[table] for one in outcomes if table in one], ignore_index=True)


def _print_runs(name: str, outcomes: list[dict]) -> None:
    frame = pd.DataFrame([{k: v for k, v in one.items() if k not in ("years", "slips")} for one in outcomes])
    statuses = ", ".join(f"{status} {count}" for status, count in frame["status"].value_counts().items())
    unsettled = int((~frame["converged"]).sum())
    print(
        f"  {name}: {statuses}; not converged {unsettled}; fell back to the slow method {int(frame['fallback'].sum())}"
    )


def _share_with_error(rows: pd.DataFrame, column: str) -> tuple[float, float]:
    """Mean over record-years and its standard error over records (ratio estimator)."""
    by = rows.groupby("seed")[column].agg(["sum", "size"])
    mean = by["sum"].sum() / by["size"].sum()
    residual = by["sum"] - mean * by["size"]
    return float(mean), float(np.sqrt((residual**2).sum()) / by["size"].sum())


def _print_coverage(years: pd.DataFrame, stale: pd.DataFrame) -> None:
    print("\n  Coverage of 90 % intervals, first to last fact     share  target         met      over records; rival")
    sparse = years["n_facts"] <= SPARSE
    strata: list[tuple[str, pd.DataFrame, tuple[float, float] | None]] = [
        ("overall", years, (0.86, 0.94)),
        ("years with a fact", years[years["kind"] == "fact"], (0.84, 0.96)),
        ("gaps of two or more years", years[years["kind"] == "gap"], (0.84, 0.96)),
        (f"records of at most {SPARSE} facts", years[sparse], (0.84, 0.96)),
        ("35 % stale figures", stale, (0.82, 1.0)),
        ("gaps of one year", years[years["kind"] == "single"], None),
        (f"records of more than {SPARSE} facts", years[~sparse], None),
        *((f"scale {scale}", years[years["scale"] == scale], None) for scale in ("log", "logit", "identity")),
        ("records with a declared break", years[years["declared_break"]], None),
        ("records with an undeclared break", years[years["undeclared_break"]], None),
        ("shared bias below 0.10", years[years["bias_misses"] < 0.10], None),
        ("shared bias of 0.10 and more", years[years["bias_misses"] >= 0.10], None),
    ]
    for name, rows, target in strata:
        if rows.empty:
            print(f"  {name:46s} no such record")
            continue
        share, error = _share_with_error(rows, "model_covers")
        note = f"± {error:.3f} ; {rows['heuristic_covers'].mean():.3f}"
        note += f"   ({rows['seed'].nunique()} records, {len(rows)} years)"
        wanted = "" if target is None else f"{target[0]:.2f}-{target[1]:.2f}"
        line(name, share, wanted, None if target is None else within(share, *target), note)


def _print_scores(years: pd.DataFrame) -> None:
    print("\n  Mean interval score (lower is better): model, heuristic, ratio")
    groups = [
        ("overall", years),
        *((kind, years[years["kind"] == kind]) for kind in ("fact", "single", "gap")),
        (f"at most {SPARSE} facts", years[years["n_facts"] <= SPARSE]),
        *((f"scale {scale}", years[years["scale"] == scale]) for scale in ("log", "logit", "identity")),
    ]
    for name, rows in groups:
        if rows.empty:
            continue
        model, rival = rows["model_score"].mean(), rows["heuristic_score"].mean()
        note = f"model {model:.3f}, heuristic {rival:.3f}; widths {rows['model_width'].mean():.3f}, "
        note += f"{rows['heuristic_width'].mean():.3f}; over records [{_ratio_interval(rows)}]"
        target = ("<= 0.50", model / rival <= 0.5) if name == "overall" else ("", None)
        line(f"ratio of scores, {name}", model / rival, *target, note)


def _ratio_interval(rows: pd.DataFrame) -> str:
    """90 % interval of the ratio of mean scores over resampled records."""
    rng = np.random.default_rng(20_261_125)
    sums = rows.groupby("seed")[["model_score", "heuristic_score"]].sum().to_numpy()
    picked = rng.integers(len(sums), size=(RESAMPLES, len(sums)))
    drawn = sums[picked].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.05, 0.95])
    return f"{low:.3f}, {high:.3f}"


def _print_errors(years: pd.DataFrame) -> None:
    print("\n  Error to truth (absolute, on the scale): mean; median and 95 % point behind")
    model = years["model_error"]
    line("model", model.mean(), "", None, f"{model.median():.3f}  {model.quantile(0.95):.3f}")
    for name in [*NAIVE, "heuristic"]:
        error = years[f"{name}_error"]
        note = f"{error.median():.3f}  {error.quantile(0.95):.3f}"
        note += "" if model.median() < error.median() else "   (the rival's median is lower)"
        target = ("model below", bool(model.mean() < error.mean())) if name in NAIVE else ("", None)
        line(name, error.mean(), *target, note)


def _print_slips(slips: pd.DataFrame) -> None:
    print(f"\n  Lost zeros: figures that the model names; `likely`: of these with a probability of {LIKELY} or more")
    for name, rows, precise in (
        ("all records", slips, 0.9),
        (f"at most {SPARSE} facts", slips[slips["n_facts"] <= SPARSE], 0.75),
    ):
        for who in ("model", "likely", "heuristic"):
            hits, named, true = int((rows[who] & rows["true"]).sum()), int(rows[who].sum()), int(rows["true"].sum())
            recall, precision = hits / max(true, 1), hits / max(named, 1)
            judged = who == "model"
            # The issue asks 0.9 of recall without a word on sparse records; the stricter reading is taken.
            line(
                f"recall, {name}, {who}",
                recall,
                ">= 0.90" if judged else "",
                recall >= 0.9 if judged else None,
                f"{hits} of {true}",
            )
            line(
                f"precision, {name}, {who}",
                precision,
                f">= {precise:.2f}" if judged else "",
                precision >= precise if judged else None,
                f"{hits} of {named}",
            )
