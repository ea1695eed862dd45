"""Question 1 from firm points: how concentrated the industry is, where its clusters are, and how they lived."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.engine import frame, step

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from townshift.process.clusters.parameters import ClustersParameters
    from townshift.process.clusters.town_uses_parameters import TownUsesParameters
    from townshift.process.concentration.point_parameters import ConcentrationParameters, PointsParameters
    from townshift.process.evolution.tracks_parameters import TracksParameters
    from townshift.types import ChunkMapper, Estimates, Focus


@dataclass(frozen=True)
class PointTables:
    """Establishments as points in metres, and which could not be placed."""

    establishment_points: pd.DataFrame
    points_status: pd.DataFrame


@dataclass(frozen=True)
class ConcentrationTables:
    """Curves of distance with their bands, what they come to, and where the centre went."""

    distance_curves: pd.DataFrame
    concentration_summary: pd.DataFrame
    concentration_status: pd.DataFrame
    centre: Estimates


@dataclass(frozen=True)
class AreaTables:
    """Quotients of areas and how uneven they are together."""

    location_quotients: pd.DataFrame
    area_summary: pd.DataFrame
    area_status: pd.DataFrame


@dataclass(frozen=True)
class ClusterTables:
    """Clusters by year, who stands in which, and the share of the industry that does."""

    clusters: pd.DataFrame
    cluster_members: pd.DataFrame
    cluster_levels: pd.DataFrame
    clusters_status: pd.DataFrame
    clustering: Estimates


@dataclass(frozen=True)
class TrackTables:
    """Clusters followed through the years: tracks, events, stages, and what could not be said."""

    tracks: pd.DataFrame
    track_events: pd.DataFrame
    track_stages: pd.DataFrame
    tracks_status: pd.DataFrame


@dataclass(frozen=True)
class TownUsesTables:
    """Inside the town: mix of uses on a grid, the way into parks, distances between living, making and selling."""

    use_cells: pd.DataFrame
    use_shift: pd.DataFrame
    use_distances: pd.DataFrame
    uses_status: pd.DataFrame


@step(question="process")
def establishment_points(
    establishments: ibis.Table, firms: ibis.Table, places: ibis.Table, *, parameters: PointsParameters, focus: Focus
) -> PointTables:
    """Establishments near the focal place that have coordinates of their own, in metres."""
    import ibis as library

    from townshift.process.concentration.establishment_points import establishment_points as points_of

    centre = _centre(frame(places), focus.place_id)
    if centre is None:
        return _no_centre(establishments)
    lon, lat = centre
    rows = establishments.select(
        "record_id", "lon", "lat", "member", "employees", "entry_from", "exit_from", "place_id"
    )
    if parameters.within_km is not None:
        # A box is enough here; the circle is cut in metres. A degree of latitude is 111 km, one of longitude less.
        reach = parameters.within_km / 100
        wide = reach / max(0.1, _cosine(lat))
        near = rows.lon.between(lon - wide, lon + wide) & rows.lat.between(lat - reach, lat + reach)
        rows = rows.filter(rows.lon.isnull() | near)  # noqa: PD003
    use = firms.select("record_id", "use") if "use" in firms.columns else None
    joined = rows.mutate(use=library.null("string")) if use is None else rows.left_join(use, "record_id")
    if use is not None:
        joined = joined.drop("record_id_right")
    # Of those without coordinates only the number is needed.
    own = joined.filter(joined.lon.notnull() & joined.lat.notnull())  # noqa: PD004
    table, status = points_of(frame(own), (lon, lat), focus.projection, parameters)
    unplaced = rows.filter(rows.lon.isnull())  # noqa: PD003
    missing = int(frame(unplaced.aggregate(n=library._.count()))["n"].iloc[0])
    return PointTables(establishment_points=table, points_status=_with_missing(status, missing))


def _centre(places: pd.DataFrame, place_id: str) -> tuple[float, float] | None:
    """Where the focal place lies; none where the study does not say."""
    known = places[places["place_id"] == place_id].dropna(subset=["lon", "lat"])
    return None if known.empty else (float(known["lon"].iloc[0]), float(known["lat"].iloc[0]))


def _no_centre(establishments: ibis.Table) -> PointTables:
    """No points: without the focal place's own there is no near and far, and no system to measure in."""
    from townshift.frames import typed
    from townshift.process.concentration.establishment_points import STATUS_TYPES
    from townshift.process.concentration.point_parameters import POINT_TYPES

    n = int(frame(establishments.aggregate(n=establishments.count()))["n"].iloc[0])
    status = [{"measure": "points", "status": "left_out", "reason": "no_focal_coordinates", "n": n}]
    return PointTables(establishment_points=typed([], POINT_TYPES), points_status=typed(status, STATUS_TYPES))


def _cosine(degrees: float) -> float:
    from math import cos, radians

    return cos(radians(degrees))


def _with_missing(status: pd.DataFrame, missing: int) -> pd.DataFrame:
    import pandas as pd

    if not missing:
        return status
    row = pd.DataFrame([{"measure": "points", "status": "left_out", "reason": "no_coordinates", "n": missing}])
    return pd.concat([row.astype(status.dtypes.to_dict()), status], ignore_index=True)


@step(question="process")
def concentration(
    establishment_points: ibis.Table, *, parameters: ConcentrationParameters, focus: Focus, chunks: ChunkMapper
) -> ConcentrationTables:
    """At which distances the industry stands closer together than all establishments do, and where its centre went."""
    from townshift.process.concentration.by_year import Notes, centre_estimates, chosen_years, distance_curves
    from townshift.process.estimate_rows import collect_rows

    points = frame(establishment_points)
    years = chosen_years(points, parameters, focus.year_to)
    found = distance_curves(points, years, parameters, focus.seed, chunks)
    notes, centres = Notes([{str(k): v for k, v in row.items()} for row in found.status.to_dict("records")]), []

    def measured() -> None:
        centres.append(centre_estimates(points, range(focus.year_from, focus.year_to + 1), focus.place_id, focus.seed))

    members = int(points["member"].sum())
    if not years:
        notes.refused("distance_curves", "too_few_points" if members else "no_points", members)
    if members:
        notes.tried("centre", None, measured)
    else:
        notes.refused("centre", "no_points", 0)
    return ConcentrationTables(
        distance_curves=found.curves,
        concentration_summary=found.summary,
        concentration_status=notes.table(),
        centre=centres[0] if centres else collect_rows([]),
    )


@step(question="process")
def area_concentration(
    firm_years: ibis.Table, places: ibis.Table, *, parameters: ConcentrationParameters, focus: Focus
) -> AreaTables:
    """Which areas have more than their due of the industry, how uneven areas are, and whether neighbours are alike."""
    from townshift.process.concentration.by_year import area_measures

    found = area_measures(frame(firm_years), frame(places), focus.projection, parameters, focus.seed)
    return AreaTables(location_quotients=found.quotients, area_summary=found.summary, area_status=found.status)


@step(question="process")
def clusters(
    establishment_points: ibis.Table,
    places: ibis.Table,
    *,
    parameters: ClustersParameters,
    focus: Focus,
    chunks: ChunkMapper,
) -> ClusterTables:
    """The industry's clusters at the end of every year, among all establishments, and the share that stands in them."""
    from townshift.process.clusters.cluster_estimates import cluster_estimates, outlines_in_degrees
    from townshift.process.clusters.point_clusters import point_clusters
    from townshift.process.estimate_rows import collect_rows

    points = frame(establishment_points)
    years = range(focus.year_from, focus.year_to + 1)
    got = point_clusters(points, years, parameters, focus.seed, chunks)
    records = points.loc[points["member"].to_numpy(bool), "record_id"]
    shares = collect_rows([])
    if got.found is not None:
        shares = cluster_estimates(got.found, records, focus.place_id, focus.seed)
    degrees = outlines_in_degrees(got.clusters["polygon_wkb"], _system(focus, places))
    return ClusterTables(
        clusters=got.clusters.assign(polygon_wkb=degrees),
        cluster_members=got.members,
        cluster_levels=got.levels,
        clusters_status=got.status,
        clustering=shares,
    )


def _system(focus: Focus, places: ibis.Table) -> str:
    from townshift.process.concentration.establishment_points import projected_system

    centre = _centre(frame(places), focus.place_id)
    # Without a centre there are no points, and so no outlines to be turned.
    return focus.projection or ("EPSG:4326" if centre is None else projected_system(*centre))


@step(question="process")
def cluster_tracks(
    clusters: ibis.Table,
    cluster_members: ibis.Table,
    places: ibis.Table,
    moves: ibis.Table | None = None,
    *,
    parameters: TracksParameters,
    focus: Focus,
) -> TrackTables:
    """Clusters followed from year to year: born, grown, met, split, fed by another, shrunk, gone; and their stage."""
    from townshift.process.clusters.cluster_estimates import outlines_in_metres
    from townshift.process.evolution.tracks import cluster_tracks as tracks_of

    table = frame(clusters)
    table = table.assign(polygon_wkb=outlines_in_metres(table["polygon_wkb"], _system(focus, places)))
    members = frame(cluster_members).rename(columns={"record_id": "record"})
    links = None if moves is None else _links(frame(moves), members)
    found = tracks_of(members, table, parameters, links)
    return TrackTables(
        tracks=found.tracks, track_events=found.events, track_stages=found.stages, tracks_status=found.status
    )


def _links(moves: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Moves between firms that were ever in a cluster, as links from an old cluster to a new one."""
    known = set(members.loc[members["cluster"] >= 0, "record"])
    inside = moves["origin_record_id"].isin(known) & moves["destination_record_id"].isin(known) & moves["year"].notna()
    rows = moves[inside]
    return rows.assign(
        origin_record=rows["origin_record_id"],
        destination_record=rows["destination_record_id"],
        probability=1 - rows["p_look_alike"],
    )[["origin_record", "destination_record", "year", "probability"]]


@step(question="process")
def town_uses(establishment_points: ibis.Table, *, parameters: TownUsesParameters, focus: Focus) -> TownUsesTables:
    """Workshops beside dormitories and shops, and how making moved from the village into parks."""
    from townshift.process.clusters.town_uses_by_year import town_uses_by_year

    years = range(focus.year_from, focus.year_to + 1)
    found = town_uses_by_year(frame(establishment_points), years, parameters, focus.seed)
    return TownUsesTables(
        use_cells=found.cells, use_shift=found.shift, use_distances=found.distances, uses_status=found.status
    )
