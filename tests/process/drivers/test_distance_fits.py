"""Distance is told beside the richest effects that the moves can carry; what is coarser is said."""

import numpy as np
import pandas as pd
import pytest

from process.moves.planted_moves import drawn_flows, grid_places
from townshift.locales import catalogue
from townshift.process.drivers.distance_fits import SPECIFICATIONS, fit_distance, say_what_pulls_distance
from townshift.process.drivers.gravity_cells import flow_cells, pruned
from townshift.process.drivers.parameters import DriversParameters
from townshift.process.drivers.rows import Found
from townshift.process.drivers.sentences import driver_sentence, status_sentence
from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.places import coordinates, great_circle_km

ELASTICITY = -1.3
QUICK = DriversParameters(imputations=5)


def planted(n_places, n_years, n_moves, seed):
    """Moves whose origins and destinations have pulls of their own, the same in every year."""
    rng = np.random.default_rng(seed)
    places = grid_places(n_places, 4, seed)
    names = sorted(place for place in places["place_id"] if place.startswith("c0"))
    points = coordinates(names, places)
    km = great_circle_km(points[:, None], points[None])
    push, pull = rng.normal(0, 0.7, (2, len(names)))
    mean = np.exp(ELASTICITY * np.log(np.maximum(km, 1.0)) + push[:, None] + pull[None, :])
    np.fill_diagonal(mean, 0.0)
    years = tuple(range(2000, 2000 + n_years))
    mean = np.repeat(mean[None] * n_moves / mean.sum() / n_years, n_years, axis=0)
    return drawn_flows(places, mean, years, rng), places


def fitted(moves, places):
    out = Found()
    fit_distance(flow_cells(moves, places, "county"), moves, KINDS, "all", QUICK, 1, None, out)
    return out


def said(out, reason):
    return [row for row in out.status if row["reason"] == reason]


def test_many_moves_are_explained_beside_effects_of_every_place_and_year():
    out = fitted(*planted(25, 3, 9_000, 1))
    assert {row.extra["estimator"] for row in out.rows} == {"ppml"}
    assert not said(out, "coarser_effects")


@pytest.mark.parametrize(
    ("n_places", "n_years", "n_moves", "estimator"), [(40, 12, 600, "ppml_destination"), (40, 20, 250, "ppml_places")]
)
def test_few_moves_get_coarser_effects_that_are_named_and_the_planted_elasticity_comes_back(
    n_places, n_years, n_moves, estimator
):
    out = fitted(*planted(n_places, n_years, n_moves, 2))
    row = next(row for row in out.rows if row.extra["term"] == "ln_km")
    assert row.extra["estimator"] == estimator
    assert row.low < ELASTICITY < row.high
    assert row.high < 0
    (note,) = said(out, "coarser_effects")
    assert note["n"] <= note["needed"]
    for language in ("en", "zh"):
        effects = catalogue(language)[f"drivers.effects.{estimator}"]
        assert effects in status_sentence(note, language)
        shown = {"measure": "gravity", "value": row.value, "low": row.low, "high": row.high, "level": 0.9, **row.extra}
        assert effects in driver_sentence(shown, language)


def test_moves_too_few_for_any_effects_are_said_with_both_numbers():
    moves, places = planted(40, 20, 60, 3)
    out = fitted(moves, places)
    assert not out.rows
    (status,) = [row for row in out.status if row["status"] == "not_estimable"]
    assert status["reason"] == "too_many_effects"
    assert status["n"] <= status["needed"]
    assert "perfectly" in status_sentence(status)


def test_every_specification_has_its_words_in_both_languages():
    for language in ("en", "zh"):
        assert all(f"drivers.effects.{name}" in catalogue(language) for name, _ in SPECIFICATIONS)


def test_pairs_that_are_expected_to_be_none_are_told_beside_the_distance_and_sure_ones_are_not():
    moves, places = planted(10, 2, 500, 4)
    cells = pruned(flow_cells(moves, places, "county"), ("origin_year",))
    doubtful = pd.DataFrame(moves).assign(
        **{f"p_{kind}": 0.8 * moves[f"p_{kind}"] for kind in KINDS},
        p_look_alike=1 - 0.8 * sum(moves[f"p_{kind}"] for kind in KINDS),
    )
    for given, expected in ((moves, []), (doubtful, [20.0])):
        out = Found()
        say_what_pulls_distance("distance", "all", cells, given, KINDS, out)
        assert [row["n"] for row in said(out, "false_moves_hide_distance")] == expected
