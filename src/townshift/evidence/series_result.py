"""A reconciled series as its readers see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from townshift.evidence.series_inputs import Array, Fact, Transform

if TYPE_CHECKING:
    import pandas as pd

    from townshift.evidence.series_parameters import SeriesParameters
    from townshift.evidence.series_prior import Problem

Status = Literal["series", "level", "listed"]


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How the numbers came about.

    Attributes:
        converged: whether expectation propagation settled on every grid row that matters.
        fallback: whether the slower exact sampler took over.
        log_evidence: ln of the marginal likelihood; NaN where nothing was modelled or the sampler took over.
        grid_weight: posterior weights of the hyperparameter grid, shape (g,).
    """

    converged: bool = True
    fallback: bool = False
    log_evidence: float = float("nan")
    grid_weight: Array = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class SeriesResult:
    """One yearly series with joint draws, or the reason why there is none.

    Attributes:
        status: `series`; `level` (one year has enough lineages: its level, no trend); `listed` (too few lineages).
        reason: empty for a series, else `few_lineages`, `few_years` or `no_usable_fact`.
        years: every year from the first to the last used fact, shape (T,); empty when listed.
        draws: joint draws in natural units with the common bias, shape (T, m).
        value: medians of the draws, shape (T,).
        low: lower ends of the 90 % intervals, shape (T,).
        high: upper ends, shape (T,).
        kind: `estimated` in years with a fact, `bridged` in years without, shape (T,).
        flags: per year: `two_peaked`, `definition_break` (growth across it is not identified), `over_only`,
            `under_only` (the year's facts bound it from one side).
        breaks: declared breaks inside the span.
        bias: the common bias in each draw on the model scale, shape (m,).
        diagnostics: how the numbers came about.
        parameters: the assumptions used.
    """

    status: Status
    reason: str
    years: npt.NDArray[np.int64]
    draws: Array
    value: Array
    low: Array
    high: Array
    kind: npt.NDArray[np.str_]
    flags: tuple[tuple[str, ...], ...]
    breaks: tuple[int, ...]
    bias: Array
    lineage_sd: Array
    transform: Transform
    diagnostics: Diagnostics
    parameters: SeriesParameters
    influence: Array
    fact_list: tuple[Fact, ...]
    found: tuple[tuple[str, str, float], ...]
    problem: Problem | None

    @cached_property
    def used_facts(self) -> tuple[Fact, ...]:
        """The facts behind the series, in the order of `influence`."""
        return tuple(fact for fact in self.fact_list if fact.used)

    @cached_property
    def fact_weights(self) -> pd.DataFrame:
        """Share of each fact in each year's estimate: fact_id, year, weight; weights of a year sum to 1."""
        import pandas as pd

        ids = np.array([fact.fact_id for fact in self.used_facts], dtype=object)
        shape = (len(self.years), len(ids)) if self.influence.size else (0, 0)
        return pd.DataFrame(
            {
                "fact_id": np.tile(ids[: shape[1]], shape[0]),
                "year": np.repeat(self.years[: shape[0]], shape[1]),
                "weight": self.influence.T.ravel() if self.influence.size else np.zeros(0),
            }
        )

    @cached_property
    def fact_share(self) -> Array:
        """Share of each used fact in the whole series, shape (n,)."""
        return self.influence.mean(axis=1) if self.influence.size else np.zeros(len(self.used_facts))

    @cached_property
    def lineage_weights(self) -> pd.DataFrame:
        """Share of each lineage in the whole series: lineage, n_facts, weight; weights sum to 1."""
        import pandas as pd

        names = sorted({fact.lineage for fact in self.used_facts}) if self.influence.size else []
        totals = dict.fromkeys(names, 0.0)
        counts = dict.fromkeys(names, 0)
        if names:
            for fact, share in zip(self.used_facts, self.fact_share, strict=True):
                totals[fact.lineage] += float(share)
                counts[fact.lineage] += 1
        return pd.DataFrame(
            {
                "lineage": np.array(names, dtype=object),
                "n_facts": np.array([counts[name] for name in names], dtype=np.int64),
                "weight": np.array([totals[name] for name in names], dtype=np.float64),
            }
        )

    @cached_property
    def fact_flags(self) -> pd.DataFrame:
        """What is wrong with single facts: fact_id, flag (lost_zero, extra_zero, stale_repeat), probability."""
        import pandas as pd

        rows = sorted(self.found)
        return pd.DataFrame(
            {
                "fact_id": np.array([row[0] for row in rows], dtype=object),
                "flag": np.array([row[1] for row in rows], dtype=object),
                "probability": np.array([row[2] for row in rows], dtype=np.float64),
            }
        )

    @cached_property
    def facts(self) -> pd.DataFrame:
        """Every input row: fact_id, year, value, qualifier, lineage, weight, flags, used, reason."""
        import pandas as pd

        shares = dict(zip((id(fact) for fact in self.used_facts), self.fact_share, strict=True))
        found: dict[str, list[str]] = {}
        for fact_id, flag, _ in self.found:
            found.setdefault(fact_id, []).append(flag)
        rows = self.fact_list
        return pd.DataFrame(
            {
                "fact_id": np.array([fact.fact_id for fact in rows], dtype=object),
                "year": np.array([fact.year for fact in rows], dtype=np.int64),
                "value": np.array([fact.value for fact in rows], dtype=np.float64),
                "qualifier": np.array([fact.qualifier for fact in rows], dtype=object),
                "lineage": np.array([fact.lineage for fact in rows], dtype=object),
                "weight": np.array([shares.get(id(fact), 0.0) for fact in rows], dtype=np.float64),
                "flags": np.array(
                    [";".join(sorted(fact.flags.union(found.get(fact.fact_id, ())))) for fact in rows], dtype=object
                ),
                "used": np.array([fact.used for fact in rows], dtype=bool),
                "reason": np.array([fact.reason for fact in rows], dtype=object),
            }
        )

    @cached_property
    def proposed_breaks(self) -> pd.DataFrame:
        """Where the data would put a break: year, log10_bayes_factor, strongest first; shown, never applied.

        Searched when first asked for (up to 0.3 s); empty without a series.
        """
        from townshift.evidence.series_breaks import search_breaks

        return search_breaks(self)

    @property
    def n_lineages(self) -> int:
        """Independent originals among the used facts."""
        return len({fact.lineage for fact in self.used_facts})

    def growth_identified(self, year_from: int, year_to: int) -> bool:
        """Whether growth between two years means anything: both inside the series, no declared break between."""
        if self.status != "series" or year_from >= year_to:
            return False
        inside = self.years[0] <= year_from and year_to <= self.years[-1]
        return bool(inside) and not any(year_from < year <= year_to for year in self.breaks)
