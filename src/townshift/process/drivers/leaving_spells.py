"""Spells of establishments under observation, and the moves that may end them, for the hazards of leaving and exit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.moves.parameters import KINDS
from townshift.process.pathways.draws import NO_MOVE
from townshift.process.pathways.places import at_level

Whole = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NEVER = np.int64(2**40)
"""A day that no calendar reaches: the spell is open, or the firm never moved."""

CAUSES: tuple[str, ...] = ("leaving", "exit")
"""What ends a spell; whichever comes first. Cause 0 is `leaving`, cause 1 `exit`."""

ESTABLISHMENT_COLUMNS: tuple[str, ...] = (
    "record_id", "place_id", "entry_from", "entry_to", "exit_from", "exit_to", "date_flag", "member", "size_band",
    "kind",
)  # fmt: skip
"""Columns of `establishments` that are read."""

_IN_DOUBT = ("missing_entry", "unreadable", "too_old", "future", "closed_before_opened")


@dataclass(frozen=True, slots=True)
class Spells:
    """One spell an establishment; days are counted from 1970-01-01.

    Attributes:
        record_id: shape (spells,), sorted.
        place: shape (spells,), numbers of `places`.
        places: names at the level chosen.
        born: first day of the establishment.
        seen_from: first day on which it was under observation (left truncation); after `born` where the registry
            begins later, so that those that ended before could not be seen.
        ended: day of its exit, `NEVER` if open.
        seen_to: first day no longer under observation.
        size, kind: numbers of `sizes` and `kinds`.
        move_spell, move_day, move_row: shape (pairs,): the spell that a pair of `moves` would end, the day, the row.
        left_out: why records were left out, and how many.
    """

    record_id: npt.NDArray[np.object_]
    place: Whole
    places: tuple[str, ...]
    born: Whole
    seen_from: Whole
    ended: Whole
    seen_to: np.int64
    size: Whole
    sizes: tuple[str, ...]
    kind: Whole
    kinds: tuple[str, ...]
    move_spell: Whole
    move_day: Whole
    move_row: Whole
    left_out: dict[str, int]


def spells(
    establishments: pd.DataFrame,
    moves: pd.DataFrame,
    places: pd.DataFrame,
    level: str,
    year_from: int,
    year_to: int,
    members_only: bool = True,
) -> Spells:
    """Spells of establishments between two years, and the days on which a pair of `moves` would end them.

    A date known to a month or year is taken at its middle. A relocation ends the spell on the day the origin closed,
    or, where it is still open, when the destination began; any other move when the destination began.

    Args:
        establishments: `ESTABLISHMENT_COLUMNS`.
        moves: the table `moves`.
        places: place_id, kind, parent_id.
        level: kind of place that covariates and clusters are about.
        year_from: first year in which the registry sees establishments.
        year_to: last year.
        members_only: whether only establishments of the industry are followed.
    """
    rows = establishments.sort_values("record_id", kind="stable").reset_index(drop=True)
    born, ended = _middle(rows["entry_from"], rows["entry_to"]), _middle(rows["exit_from"], rows["exit_to"])
    start, stop = _day(year_from), _day(year_to + 1)
    place = at_level(rows["place_id"], places, level)
    member = rows["member"].fillna(False).astype(bool).to_numpy() if members_only else np.ones(len(rows), dtype=bool)
    checks = {
        "date_in_doubt": rows["date_flag"].isin(_IN_DOUBT).to_numpy(dtype=bool),
        "not_of_the_industry": ~member,
        "without_entry": born == NEVER,
        "without_place": place.eq("").to_numpy(),
        "ended_before_it_began": (ended <= born) & (born != NEVER),
        "not_under_observation": (ended <= start) | (born >= stop),
    }
    keep, left_out = np.ones(len(rows), dtype=bool), {}
    for reason, failed in checks.items():
        left_out[reason] = int((keep & failed).sum())
        keep &= ~failed
    number = np.full(len(rows) + 1, -1, dtype=np.int64)
    number[:-1][keep] = np.arange(int(keep.sum()))
    index = pd.Index(rows["record_id"].astype("object"))
    origin = index.get_indexer(moves["origin_record_id"].astype("object"))
    destination = index.get_indexer(moves["destination_record_id"].astype("object"))
    spell = number[origin]
    day = np.where(destination >= 0, born[destination], NEVER)
    years = moves["year"].astype("float64").to_numpy()
    middle = np.array([_day(int(y)) + 182 if np.isfinite(y) else NEVER for y in years], dtype=np.int64)
    day = np.where(day == NEVER, middle, day)
    used = np.flatnonzero((spell >= 0) & (day != NEVER))
    place_codes, place_names = pd.factorize(place[keep].to_numpy(dtype=object), sort=True)
    sizes, size_names = _categories(rows.loc[keep, "size_band"])
    kinds, kind_names = _categories(rows.loc[keep, "kind"])
    return Spells(
        record_id=rows.loc[keep, "record_id"].to_numpy(dtype=object), place=place_codes.astype(np.int64),
        places=tuple(map(str, place_names)), born=born[keep], seen_from=np.maximum(born[keep], start),
        ended=ended[keep], seen_to=np.int64(stop), size=sizes, sizes=size_names, kind=kinds, kinds=kind_names,
        move_spell=spell[used], move_day=day[used], move_row=used.astype(np.int64), left_out=left_out,
    )  # fmt: skip


def leaving_days(found: Spells, drawn: npt.NDArray[np.int8]) -> Whole:
    """The day on which each spell's first drawn move ends it, `NEVER` if none does.

    Args:
        found: the spells.
        drawn: shape (moves,), from `drawn_kinds`, in the order of the table `moves`.
    """
    kind = drawn[found.move_row]
    ended = found.ended[found.move_spell]
    relocation = (kind == KINDS.index("relocation")) & (ended < NEVER)
    day = np.where(relocation, ended, found.move_day)
    # a move known only afterwards, or before the spell was seen, does not end what was observed
    counts = (kind != NO_MOVE) & (day > found.seen_from[found.move_spell])
    first = np.full(found.born.size, NEVER, dtype=np.int64)
    np.minimum.at(first, found.move_spell[counts], day[counts])
    return first


def regions(found: Spells, moves: pd.DataFrame, places: pd.DataFrame, least_moves: float) -> Whole:
    """Regions with a level of hazard of their own: a place from which many moved, else all others of its province.

    Establishments are compared within a region. Sizes and kinds are not spread alike over places: branches stand
    outside the crowded town that everybody leaves, and a comparison across it would count its hazard as theirs.

    Args:
        found: the spells.
        moves: the table `moves`, in the order that `found.move_row` has.
        places: place_id, kind, parent_id.
        least_moves: moves expected from a place, from which on its own level can be told.

    Returns:
        Shape (places,), whole numbers from 0.
    """
    province = at_level(pd.Series(list(found.places), dtype="object"), places, "province").to_numpy(dtype=object)
    chance = 1.0 - moves["p_look_alike"].to_numpy(dtype=np.float64)[found.move_row]
    expected = np.bincount(found.place[found.move_spell], weights=chance, minlength=len(found.places))
    own = np.where(expected >= least_moves, np.array(found.places, dtype=object), "")
    names = [f"{region}|{place}" for region, place in zip(province, own, strict=True)]
    return np.asarray(pd.factorize(np.array(names, dtype=object), sort=True)[0], dtype=np.int64)


def cohorts(found: Spells, region: Whole, span: int = 5) -> Whole:
    """Strata for a model in age: the region of each spell, and the `span` years in which its establishment began.

    Of one age and one such cohort are only establishments of the same few calendar years, so that years in which many
    left are not counted as a trait of those that were there.

    Args:
        found: the spells.
        region: shape (places,), from `regions`.
        span: years.

    Returns:
        Shape (spells,), whole numbers from 0.
    """
    began = years_of(found.born) // span
    at = region[found.place] * (int(began.max(initial=0)) + 1) + began
    return np.asarray(np.unique(at, return_inverse=True)[1], dtype=np.int64)


def ends(found: Spells, leaving: Whole) -> tuple[Whole, Whole]:
    """The last day of each spell and why: cause 0 leaving, 1 exit, -1 still there when observation ended.

    A spell that leaves on the day it closes has left: the closing belongs to the move.
    """
    last = np.minimum(np.minimum(leaving, found.ended), found.seen_to)
    cause = np.where(leaving <= np.minimum(found.ended, found.seen_to), 0, np.where(found.ended < found.seen_to, 1, -1))
    return last, np.asarray(np.where(last >= found.seen_to, -1, cause), dtype=np.int64)


def day_numbers(dates: pd.Series) -> npt.NDArray[np.float64]:
    """Dates as days since 1970-01-01, NaN where missing."""
    stamps = pd.to_datetime(dates, errors="coerce")
    days = stamps.to_numpy(dtype="datetime64[D]").astype("float64")
    days[stamps.isna().to_numpy()] = np.nan
    return np.asarray(days)


def _middle(first: pd.Series, end: pd.Series) -> Whole:
    a, b = day_numbers(first), day_numbers(end)
    b = np.where(np.isnan(b), a + 1, b)
    a = np.where(np.isnan(a), b - 1, a)
    middle = np.floor((a + b - 1) / 2)
    return np.where(np.isnan(middle), NEVER, np.nan_to_num(middle)).astype(np.int64)


def _day(year: int) -> int:
    return int(np.datetime64(f"{year:04d}-01-01", "D").astype(np.int64))


def years_of(days: Whole) -> Whole:
    """Calendar years of days; `NEVER` gives a year beyond all others."""
    out = np.full(days.shape, np.int64(9999))
    real = days < NEVER
    out[real] = days[real].astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return out


def _categories(column: pd.Series) -> tuple[Whole, tuple[str, ...]]:
    plain = column.astype("object").where(column.notna(), "").astype(str).to_numpy(dtype=object)
    codes, names = pd.factorize(plain, sort=True)
    return codes.astype(np.int64), tuple(map(str, names))
