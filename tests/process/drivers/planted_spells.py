"""Planted establishments that leave and close with known hazards, for the tests of leaving and drivers."""

import numpy as np
import pandas as pd

from process.moves.planted_moves import P_COLUMNS


def dates(years):
    """Decimal years as days; NaN is missing."""
    days = pd.Series(np.datetime64("1970-01-01") + np.nan_to_num((years - 1970) * 365.2425).astype("timedelta64[D]"))
    return days.where(np.isfinite(years))


def planted_spells(n, seed, n_places=20, leaving_ratio=2.0, exit_ratio=0.5, chance=None, branch_ratio=None):
    """Establishments of two sizes; size `big` leaves `leaving_ratio` and closes `exit_ratio` times as often.

    With `branch_ratio`, three in a hundred are branches, which leave that many times as often as firms beside them.
    Half of all firms stand in the crowded place c000, which is left ten times as often as others, and everywhere twice
    as many leave from 2010 on; branches began late, and stand nearly all elsewhere.

    Returns establishments and moves; destinations lie in a place outside, of their own industry record (no member).
    With `chance` (a, b), pairs have a Beta(a, b) probability of being the move they look like; others are look-alikes,
    whose origins closed.
    """
    rng = np.random.default_rng(seed)
    big = rng.random(n) < 0.5
    place = rng.integers(0, n_places, n)
    born = rng.uniform(1990.0, 2019.0, n)
    leaves = rng.exponential(1.0 / (0.05 * np.where(big, leaving_ratio, 1.0)))
    branch = np.zeros(n, dtype=bool)
    if branch_ratio is not None:
        branch = rng.random(n) < 0.03
        place = np.where(rng.random(n) < np.where(branch, 0.05, 0.5), 0, rng.integers(1, n_places, n))
        born = np.where(branch, rng.uniform(2006.0, 2019.0, n), born)
        leaves = leaves / (np.where(place == 0, 2.0, 0.2) * np.where(branch, branch_ratio, 1.0))
        before = np.maximum(2010.0 - born, 0.0)
        leaves = np.where(leaves < before, leaves, before + (leaves - before) / 2.0)
    closes = rng.exponential(1.0 / (0.08 * np.where(big, exit_ratio, 1.0)))
    end = born + np.minimum(leaves, closes)
    left = leaves < closes
    ended = end < 2021.0
    frame = pd.DataFrame({"record_id": [f"r{i:06}" for i in range(n)], "place_id": [f"c{i:03}" for i in place]})
    frame["entry_from"], frame["exit_from"] = dates(born), dates(np.where(ended, end, np.nan))
    frame["member"], frame["size_band"], frame["kind"], frame["date_flag"] = (
        True,
        np.where(big, "big", "small"),
        np.where(branch, "branch", "firm"),
        "ok",
    )
    gone = np.flatnonzero(left & ended)
    destination = pd.DataFrame({"record_id": [f"s{i:06}" for i in gone], "place_id": "c000"})
    destination["entry_from"], destination["exit_from"] = dates(end[gone]), pd.NaT
    destination["member"], destination["size_band"], destination["kind"] = False, "small", "firm"
    destination["date_flag"] = "ok"
    both = pd.concat([frame, destination.astype(frame.dtypes.to_dict())], ignore_index=True)
    for side in ("entry", "exit"):
        both[f"{side}_to"] = both[f"{side}_from"] + pd.Timedelta(days=1)
    moves = pd.DataFrame(
        {
            "move_id": [f"r{i:06}>s{i:06}" for i in gone],
            "origin_record_id": frame["record_id"].to_numpy()[gone],
            "destination_record_id": destination["record_id"].to_numpy(),
            "origin_place_id": frame["place_id"].to_numpy()[gone],
            "destination_place_id": "c000",
            "year": pd.array(end[gone].astype(int), dtype="Int64"),
            **dict.fromkeys(P_COLUMNS, 0.0),
            "basis": "model",
        }
    )
    moves["p_relocation"] = 1.0 if chance is None else rng.beta(*chance, len(gone))
    moves["p_look_alike"] = 1.0 - moves["p_relocation"]
    return both, moves


def planted_places(n_places=20):
    """Counties c000… of two provinces."""
    rows = [("p0", "province", None), ("p1", "province", None)]
    rows += [(f"c{i:03}", "county", f"p{i % 2}") for i in range(n_places)]
    places = pd.DataFrame(rows, columns=["place_id", "kind", "parent_id"])
    rng = np.random.default_rng(n_places)
    return places.assign(lon=rng.uniform(100, 120, len(places)), lat=rng.uniform(25, 40, len(places)))
