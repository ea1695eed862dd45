"""What others vouch for: a registry's succession links, a person's answers, and the sheet that asks for them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.errors import MeasureError, Problem
from townshift.process.moves.calibration import Calibration, calibrate, recalibrated
from townshift.process.moves.parameters import KINDS, LOOK_ALIKE, MovesParameters
from townshift.process.moves.reasons import REVIEWED, SUCCESSION

P_COLUMNS: tuple[str, ...] = tuple(f"p_{kind}" for kind in (*KINDS, LOOK_ALIKE))
"""Columns of the probabilities, which sum to 1."""

COLUMNS: tuple[str, ...] = (
    "move_id", "origin_record_id", "destination_record_id", "origin_place_id", "destination_place_id", "year",
    "distance_km", "match_probability", *P_COLUMNS, "kind", "reasons", "basis",
)  # fmt: skip
"""Columns of the table `moves`."""

REVIEW_COLUMNS: tuple[str, ...] = (
    "move_id", "origin_record_id", "destination_record_id", "origin_place_id", "destination_place_id", "origin_from",
    "origin_to", "destination_from", "distance_km", "probability", "likely_kind", "reasons", "kind",
)  # fmt: skip
"""Columns of the sheet of borderline pairs; a person fills `kind` with a kind of move or `look_alike`."""

EARTH_KM = 6371.0088


def calibration_of(moves: pd.DataFrame, answers: pd.DataFrame | None, parameters: MovesParameters) -> Calibration:
    """How answers move the probabilities; without answers, how unsure unchecked probabilities are.

    Raises:
        MeasureError: an answer is no kind of move and not `look_alike`, or a pair is answered twice and differently.
    """
    answered = _answers(answers)
    known = moves[moves["move_id"].isin(answered.index)]
    is_move = (answered.reindex(known["move_id"]) != LOOK_ALIKE).to_numpy(dtype=bool)
    p = 1.0 - known["p_look_alike"].to_numpy(dtype=np.float64)
    return calibrate(p, is_move, parameters.shift_sd, parameters.slope_sd)


def with_calibration(moves: pd.DataFrame, calibration: Calibration) -> pd.DataFrame:
    """The moves with their probabilities moved; unchanged where nobody answered anything."""
    if calibration.n_labels == 0:
        return moves
    return _with_p(moves, recalibrated(_p(moves), calibration))


def review_moves(
    moves: pd.DataFrame, rows: pd.DataFrame, answers: pd.DataFrame | None, parameters: MovesParameters
) -> pd.DataFrame:
    """Borderline pairs for a person to decide, those nearest to one half first; no name of anybody is on it.

    Args:
        moves: the modelled moves.
        rows: record_id, entry_from, exit_from of their records.
        answers: pairs already answered are not asked again.
        parameters: bounds of what is borderline, and how many pairs a sheet holds.
    """
    p = 1.0 - moves["p_look_alike"].to_numpy(dtype=np.float64)
    asked = (p >= parameters.review_low) & (p <= parameters.review_high)
    asked &= ~moves["move_id"].isin(_answers(answers).index).to_numpy(dtype=bool)
    sheet = moves[asked].assign(probability=p[asked], distance=np.abs(p[asked] - 0.5))
    sheet = sheet.sort_values(["distance", "move_id"], kind="stable").head(parameters.review_pairs)
    dates = rows.set_index("record_id")
    origin = dates.reindex(sheet["origin_record_id"])
    destination = dates.reindex(sheet["destination_record_id"])
    sheet = sheet.assign(
        origin_from=origin["entry_from"].to_numpy(),
        origin_to=origin["exit_from"].to_numpy(),
        destination_from=destination["entry_from"].to_numpy(),
        likely_kind=sheet["kind"],
        kind=pd.array([None] * len(sheet), dtype="string"),
    )
    return sheet[list(REVIEW_COLUMNS)].reset_index(drop=True)


def with_answers(moves: pd.DataFrame, answers: pd.DataFrame | None) -> pd.DataFrame:
    """The moves with answered pairs as the person decided; rivals of an answered move give way."""
    answered = _answers(answers)
    here = moves["move_id"].isin(answered.index).to_numpy(dtype=bool)
    if not here.any():
        return moves
    said = answered.reindex(moves.loc[here, "move_id"]).to_numpy(dtype=object)
    p = _p(moves)
    p[here] = np.array([[float(kind == one) for one in (*KINDS, LOOK_ALIKE)] for kind in said])
    out = _without_rivals(moves, p, here)
    codes = [f"{codes};{REVIEWED}" if codes else REVIEWED for codes in out.loc[here, "reasons"]]
    out.loc[here, "reasons"] = codes
    out.loc[here, "basis"] = "reviewed"
    return out


def with_successions(moves: pd.DataFrame, successions: pd.DataFrame, ends: pd.DataFrame) -> pd.DataFrame:
    """The moves with the links that a registry states, as certain moves.

    A link between two places is a relocation if the registry says that activity goes on, that the seat is
    transferred, or if the predecessor closes; else a branch. A link within a place is no move.

    Args:
        moves: the moves found so far.
        successions: predecessor_id, successor_id, date, seat_transfer, economic_continuity.
        ends: place_id, county_id, lon, lat, entry_from, exit_from of the records named; index: record_id.
    """
    known = successions[
        successions["predecessor_id"].isin(ends.index) & successions["successor_id"].isin(ends.index)
    ].drop_duplicates(["predecessor_id", "successor_id"])
    origin, destination = ends.loc[known["predecessor_id"]], ends.loc[known["successor_id"]]
    placed = origin["place_id"].notna().to_numpy() & destination["place_id"].notna().to_numpy()
    apart = placed & (origin["place_id"].to_numpy(dtype=object) != destination["place_id"].to_numpy(dtype=object))
    known, origin, destination = known[apart], origin[apart], destination[apart]
    if known.empty:
        return moves
    goes_on = (
        _flag(known, "economic_continuity") | _flag(known, "seat_transfer") | origin["exit_from"].notna().to_numpy()
    )
    stated = pd.DataFrame({"origin_record_id": origin.index, "destination_record_id": destination.index})
    stated["move_id"] = stated["origin_record_id"] + ">" + stated["destination_record_id"]
    stated["origin_place_id"] = origin["place_id"].to_numpy()
    stated["destination_place_id"] = destination["place_id"].to_numpy()
    stated["year"] = _years(known, destination)
    stated["distance_km"] = _distances(origin, destination)
    stated["match_probability"] = 1.0
    kind = np.where(goes_on, "relocation", "branch")
    stated["kind"], stated["reasons"], stated["basis"] = kind, SUCCESSION, "succession"
    for name in P_COLUMNS:
        stated[name] = (kind == name.removeprefix("p_")).astype(float)
    rest = moves[~moves["move_id"].isin(stated["move_id"])]
    joined = pd.concat([rest, stated[list(COLUMNS)]], ignore_index=True)
    joined = joined.sort_values("move_id", kind="stable").reset_index(drop=True)
    certain = (joined["basis"] == "succession").to_numpy(dtype=bool)
    return _without_rivals(joined, _p(joined), certain)


def _answers(answers: pd.DataFrame | None) -> pd.Series:
    if answers is None or answers.empty:
        return pd.Series(dtype=object)
    given = answers[answers["kind"].notna()].drop_duplicates(["move_id", "kind"])
    problems = [
        Problem("TS-MOVES-001", "moves.csv", {"move": move, "kind": kind, "known": ", ".join((*KINDS, LOOK_ALIKE))})
        for move, kind in zip(given["move_id"], given["kind"], strict=True)
        if kind not in (*KINDS, LOOK_ALIKE)
    ]
    twice = given.loc[given["move_id"].duplicated(), "move_id"]
    problems += [Problem("TS-MOVES-002", "moves.csv", {"move": move}) for move in twice]
    if problems:
        raise MeasureError(*problems)
    return given.set_index("move_id")["kind"].astype(object)


def _without_rivals(moves: pd.DataFrame, p: npt.NDArray[np.float64], certain: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """The moves with probabilities `p`, where a certain move leaves no chance of its kind to its rivals."""
    destination = moves["destination_record_id"].to_numpy(dtype=object)
    for k in range(len(KINDS)):
        taken = set(destination[certain & (p[:, k] == 1.0)])
        rival = ~certain & np.array([record in taken for record in destination], dtype=bool)
        p[rival, -1] += p[rival, k]
        p[rival, k] = 0.0
    return _with_p(moves, p)


def _p(moves: pd.DataFrame) -> npt.NDArray[np.float64]:
    return moves[list(P_COLUMNS)].to_numpy(dtype=np.float64).reshape(-1, len(P_COLUMNS)).copy()


def _with_p(moves: pd.DataFrame, p: npt.NDArray[np.float64]) -> pd.DataFrame:
    """The moves with probabilities and the kind that is then the most probable."""
    kinds = np.array(KINDS, dtype=object)[p[:, :-1].argmax(axis=1)]
    return moves.assign(**dict(zip(P_COLUMNS, p.T, strict=True)), kind=kinds)


def _flag(frame: pd.DataFrame, name: str) -> npt.NDArray[np.bool_]:
    if name not in frame.columns:
        return np.zeros(len(frame), dtype=bool)
    return np.asarray(frame[name].fillna(0).astype(int) == 1)


def _years(known: pd.DataFrame, destination: pd.DataFrame) -> pd.Series:
    """The year of the link, else that of the successor's start."""
    starts = pd.Series(pd.to_datetime(destination["entry_from"]).dt.year.to_numpy(), dtype="Int64")
    if "date" not in known.columns:
        return starts
    said = pd.Series([str(value)[:4] if value == value and value is not None else "" for value in known["date"]])
    return pd.Series(pd.to_numeric(said, errors="coerce"), dtype="Int64").fillna(starts)


def _distances(origin: pd.DataFrame, destination: pd.DataFrame) -> npt.NDArray[np.float64]:
    lon_a, lat_a, lon_b, lat_b = (
        np.radians(side[name].to_numpy(dtype=np.float64)) for side in (origin, destination) for name in ("lon", "lat")
    )
    h = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(1.0, np.sqrt(h))))
