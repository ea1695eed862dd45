"""Planted moves and places for the tests of pathways and drivers."""

import numpy as np
import pandas as pd

from townshift.process.moves.parameters import KINDS

P_COLUMNS = [f"p_{kind}" for kind in (*KINDS, "look_alike")]


def move_rows(*rows, basis="reviewed"):
    """Rows (origin record, destination record, origin place, destination place, year, {kind: p})."""
    records = []
    for origin, destination, here, there, year, p in rows:
        chance = {f"p_{kind}": p.get(kind, 0.0) for kind in KINDS}
        records.append(
            {
                "move_id": f"{origin}>{destination}",
                "origin_record_id": origin,
                "destination_record_id": destination,
                "origin_place_id": here,
                "destination_place_id": there,
                "year": year,
                **chance,
                "p_look_alike": 1.0 - sum(chance.values()),
                "basis": basis,
            }
        )
    columns = [
        "move_id", "origin_record_id", "destination_record_id", "origin_place_id", "destination_place_id", "year",
        *P_COLUMNS, "basis",
    ]  # fmt: skip
    found = pd.DataFrame(records, columns=columns)
    found["year"] = found["year"].astype("Int64")
    return found


def grid_places(n, n_provinces, seed):
    """Counties c000… in provinces p0…, at random points."""
    rng = np.random.default_rng(seed)
    rows = [("cn", "country", None)]
    rows += [(f"p{i}", "province", "cn") for i in range(n_provinces)]
    rows += [(f"c{i:03}", "county", f"p{i % n_provinces}") for i in range(n)]
    places = pd.DataFrame(rows, columns=["place_id", "kind", "parent_id"])
    places["lon"] = rng.uniform(100.0, 120.0, len(places))
    places["lat"] = rng.uniform(25.0, 40.0, len(places))
    return places


def drawn_flows(places, mean, years, rng, chance=None):
    """Moves whose true counts are Poisson around `mean` (years, origins, destinations); each appears as a pair.

    With `chance`, shape (2,): a true move is reported with a probability drawn from Beta(*chance), and false pairs are
    added so that the probabilities are right on average.
    """
    names = sorted(place for place in places["place_id"] if place.startswith("c0"))
    counts = rng.poisson(mean)
    t, o, d = np.nonzero(counts)
    repeats = counts[t, o, d]
    t, o, d = (np.repeat(index, repeats) for index in (t, o, d))
    if chance is None:
        p, is_true = np.ones(t.size), np.ones(t.size, dtype=bool)
    else:
        p, is_true = [], []
        while sum(is_true) < t.size:
            p.append(rng.beta(*chance))
            is_true.append(bool(rng.random() < p[-1]))
        p, is_true = np.array(p), np.array(is_true)
        false = int((~is_true).sum())
        # a false pair looks like a move of the same flows, as a look-alike would
        pick = rng.choice(mean.size, false, p=(mean / mean.sum()).ravel())
        extra = np.stack(np.unravel_index(pick, mean.shape))
        both = np.empty((3, p.size), dtype=np.int64)
        both[:, is_true] = rng.permutation(np.stack([t, o, d]), axis=1)
        both[:, ~is_true] = extra
        t, o, d = both
    frame = pd.DataFrame(
        {
            "move_id": [f"m{i:07}" for i in range(t.size)],
            "origin_record_id": [f"a{i}" for i in range(t.size)],
            "destination_record_id": [f"b{i}" for i in range(t.size)],
            "origin_place_id": np.array(names, dtype=object)[o],
            "destination_place_id": np.array(names, dtype=object)[d],
            "year": pd.array(np.array(years)[t], dtype="Int64"),
            **dict.fromkeys(P_COLUMNS, 0.0),
            "basis": "model",
        }
    )
    frame["p_relocation"] = p
    frame["p_look_alike"] = 1.0 - p
    return frame
