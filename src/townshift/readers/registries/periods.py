"""Registers that tell a record in several rows: periods that follow each other, legal units that lend their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from townshift.readers.loss import LossReport
from townshift.readers.registries.convert import ROLES

if TYPE_CHECKING:
    import pyarrow as pa

LENT = ("name", "legal_form", "kind")
"""What a legal unit lends to its establishments."""

_OWN = ("key", "role", "age", "record_id", "from", "to")
"""What a period never takes from the establishment's other row."""


def records_of(table: pa.Table, report: LossReport) -> pa.Table:
    """One row a record: units and current states folded in, periods of one record joined.

    Periods are joined where the next one starts on the day on which the last one ends: what changed was an attribute,
    not the establishment's being there. The record bears the attributes of its latest period.

    Args:
        table: one range with the columns of `spilled_schema`.
        report: what was folded is counted there.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    roles = table.column("role").to_numpy()
    units = table.filter(pa.array(roles == ROLES["legal_units"]))
    rows = table.filter(pa.array(roles != ROLES["legal_units"]))
    if len(units):
        report.folded["legal_unit"] += len(units)
        rows = _lent(rows, "firm_id", units, LENT)
    roles = rows.column("role").to_numpy()
    periods = rows.filter(pa.array(roles == ROLES["periods"]))
    states = rows.filter(pa.array(roles == ROLES["records"]))
    if not len(periods):
        return rows
    periods = _lent(periods, "key", states, tuple(name for name in rows.column_names if name not in _OWN))
    told = pc.and_(
        pc.is_in(states.column("key"), value_set=periods.column("key").combine_chunks()),
        pc.equal(states.column("age"), 1),
    )
    report.folded["current_state"] += pc.sum(told).as_py() or 0
    return pa.concat_tables([states.filter(pc.invert(told)), _spells(periods, report)])


def _lent(rows: pa.Table, by: str, lenders: pa.Table, columns: tuple[str, ...]) -> pa.Table:
    """Empty cells filled from the lender whose key stands in the column `by`."""
    import pyarrow.compute as pc

    place = pc.index_in(rows.column(by), value_set=lenders.column("key").combine_chunks())
    for name in columns:
        filled = pc.coalesce(rows.column(name), lenders.column(name).take(place))
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), filled)
    return rows


def _spells(periods: pa.Table, report: LossReport) -> pa.Table:
    """Periods of one key that follow each other without a gap, as one row each."""
    import pyarrow as pa
    import pyarrow.compute as pc

    order = pc.sort_indices(periods, sort_keys=[("key", "ascending"), ("from", "ascending"), ("to", "ascending")])
    ordered = periods.take(order).combine_chunks()
    keys, starts, ends = (ordered.column(name) for name in ("key", "from", "to"))
    size = len(ordered)
    same_key = pc.equal(keys.slice(0, size - 1), keys.slice(1))
    goes_on = pc.fill_null(pc.and_(same_key, pc.equal(ends.slice(0, size - 1), starts.slice(1))), False)
    follows = np.concatenate([[False], goes_on.to_numpy()])
    first = np.flatnonzero(~follows)
    last = np.append(first[1:], size) - 1
    report.folded["joined_period"] += size - len(first)
    spells = ordered.take(pa.array(last))
    place = spells.schema.get_field_index("from")
    return spells.set_column(place, spells.schema.field("from"), starts.take(pa.array(first)))
