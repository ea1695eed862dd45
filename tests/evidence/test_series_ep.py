"""The approximation against closed forms, quadrature and the slower exact sampler."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from evidence.simulated_records import simulate_record
from evidence.test_series import BASE, SEED, facts, steady
from townshift.evidence import series as module
from townshift.evidence.series import SeriesInput, reconcile, settings
from townshift.evidence.series_exact import exact_path
from townshift.evidence.series_inputs import build_transform, read_facts
from townshift.evidence.series_likelihood import Components, build_components, tilted_moments
from townshift.evidence.series_prior import build_grid, fact_covariance


@pytest.mark.parametrize("pure", [False, True])
@pytest.mark.parametrize("qualifier", ["exact", "about", "over", "under"])
def test_tilted_moments_agree_with_quadrature(qualifier, pure):
    parameters = settings(BASE)["pure_bounds" if pure else "base"]
    rows = read_facts(facts([(2001, 1400.0, qualifier, "A")]), "log", parameters)
    parts = build_components(rows, build_transform(rows, "log", ""), parameters)
    mean, variance = 0.3, 0.16

    def density(z):
        value = 0.0
        for c in range(5):
            p, y, k = parts.precision[c, 0], parts.place[c, 0], parts.skew[c, 0]
            value += np.exp(parts.log_weight[c, 0] - 0.5 * p * (z - y) ** 2) * 2 * stats.norm.cdf(k * (z - y))
        return value * stats.norm.pdf(z, mean, np.sqrt(variance))

    moments = [
        integrate.quad(lambda z, k=k: z**k * density(z), -4, 5, points=[-2.3, 0, 2.3], limit=400)[0] for k in (0, 1, 2)
    ]
    log_z, m, v, responsibility = tilted_moments(parts, np.array([mean]), np.array([variance]))
    assert np.isclose(log_z[0], np.log(moments[0]), atol=1e-5)
    assert np.isclose(m[0], moments[1] / moments[0], atol=1e-5)
    assert np.isclose(v[0], moments[2] / moments[0] - (moments[1] / moments[0]) ** 2, atol=1e-5)
    assert np.isclose(responsibility.sum(), 1)


def test_plain_normal_facts_are_solved_exactly():
    rng = np.random.default_rng(0)
    n, sd = 6, 0.2
    root = rng.normal(size=(n, n))
    prior = (root @ root.T + np.eye(n))[None]
    y = rng.normal(size=n)
    flat = np.full((5, 1, n), -60.0)
    flat[0] = -0.5 * np.log(2 * np.pi * sd**2)
    place = np.broadcast_to(y, (5, 1, n)).copy()
    posterior = module.propagate(prior, Components(flat, place, np.full((5, 1, n), sd**-2), np.zeros((5, 1, n))))
    noisy = prior[0] + sd**2 * np.eye(n)
    sites = posterior.site_shift[0] / posterior.site_precision[0]
    mean = prior[0] @ posterior.root[0].T @ posterior.root[0] @ sites
    assert np.allclose(mean, prior[0] @ np.linalg.solve(noisy, y), atol=1e-4)
    exact = stats.multivariate_normal(np.zeros(n), noisy).logpdf(y)
    assert np.isclose(posterior.log_evidence[0], exact, atol=1e-3)


def compare(record, parameters=BASE):
    """Ends and middle of the intervals by both methods, in sds of the exact posterior."""
    group = SeriesInput(record.facts, record.scale, SEED, record.declared_breaks)
    quick = module.reconcile(group.facts, group.scale, parameters, SEED, group.breaks)
    grid = build_grid(parameters)
    problem = quick.problem
    slow = exact_path(
        problem, grid, parameters.model_copy(update={"n_draws": 4000}), np.random.default_rng(5), quick.influence
    )
    path = quick.transform.forward(quick.draws) - quick.bias
    sd = slow.draws.std(axis=1)
    levels = [0.05, 0.5, 0.95]
    return (np.quantile(path, levels, axis=1) - np.quantile(slow.draws, levels, axis=1)) / sd


@pytest.mark.slow
def test_the_approximation_agrees_with_the_exact_sampler_on_simulated_records():
    differences = [compare(simulate_record(seed, n_facts=14, n_years=15)) for seed in range(700, 712)]
    stacked = np.concatenate(differences, axis=1)
    assert np.median(np.abs(stacked), axis=1).max() < 0.25
    assert np.abs(stacked.mean(axis=1)).max() < 0.2


def test_the_approximation_agrees_with_the_exact_sampler_on_one_mixed_record():
    rows = steady(7)
    rows[2] = (2003, 160.0, "over", "L2")
    rows[5] = (2006, 240.0, "under", "L5")
    frame = facts(rows)
    quick = reconcile(frame, "log", BASE, SEED)
    problem = quick.problem
    slow = exact_path(problem, build_grid(BASE), BASE, np.random.default_rng(5), quick.influence, n_chains=60)
    path = quick.transform.forward(quick.draws) - quick.bias
    assert np.allclose(np.median(path, axis=1), np.median(slow.draws, axis=1), atol=0.04)
    assert np.allclose(path.std(axis=1) / slow.draws.std(axis=1), 1, atol=0.35)


def test_a_record_that_does_not_settle_is_reported_and_falls_back(monkeypatch):
    monkeypatch.setattr(module, "UNSETTLED", 0.0)
    rows = [*steady(4), (2003, 1900.0, "exact", "M")]
    result = reconcile(facts(rows), "log", BASE, SEED)
    assert not result.diagnostics.converged
    assert result.diagnostics.fallback
    assert np.isfinite(result.draws).all()


def test_covariances_are_positive_whatever_lineages_and_packages_share():
    frame = facts([(2001 + k % 2, 100.0 + k, "exact", f"L{k // 3}") for k in range(12)])
    frame["package"] = ["P", "", "Q"] * 4
    prepared = module._prepare(
        SeriesInput(frame, "log", SEED), BASE.model_copy(update={"min_lineages": 1, "min_years": 2})
    )
    covariance = fact_covariance(prepared.problem, build_grid(BASE), BASE)
    assert np.linalg.eigvalsh(covariance).min() > 0
