"""Reconciled series: conflicting, one-sided, rounded, mirrored and stale figures become one series with intervals.

The figures of one place and definition are noisy views of one latent local linear trend (Harvey 1989). Each fact is a
small mixture (`series_likelihood`), lineages and packages have offsets of their own, step sizes are integrated over a
grid, and everything is solved by expectation propagation (Minka 2001). An error that all pages of one speaker share
cannot be seen in the data; it is added afterwards and no number of sources shrinks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from townshift.evidence import series_inputs as inputs
from townshift.evidence.series_ep import Posterior, propagate
from townshift.evidence.series_inputs import Array, Fact, Scale, Transform
from townshift.evidence.series_likelihood import Components, build_components
from townshift.evidence.series_parameters import SETTINGS, SeriesParameters, settings
from townshift.evidence.series_posterior import (
    PathPosterior,
    grid_weights,
    path_posterior,
    two_peaked_years,
    zero_flags,
)
from townshift.evidence.series_predictive import predictive_draws
from townshift.evidence.series_prior import Grid, Problem, build_grid, fact_covariance
from townshift.evidence.series_result import Diagnostics, SeriesResult, Status
from townshift.types import LEVEL, keyed_seed

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SETTINGS",
    "Diagnostics",
    "SeriesInput",
    "SeriesParameters",
    "SeriesResult",
    "predictive_draws",
    "reconcile",
    "reconcile_many",
    "settings",
]

# A batch is padded to multiples of this, so that many series of similar length are solved together.
PADDING = 4
# Mean distance from a fixed point, in sds of a marginal, from which the exact sampler takes over.
UNSETTLED = 0.1
# Matrices solved at once: bounds the memory of a batch to tens of megabytes.
BATCH_NUMBERS = 1_500_000


@dataclass(frozen=True, slots=True)
class SeriesInput:
    """One series to reconcile.

    Attributes:
        facts: columns fact_id, year, value, qualifier (exact | about | over | under), tier, lineage, package,
            originator, interest, flag, same_as; optional `definition` (several are spliced through years that both
            hold) and `unit_std` (`percent` tells shares of 0..100).
        scale: log, logit or identity.
        seed_entropy: of `keyed_seed`; its first number is the study's seed.
        breaks: declared break years: from this year on another definition holds.
    """

    facts: pd.DataFrame
    scale: Scale
    seed_entropy: list[int]
    breaks: tuple[int, ...] = ()


def reconcile(
    facts: pd.DataFrame,
    scale: Scale,
    parameters: SeriesParameters,
    seed_entropy: list[int],
    breaks: tuple[int, ...] = (),
) -> SeriesResult:
    """One series from the published figures of one place and definition.

    x(t) ~ local linear trend; figure f of lineage l: y_f = x(t_f) + u_l + e_f, u_l ~ N(0, τ²), e_f from a mixture by
    qualifier, tier, rounding and flags, with lost and extra zeros as components of their own.

    Args:
        facts: see `SeriesInput`.
        scale: log, logit or identity.
        parameters: assumptions.
        seed_entropy: entropy of the draws (`keyed_seed`).
        breaks: declared break years.

    Returns:
        The series with draws, weights and flags; its `status` says when there is none.

    Source: Minka (2001); Harvey (1989).

    Example:
        >>> import pandas as pd
        >>> rows = [(f"F{i}", 2001 + i, 100.0 * 1.1**i, "exact", "official", f"L{i}") for i in range(8)]
        >>> frame = pd.DataFrame(rows, columns=["fact_id", "year", "value", "qualifier", "tier", "lineage"])
        >>> result = reconcile(frame, "log", SeriesParameters(), [7, 1])
        >>> result.status, int(result.years[0]), bool(result.low[3] < 133.1 < result.high[3])
        ('series', 2001, True)
    """
    return reconcile_many([SeriesInput(facts, scale, seed_entropy, breaks)], parameters)[0]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """`used` are the facts behind the series, `modelled` those of them that stand for themselves in the problem."""

    facts: list[Fact]
    used: list[Fact]
    modelled: list[Fact]
    transform: Transform
    status: Status
    reason: str
    problem: Problem | None


def reconcile_many(groups: Sequence[SeriesInput], parameters: SeriesParameters) -> list[SeriesResult]:
    """Many series at once, each exactly as `reconcile` gives it, in the order of `groups`."""
    prepared = [_prepare(group, parameters) for group in groups]
    batches: dict[int, list[int]] = {}
    for index, item in enumerate(prepared):
        if item.problem is not None:
            batches.setdefault(-(-len(item.modelled) // PADDING) * PADDING, []).append(index)
    grid = build_grid(parameters)
    results: list[SeriesResult | None] = [None] * len(groups)
    for index, item in enumerate(prepared):
        if item.problem is None:
            results[index] = _without_series(item, parameters)
    for size in sorted(batches):
        step = max(1, BATCH_NUMBERS // (size * size * len(grid.log_prior)))
        for start in range(0, len(batches[size]), step):
            chunk = batches[size][start : start + step]
            posteriors = _solve([prepared[index] for index in chunk], size, grid, parameters)
            for index, posterior in zip(chunk, posteriors, strict=True):
                results[index] = _finish(prepared[index], posterior, grid, parameters, groups[index].seed_entropy)
    return [result for result in results if result is not None]


def _prepare(group: SeriesInput, parameters: SeriesParameters) -> _Prepared:
    """Facts, transform and problem of one input; the problem is None when there is nothing to model."""
    facts = inputs.read_facts(group.facts, group.scale, parameters)
    unit = ""
    if "unit_std" in group.facts.columns and len(group.facts):
        unit = str(group.facts["unit_std"].iloc[0])
    transform = inputs.build_transform(facts, group.scale, unit)
    main = inputs.set_aside_definitions(facts)
    inputs.set_aside_copies(facts, transform)
    inputs.merge_equal_numbers(facts)
    # The centre must not move with the number of copies.
    transform = inputs.build_transform([fact for fact in facts if fact.told_by is None], group.scale, unit)
    inputs.mark_stale(facts)
    status, reason = _status(facts, parameters)
    used = [fact for fact in facts if fact.used]
    modelled = [fact for fact in used if fact.told_by is None]
    problem = None
    if status != "listed":
        problem = _build_problem(modelled, main, transform, group.breaks, parameters)
    return _Prepared(facts, used, modelled, transform, status, reason, problem)


def _status(facts: list[Fact], parameters: SeriesParameters) -> tuple[Status, str]:
    """Whether the facts carry a series, a level in one year, or a list.

    A level needs as many lineages in one year as a series needs in all; facts of other years are then set aside.
    """
    used = [fact for fact in facts if fact.used]
    if not used:
        return "listed", "no_usable_fact"
    lineages = {fact.lineage for fact in used}
    years = sorted({fact.year for fact in used})
    if len(lineages) >= parameters.min_lineages and len(years) >= parameters.min_years:
        return "series", ""
    by_year = {year: len({fact.lineage for fact in used if fact.year == year}) for year in years}
    best = max(years, key=lambda year: (by_year[year], year))
    if by_year[best] < parameters.min_lineages:
        return "listed", "few_lineages" if len(lineages) < parameters.min_lineages else "few_years"
    for fact in used:
        if fact.year != best:
            fact.drop("other_year")
    return "level", "few_years"


def _build_problem(
    modelled: list[Fact], main: str, transform: Transform, breaks: tuple[int, ...], parameters: SeriesParameters
) -> Problem:
    def index(names: list[str], first: str) -> np.ndarray:
        order = {name: place for place, name in enumerate(sorted(set(names), key=lambda name: (name != first, name)))}
        return np.array([order[name] for name in names], dtype=np.int64)

    year = np.array([fact.year for fact in modelled], dtype=np.float64)
    packages = index([fact.package for fact in modelled], "") if any(fact.package for fact in modelled) else None
    package = np.full(len(modelled), -1) if packages is None else packages
    if packages is not None:
        package = np.where([bool(fact.package) for fact in modelled], package, -1)
    taken = tuple(sorted({b for b in breaks if year.min() < b <= year.max()})) if parameters.breaks_taken else ()
    return Problem(
        year,
        index([fact.lineage for fact in modelled], ""),
        package,
        index([fact.definition for fact in modelled], main),
        build_components(modelled, transform, parameters),
        np.arange(year.min(), year.max() + 1),
        taken,
        transform,
    )


def _solve(items: list[_Prepared], size: int, grid: Grid, parameters: SeriesParameters) -> list[Posterior]:
    """Posteriors of the items, each over the whole grid, padded with facts that say nothing."""
    g = len(grid.log_prior)
    prior = np.tile(np.eye(size), (len(items), g, 1, 1))
    pads = np.zeros((4, 5, len(items), 1, size))
    pads[0, 1:] = -60.0
    for row, item in enumerate(items):
        problem = item.problem
        assert problem is not None
        n = len(problem.year)
        prior[row, :, :n, :n] = fact_covariance(problem, grid, parameters)
        parts = problem.parts
        for place, array in enumerate((parts.log_weight, parts.place, parts.precision, parts.skew)):
            pads[place, :, row, 0, :n] = array
    wide = np.broadcast_to(pads, (4, 5, len(items), g, size)).reshape(4, 5, len(items) * g, size)
    joint = propagate(prior.reshape(len(items) * g, size, size), Components(wide[0], wide[1], wide[2], wide[3]))
    return [_slice(joint, slice(row * g, (row + 1) * g)) for row in range(len(items))]


def _slice(joint: Posterior, rows: slice) -> Posterior:
    return Posterior(
        joint.site_precision[rows],
        joint.site_shift[rows],
        joint.root[rows],
        joint.log_evidence[rows],
        joint.responsibility[:, rows],
        joint.drift[rows],
    )


def _finish(
    item: _Prepared, posterior: Posterior, grid: Grid, parameters: SeriesParameters, entropy: list[int]
) -> SeriesResult:
    """Draws, intervals, weights and flags of one solved series; the exact sampler where the solution did not settle."""
    problem = item.problem
    assert problem is not None
    weight, _ = grid_weights(posterior.log_evidence, grid)
    converged = bool(weight @ np.minimum(posterior.drift, 1.0) < UNSETTLED)
    path = path_posterior(problem, posterior, grid, parameters, np.random.default_rng([*entropy, 1]))
    if not converged:
        from townshift.evidence.series_exact import exact_path

        path = exact_path(problem, grid, parameters, np.random.default_rng([*entropy, 2]), path.influence)
    influence = _shared_out(item, path.influence)
    share = influence.mean(axis=1)
    bias = common_bias([fact.lineage for fact in item.used], share, parameters, entropy[0])
    draws = item.transform.backward(path.draws + bias)
    tail = (1 - LEVEL) / 2
    low, value, high = _quantiles(draws, (tail, 0.5, 1 - tail))
    found = _found(item, zero_flags(path.responsibility))
    fact_years = set(problem.year.tolist())
    return SeriesResult(
        item.status, item.reason, problem.years.astype(np.int64), draws, value, low, high,
        np.array(["estimated" if year in fact_years else "bridged" for year in problem.years]),
        _year_flags(item.used, problem, path, parameters), problem.breaks, bias, path.lineage_sd, item.transform,
        Diagnostics(converged, not converged, path.log_evidence, path.grid_weight),
        parameters, influence, tuple(item.facts), found, problem,
    )  # fmt: skip


def _quantiles(draws: Array, levels: tuple[float, ...]) -> list[Array]:
    """Linearly interpolated quantiles over the last axis: those of numpy, from one sort."""
    ordered = np.sort(draws, axis=-1)
    last = ordered.shape[-1] - 1
    out = []
    for level in levels:
        below = int(level * last)
        above = min(below + 1, last)
        out.append(ordered[..., below] + (level * last - below) * (ordered[..., above] - ordered[..., below]))
    return out


def _shared_out(item: _Prepared, influence: Array) -> Array:
    """Influence of all used facts, shape (n, T): those who tell one number share the weight of the one modelled."""
    row = {id(fact): place for place, fact in enumerate(item.modelled)}
    at = np.array([row[id(fact.told_by or fact)] for fact in item.used], dtype=np.int64)
    tellers = np.bincount(at, minlength=len(item.modelled))
    return np.asarray(influence[at] / tellers[at][:, None], dtype=np.float64)


def _found(item: _Prepared, zeros: list[tuple[int, str, float]]) -> tuple[tuple[str, str, float], ...]:
    """Flags of single facts with their probability; a copy of the same number is as wrong as what it copies."""
    slipped = {id(item.modelled[index]): (flag, chance) for index, flag, chance in zeros}
    named: dict[str, tuple[float, str, float]] = {}
    for fact in item.used:
        if id(fact.told_by or fact) in slipped:
            named[fact.fact_id] = (fact.value, *slipped[id(fact.told_by or fact)])
    out = [(fact_id, flag, chance) for fact_id, (_, flag, chance) in named.items()]
    for fact in item.facts:
        original = fact.reason.removeprefix("copy_of:")
        if original != fact.reason and original in named and named[original][0] == fact.value:
            out.append((fact.fact_id, *named[original][1:]))
    out += [(fact.fact_id, "stale_repeat", _stale_chance(fact)) for fact in item.used if "stale_repeat" in fact.flags]
    return tuple(sorted(out))


def _stale_chance(fact: Fact) -> float:
    """Probability that an equal figure is one count told again: the more digits agree, the surer."""
    return {1: 0.6, 2: 0.8}.get(fact.digits, 0.95)


def common_bias(lineages: list[str], share: Array, parameters: SeriesParameters, seed: int) -> Array:
    """The error that all facts of a series share, in each draw, on the model scale, shape (m,).

    b = sd · Σ_l √w_l z_l, z_l standard normal from a stream of the lineage's own, Σ w_l = 1: its size never shrinks
    with more lineages, and two series that rest on the same pages err together.
    """
    totals: dict[str, float] = {}
    for lineage, part in zip(lineages, share.tolist(), strict=True):
        totals[lineage] = totals.get(lineage, 0.0) + part
    out = np.zeros(parameters.n_draws)
    for lineage in sorted(totals):
        rng = np.random.default_rng(keyed_seed(seed, "lineage", lineage))
        out += np.sqrt(totals[lineage]) * rng.standard_normal(parameters.n_draws)
    return parameters.common_bias_sd * out


def _year_flags(
    used: list[Fact], problem: Problem, path: PathPosterior, parameters: SeriesParameters
) -> tuple[tuple[str, ...], ...]:
    peaked = set(two_peaked_years(problem, path, parameters.lineage_sd_grid[len(parameters.lineage_sd_grid) // 2]))
    sides: dict[int, set[str]] = {}
    for fact in used:
        sides.setdefault(fact.year, set()).add(fact.qualifier)
    out = []
    for year in problem.years.astype(int).tolist():
        flags = ["two_peaked"] if year in peaked else []
        if year in problem.breaks:
            flags.append("definition_break")
        if sides.get(year) in ({"over"}, {"under"}):
            flags.append(f"{min(sides[year])}_only")
        out.append(tuple(flags))
    return tuple(out)


def _without_series(item: _Prepared, parameters: SeriesParameters) -> SeriesResult:
    empty = np.zeros(0)
    found = _found(item, [])
    return SeriesResult(
        item.status, item.reason, np.zeros(0, dtype=np.int64), np.zeros((0, parameters.n_draws)), empty, empty, empty,
        np.zeros(0, dtype="U9"), (), (), empty, empty, item.transform, Diagnostics(), parameters, np.zeros((0, 0)),
        tuple(item.facts), found, None,
    )  # fmt: skip
