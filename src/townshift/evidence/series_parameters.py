"""What the reconciliation of a series assumes: every width, weight and grid, and the declared settings.

Widths are on the model scale: natural logarithm, logit, or units of a robust spread for identity series. They were
chosen from what is plausible of press figures; those that simulated records contradicted were changed on the
development seeds of `benchmarks/series.py`, never on those that judge.
"""

from __future__ import annotations

from pydantic import Field

from townshift.types import BASE_SETTING, Parameters

SETTINGS: tuple[str, ...] = (BASE_SETTING, "loose_prior", "pure_bounds", "packages_once", "breaks_not_taken")
"""The declared settings: a verdict must hold under each, otherwise it is fragile."""


TIER_FACTOR = {
    "official": 1.0,
    "original_press": 1.0,
    "press_origin": 1.0,
    "trade_press": 1.3,
    "mirror_or_aggregator": 1.5,
    "film": 1.5,
}


class SeriesParameters(Parameters):
    """Assumptions of `reconcile`; `[parameters.series]` of `study.toml` overrides any.

    Attributes:
        min_lineages: fewest lineages of a series; with fewer the facts are listed.
        min_years: fewest years with a fact of a series.
        common_bias_sd: sd of the error that all pages of one speaker share; more sources never shrink it.
        noise_exact: sd of a figure printed without a qualifier, before its rounding.
        noise_about: sd of a figure printed as "about".
        tier_factor: factor on that sd by tier of the source; a tier not named counts 1.5.
        excess_wide: sd of the excess of a figure over its bound where the bound is a mere round word.
        outlier_weight: prior weight of a figure that says nothing about the year.
        lost_zero_weight: prior weight of a figure ten times too small.
        extra_zero_weight: prior weight of a figure ten times too large.
        stale_drift: sd a year by which a repeated figure may have been overtaken.
        package_share: share of the lineage variance that pages of one package have in common.
        level_sd: prior sd of the level around the median fact.
        slope_sd: prior sd of the long-run mean of yearly growth.
        level_step_grid: candidate sds of the yearly random step of the level.
        level_step_prior: their prior weights.
        growth_persistence_years: years after which a spell of faster or slower growth has faded to a third.
        slope_step_grid: candidate sds of growth around its long-run mean.
        slope_step_prior: their prior weights.
        lineage_sd_grid: candidate sds of a lineage's own offset.
        lineage_sd_prior: their prior weights.
        break_sd: prior sd of the shift at a declared break: with 90 % within a factor of five.
        definition_sd: prior sd of the shift between definitions, which common years decide (diffuse).
        proposed_break_sd: prior sd of the shift that the search for breaks compares with none.
        pure_bounds: read `over` and `under` as bounds that say nothing on the excess.
        packages_once: count a package as one lineage.
        breaks_taken: take the declared breaks.
        n_draws: joint draws per series.
    """

    min_lineages: int = Field(default=4, ge=1)
    min_years: int = Field(default=3, ge=2)
    common_bias_sd: float = Field(default=0.10, ge=0)
    noise_exact: float = Field(default=0.05, gt=0)
    noise_about: float = Field(default=0.10, gt=0)
    tier_factor: dict[str, float] = Field(default_factory=lambda: dict(TIER_FACTOR))
    excess_wide: float = Field(default=0.3, gt=0)
    outlier_weight: float = Field(default=0.02, gt=0, lt=1)
    lost_zero_weight: float = Field(default=0.03, ge=0, lt=1)
    extra_zero_weight: float = Field(default=0.01, ge=0, lt=1)
    stale_drift: float = Field(default=0.10, gt=0)
    package_share: float = Field(default=0.5, ge=0, le=1)
    level_sd: float = Field(default=2.0, gt=0)
    slope_sd: float = Field(default=0.10, gt=0)
    growth_persistence_years: float = Field(default=4.0, gt=0)
    level_step_grid: tuple[float, ...] = (0.03, 0.1, 0.25)
    level_step_prior: tuple[float, ...] = (0.35, 0.45, 0.2)
    slope_step_grid: tuple[float, ...] = (0.03, 0.12)
    slope_step_prior: tuple[float, ...] = (0.5, 0.5)
    lineage_sd_grid: tuple[float, ...] = (0.04, 0.12, 0.3)
    lineage_sd_prior: tuple[float, ...] = (0.35, 0.45, 0.2)
    break_sd: float = Field(default=1.0, gt=0)
    definition_sd: float = Field(default=5.0, gt=0)
    proposed_break_sd: float = Field(default=0.7, gt=0)
    pure_bounds: bool = False
    packages_once: bool = False
    breaks_taken: bool = True
    n_draws: int = Field(default=400, ge=2)


def settings(parameters: SeriesParameters) -> dict[str, SeriesParameters]:
    """Parameters of every declared setting, `base` first.

    `loose_prior` doubles the steps of the trend and of lineages, and flattens their weights; `pure_bounds` takes
    `over` and `under` as bounds only; `packages_once` counts a package as one lineage; `breaks_not_taken` ignores the
    declared breaks.

    Example:
        >>> sorted(settings(SeriesParameters())) == sorted(SETTINGS)
        True
        >>> settings(SeriesParameters())["pure_bounds"].pure_bounds
        True
    """

    def flat(weights: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(1.0 / len(weights) for _ in weights)

    def wider(steps: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(2.0 * step for step in steps)

    loose = {
        "level_step_grid": wider(parameters.level_step_grid),
        "slope_step_grid": wider(parameters.slope_step_grid),
        "lineage_sd_grid": wider(parameters.lineage_sd_grid),
        "level_step_prior": flat(parameters.level_step_prior),
        "slope_step_prior": flat(parameters.slope_step_prior),
        "lineage_sd_prior": flat(parameters.lineage_sd_prior),
        "level_sd": 2.0 * parameters.level_sd,
        "slope_sd": 2.0 * parameters.slope_sd,
    }
    changes: dict[str, dict[str, object]] = {
        BASE_SETTING: {},
        "loose_prior": dict(loose),
        "pure_bounds": {"pure_bounds": True},
        "packages_once": {"packages_once": True},
        "breaks_not_taken": {"breaks_taken": False},
    }
    return {name: parameters.model_copy(update=changes[name]) for name in SETTINGS}
