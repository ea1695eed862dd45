"""Drivers of moves at registry scale, beside the plain calls of the libraries that people use for the same questions.

    python benchmarks/drivers.py [--places 300] [--years 30] [--spells 1000000]

Each line is a process of its own; CPU-seconds and peak memory are of that process, data included (first line of each
part: the data alone). Ours carry the uncertainty of the moves (20 completed data sets); the peers fit one data set.
- gravity: places × places × years, origin-year and destination-year effects. Peer: pyfixest.fepois on the whole grid.
- hazards of leaving and exit, competing, left-truncated. Peer: lifelines' CoxPHFitter with entry, in months, both
  causes; and statsmodels' GLM (binomial, cloglog) on our grouped cells, if statsmodels is installed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
import warnings

import numpy as np
import pandas as pd

PARTS = (
    "gravity-data", "gravity-ours", "gravity-pyfixest", "leaving-data", "leaving-ours", "leaving-incidence",
    "leaving-lifelines", "leaving-statsmodels",
)  # fmt: skip
ELASTICITY, RATIO = -1.0, 2.0


def places_of(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"place_id": [f"c{i:03}" for i in range(n)], "kind": "county"})
    frame["parent_id"] = [f"p{i % 30}" for i in range(n)]
    provinces = pd.DataFrame({"place_id": [f"p{i}" for i in range(30)], "kind": "province", "parent_id": None})
    both = pd.concat([frame, provinces], ignore_index=True)
    return both.assign(lon=rng.uniform(100, 120, len(both)), lat=rng.uniform(25, 40, len(both)))


def moves_of(places: pd.DataFrame, n: int, years: int) -> pd.DataFrame:
    """About 120,000 pairs with probabilities, from flows with a planted elasticity."""
    from townshift.process.pathways.places import coordinates, great_circle_km

    rng = np.random.default_rng(2)
    names = [f"c{i:03}" for i in range(n)]
    points = coordinates(names, places)
    km = np.maximum(great_circle_km(points[:, None], points[None]), 1.0)
    parts = []
    for _ in range(years):
        mean = np.exp(ELASTICITY * np.log(km) + rng.normal(0, 1, n)[:, None] + rng.normal(0, 1, n)[None])
        np.fill_diagonal(mean, 0.0)
        counts = rng.poisson(mean * (120_000 / years) / mean.sum())
        o, d = np.nonzero(counts)
        parts.append(np.stack([np.repeat(o, counts[o, d]), np.repeat(d, counts[o, d])]))
    o, d = np.concatenate(parts, axis=1)
    year = np.repeat(np.arange(years) + 1990, [part.shape[1] for part in parts])
    p = rng.beta(8, 1, o.size)
    frame = pd.DataFrame({"move_id": [f"m{i:07}" for i in range(o.size)], "year": pd.array(year, dtype="Int64")})
    frame["origin_place_id"], frame["destination_place_id"] = np.array(names)[o], np.array(names)[d]
    for kind in ("branch", "return_entrepreneurship", "outsourcing"):
        frame[f"p_{kind}"] = 0.0
    return frame.assign(p_relocation=p, p_look_alike=1 - p, basis="model")


def spells_of(n: int, n_places: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Establishments and the pairs that end some of them; size `b` leaves twice as often."""
    rng = np.random.default_rng(3)
    big, born = rng.random(n) < 0.5, rng.uniform(1985, 2023, n)
    leaves, closes = rng.exponential(1 / (0.03 * np.where(big, RATIO, 1))), rng.exponential(1 / 0.06, n)
    end = born + np.minimum(leaves, closes)
    epoch = np.datetime64("1970-01-01")
    frame = pd.DataFrame({"record_id": [f"r{i:07}" for i in range(n)]})
    frame["place_id"] = np.array([f"c{i:03}" for i in range(n_places)], dtype=object)[rng.integers(0, n_places, n)]
    frame["entry_from"] = epoch + ((born - 1970) * 365.2425).astype("timedelta64[D]")
    frame["exit_from"] = epoch + ((end - 1970) * 365.2425).astype("timedelta64[D]")
    frame.loc[end > 2024, "exit_from"] = pd.NaT
    for side in ("entry", "exit"):
        frame[f"{side}_to"] = frame[f"{side}_from"] + pd.Timedelta(days=1)
    frame = frame.assign(member=True, kind="firm", date_flag="ok", size_band=np.where(big, "b", "a"))
    gone = np.flatnonzero((leaves < closes) & (end <= 2024))
    moves = pd.DataFrame(
        {"origin_record_id": frame["record_id"].to_numpy()[gone], "destination_record_id": "elsewhere"}
    )
    moves["year"] = pd.array(end[gone].astype(int), dtype="Int64")
    for kind in ("branch", "return_entrepreneurship", "outsourcing"):
        moves[f"p_{kind}"] = 0.0
    return frame, moves.assign(p_relocation=0.95, p_look_alike=0.05, basis="model")


def gravity_part(part: str, n: int, years: int) -> str:
    from townshift.process.drivers.gravity import gravity
    from townshift.process.drivers.gravity_cells import flow_cells

    places = places_of(n)
    moves = moves_of(places, n, years)
    if part == "gravity-data":
        return f"{len(moves)} pairs"
    cells = flow_cells(moves, places, "county")
    effects = ("origin_year", "destination_year")
    if part == "gravity-ours":
        found = gravity(cells, effects, moves, imputations=20)
        low, high = found.pooled.interval(0)
        return f"{found.cells.moves.size} cells, {found.pooled.coefficients[0]:.4f} ({low:.4f} to {high:.4f})"
    import pyfixest

    frame = pd.DataFrame({"y": cells.moves, **cells.terms, "pair": cells.origin * n + cells.destination})
    frame["a"], frame["b"] = cells.groups("origin_year"), cells.groups("destination_year")
    fit = pyfixest.fepois("y ~ ln_km + same_province | a + b", data=frame, vcov={"CRV1": "pair"})
    low, high = fit.confint(alpha=0.1).loc["ln_km"]
    return f"{len(frame)} cells, {fit.coef()['ln_km']:.4f} ({low:.4f} to {high:.4f})"


def leaving_part(part: str, n: int, n_places: int) -> str:
    from townshift.process.drivers.leaving import annual_hazards, incidences, months
    from townshift.process.drivers.leaving_spells import leaving_days, spells

    establishments, moves = spells_of(n, n_places)
    if part == "leaving-data":
        return f"{len(establishments)} establishments, {len(moves)} pairs"
    found = spells(establishments, moves, places_of(n_places), "county", 1995, 2024)
    del establishments
    region = np.arange(len(found.places)) % 30
    if part == "leaving-ours":
        answers = annual_hazards(found, moves, 1995, 2024, region, no_regressors, 20)
        return "; ".join(f"{a.cause} {_ratio(a.pooled)}" for a in answers)
    if part == "leaving-incidence":
        return "; ".join(f"{a.cause} by {a.years}: {a.value:.4f}" for a in incidences(found, moves))
    if part == "leaving-statsmodels":
        return _statsmodels(found, region)
    from lifelines import CoxPHFitter

    entry, last, cause = months(found, leaving_days(found, np.zeros(len(moves), dtype=np.int8)))
    frame = pd.DataFrame({"entry": entry, "last": last, "b": (found.size == 1).astype(float)})
    out = []
    for k, name in enumerate(("leaving", "exit")):
        fit = CoxPHFitter().fit(frame.assign(event=cause == k), "last", "event", entry_col="entry")
        low, high = fit.params_["b"] + np.array([-1.6449, 1.6449]) * fit.standard_errors_["b"]
        out.append(f"{name} {np.exp(fit.params_['b']):.3f} ({np.exp(low):.3f} to {np.exp(high):.3f})")
    return "; ".join(out)


def no_regressors(_cells) -> dict[str, np.ndarray]:
    return {}


def _ratio(pooled) -> str:
    at = next(i for i, name in enumerate(pooled.names) if name.startswith("size="))
    sign = 1.0 if pooled.names[at].startswith("size=b") else -1.0
    low, high = sorted(np.exp(sign * bound) for bound in pooled.interval(at))
    return f"{np.exp(sign * pooled.coefficients[at]):.3f} ({low:.3f} to {high:.3f})"


def _statsmodels(found, region) -> str:
    try:
        import statsmodels.api as sm
    except ImportError:
        return "statsmodels is not installed"
    from townshift.process.drivers.leaving_annual import design, risk_cells

    cells = risk_cells(found, 1995, 2024)
    formed = design(cells, found, region, {}, np.ones(cells.place.size, dtype=bool))
    y = np.stack([cells.events[1], cells.at_risk - cells.events[1]], axis=1)
    family = sm.families.Binomial(link=sm.families.links.CLogLog())
    fit = sm.GLM(y, formed.x.toarray(), family=family).fit()
    at = next(i for i, name in enumerate(formed.names) if name.startswith("size="))
    return f"{cells.place.size} cells, exit if nobody moved, {formed.names[at]} {np.exp(fit.params[at]):.3f}"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--places", type=int, default=300)
    asked.add_argument("--years", type=int, default=30)
    asked.add_argument("--spells", type=int, default=1_000_000)
    asked.add_argument("--part", choices=PARTS)
    given = asked.parse_args()
    if given.part is None:
        print(f"{'part':<22}{'CPU-s':>8}{'s':>8}{'peak MB':>9}  answer")
        for part in PARTS:
            options = [f"--{name}={getattr(given, name)}" for name in ("places", "years", "spells")]
            subprocess.run([sys.executable, __file__, f"--part={part}", *options], check=False)
        return
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    if given.part.startswith("gravity"):
        answer = gravity_part(given.part, given.places, given.years)
    else:
        answer = leaving_part(given.part, given.spells, given.places)
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"{given.part:<22}{cpu:>8.1f}{time.perf_counter() - start:>8.1f}{peak:>9.0f}  {answer}", flush=True)


if __name__ == "__main__":
    main()
