"""Establishments with coordinates of their own as points in metres, with the years at whose end they exist."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.frames import typed
from townshift.process.concentration.point_parameters import POINT_TYPES, PointsParameters

Floats = npt.NDArray[np.float64]

STATUS_TYPES = {"measure": "string", "status": "string", "reason": "string", "n": "Int64"}
"""Columns of every table that says what was left out or could not be said, why, and of how many rows."""


def establishment_points(
    establishments: pd.DataFrame, centre: tuple[float, float], projection: str, parameters: PointsParameters
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Project establishments and say from when to when each is in the stock of 31 December.

    An establishment whose entry is not known has no year and is left out, as is one that closed before it opened.
    Coordinates of a place are no coordinates of a firm: those without their own are left out and counted.

    Args:
        establishments: record_id, lon, lat (WGS 84), member, employees, entry_from, exit_from (days), place_id, use.
        centre: lon, lat of the focal place; a projected system is chosen for it where the study names none.
        projection: `EPSG:…` of the study, or "".
        parameters: see `PointsParameters`.

    Returns:
        `POINT_TYPES`, sorted by record; and what was left out, with `STATUS_TYPES`.

    Example:
        >>> rows = {"record_id": ["b", "a"], "lon": [120.1, None], "lat": [30.8, None], "member": True,
        ...     "employees": 5.0, "entry_from": pd.to_datetime(["2003-05-01", "2004-01-01"]),
        ...     "exit_from": pd.to_datetime(["2010-02-01", None]), "place_id": "p", "use": "shop"}
        >>> parameters = PointsParameters(least_points=3)
        >>> found, status = establishment_points(pd.DataFrame(rows), (120.1, 30.8), "", parameters)
        >>> status[["reason", "n"]].values.tolist()
        [['no_coordinates', 1], ['too_few_points', 1]]
    """
    from pyproj import Transformer

    rows = establishments.sort_values("record_id", kind="stable")
    own = rows["lon"].notna() & rows["lat"].notna()
    dated = rows["entry_from"].notna()
    entry_year, exit_year = (pd.to_datetime(rows[name]).dt.year for name in ("entry_from", "exit_from"))
    closed_first = dated & (exit_year < entry_year)
    left_out = [
        ("no_coordinates", int((~own).sum())),
        ("no_entry_date", int((own & ~dated).sum())),
        ("closed_before_opened", int((own & closed_first).sum())),
    ]
    rows = rows[own & dated & ~closed_first]
    to_metres = Transformer.from_crs("EPSG:4326", projection or projected_system(*centre), always_xy=True)
    x, y = to_metres.transform(rows["lon"].to_numpy(np.float64), rows["lat"].to_numpy(np.float64))
    if parameters.within_km is not None:
        middle = to_metres.transform(*centre)
        near = np.hypot(x - middle[0], y - middle[1]) <= parameters.within_km * 1000
        left_out.append(("too_far", int((~near).sum())))
        rows, x, y = rows[near], x[near], y[near]
    members = int(rows["member"].sum())
    if members < parameters.least_points:
        left_out.append(("too_few_points", members))
        rows, x, y = rows.iloc[:0], x[:0], y[:0]
    table = pd.DataFrame(
        {
            "record_id": rows["record_id"],
            "x_m": x,
            "y_m": y,
            "member": rows["member"].fillna(False).astype(bool),
            "employees": rows["employees"],
            "entry_year": entry_year[rows.index],
            "exit_year": exit_year[rows.index],
            "place_id": rows["place_id"],
            "use": rows["use"],
        }
    )
    status = [{"measure": "points", "status": "left_out", "reason": reason, "n": n} for reason, n in left_out if n]
    return table.reset_index(drop=True)[list(POINT_TYPES)].astype(POINT_TYPES), typed(status, STATUS_TYPES)


def projected_system(lon: float, lat: float) -> str:
    """The zone of UTM that a point lies in.

    Example:
        >>> projected_system(120.25, 30.85), projected_system(-1.5, 53.8)
        ('EPSG:32651', 'EPSG:32630')
    """
    zone = int((lon + 180) // 6) % 60 + 1
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def present(points: pd.DataFrame, year: int) -> npt.NDArray[np.bool_]:
    """Which points are in the stock at the end of a year.

    Example:
        >>> rows = pd.DataFrame({"entry_year": [2000, 2005], "exit_year": pd.array([2004, None], dtype="Int64")})
        >>> present(rows, 2003).tolist(), present(rows, 2004).tolist(), present(rows, 2005).tolist()
        ([True, False], [False, False], [False, True])
    """
    entry = points["entry_year"].to_numpy(np.int64)
    leaving = points["exit_year"].astype("float64").fillna(np.inf).to_numpy()
    return np.asarray((entry <= year) & (year < leaving))
