"""Data drawn at random are called concentrated or dispersed at the nominal rate."""

import pytest

from process.concentration.null_rates import rate


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["k_density", "m_function", "l_function"])
def test_a_random_industry_leaves_its_global_band_in_five_of_a_hundred_data_sets(measure):
    assert 0.03 <= rate(measure, first_seed=1_000, data_sets=1_000) <= 0.07
