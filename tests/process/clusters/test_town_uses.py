"""Uses inside the town: their mix, the shift to the park, distances."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from townshift.errors import MeasureError
from townshift.process.clusters.town_uses import USES, corrected_entropy, use_mix
from townshift.process.clusters.town_uses_distances import use_distances
from townshift.process.clusters.town_uses_parameters import TownUsesParameters
from townshift.process.clusters.town_uses_shift import village_to_park

PARAMETERS = TownUsesParameters(draws=200)


def town(seed=1000, n=900):
    """Workshops above dormitories everywhere in the west; a park without dwellings in the east."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 2000, n)
    use = np.where(x > 1500, "park_plant", rng.choice(["workshop", "dormitory", "shop"], n))
    return x + 500_000, rng.uniform(0, 2000, n) + 3_400_000, use


def test_mixed_quarters_have_high_entropy_and_the_park_none():
    x, y, use = town()
    mix = use_mix(x, y, use, PARAMETERS, seed=1)
    west, east = mix.cells["column"] < 3, mix.cells["column"] == 3
    assert (mix.cells.loc[west, "entropy"] > 0.5).all()
    assert (mix.cells.loc[east, "entropy"] < 0.1).all()
    assert mix.cells["low"].le(mix.cells["entropy"]).all()
    assert mix.cells["high"].ge(mix.cells["entropy"]).all()
    assert mix.within[0] < mix.town[0]


def test_cells_with_few_points_are_suppressed_and_counted():
    x, y, use = town(n=60)
    mix = use_mix(x, y, use, TownUsesParameters(cell_m=250), seed=1)
    assert mix.suppressed_points + mix.cells["n"].sum() == 60
    assert (mix.cells["n"] >= 10).all()
    assert mix.suppressed_cells > 0


def test_the_correction_takes_away_most_of_the_bias_of_few_points():
    rng = np.random.default_rng(1000)
    shares = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    true = -(shares * np.log(shares)).sum() / np.log(5)
    counts = rng.multinomial(15, shares, 20_000)
    p = counts / 15
    plain = -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1) / np.log(5)
    assert abs(corrected_entropy(counts).mean() - true) < abs(plain.mean() - true) / 3


def test_the_interval_of_the_towns_mix_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(1000)
    shares = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
    true = -(shares * np.log(shares)).sum() / np.log(5)
    held = []
    for run in range(200):
        use = rng.choice(USES, 80, p=shares)
        x = rng.uniform(0, 100, 80) + 5e5
        low, high = use_mix(x, x, use, PARAMETERS, seed=run).town[1:]
        held.append(low <= true <= high)
    assert 0.83 <= np.mean(held) <= 0.97


def test_the_share_in_the_park_rises_as_it_was_planted():
    years = np.repeat(np.arange(2006, 2012), 100)
    use = np.where(np.tile(np.arange(100), 6) < (years - 2006) * 10, "park_plant", "workshop")
    shift = village_to_park(use, years, range(2005, 2012))
    assert shift["flags"].tolist() == ["no_data"] + [""] * 6
    assert shift["share"].iloc[1:].tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert shift["low"].iloc[1] == 0
    assert (shift["high"].iloc[1:] > shift["share"].iloc[1:]).all()


def test_distances_are_those_of_all_pairs():
    x, y, use = town()
    found = use_distances(x, y, use, np.full(len(x), 2010), [2010], PARAMETERS, seed=1).set_index(
        ["origin", "destination", "measure"]
    )
    making = np.isin(use, ["workshop", "park_plant"])
    pairs = cdist(np.column_stack([x, y])[use == "dormitory"], np.column_stack([x, y])[making])
    assert found.loc[("living", "making", "mean"), "value_m"] == pytest.approx(pairs.mean())
    assert found.loc[("living", "making", "nearest"), "value_m"] == pytest.approx(pairs.min(axis=1).mean())
    assert (found["low"] < found["value_m"]).all()
    assert (found["high"] > found["value_m"]).all()


def test_functions_that_move_apart_are_further_apart():
    x, y, use = town()
    moved = np.where(use == "dormitory", x + 5_000, x)
    both = use_distances(
        np.r_[x, moved], np.r_[y, y], np.r_[use, use], np.repeat([2010, 2020], len(x)), [2010, 2020], PARAMETERS, 1
    )
    living = both[(both["origin"] == "living") & (both["destination"] == "making")]
    early, late = (living[living["year"] == year].set_index("measure") for year in (2010, 2020))
    assert (late["low"] > early["high"]).all()


def test_a_year_with_few_places_of_a_function_is_suppressed():
    x, y, use = town()
    use[np.flatnonzero(use == "shop")[5:]] = "warehouse"
    found = use_distances(x, y, use, np.full(len(x), 2010), [2010], PARAMETERS, seed=1)
    selling = found[(found["origin"] == "selling") | (found["destination"] == "selling")]
    assert set(selling["flags"]) == {"suppressed"}
    assert selling["value_m"].isna().all()


def test_an_unknown_use_is_named():
    with pytest.raises(MeasureError, match=r"villa.*\n.*\n.*TS-CLUSTERS-010|TS-CLUSTERS-010"):
        use_mix([5e5, 5e5 + 1, 5e5 + 2], [3e6] * 3, ["shop", "villa", "shop"], PARAMETERS, seed=1)
