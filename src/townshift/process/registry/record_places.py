"""Where each record lies: its own place, its address, the columns for province, city and county, its name, its code."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from townshift.process.registry.addresses import ABROAD, resolve_addresses
from townshift.process.registry.code_points import CodePointArray, CodePoints, Positions, normalise
from townshift.process.registry.organisation_names import SplitNames, split_names
from townshift.process.registry.place_index import CITY, COUNTY, PROVINCE, PlaceIndex

PLACE_BASES = ("given", "address", "registered_name", "code", "none")
"""What a record's place rests on, the firmest first; `address` includes the columns for province, city and county."""

_GIVEN, _ADDRESS, _NAME, _CODE, _NONE = range(len(PLACE_BASES))
Places = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class RecordPlaces:
    """Places of records as rows of the gazetteer, -1 = not known.

    Attributes:
        place: the deepest place known.
        county: its county, or the city where a city has no counties.
        province: its province.
        levels: shape (rows, 5), all of them.
        basis: index in `PLACE_BASES`.
        flags: bits of `addresses`.
        street_values: code points of the addresses.
        street_starts: where the street begins in them.
        street_ends: where it ends.
    """

    place: Places
    county: Places
    province: Places
    levels: Places
    basis: npt.NDArray[np.int8]
    flags: npt.NDArray[np.uint8]
    street_values: CodePointArray
    street_starts: Positions
    street_ends: Positions

    def other_address(self, addresses: CodePoints, index: PlaceIndex) -> Places:
        """Place of a second address of the same records; what is not named in it stays unknown.

        The record's own place only settles which of several places of one name is meant.
        """
        found = resolve_addresses(addresses, index, self.levels)
        alone = resolve_addresses(addresses, index)
        named = (alone.levels.max(axis=1) >= 0) | (found.street_starts > addresses.offsets[:-1])
        return np.where(named & (found.flags & ABROAD == 0), deepest(found.levels), -1).astype(np.int32)


def record_places(
    names: CodePoints,
    columns: list[pa.Array],
    addresses: CodePoints,
    given: pa.Array,
    code_places: Places,
    index: PlaceIndex,
    place_ids: pa.StringArray,
) -> tuple[RecordPlaces, SplitNames]:
    """Resolve the place of each record and take its name apart.

    Args:
        names: normalised firm names.
        columns: province, city and county as registered.
        addresses: normalised registered addresses.
        given: `place_id` of records that carry one; it wins.
        code_places: place of the registering county, -1 = none.
        index: the gazetteer.
        place_ids: its ids.
    """
    context, abroad = _from_columns(columns, index)
    split = split_names(names, index, context)
    has_columns = context.max(axis=1) >= 0
    in_name = split.places.max(axis=1) >= 0
    around = np.where(has_columns[:, None], context, split.places)
    found = resolve_addresses(addresses, index, np.ascontiguousarray(around))
    levels = found.levels
    spoke = (found.street_starts > addresses.offsets[:-1]) | (found.street_ends < addresses.offsets[1:])
    basis = np.where(has_columns | spoke, _ADDRESS, np.where(in_name, _NAME, _NONE))
    _add_name_places(levels, split.places)
    from_code = (basis == _NONE) & (code_places >= 0)
    levels[from_code] = index.ancestors[code_places[from_code]]
    basis[from_code] = _CODE
    own = pc.index_in(given, place_ids)
    has_own = pc.is_valid(own).to_numpy(zero_copy_only=False)
    rows = pc.fill_null(own, 0).to_numpy(zero_copy_only=False)
    levels[has_own] = index.ancestors[rows[has_own]]
    basis[has_own] = _GIVEN
    flags = (found.flags | np.where(abroad, ABROAD, 0)).astype(np.uint8)
    outside = np.asarray((flags & ABROAD) > 0) & ~has_own
    levels[outside] = -1
    basis[outside] = _NONE
    basis[(levels[:, PROVINCE:].max(axis=1) < 0) & ~has_own] = _NONE
    place = np.where(has_own, rows, deepest(levels)).astype(np.int32)
    city = levels[:, CITY]
    alone = (city >= 0) & index.without_counties[city]
    where = RecordPlaces(
        place=place,
        county=np.where((levels[:, COUNTY] < 0) & alone, city, levels[:, COUNTY]).astype(np.int32),
        province=levels[:, PROVINCE],
        levels=levels,
        basis=basis.astype(np.int8),
        flags=flags,
        street_values=addresses.signs,
        street_starts=found.street_starts,
        street_ends=found.street_ends,
    )
    return where, split


def _from_columns(columns: list[pa.Array], index: PlaceIndex) -> tuple[Places, npt.NDArray[np.bool_]]:
    """Places that the three columns name; each different combination is resolved once."""
    filled = [pc.fill_null(column, "") for column in columns]
    together = pc.binary_join_element_wise(*filled, " ").dictionary_encode()
    found = resolve_addresses(normalise(together.dictionary), index)
    which = together.indices.to_numpy()
    return found.levels[which], (found.flags[which] & ABROAD) != 0


def _add_name_places(levels: Places, named: Places) -> None:
    """Fill levels the address leaves open from the name, where the two do not contradict each other."""
    clash: npt.NDArray[np.bool_] = (levels >= 0) & (named >= 0) & np.not_equal(levels, named)
    fill = (levels < 0) & (named >= 0) & np.asarray(~clash.any(axis=1))[:, None]
    levels[fill] = named[fill]


def deepest(levels: Places) -> Places:
    """The deepest place known of each row, -1 = none.

    Args:
        levels: shape (rows, 5), by level.
    """
    place = np.full(len(levels), -1, dtype=np.int32)
    for level in range(PROVINCE, levels.shape[1]):
        place = np.where(levels[:, level] >= 0, levels[:, level], place)
    return place
