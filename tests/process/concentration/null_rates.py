"""How often each measure calls concentrated or dispersed what was drawn at random, in many small data sets."""

from __future__ import annotations

import numpy as np

from townshift.process.concentration.k_density import k_density
from townshift.process.concentration.k_parameters import KDensityParameters
from townshift.process.concentration.l_function import LParameters, l_function
from townshift.process.concentration.m_function import MParameters, m_function
from townshift.process.concentration.points import checked_points

SITES, CASES, SIMULATED, DISTANCES = 200, 40, 99, 31
WINDOW = (1_000.0, 1_000.0, 11_000.0, 11_000.0)


def leaves_the_band(measure: str, seed: int) -> bool:
    """Whether the curve of a data set drawn at random leaves the global band at the level of 5 %."""
    draw = np.random.default_rng(seed)
    x, y = draw.uniform(1_000, 11_000, (2, SITES))
    if measure == "l_function":
        given = LParameters(window_m=WINDOW, simulations=SIMULATED, distances=DISTANCES)
        found = l_function(checked_points(x[:CASES], y[:CASES]), given, seed)
        curve = found.l_m
    else:
        case = np.zeros(SITES, dtype=bool)
        case[draw.choice(SITES, CASES, replace=False)] = True
        points = checked_points(x, y, case=case)
        if measure == "k_density":
            found = k_density(points, KDensityParameters(relabellings=SIMULATED, distances=DISTANCES), seed)
            curve = found.density
        else:
            found = m_function(points, MParameters(relabellings=SIMULATED, distances=DISTANCES), seed)
            curve = found.m
    return bool(((curve > found.bands.global_high) | (curve < found.bands.global_low)).any())


def rate(measure: str, first_seed: int, data_sets: int) -> float:
    """Share of data sets, one for each seed from `first_seed` on, whose curve leaves its global band."""
    return float(np.mean([leaves_the_band(measure, seed) for seed in range(first_seed, first_seed + data_sets)]))
