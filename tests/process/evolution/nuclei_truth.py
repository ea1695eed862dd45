"""What is true of the places inside a town where a synthetic registry's industry stood, and how well tracks fit it.

`truth/nuclei.csv` says where each nucleus lies and over which years firms entered at it; `truth/records.parquet` says
which firm stands at which. A nucleus is alive in the years in which at least `least` firms of the industry that can be
put on the map stand at it. It is found in a year if its centre lies within `near_m` of the outline of a cluster.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import shapely
from pyproj import Transformer

from townshift.process.concentration.establishment_points import establishment_points, projected_system
from townshift.process.concentration.point_parameters import PointsParameters


@dataclass(frozen=True)
class NucleiTruth:
    """The truth of one registry around its focal town.

    Attributes:
        points: as `establishment_points`, with observed coordinates and true years and membership.
        nuclei: rows of `truth/nuclei.csv` within reach, with `x_m`, `y_m`.
        stock: nuclei × years, firms of the industry on the map that stand at each.
    """

    points: pd.DataFrame
    nuclei: pd.DataFrame
    stock: pd.DataFrame


def nuclei_truth(folder: Path, centre: tuple[float, float], years: range, reach_km: float = 30.0) -> NucleiTruth:
    """Read the truth of a study folder around a point; records that repeat another are left out."""
    records = pd.read_parquet(folder / "truth" / "records.parquet")
    firms = pq.read_table(folder / "data" / "firms.parquet", columns=["record_id", "lon", "lat", "use"]).to_pandas()
    rows = records.merge(firms, on="record_id").query("duplicate_of.isna()")
    table = rows.assign(
        entry_from=pd.to_datetime(rows["true_entry"]),
        exit_from=pd.to_datetime(rows["true_exit"]),
        employees=np.nan,
        place_id=rows["true_place_id"],
    )
    points, _ = establishment_points(table, centre, "", PointsParameters(within_km=reach_km))
    to_metres = Transformer.from_crs("EPSG:4326", projected_system(*centre), always_xy=True)
    nuclei = pd.read_csv(folder / "truth" / "nuclei.csv")
    nuclei["x_m"], nuclei["y_m"] = to_metres.transform(nuclei["lon"].to_numpy(), nuclei["lat"].to_numpy())
    middle = to_metres.transform(*centre)
    nuclei = nuclei[np.hypot(nuclei["x_m"] - middle[0], nuclei["y_m"] - middle[1]) <= reach_km * 1000]
    at = points.merge(records[["record_id", "true_nucleus"]], on="record_id")
    at = at[at["member"].to_numpy(bool) & at["true_nucleus"].notna()]
    leaving = at["exit_year"].fillna(9999)
    counts = {year: at[(at["entry_year"] <= year) & (leaving > year)].groupby("true_nucleus").size() for year in years}
    stock = pd.DataFrame(counts).reindex(nuclei["nucleus"]).fillna(0).astype(int)
    return NucleiTruth(points, nuclei.set_index("nucleus"), stock)


def nuclei_matches(
    truth: NucleiTruth, clusters: pd.DataFrame, tracks: pd.DataFrame, least: int, near_m: float
) -> pd.DataFrame:
    """One row a nucleus that is ever alive: its years, the years found, when it was first found, the tracks it lay in.

    Args:
        truth: of `nuclei_truth`.
        clusters: year, cluster, polygon_wkb in metres.
        tracks: of `cluster_tracks`.
        least: firms from which a nucleus counts as alive.
        near_m: metres from the outline within which a nucleus is found.
    """
    seen = _with_shapes(clusters, tracks)
    rows = []
    for nucleus, row in truth.nuclei.iterrows():
        counts = truth.stock.loc[nucleus]
        alive = [int(year) for year in counts.index if counts[year] >= least]
        if not alive:
            continue
        near = seen[shapely.distance(seen["shape"].to_numpy(), shapely.Point(row["x_m"], row["y_m"])) <= near_m]
        found = set(near["year"].astype(int))
        rows.append(
            {
                "nucleus": nucleus,
                "kind": row["kind"],
                "place": row["place_id"],
                "most": int(counts.max()),
                "alive_from": alive[0],
                "alive_years": len(alive),
                "found_years": len(found & set(alive)),
                "found_from": min(found, default=0),
                "tracks": "; ".join(
                    f"{track} {part['year'].min()}-{part['year'].max()}" for track, part in near.groupby("track")
                ),
            }
        )
    return pd.DataFrame(rows)


def tracks_without_nucleus(
    truth: NucleiTruth, clusters: pd.DataFrame, tracks: pd.DataFrame, near_m: float
) -> pd.DataFrame:
    """Confirmed tracks no outline of which ever came within `near_m` of a nucleus at which firms had entered."""
    seen = _with_shapes(clusters, tracks[tracks["status"] == "confirmed"])
    rows = []
    for track, part in seen.groupby("track"):
        known = truth.nuclei[truth.nuclei["from_year"] <= part["year"].max()]
        centres = shapely.points(known["x_m"].to_numpy(), known["y_m"].to_numpy())
        away = min((float(shapely.distance(shape, centres).min()) for shape in part["shape"]), default=np.inf)
        if away > near_m:
            rows.append((track, int(part["year"].min()), int(part["year"].max()), int(part["n"].max()), away))
    return pd.DataFrame(rows, columns=["track", "first_year", "last_year", "most", "away_m"])


def _with_shapes(clusters: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    keys = ["year", "cluster"]
    seen = tracks[[*keys, "track", "n"]].merge(clusters[[*keys, "polygon_wkb"]].astype({"year": "Int64"}), on=keys)
    return seen.assign(shape=shapely.from_wkb(seen["polygon_wkb"].to_numpy(dtype=object)))
