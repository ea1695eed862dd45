"""What is true of the clusters of a synthetic registry, and how well tracks fit it.

The registry (`townshift new --example registry`) gives each record a true place, entry, exit and membership of the
industry, and its true moves. All firms of a place stand at its centre, so a cluster can only be a place whose stock of
members is large enough, or several such places near each other. Hence the truth: a place is a cluster from the first to
the last year in which its true stock of 31 December is at least `least`, with no gap of more than `bridged` years; it
began by spill-over if at least `spill_share` of its founders were the destinations of true moves from one older
cluster, else by birth.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

SPILL_SHARE, FOUNDING_YEARS = 0.2, 3


@dataclass(frozen=True)
class RegistryTruth:
    """The truth of one registry.

    Attributes:
        memberships: record, year, place of every true member that stands on 31 December, twins left out.
        stock: places × years, number of such members.
        spans: place, first_year, last_year, kind (`birth`, `spill_over`; empty if it stood in the first year), origin.
    """

    memberships: pd.DataFrame
    stock: pd.DataFrame
    spans: pd.DataFrame


def registry_truth(folder: Path, years: range, least: int, bridged: int = 2) -> RegistryTruth:
    """Read `truth/records.parquet` and `truth/moves.parquet` of a study folder."""
    records = pd.read_parquet(folder / "truth" / "records.parquet")
    moves = pd.read_parquet(folder / "truth" / "moves.parquet")
    members = records[records["member"] & records["duplicate_of"].isna()]
    entry = pd.to_datetime(members["true_entry"]).dt.year.to_numpy()
    leave = pd.to_datetime(members["true_exit"]).dt.year.fillna(9999).astype(int).to_numpy()
    parts = []
    for year in years:
        standing = members[(entry <= year) & (leave > year)]
        parts.append(pd.DataFrame({"record": standing["record_id"], "year": year, "place": standing["true_place_id"]}))
    memberships = pd.concat(parts, ignore_index=True)
    stock = memberships.pivot_table(index="place", columns="year", values="record", aggfunc="count", fill_value=0)
    stock = stock.reindex(columns=list(years), fill_value=0)
    return RegistryTruth(memberships, stock, _spans(stock, memberships, moves, least, bridged))


def _spans(
    stock: pd.DataFrame, memberships: pd.DataFrame, moves: pd.DataFrame, least: int, bridged: int
) -> pd.DataFrame:
    rows = []
    for place, counts in stock.iterrows():
        large = [int(year) for year in stock.columns if counts[year] >= least]
        if not large:
            continue
        cuts = [i for i in range(1, len(large)) if large[i] - large[i - 1] > bridged + 1]
        for part in np.split(np.array(large), cuts):
            rows.append((str(place), int(part[0]), int(part[-1])))
    spans = pd.DataFrame(rows, columns=["place", "first_year", "last_year"])
    place_of = memberships.drop_duplicates("record").set_index("record")["place"]
    linked = pd.DataFrame(
        {
            "record": moves["destination_record_id"],
            "from": moves["origin_record_id"].map(place_of),
            "to": moves["destination_record_id"].map(place_of),
        }
    ).dropna()
    kinds, origins = [], []
    for span in spans.itertuples(index=False):
        kind, origin = _beginning(span, spans, memberships, linked, int(stock.columns[0]))
        kinds.append(kind)
        origins.append(origin)
    return spans.assign(kind=kinds, origin=origins)


def _beginning(
    span: tuple, spans: pd.DataFrame, memberships: pd.DataFrame, linked: pd.DataFrame, first: int
) -> tuple[str, str]:
    if span.first_year == first:
        return "", ""
    years = range(span.first_year, span.first_year + FOUNDING_YEARS)
    founders = memberships[(memberships["place"] == span.place) & memberships["year"].isin(years)]["record"].unique()
    older = spans[spans["first_year"] < span.first_year]["place"]
    fed = linked[linked["record"].isin(founders) & linked["from"].isin(older) & (linked["from"] != span.place)]
    counts = fed["from"].value_counts()
    if len(counts) and counts.iloc[0] >= SPILL_SHARE * len(founders):
        return "spill_over", str(counts.index[0])
    return "birth", ""


def registry_scores(
    truth: RegistryTruth, memberships: pd.DataFrame, tracks: pd.DataFrame, events: pd.DataFrame
) -> dict[str, float]:
    """How well tracks and events fit the truth of a registry.

    Args:
        truth: of `registry_truth`.
        memberships: record, year, cluster as given to `cluster_tracks`; `record` is the registry's record id.
        tracks: of `cluster_tracks`.
        events: of `cluster_tracks`.

    Returns:
        adjusted_rand: of track and true place over memberships in clusters; kept: share of a place's clustered
        memberships that its main track holds, mean over true clusters; found: share of true clusters (spans of three
        years or more) that have a track; begins_within_2: share of those that began after the first year whose track
        begins at most two years off; begins_as: share of the same whose event has the true kind; phases_right: share of
        events of growth and decline in which the true stock of the track's main place changed in that direction.
    """
    from sklearn.metrics import adjusted_rand_score

    seen = memberships[memberships["cluster"] >= 0].merge(truth.memberships, on=["record", "year"])
    named = tracks[["year", "cluster", "track"]].astype({"year": "int64", "cluster": "int64", "track": str})
    rows = seen.merge(named, on=["year", "cluster"])
    pairs = rows.groupby(["place", "track"]).size().reset_index(name="n")
    of_place = pairs.sort_values(["n", "track"], ascending=[False, True]).drop_duplicates("place").set_index("place")
    of_track = pairs.sort_values(["n", "place"], ascending=[False, True]).drop_duplicates("track").set_index("track")
    spans = truth.spans[truth.spans["last_year"] - truth.spans["first_year"] >= 2]
    main = of_place["n"] / pairs.groupby("place")["n"].sum()
    begun = spans[spans["kind"] != ""]
    starts = events[events["kind"].isin(["birth", "split", "spill_over"])]
    near, same = [], []
    for span in begun.itertuples(index=False):
        mine = [track for track, row in of_track.iterrows() if row["place"] == span.place]
        close = starts[starts["track"].isin(mine) & ((starts["year"] - span.first_year).abs() <= 2)]
        near.append(len(close) > 0)
        same.append(bool((close["kind"] == span.kind).any()))
    right = []
    for event in events[events["kind"].isin(["growth", "decline"])].itertuples(index=False):
        place = of_track["place"].get(str(event.track))
        if place is not None and int(event.year) - 1 in truth.stock.columns:
            change = truth.stock.loc[place, int(event.year_to)] - truth.stock.loc[place, int(event.year) - 1]
            right.append((change > 0) == (event.kind == "growth"))
    return {
        "adjusted_rand": float(adjusted_rand_score(rows["place"], rows["track"])),
        "kept": float(main.reindex(spans["place"].unique()).dropna().mean()),
        "found": float(spans["place"].isin(of_place.index).mean()),
        "begins_within_2": float(np.mean(near)) if near else float("nan"),
        "begins_as": float(np.mean(same)) if same else float("nan"),
        "phases_right": float(np.mean(right)) if right else float("nan"),
    }
