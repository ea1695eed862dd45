"""What an analyst does today with conflicting figures: the rivals of the reconciled series.

Three naive methods give a value a year and no interval: the latest value, the median of the nearest year, and
interpolation between yearly medians on the scale of the series (log-linear for a logarithmic one). The fourth is the
heuristic of a careful analyst: drop figures that are ten times off, nudge bounds by their median excess, interpolate,
and add a band. Its nudges and widths are fitted on records *with their truth* that serve nothing else: kinder to the
heuristic than life is.

All rivals drop rows that the coder marked as a second entry of the same figure (`same_as`); the three naive ones read
every other figure at face value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

LEVEL = 0.90
TEN_TIMES = (0.7, 1.3)  # decades off its neighbours within which a figure counts as a slip of one zero
NEIGHBOUR_YEARS = 4

Naive = Callable[[pd.DataFrame, np.ndarray, str], np.ndarray]


def to_link(values: np.ndarray, scale: str) -> np.ndarray:
    """Natural units to the scale on which errors are measured: logarithm, logit of percent, or the value itself."""
    values = np.asarray(values, float)
    if scale == "log":
        return np.log(np.maximum(values, 1e-9))
    if scale == "logit":
        share = np.clip(values, 0.05, 99.95) / 100
        return np.log(share / (1 - share))
    return values


def from_link(values: np.ndarray, scale: str) -> np.ndarray:
    """The inverse of `to_link`."""
    values = np.asarray(values, float)
    if scale == "log":
        return np.exp(values)
    if scale == "logit":
        return 100 / (1 + np.exp(-values))
    return values


def counted(facts: pd.DataFrame) -> pd.DataFrame:
    """The rows left when second entries are dropped, by year."""
    return facts[facts["same_as"].isna()].sort_values(["year", "fact_id"])


def yearly(facts: pd.DataFrame, links: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Years with a figure and their medians."""
    medians = pd.Series(links, index=facts["year"].to_numpy()).groupby(level=0).median()
    return medians.index.to_numpy(float), medians.to_numpy(float)


def latest_value(facts: pd.DataFrame, years: np.ndarray, scale: str) -> np.ndarray:
    """The last published level up to each year (the median where its year has several)."""
    known, medians = yearly(facts, to_link(facts["value"].to_numpy(), scale))
    return from_link(medians[np.maximum(np.searchsorted(known, years, side="right") - 1, 0)], scale)


def nearest_year(facts: pd.DataFrame, years: np.ndarray, scale: str) -> np.ndarray:
    """The median of the figures of the nearest year; of both years where two are as near."""
    links, when = to_link(facts["value"].to_numpy(), scale), facts["year"].to_numpy(float)
    out = []
    for year in years:
        away = np.abs(when - year)
        out.append(np.median(links[away == away.min()]))
    return from_link(np.array(out), scale)


def interpolated(facts: pd.DataFrame, years: np.ndarray, scale: str) -> np.ndarray:
    """Linear interpolation between yearly medians on the scale of the series."""
    known, medians = yearly(facts, to_link(facts["value"].to_numpy(), scale))
    return from_link(np.interp(years, known, medians), scale)


NAIVE: dict[str, Naive] = {
    "latest value": latest_value,
    "nearest-year median": nearest_year,
    "interpolation": interpolated,
}


def spread(values: np.ndarray, scale: str) -> float:
    """The size of one unit of error: 1 on logarithms and logits; for an identity series the mean size of its values."""
    return 1.0 if scale != "identity" else float(2.0 + np.abs(np.asarray(values, float)).mean())


def ten_times_off(facts: pd.DataFrame, scale: str) -> np.ndarray:
    """+1 where a figure is ten times too large for its neighbours, -1 where ten times too small, else 0."""
    off = np.zeros(len(facts), int)
    if scale == "identity":
        return off
    value, year = np.log10(np.maximum(facts["value"].to_numpy(float), 1e-9)), facts["year"].to_numpy(float)
    for k in range(len(facts)):
        others = np.arange(len(facts)) != k
        near = others & (np.abs(year - year[k]) <= NEIGHBOUR_YEARS)
        if near.sum() < 2:
            near = others & np.isin(np.abs(year - year[k]), np.sort(np.abs(year - year[k])[others])[:2])
        decades = value[k] - np.median(value[near])
        if TEN_TIMES[0] <= abs(decades) <= TEN_TIMES[1]:
            off[k] = int(np.sign(decades))
    return off


def without_tens(facts: pd.DataFrame, scale: str) -> pd.DataFrame:
    """The rows that an analyst keeps; all of them where each figure is ten times off its neighbours."""
    kept = counted(facts)
    plausible = ten_times_off(kept, scale) == 0
    return kept[plausible] if plausible.any() else kept


@dataclass(frozen=True)
class Banded:
    """A value a year with its band, in natural units."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Heuristic:
    """Nudges (median excess by scale and qualifier) and band widths (quantiles of error by scale and kind of year)."""

    nudges: dict[tuple[str, str], float]
    widths: dict[tuple[str, str], tuple[float, float]]

    def centre(self, facts: pd.DataFrame, years: np.ndarray, scale: str) -> np.ndarray:
        """The interpolated line on the link scale, tens dropped and bounds nudged."""
        kept = without_tens(facts, scale)
        unit = spread(kept["value"].to_numpy(), scale)
        nudge = np.array([self.nudges.get((scale, one), 0.0) for one in kept["qualifier"]])
        known, medians = yearly(kept, to_link(kept["value"].to_numpy(), scale) + unit * nudge)
        return np.interp(years, known, medians)

    def band(self, facts: pd.DataFrame, years: np.ndarray, scale: str) -> Banded:
        """Value and 90 % band a year."""
        centre = self.centre(facts, years, scale)
        unit = spread(counted(facts)["value"].to_numpy(), scale)
        edges = np.array([self.widths[scale, kind] for kind in year_kinds(facts, years)])
        return Banded(
            from_link(centre, scale),
            from_link(centre + unit * edges[:, 0], scale),
            from_link(centre + unit * edges[:, 1], scale),
        )


def year_kinds(facts: pd.DataFrame, years: np.ndarray) -> list[str]:
    """What the width of the band goes by: several figures, one figure, one year from a figure, farther."""
    counts = facts["year"].value_counts()
    away = np.abs(np.asarray(years)[:, None] - counts.index.to_numpy()[None, :]).min(axis=1)
    return [
        ("several" if counts[year] > 1 else "one") if gap == 0 else ("next" if gap == 1 else "far")
        for year, gap in zip(years, away, strict=True)
    ]


def fit_heuristic(records: Sequence[object]) -> Heuristic:
    """Fit nudges and widths on simulated records set apart, by their truth.

    Every quantile is that of the pooled errors: the width that would have covered 90 % of those records' years.
    """
    excess: dict[tuple[str, str], list[float]] = {}
    for record in records:
        facts = without_tens(record.facts, record.scale)
        truth = facts["year"].map(record.truth).to_numpy(float)
        unit = spread(facts["value"].to_numpy(), record.scale)
        errors = (to_link(truth, record.scale) - to_link(facts["value"].to_numpy(), record.scale)) / unit
        for qualifier, error in zip(facts["qualifier"], errors, strict=True):
            if qualifier in ("over", "under"):
                excess.setdefault((record.scale, qualifier), []).append(float(error))
    nudged = Heuristic({key: float(np.median(found)) for key, found in excess.items()}, {})
    missed: dict[tuple[str, str], list[float]] = {}
    for record in records:
        years = record.truth.index.to_numpy()
        unit = spread(counted(record.facts)["value"].to_numpy(), record.scale)
        centre = nudged.centre(record.facts, years, record.scale)
        errors = (to_link(record.truth.to_numpy(), record.scale) - centre) / unit
        for kind, error in zip(year_kinds(record.facts, years), errors, strict=True):
            missed.setdefault((record.scale, kind), []).append(float(error))
    tail = (1 - LEVEL) / 2
    widths = {
        key: (float(np.quantile(found, tail)), float(np.quantile(found, 1 - tail))) for key, found in missed.items()
    }
    return Heuristic(nudged.nudges, widths)
