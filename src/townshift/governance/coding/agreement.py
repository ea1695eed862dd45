"""Agreement of coders on units: Krippendorff's alpha, Cohen's and Fleiss' kappa, Gwet's AC1, with bootstrap intervals.

Every coefficient is a function of sums over units, so a bootstrap of units draws how often each *pattern* of values
comes up, and never touches the units again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from townshift.errors import MeasureError, Problem
from townshift.governance.coding.resampling import Coefficient, Value, with_interval
from townshift.types import Parameters, keyed_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

Real = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Level = Literal["nominal", "ordinal", "interval"]

_MAX_ORDINAL = 60
"""Categories of an ordinal scale at most: the metric of ranks needs all pairs of them."""


class AgreementParameters(Parameters):
    """How agreement is measured.

    Attributes:
        level: what the values are: names (`nominal`), ranks (`ordinal`) or quantities (`interval`).
        replicates: resamples of the units (or of the documents that hold them) behind every interval.
    """

    level: Level = "nominal"
    replicates: int = Field(default=1000, ge=0)


@dataclass(frozen=True, slots=True)
class Agreement:
    """All coefficients that a set of ratings allows.

    Attributes:
        coefficients: by name, in the order of `Coefficient.name`; Cohen's kappa only for two coders.
        n_units: units with at least two values; only they say anything of agreement.
        n_coders: coders.
        n_values: values of those units.
    """

    coefficients: dict[str, Coefficient]
    n_units: int
    n_coders: int
    n_values: int


def agreement(
    ratings: npt.ArrayLike,
    parameters: AgreementParameters | None = None,
    *,
    clusters: Sequence[str] | None = None,
    seed: int = 0,
) -> Agreement:
    """How far coders agree beyond chance, with intervals.

    With `n_uk` coders giving unit u the value k, `m_u = Σ_k n_uk ≥ 2`, `n_k = Σ_u n_uk`, `n = Σ n_k`:
    Krippendorff (2011) α = 1 − (n − 1) Σ o_ck δ²_ck / Σ n_c n_k δ²_ck with o_ck = Σ_u n_uc (n_uk − [c=k]) / (m_u − 1)
    and δ² of names, ranks or quantities; Fleiss (1971) κ and Gwet (2008) AC1 = (p_a − p_e) / (1 − p_e) with
    p_e = Σ π_k², or Σ π_k (1 − π_k) / (q − 1), in Gwet's (2014) form for missing values; Cohen (1960) κ for two coders.

    Intervals: bootstrap of units, or of the `clusters` that hold them (units of one document are not independent),
    bias-corrected and accelerated (Efron 1987).

    Args:
        ratings: shape (units, coders); numbers that stand for values; NaN where a coder did not rate a unit.
        parameters: scale of the values and number of replicates.
        clusters: shape (units,), name of the document of each unit.
        seed: of the study.

    Returns:
        The coefficients and what they rest on.

    Raises:
        MeasureError: fewer than two coders, no unit rated twice, values that are not finite, too many ranks.

    Example:
        >>> found = agreement([[1, 1], [2, 2], [1, 2], [2, 2]], AgreementParameters(replicates=0))
        >>> round(found.coefficients["krippendorff_alpha"].value, 4)
        0.5333
        >>> round(found.coefficients["cohen_kappa"].value, 4)
        0.5
    """
    parameters = parameters or AgreementParameters()
    coded, values = _coded(np.asarray(ratings))
    _refuse(coded, values, parameters.level, clusters)
    keys = None if clusters is None else np.unique(np.asarray(clusters, dtype=str), return_inverse=True)[1]
    made: dict[str, tuple[Real, Value]] = {}
    made["krippendorff_alpha"] = _alpha(coded, values, parameters.level)
    if parameters.level == "nominal":
        counts = _counts(coded, len(values))
        made["fleiss_kappa"] = _chance_corrected(counts, _fleiss_chance)
        made["gwet_ac1"] = _chance_corrected(counts, _gwet_chance)
        if coded.shape[1] == 2:
            made["cohen_kappa"] = _cohen(coded, len(values))
        made["percent_agreement"] = _chance_corrected(counts, _no_chance)
    found = {}
    for name, (sums, value) in made.items():
        rng = np.random.default_rng(keyed_seed(seed, "agreement", name))
        found[name] = with_interval(name, sums, value, keys, parameters.replicates, rng)
    by_unit = (coded >= 0).sum(axis=1)
    twice = by_unit >= 2
    return Agreement(found, int(twice.sum()), int(coded.shape[1]), int(by_unit[twice].sum()))


def krippendorff_alpha(ratings: npt.ArrayLike, level: Level = "nominal") -> float | None:
    """Krippendorff's alpha alone, without an interval; the formula stands at `agreement`.

    Args:
        ratings: shape (units, coders); NaN where a coder did not rate a unit.
        level: `nominal`, `ordinal` or `interval`.

    Returns:
        Alpha, 1 for full agreement, 0 for chance; `None` where the values do not vary.

    Raises:
        MeasureError: as `agreement`.

    Example:
        >>> round(krippendorff_alpha([[1, 1], [2, 2], [3, 4]], "interval"), 3)
        0.878
    """
    coded, values = _coded(np.asarray(ratings))
    _refuse(coded, values, level, None)
    sums, value = _alpha(coded, values, level)
    point = float(value(sums.sum(axis=0)[None, :])[0])
    return None if np.isnan(point) else point


def _coded(ratings: npt.NDArray[Any]) -> tuple[Whole, Real]:
    """Values as codes 0…q−1 (−1 = missing) and the values that the codes stand for, ascending."""
    if ratings.ndim != 2:
        return np.empty((0, 0), np.int64), np.empty(0)
    numbers = ratings.astype(np.float64)
    missing = np.isnan(numbers)
    finite = np.isfinite(numbers) & (np.abs(numbers) < 1 << 40)
    whole = np.where(finite, numbers, 0).astype(np.int64)
    if (finite | missing).all() and np.array_equal(whole, np.where(missing, 0, numbers)):
        low = int(whole.min(initial=0))
        width = int(whole.max(initial=0)) - low + 1
        if width <= 4096:
            seen = np.zeros(width, bool)
            seen[(whole - low)[~missing]] = True
            place = np.cumsum(seen) - 1
            return np.where(missing, -1, place[whole - low]), (np.flatnonzero(seen) + low).astype(np.float64)
    values, codes = np.unique(numbers[~missing], return_inverse=True)
    coded = np.full(numbers.shape, -1, np.int64)
    coded[~missing] = codes
    return coded, values


def _refuse(coded: Whole, values: Real, level: Level, clusters: Sequence[str] | None) -> None:
    problems = []
    units, coders = coded.shape
    if coders < 2:
        problems.append(Problem("TS-CODING-001", values={"coders": coders}))
    elif not ((coded >= 0).sum(axis=1) >= 2).any():
        problems.append(Problem("TS-CODING-002", values={"units": units}))
    if not np.isfinite(values).all():
        problems.append(Problem("TS-CODING-003"))
    if level == "ordinal" and len(values) > _MAX_ORDINAL:
        problems.append(Problem("TS-CODING-004", values={"values": len(values), "most": _MAX_ORDINAL}))
    if clusters is not None and len(clusters) != units:
        problems.append(Problem("TS-CODING-005", values={"units": units, "clusters": len(clusters)}))
    if problems:
        raise MeasureError(*problems)


def _counts(coded: Whole, n_values: int) -> Real:
    """How many coders gave each unit each value: shape (units, values)."""
    cells = coded + (np.arange(len(coded)) * n_values)[:, None]
    flat = np.bincount(cells[coded >= 0], minlength=len(coded) * n_values)
    return flat.reshape(len(coded), n_values).astype(np.float64)


def _alpha(coded: Whole, values: Real, level: Level) -> tuple[Real, Value]:
    if level == "interval":
        return _interval_sums(coded, values), _interval_alpha
    counts = _counts(coded, len(values))
    m = counts.sum(axis=1)
    twice = m >= 2
    paired = np.where(twice[:, None], counts, 0.0)
    spread = np.where(twice, m - 1, 1.0)
    if level == "nominal":
        off = (np.where(twice, m, 0.0) ** 2 - (paired**2).sum(axis=1)) / spread
        return np.column_stack([off, paired]), _nominal_alpha
    cells = paired[:, :, None] * paired[:, None, :]
    width = len(values)
    cells[:, np.arange(width), np.arange(width)] -= paired
    return (cells / spread[:, None, None]).reshape(len(counts), width * width), _ordinal_alpha


def _interval_sums(coded: Whole, values: Real) -> Real:
    """Values, their sum, the sum of their squares and their disagreement, by unit.

    Σ_{i≠j} (v_i − v_j)² = 2 (m Σ v² − (Σ v)²): no matrix of values is needed.
    """
    present = coded >= 0
    m = present.sum(axis=1).astype(np.float64)
    twice = m >= 2
    kept = np.where(present & twice[:, None], (values - values.mean())[coded], 0.0)
    first, second = kept.sum(axis=1), (kept**2).sum(axis=1)
    m = np.where(twice, m, 0.0)
    return np.column_stack([m, first, second, 2 * (m * second - first**2) / np.where(twice, m - 1, 1.0)])


def _nominal_alpha(sums: Real) -> Real:
    off, by_value = sums[:, 0], sums[:, 1:]
    n = by_value.sum(axis=1)
    return _one_minus((n - 1) * off, n**2 - (by_value**2).sum(axis=1))


def _interval_alpha(sums: Real) -> Real:
    n, first, second, observed = (sums[:, at] for at in range(4))
    return _one_minus((n - 1) * observed, 2 * (n * second - first**2))


def _ordinal_alpha(sums: Real) -> Real:
    width = round(sums.shape[1] ** 0.5)
    cells = sums.reshape(-1, width, width)
    by_value = cells.sum(axis=2)
    n = by_value.sum(axis=1)
    # Ranks between c and k: everything up to k less everything up to c, with half of each end.
    middle = np.cumsum(by_value, axis=1) - by_value / 2
    metric = (middle[:, :, None] - middle[:, None, :]) ** 2
    expected = np.einsum("ra,rb,rab->r", by_value, by_value, metric, optimize=True)
    return _one_minus((n - 1) * np.einsum("rab,rab->r", cells, metric, optimize=True), expected)


def _one_minus(observed: Real, expected: Real) -> Real:
    """1 − observed / expected; NaN where chance expects no disagreement at all."""
    some = expected > 1e-12 * np.maximum(1.0, np.abs(observed))
    return np.asarray(np.where(some, 1 - observed / np.where(some, expected, 1.0), np.nan))


def _chance_corrected(counts: Real, chance: Callable[[Real], Real]) -> tuple[Real, Value]:
    m = counts.sum(axis=1)
    twice, once = m >= 2, m >= 1
    agreed = np.where(twice, (counts * (counts - 1)).sum(axis=1) / np.where(twice, m * (m - 1), 1.0), 0.0)
    shares = counts / np.where(once, m, 1.0)[:, None]

    def value(sums: Real) -> Real:
        rated = np.where(sums[:, 1] > 0, sums[:, 1], np.nan)
        observed = sums[:, 2] / np.where(sums[:, 0] > 0, sums[:, 0], np.nan)
        expected = chance(sums[:, 3:] / rated[:, None])
        some = expected < 1 - 1e-12
        return np.asarray(np.where(some, (observed - expected) / np.where(some, 1 - expected, 1.0), np.nan))

    return np.column_stack([twice, once, agreed, shares]).astype(np.float64), value


def _fleiss_chance(shares: Real) -> Real:
    return np.asarray((shares**2).sum(axis=1))


def _gwet_chance(shares: Real) -> Real:
    values = shares.shape[1]
    # One value only: nothing to agree on; chance counts as certain so that the coefficient is undefined.
    return np.ones(len(shares)) if values < 2 else (shares * (1 - shares)).sum(axis=1) / (values - 1)


def _no_chance(shares: Real) -> Real:
    return np.zeros(len(shares))


def _cohen(coded: Whole, n_values: int) -> tuple[Real, Value]:
    both = (coded >= 0).all(axis=1)
    cells = np.zeros((len(coded), n_values * n_values))
    cells[np.flatnonzero(both), coded[both, 0] * n_values + coded[both, 1]] = 1.0

    def value(sums: Real) -> Real:
        table = sums.reshape(-1, n_values, n_values)
        n = table.sum(axis=(1, 2))
        n = np.where(n > 0, n, np.nan)
        observed = np.einsum("rkk->r", table) / n
        expected = (table.sum(axis=2) * table.sum(axis=1)).sum(axis=1) / n**2
        some = expected < 1 - 1e-12
        return np.asarray(np.where(some, (observed - expected) / np.where(some, 1 - expected, 1.0), np.nan))

    return cells, value
