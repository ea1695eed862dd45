"""The tables of a synthetic registry's block: what the registry shows, and the truth."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from townshift.examples.registry import ID_WIDTH, Block, Difficulty
from townshift.examples.registry_columns import (
    KINDS_OF_RECORD,
    date_columns,
    record_ids,
    size_columns,
    status_column,
)
from townshift.examples.registry_firms import BRANCH, OPEN, Names
from townshift.examples.registry_moves import END, KINDS, RELOCATION
from townshift.examples.registry_noise import FAULTS
from townshift.examples.registry_points import BlockPoints, Nuclei, draw_points, shown_columns, true_columns
from townshift.examples.registry_sampling import Ints, chance
from townshift.examples.registry_world import World

STATUS = {
    "cn": ("存续（在营、开业、在册）", "在业", "注销", "吊销"),
    "uk": ("Active", "Active", "Dissolved", "Liquidation"),
}
ORDER = (
    "record_id", "firm_id", "registry", "registered_number", "name", "legal_form", "status", "place_id", "lon", "lat",
    "from", "to", "industry", "activity", "kind", "use", "employees", "output_million_yuan", "capital_million_yuan",
    "floor_area_m2", "scope", "province", "city", "county", "address", "production_address", "legal_representative",
    "shareholders", "phone", "origin_place_id", "source_id",
)  # fmt: skip
"""Columns in the form that a study loads, so that a file whose ids rise is used where it lies and not copied."""
NUMBERS = ("lon", "lat", "employees", "output_million_yuan", "capital_million_yuan", "floor_area_m2")
"""Columns of `ORDER` that are numbers; all others are texts."""
FIRM_DICTIONARY = (
    "industry", "kind", "employees", "capital_million_yuan", "source_id", "registry", "legal_form", "scope", "province",
    "city", "county", "status", "member", "true_place_id", "use", "true_nucleus",
)  # fmt: skip
"""Columns of few values, written through a dictionary."""


def firm_table(
    world: World,
    words: Names,
    block: Block,
    difficulty: Difficulty,
    points: BlockPoints | None = None,
    as_loaded: bool = False,
) -> pa.Table:
    """The rows of `data/firms.parquet`, ordered by record id within the block; with `points`, where and for what.

    Columns that this registry does not keep are there and empty; with `as_loaded`, empty texts are missing.
    """
    records, rng, size = block.records, block.rng, len(block.records)
    faults = FAULTS[difficulty]
    wrong = chance(rng, size, faults.wrong_code)
    found = words.columns(rng, records, block.seen, wrong)
    found["from"], found["to"] = date_columns(rng, records, faults)
    employees, capital = size_columns(rng, records)
    found["employees"] = employees
    if world.country == "cn":
        found["capital_million_yuan"] = capital
    found["kind"] = KINDS_OF_RECORD.take(pa.array(records.form))
    found["status"] = status_column(rng, records, STATUS[world.country])
    found["source_id"] = pa.array(["registry"]).take(pa.array(np.zeros(size, dtype=np.int8)))
    registry = {"cn": "cn", "uk": "companies_house"}[world.country]
    found["registry"] = pa.array([registry]).take(pa.array(np.zeros(size, dtype=np.int8)))
    found["record_id"] = record_ids(block.ids, "R", ID_WIDTH)
    found |= {} if points is None else shown_columns(points)
    nothing = {name: pa.nulls(size, pa.float64() if name in NUMBERS else pa.string()) for name in ORDER}
    table = pa.table(nothing | found).select(ORDER)
    return without_empty_texts(table) if as_loaded else table


def without_empty_texts(table: pa.Table) -> pa.Table:
    """The table with empty texts as missing.

    Example:
        >>> without_empty_texts(pa.table({"city": ["", "湖州"], "lon": [1.0, 2.0]})).to_pylist()[0]
        {'city': None, 'lon': 1.0}
    """
    for place, name in enumerate(table.column_names):
        column = table.column(place)
        if pa.types.is_string(column.type):
            empty = pc.equal(pc.binary_length(column), 0)
            if pc.any(empty).as_py():
                table = table.set_column(place, name, pc.if_else(empty, pa.scalar(None, pa.string()), column))
    return table


def move_table(block: Block) -> pa.Table:
    """The true moves whose destination is in the block, ordered by destination."""
    records = block.records
    rows = np.flatnonzero(records.origin >= 0)
    return pa.table(
        {
            "origin_record_id": record_ids(block.ids[records.origin[rows]], "R", ID_WIDTH),
            "destination_record_id": record_ids(block.ids[rows], "R", ID_WIDTH),
            "kind": pa.array(KINDS).take(pa.array(records.kind[rows])),
            "date": pa.array(records.entry[rows].astype("datetime64[D]")),
        }
    )


def _firm_of(block: Block) -> Ints:
    """Position of the first record of each record's firm: relocated and branch records belong to their origin's."""
    records = block.records
    same = (records.kind == RELOCATION) | (records.branch_name & (records.form == BRANCH))
    first = np.where(records.twin >= 0, records.twin, np.where(same, records.origin, np.arange(len(records))))
    for _ in range(4):
        first = first[first]
    return first


def block_points(world: World, nuclei: Nuclei, block: Block, seed: int) -> BlockPoints:
    """Where the block's records stand."""
    records = block.records
    return draw_points(
        world, nuclei, seed, block.number, records.site, records.entry, records.industry == 0, records.twin
    )


def record_table(world: World, block: Block, points: BlockPoints | None = None) -> pa.Table:
    """The truth about every record, in the order of `firms`."""
    records = block.records
    closed = (records.exit != OPEN) & (records.exit < END)
    days = np.where(closed, records.exit, 0).astype("datetime64[D]")
    ids = record_ids(block.ids, "R", ID_WIDTH)
    return pa.table(
        {
            "record_id": ids,
            "true_firm": record_ids(block.ids[_firm_of(block)], "F", ID_WIDTH),
            "true_place_id": pa.array([site.place_id for site in world.sites]).take(pa.array(records.site)),
            "true_entry": pa.array(records.entry.astype("datetime64[D]")),
            "true_exit": pa.array(days, mask=~closed),
            "member": pa.array(records.industry == 0),
            "duplicate_of": ids.take(pa.array(records.twin, mask=records.twin < 0)),
            **({} if points is None else true_columns(points)),
        }
    )
