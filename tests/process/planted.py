"""Series whose truth is known, in the form in which the pipeline hands them to the measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.types import ESTIMATE_COLUMNS, LEVEL, N_DRAWS, Estimates, estimate_id


@dataclass(frozen=True)
class Planted:
    """One series: `draws` shape (years, draws); `facts` are the published rows behind each year."""

    definition: str
    years: Sequence[int]
    draws: npt.NDArray[np.float64]
    place: str = "town"
    setting: str = "base"
    unit: str = "count"
    bridged: Sequence[int] = ()
    indicator: str = ""
    flags: str = ""
    lineage: bool = True


def constant(values: Sequence[float], n_draws: int = N_DRAWS) -> npt.NDArray[np.float64]:
    """Draws without any uncertainty."""
    return np.repeat(np.asarray(values, dtype=float)[:, None], n_draws, axis=1)


def noisy(values: Sequence[float], sd: float, seed: int, n_draws: int = N_DRAWS) -> npt.NDArray[np.float64]:
    """Draws around published values that are themselves `sd` (log) off the truth."""
    rng = np.random.default_rng(seed)
    centre = np.log(np.asarray(values, dtype=float)) + sd * rng.standard_normal(len(values))
    return np.exp(centre[:, None] + sd * rng.standard_normal((len(values), n_draws)))


def together(*planted: Planted) -> Estimates:
    """The result `series` that holds the given series; year y of definition d rests on the row `d-y`."""
    rows, draws, lineage = [], [], []
    for one in planted:
        for year, drawn in zip(one.years, one.draws, strict=True):
            key = estimate_id(one.definition, one.place, year, year, "", one.setting)
            values = np.quantile(drawn, [0.5, 0.05, 0.95])
            known = (key, one.definition, one.place, year, year, "", one.setting, one.unit, *values, LEVEL, 1, 1)
            kind = "bridged" if year in one.bridged else "estimated"
            rows.append({**dict(zip(ESTIMATE_COLUMNS, (*known, kind, one.flags), strict=True))})
            rows[-1]["indicator"] = one.indicator or one.definition
            rows[-1]["definition_id"] = one.definition
            draws.append(drawn)
            if one.lineage:
                lineage.append((key, "facts", f"{one.definition}-{year}", 0.75))
                lineage.append((key, "facts", f"{one.definition}-all", 0.25))
    columns = [*ESTIMATE_COLUMNS, "indicator", "definition_id"]
    behind = pd.DataFrame(lineage, columns=["estimate_id", "table", "row_id", "share"])
    return Estimates(
        pd.DataFrame(rows, columns=columns),
        np.array(draws).reshape(len(rows), draws[0].size if draws else N_DRAWS),
        behind,
    )


def row(found: Estimates, estimate: str) -> pd.Series:
    """The one row of an estimate."""
    picked = found.table.loc[found.table["estimate_id"] == estimate]
    assert len(picked) == 1, (estimate, found.table["estimate_id"].tolist())
    return picked.iloc[0]


def drawn(found: Estimates, estimate: str) -> npt.NDArray[np.float64]:
    """The draws of one estimate."""
    at = found.table.index[found.table["estimate_id"] == estimate]
    return found.draws[at[0]]
