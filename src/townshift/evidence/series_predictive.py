"""What a further published figure would say, on the joint draws of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from townshift.evidence.series_inputs import Array, Fact, significant_digits
from townshift.evidence.series_likelihood import OUTLIER_SD, noise_sd

if TYPE_CHECKING:
    from townshift.evidence.series_result import SeriesResult


def predictive_draws(
    result: SeriesResult, year: int, tier: str, qualifier: str, seed_entropy: tuple[int, ...] = (0,)
) -> Array:
    """Draws of one further figure that a new lineage would publish for `year`, in natural units, shape (m,).

    The further figure shares the common bias of the others, so the trend is taken without it; the lineage's offset,
    the noise of its qualifier and tier, outliers and lost zeros are added.

    Raises:
        ValueError: the year lies outside the series.
    """
    if year not in result.years:
        raise ValueError(f"year {year} lies outside the series")
    rng = np.random.default_rng([*seed_entropy, 3])
    m = result.draws.shape[1]
    row = int(np.searchsorted(result.years, year))
    parameters = result.parameters
    path = result.transform.forward(result.draws[row]) - result.bias
    typical = float(f"{float(np.median(result.draws[row])):.2g}")
    fact = Fact("", year, typical, qualifier, tier, "", "", "", "")
    fact.digits, fact.grain = significant_digits(typical)
    sd = float(noise_sd([fact], result.transform, parameters)[0])
    pick = rng.random(m)
    wide = pick < parameters.outlier_weight
    middling = (pick >= 0.5) & (pick < 0.65)
    noise = np.where(wide, OUTLIER_SD, np.where(middling, np.hypot(sd, 0.25), sd)) * rng.standard_normal(m)
    noise += result.lineage_sd * rng.standard_normal(m)
    if qualifier in ("over", "under"):
        excess = np.abs(rng.standard_normal(m)) * np.where(rng.random(m) < 0.3, parameters.excess_wide, 0.07)
        noise += -excess if qualifier == "over" else excess
    out = result.transform.backward(path + noise)
    zero = rng.random(m)
    if result.transform.scale == "log":
        out = np.where(zero < parameters.lost_zero_weight, out / 10, out)
        out = np.where(zero > 1 - parameters.extra_zero_weight, out * 10, out)
    return out
