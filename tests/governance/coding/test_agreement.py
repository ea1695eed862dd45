"""Agreement of coders against published numbers, brute force and planted truth.

Reference numbers: R package irrCAC 1.0, vignette "overview" (cont3x3abstractors, cac.raw4raters), and Krippendorff
(2011), "Computing Krippendorff's alpha-reliability", data of section E.
"""

import numpy as np
import pytest

from townshift.errors import MeasureError
from townshift.governance.coding.agreement import AgreementParameters, agreement, krippendorff_alpha

N = np.nan
FOUR_RATERS = np.array([
    [1, 1, N, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [N, 5, 5, 5], [N, N, 1, 1], [N, 3, N, N],
])  # fmt: skip
ABSTRACTORS = np.repeat([[0, 0], [1, 1], [1, 2], [2, 1], [2, 2]], [13, 20, 7, 4, 56], axis=0).astype(float)


def values(ratings, **parameters):
    found = agreement(ratings, AgreementParameters(replicates=0, **parameters))
    return {name: one.value for name, one in found.coefficients.items()}


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_krippendorffs_own_example(level, published):
    assert krippendorff_alpha(FOUR_RATERS, level) == pytest.approx(published, abs=5e-4)


def test_coefficients_with_missing_ratings_are_those_of_irrcac():
    found = values(FOUR_RATERS)
    assert found["fleiss_kappa"] == pytest.approx(0.76117, abs=5e-6)
    assert found["gwet_ac1"] == pytest.approx(0.77544, abs=5e-6)
    assert found["percent_agreement"] == pytest.approx(0.8181818, abs=5e-8)


def test_coefficients_of_two_coders_are_those_of_irrcac():
    found = values(ABSTRACTORS)
    assert found["cohen_kappa"] == pytest.approx(0.7964094, abs=5e-8)
    assert found["fleiss_kappa"] == pytest.approx(0.7962397, abs=5e-8)
    assert found["gwet_ac1"] == pytest.approx(0.8493305, abs=5e-8)
    assert found["krippendorff_alpha"] == pytest.approx(0.7972585, abs=5e-8)


def alpha_pair_by_pair(ratings, metric):
    """The definition: mean disagreement of pairs within units over that of all pairs of values."""
    units = [row[~np.isnan(row)] for row in ratings]
    units = [row for row in units if len(row) > 1]
    every = np.concatenate(units)
    n = len(every)
    observed = sum(metric(row[:, None], row[None, :], every).sum() / (len(row) - 1) for row in units) / n
    expected = metric(every[:, None], every[None, :], every).sum() / (n * (n - 1))
    return 1 - observed / expected


def ranks(a, b, every):
    low, high = np.minimum(a, b), np.maximum(a, b)
    between = sum(((low < v) & (v < high)).astype(float) * (every == v).sum() for v in np.unique(every))
    ends = sum(((a == v).astype(float) + (b == v)) * (every == v).sum() / 2 for v in np.unique(every))
    return np.where(a == b, 0.0, between + ends) ** 2


METRICS = {
    "nominal": lambda a, b, _: (a != b).astype(float),
    "interval": lambda a, b, _: (a - b) ** 2,
    "ordinal": ranks,
}


@pytest.mark.parametrize("level", sorted(METRICS))
@pytest.mark.parametrize("seed", range(5))
def test_alpha_is_its_definition_pair_by_pair(level, seed):
    rng = np.random.default_rng(seed)
    ratings = rng.integers(0, 6, (40, 3)).astype(float)
    ratings[rng.random(ratings.shape) < 0.2] = N
    assert krippendorff_alpha(ratings, level) == pytest.approx(alpha_pair_by_pair(ratings, METRICS[level]), abs=1e-12)


def test_quantities_with_many_values_need_no_matrix_of_values():
    rng = np.random.default_rng(3)
    ratings = rng.normal(size=(200, 1)) + rng.normal(size=(200, 4)) / 2
    assert krippendorff_alpha(ratings, "interval") == pytest.approx(
        alpha_pair_by_pair(ratings, METRICS["interval"]), abs=1e-12
    )


def rated(rng, units=120, coders=3, agree=0.7):
    truth = rng.choice(3, units, p=[0.6, 0.3, 0.1])[:, None]
    guess = rng.choice(3, (units, coders), p=[0.6, 0.3, 0.1])
    return np.where(rng.random((units, coders)) < agree, truth, guess).astype(float)


@pytest.mark.parametrize("name", ["krippendorff_alpha", "fleiss_kappa"])
def test_intervals_hold_the_planted_agreement_as_often_as_they_say(name):
    # Two coders who both know the unit (chance 0.7²) agree beyond chance exactly then: alpha is 0.49.
    hits = 0
    for seed in range(200):
        ratings = rated(np.random.default_rng([7, seed]))
        found = agreement(ratings, AgreementParameters(replicates=400), seed=seed).coefficients[name]
        hits += found.low <= 0.49 <= found.high
    # LEVEL is 90 %; three standard errors of 200 trials.
    assert 0.83 <= hits / 200 <= 0.97


def test_units_of_one_document_are_drawn_together():
    rng = np.random.default_rng(5)
    easy = rng.random(20) < 0.5
    clusters = np.repeat([f"D{at}" for at in range(20)], 30)
    blocks = [rated(rng, 30, 2, 0.95 if one else 0.1) for one in easy]
    ratings = np.vstack(blocks)
    apart = agreement(ratings, seed=1).coefficients["krippendorff_alpha"]
    together = agreement(ratings, seed=1, clusters=clusters).coefficients["krippendorff_alpha"]
    assert together.value == apart.value
    assert together.high - together.low > 1.5 * (apart.high - apart.low)


def test_the_same_seed_gives_the_same_interval_and_another_does_not():
    ratings = rated(np.random.default_rng(9))
    one, same, other = (agreement(ratings, seed=seed).coefficients["gwet_ac1"] for seed in (1, 1, 2))
    assert one == same
    assert one.value == other.value
    assert one.low != other.low


def test_values_that_do_not_vary_leave_chance_undefined_instead_of_a_number():
    found = values(np.ones((10, 2)))
    assert found["krippendorff_alpha"] is None
    assert found["cohen_kappa"] is None
    assert found["gwet_ac1"] is None
    assert found["percent_agreement"] == 1.0


@pytest.mark.parametrize(
    ("ratings", "level", "code"),
    [
        (np.ones((5, 1)), "nominal", "TS-CODING-001"),
        ([[1, N], [N, 2]], "nominal", "TS-CODING-002"),
        ([[1, np.inf], [1, 2]], "interval", "TS-CODING-003"),
        (np.arange(140.0).reshape(70, 2), "ordinal", "TS-CODING-004"),
    ],
)
def test_ratings_that_say_nothing_are_refused(ratings, level, code):
    with pytest.raises(MeasureError) as caught:
        agreement(ratings, AgreementParameters(level=level))
    assert [problem.code for problem in caught.value.problems] == [code]


def test_names_of_documents_must_match_the_units():
    with pytest.raises(MeasureError) as caught:
        agreement(ABSTRACTORS, clusters=["D1"])
    assert [problem.code for problem in caught.value.problems] == ["TS-CODING-005"]
