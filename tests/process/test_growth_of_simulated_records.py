"""Growth from published figures to interval: records of the frozen simulator, reconciled, against their truth."""

import numpy as np
import pytest

from evidence.simulated_records import simulate_record
from process.planted import Planted, together
from townshift.evidence.series import SeriesInput, reconcile_many
from townshift.evidence.series_parameters import SeriesParameters
from townshift.process.growth import GrowthParameters, growth
from townshift.process.phases import PhasesParameters, phases

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world():
    """Reconciled records of log scale without breaks, and their truths, by name."""
    options = {"scale": "log", "break_share": 0.0}
    records = {f"d{seed}": simulate_record(seed, **options) for seed in range(930_000, 930_120)}
    inputs = [SeriesInput(record.facts, "log", [seed]) for seed, record in enumerate(records.values())]
    results = reconcile_many(inputs, SeriesParameters())
    planted = []
    for name, result in zip(records, results, strict=True):
        if result.status == "series":
            years = [int(year) for year in result.years]
            bridged = [year for year, kind in zip(years, result.kind, strict=True) if kind == "bridged"]
            planted.append(Planted(name, years, np.asarray(result.draws), bridged=bridged))
    return together(*planted), {name: record.truth for name, record in records.items()}


def test_ninety_percent_intervals_of_growth_hold_the_true_growth_of_simulated_records(world):
    found, truths = world
    inside = []
    for row in growth(found, GrowthParameters()).table.itertuples():
        truth = truths[row.definition_id]
        true = (np.log(truth[row.year_to]) - np.log(truth[row.year_from])) / (row.year_to - row.year_from)
        inside.append(row.low <= true <= row.high)
    assert len(inside) >= 80
    assert 0.83 <= np.mean(inside) <= 0.98, np.mean(inside)


def test_turns_are_looked_for_only_where_enough_years_have_facts(world):
    table = phases(world[0], PhasesParameters())
    assert (table.loc[table["status"] == "ok", "n_years"] >= 8).all()
    assert table.loc[table["status"] == "ok", "probability"].between(0, 1).all()
