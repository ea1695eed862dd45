"""Which destination a moving firm chose, given its origin: conditional logit through its Poisson equivalence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import texts
from townshift.process.drivers.gravity import Cluster, Gravity, gravity
from townshift.process.drivers.gravity_cells import FlowCells
from townshift.process.moves.calibration import Calibration
from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.places import at_level

Real = npt.NDArray[np.float64]


def destination_choice(
    cells: FlowCells,
    moves: pd.DataFrame,
    kinds: Sequence[str] = KINDS,
    cluster: Cluster = "destination",
    imputations: int = 40,
    seed: int = 0,
    calibration: Calibration | None = None,
) -> Gravity:
    """What distinguishes the destinations that firms of one origin and year chose from those they could have chosen.

    Formula: `P(d | o, t) = exp(x_odt' b) / Σ_k exp(x_okt' b)`. All firms of an origin and year face the same choices,
    so the likelihood of the counts is that of a Poisson model with an effect of each origin and year, and both have
    the same maximum and information (Guimarães et al. 2003). Choices are those of the cells: the model says nothing
    about places that were no choice, and takes choices to be alike but for x (independence of irrelevant
    alternatives).

    Args:
        cells: cells with all destinations that could have been chosen, and the regressors.
        moves: the table `moves`.
        kinds: the kinds that `cells` counts.
        cluster: choices that may err together.
        imputations: completed data sets.
        seed: the study's seed.
        calibration: how sure the probabilities are.

    Returns:
        The coefficients b: of a logarithm, the elasticity of the odds of being chosen.

    Source: McFadden (1974); Guimarães, Figueirêdo and Woodward (2003), Review of Economics and Statistics 85 (1),
        201-204.
    """
    return gravity(cells, ("origin_year",), moves, kinds, cluster, imputations, seed, calibration)


def choice_log_likelihood(coefficients: Real, cells: FlowCells) -> float:
    """The conditional-logit log likelihood of the flows, directly: `Σ y_odt log P(d | o, t)`.

    Args:
        coefficients: shape (k,), in the order of `cells.terms`.
        cells: the cells.

    Source: McFadden (1974).

    Example:
        >>> one = np.array([0, 0]); both = np.array([1, 2])
        >>> cells = FlowCells(("a", "b", "c"), one, both, one, np.array([3.0, 1.0]), {"x": np.array([1.0, 0.0])}, one)
        >>> round(choice_log_likelihood(np.array([np.log(3.0)]), cells), 4)    # 3 ln 3/4 + ln 1/4
        -2.2493
    """
    x = np.stack(list(cells.terms.values()), axis=1)
    utility = x @ coefficients
    group = cells.groups("origin_year")
    highest = np.full(int(group.max()) + 1, -np.inf)
    np.maximum.at(highest, group, utility)
    sums = np.bincount(group, weights=np.exp(utility - highest[group]))
    return float((cells.moves * (utility - highest[group] - np.log(sums[group]))).sum())


def pull_terms(
    cells: FlowCells,
    places: pd.DataFrame,
    level: str,
    firm_years: pd.DataFrame | None = None,
    panel: pd.DataFrame | None = None,
    indicators: Sequence[str] = (),
    ties: pd.DataFrame | None = None,
    lag_years: int = 1,
    reach_years: int = 3,
) -> dict[str, Real]:
    """What may draw firms to a destination, as it stood before the move, so that no move explains itself.

    `ln_stock`: the logarithm of one plus the firms of the industry there; `ln_<indicator>`: of a figure of the
    panel; `ties`: the share of the origin's founders who come from there, in hundredths.

    Args:
        cells: the cells.
        places: place_id, kind, parent_id.
        level: kind of place of the cells.
        firm_years: place_id, year, level, member, size_band, n_stock.
        panel: place_id, year, indicator, value.
        indicators: indicators of the panel that are wanted; figures not above 0 count as unknown.
        ties: origin_place_id, destination_place_id, share (0 to 1); pairs that it does not name have none.
        lag_years: years before the move of which figures are taken.
        reach_years: how many years older a figure of the panel may be.

    Returns:
        Name to values, shape (cells,), NaN where unknown.
    """
    found: dict[str, Real] = {}
    if firm_years is not None:
        stock = stocks(firm_years, places, level)
        if stock:
            found["ln_stock"] = np.log1p(_at_cells(cells, stock, lag_years, 0, missing=0.0))
    plain = texts(panel, "place_id", "indicator") if panel is not None else None
    for indicator in indicators:
        if plain is None:
            continue
        rows = plain[(plain["indicator"] == indicator) & (plain["value"] > 0)]
        figures = {
            (str(p), int(y)): float(v) for p, y, v in zip(rows["place_id"], rows["year"], rows["value"], strict=True)
        }
        found[f"ln_{indicator}"] = np.log(_at_cells(cells, figures, lag_years, reach_years, missing=float("nan")))
    if ties is not None:
        found["ties"] = _ties(cells, places, level, ties)
    return found


def stocks(firm_years: pd.DataFrame, places: pd.DataFrame, level: str) -> dict[tuple[str, int], float]:
    """Firms of the industry by place of a level and year.

    Rows of the level itself are taken as they are; where the table has none, those of towns and counties are added
    up, each place at the level at which the table holds it.
    """
    rows = firm_years[firm_years["member"].fillna(False).astype(bool)]
    rows = rows[rows["size_band"].fillna("").astype(str) == ""]
    own = rows[rows["level"] == level]
    if own.empty:
        finest = next((name for name in ("county", "town") if (rows["level"] == name).any()), None)
        own = rows[rows["level"] == finest] if finest else rows.iloc[:0]
    named = at_level(own["place_id"], places, level).to_numpy(dtype=object)
    frame = pd.DataFrame({"p": named, "y": own["year"].to_numpy(), "n": own["n_stock"].astype("float64").to_numpy()})
    sums = frame[frame["p"] != ""].groupby(["p", "y"], sort=True)["n"].sum()
    keys = sums.index.to_frame(index=False)
    return {
        (str(place), int(year)): float(n) for place, year, n in zip(keys["p"], keys["y"], sums.to_numpy(), strict=True)
    }


def _at_cells(cells: FlowCells, figures: Mapping[tuple[str, int], float], lag: int, reach: int, missing: float) -> Real:
    years = np.arange(int(cells.year.min()), int(cells.year.max()) + 1) if cells.year.size else np.zeros(0, dtype=int)
    grid = np.full((len(cells.places), years.size), missing)
    for i, place in enumerate(cells.places):
        for j, year in enumerate(years):
            for back in range(reach + 1):
                value = figures.get((place, int(year) - lag - back))
                if value is not None:
                    grid[i, j] = value
                    break
    return np.asarray(grid[cells.destination, cells.year - (years[0] if years.size else 0)])


def _ties(cells: FlowCells, places: pd.DataFrame, level: str, ties: pd.DataFrame) -> Real:
    n = len(cells.places)
    number = {name: i for i, name in enumerate(cells.places)}
    matrix = np.zeros((n, n))
    origin, destination = (at_level(ties[f"{side}_place_id"], places, level) for side in ("origin", "destination"))
    for o, d, share in zip(origin, destination, ties["share"], strict=True):
        if o in number and d in number and pd.notna(share):
            matrix[number[o], number[d]] += 100.0 * float(share)
    return np.asarray(matrix[cells.origin, cells.destination])
