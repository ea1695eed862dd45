"""Indices over plants: hand-worked values, unbiasedness, the variance under chance, coverage and size."""

from __future__ import annotations

import numpy as np
import pytest

from townshift.errors import MeasureError
from townshift.process.concentration.coagglomeration import coagglomeration
from townshift.process.concentration.ellison_glaeser import ellison_glaeser, plants_by_area, thrown
from townshift.process.concentration.herfindahl import herfindahl

WHOLE = np.array([400.0, 250, 120, 80, 60, 40, 30, 20])
CHANCES = WHOLE / WHOLE.sum()


def _jobs(generator: np.random.Generator, plants: int) -> np.ndarray:
    return np.ceil(generator.lognormal(2, 0.7, size=plants))


def test_gamma_is_that_worked_out_by_hand():
    # s = (.7, .3), x = (.5, .5): G = .08; H = (16 + 9 + 9) / 100 = .34; (.08 / .5 - .34) / .66
    index = ellison_glaeser([4, 3, 3], [0, 0, 1], [50, 50], permutations=9)
    assert index.raw == pytest.approx(0.08)
    assert index.herfindahl == pytest.approx(0.34)
    assert index.gamma == pytest.approx((0.16 - 0.34) / 0.66)
    # sum s^2 = .58, so (.58 - .5) / .5 is .16 as well.
    assert index.maurel_sedillot == pytest.approx((0.16 - 0.34) / 0.66)


def test_the_standard_deviation_under_chance_is_exact():
    plants = plants_by_area(_jobs(np.random.default_rng(31), 25), np.zeros(25), WHOLE)
    raw = ((thrown(plants, 200_000, np.random.default_rng(32)) - CHANCES) ** 2).sum(axis=1)
    index = ellison_glaeser(plants.jobs, plants.area, WHOLE, permutations=9)
    scale = (1 - (CHANCES**2).sum()) * (1 - index.herfindahl)
    assert index.null_se * scale == pytest.approx(raw.std(), rel=0.01)
    assert raw.mean() == pytest.approx((1 - (CHANCES**2).sum()) * index.herfindahl, rel=0.005)


@pytest.mark.parametrize("truth", [0.02, 0.2])
def test_gamma_is_unbiased_when_areas_draw_plants_as_its_model_says(truth):
    generator, found = np.random.default_rng(33), []
    for _ in range(3_000):
        pull = generator.dirichlet((1 - truth) / truth * CHANCES)
        area = generator.choice(8, size=40, p=pull)
        found.append(ellison_glaeser(_jobs(generator, 40), area, WHOLE, permutations=1).gamma)
    assert np.mean(found) == pytest.approx(truth, abs=4 * np.std(found) / np.sqrt(3_000))


def test_intervals_hold_the_gamma_that_the_areas_pull_implies_as_often_as_they_say():
    generator, held, variants = np.random.default_rng(34), 0, []
    pull = generator.dirichlet(4 * CHANCES)
    a = (CHANCES**2).sum()
    for _ in range(600):
        jobs = _jobs(generator, 120)
        h = ((jobs / jobs.sum()) ** 2).sum()
        index = ellison_glaeser(jobs, generator.choice(8, size=120, p=pull), WHOLE, permutations=1)
        truth = (((pull - CHANCES) ** 2).sum() + h * (1 - (pull**2).sum()) - h * (1 - a)) / ((1 - a) * (1 - h))
        held += index.low <= truth <= index.high
        variants.append(index.maurel_sedillot)
    assert held / 600 == pytest.approx(0.9, abs=0.04)
    # The variant needs no model of the pull to be unbiased.
    variant_truth = ((pull**2).sum() - a) / (1 - a)
    assert np.mean(variants) == pytest.approx(variant_truth, abs=4 * np.std(variants) / np.sqrt(600))


def test_plants_thrown_at_random_are_rejected_at_the_nominal_rate():
    generator = np.random.default_rng(35)
    p = [
        ellison_glaeser(_jobs(generator, 30), generator.choice(8, size=30, p=CHANCES), WHOLE, 99, seed=run).p
        for run in range(600)
    ]
    assert 30 - 3.5 * 5.3 <= np.sum(np.array(p) <= 0.05) <= 30 + 3.5 * 5.3


def test_plants_in_one_small_area_have_the_smallest_p_there_is():
    assert ellison_glaeser(np.ones(20), np.full(20, 7), WHOLE, 999).p == 0.001


def test_plants_without_jobs_change_nothing():
    with_empty = ellison_glaeser([4, 3, 0, 3], [0, 0, 1, 1], [50, 50], 99)
    assert with_empty == ellison_glaeser([4, 3, 3], [0, 0, 1], [50, 50], 99)


@pytest.mark.parametrize(
    ("jobs", "area", "whole", "code"),
    [
        ([1, np.nan, 2], [0, 0, 1], [5, 5], "TS-CONC-030"),
        ([1, -2, 2], [0, 0, 1], [5, 5], "TS-CONC-031"),
        ([0, 0, 0], [0, 0, 1], [5, 5], "TS-CONC-032"),
        ([1, 1, 1], [0, 0], [5, 5], "TS-CONC-035"),
        ([9, 0, 0], [0, 0, 1], [5, 5], "TS-CONC-040"),
        ([9, 1, 0], [0, 0, 1], [5, 5], "TS-CONC-034"),
        ([1, 1, 1], [0, 0, 0], [5, 0], "TS-CONC-041"),
        ([1, 1, 1], [0, 0, 2], [5, 5], "TS-CONC-043"),
        ([1, 1, 1], [0, 0, 0.5], [5, 5], "TS-CONC-046"),
        ([1, 1, 1], [0, 0, np.nan], [5, 5], "TS-CONC-030"),
        ([1, 1, 3], [0, 0, 1], [2, 3], "TS-CONC-037"),
    ],
)
def test_the_index_refuses_what_it_cannot_answer_for(jobs, area, whole, code):
    with pytest.raises(MeasureError) as problem:
        ellison_glaeser(jobs, area, whole)
    assert code in [found.code for found in problem.value.problems]


def test_industries_that_seek_the_same_area_have_a_positive_index_and_those_that_part_a_negative_one():
    here, there = (plants_by_area(np.ones(30), np.full(30, area), np.full(8, 10.0)) for area in (6, 7))
    together, apart = coagglomeration(here, here), coagglomeration(here, there)
    assert together.gamma == pytest.approx(1)
    assert together.p == 0.002
    assert together.correlation == pytest.approx(1)
    assert apart.gamma < 0


def test_co_agglomeration_is_that_worked_out_by_hand():
    # s1 - x = (.25, -.25), s2 - x = (-.25, .25): -.125 / .5
    first, second = (plants_by_area(np.ones(4), area, [50, 50]) for area in ([0, 0, 0, 1], [0, 1, 1, 1]))
    assert coagglomeration(first, second, 9).gamma == pytest.approx(-0.25)


def test_industries_thrown_at_random_are_rejected_at_the_nominal_rate():
    generator, p = np.random.default_rng(36), []
    for run in range(600):
        both = [plants_by_area(_jobs(generator, 25), generator.choice(8, size=25, p=CHANCES), WHOLE) for _ in range(2)]
        p.append(coagglomeration(*both, permutations=199, seed=run).p)
    assert 30 - 3.5 * 5.3 <= np.sum(np.array(p) <= 0.05) <= 30 + 3.5 * 5.3


def test_co_agglomeration_intervals_hold_what_the_areas_pulls_imply_as_often_as_they_say():
    generator, held = np.random.default_rng(37), 0
    pulls = [generator.dirichlet(4 * CHANCES) for _ in range(2)]
    truth = ((pulls[0] - CHANCES) * (pulls[1] - CHANCES)).sum() / (1 - (CHANCES**2).sum())
    for _ in range(600):
        both = [plants_by_area(_jobs(generator, 100), generator.choice(8, size=100, p=pull), WHOLE) for pull in pulls]
        index = coagglomeration(*both, permutations=1)
        held += index.low <= truth <= index.high
    assert held / 600 == pytest.approx(0.9, abs=0.04)


def test_industries_over_different_areas_are_refused():
    first, second = plants_by_area([1, 1, 2], [0, 0, 1], [5, 5]), plants_by_area([1, 1, 2], [0, 0, 1], [5, 5, 5])
    with pytest.raises(MeasureError) as problem:
        coagglomeration(first, second)
    assert [found.code for found in problem.value.problems] == ["TS-CONC-035"]


def test_herfindahl_is_one_over_the_plants_where_all_are_alike_and_one_where_one_has_all():
    assert herfindahl(np.ones(8)).value == pytest.approx(1 / 8)
    assert herfindahl(np.ones(8)).normalised == pytest.approx(0, abs=1e-12)
    assert herfindahl([1e12, 1]).value == pytest.approx(1)


def test_the_squared_error_of_herfindahl_is_on_average_its_variance_over_samples():
    generator = np.random.default_rng(38)
    found = [herfindahl(_jobs(generator, 200)) for _ in range(3_000)]
    variance = np.var([index.value for index in found])
    assert np.mean([index.se**2 for index in found]) == pytest.approx(variance, rel=0.15)


@pytest.mark.parametrize(
    ("jobs", "code"), [([0, 0], "TS-CONC-032"), ([5, 0], "TS-CONC-034"), ([1, np.inf], "TS-CONC-030")]
)
def test_herfindahl_refuses_what_it_cannot_answer_for(jobs, code):
    with pytest.raises(MeasureError) as problem:
        herfindahl(jobs)
    assert code in [found.code for found in problem.value.problems]
