"""Rows of a foreign file as rows of the study's table: columns found, cells read, useless rows set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.readers.loss import LossReport
from townshift.readers.registries.cells import CellReaders
from townshift.readers.registries.keys import WITHOUT_NUMBER, content_digests, number_keys
from townshift.readers.registries.mapping import Layout, RegistryMap
from townshift.readers.registries.quarantine import Quarantine
from townshift.readers.registries.records import Rows
from townshift.readers.registries.shifted import shifted_rows
from townshift.readers.registries.values import NULL_MARKERS
from townshift.readers.registries.whole_columns import trimmed
from townshift.study.clean_parquet import loaded_schema

if TYPE_CHECKING:
    import pyarrow as pa

Bools = npt.NDArray[np.bool_]

ROLES = {"records": 0, "periods": 1, "legal_units": 2}
KEPT_ALL_THE_SAME = ("unit_assumed",)
"""Reasons that tell of an assumption; the cell is used."""


def spilled_schema() -> pa.Schema:
    """`firms` as it is sorted: with the key, the role of a row (`ROLES`) and its age (0 = was in the study)."""
    import pyarrow as pa

    own = [pa.field("key", pa.string()), pa.field("role", pa.int8()), pa.field("age", pa.int8())]
    return pa.schema([*own, *loaded_schema("firms")])


class Converter:
    """Makes rows of the study's table from the rows of one file.

    Args:
        layout: the file's columns.
        about: the map.
        readers: of cells, shared by all files.
        shown: name of the file.
        report: what is emptied, assumed or set aside is counted there.
        aside: rows that are set aside are written there.
    """

    def __init__(
        self,
        layout: Layout,
        about: RegistryMap,
        readers: CellReaders,
        shown: str,
        report: LossReport,
        aside: Quarantine,
    ) -> None:
        self._layout, self._about = layout, about
        self._shown, self._report, self._aside = shown, report, aside
        self._table = layout.table.into
        self._markers = (*NULL_MARKERS, *about.null_markers)
        self._memos = readers.of(layout)
        self._kind = readers.kind

    @property
    def used(self) -> tuple[int, ...]:
        """Positions of the file's cells that are wanted: the mapped ones, and their neighbours of dates and numbers."""
        positions = self._layout.positions
        wanted = {place for places in positions.values() for place in places}
        for target in ("from", "to", "registered_number"):
            for place in positions.get(target, ()):
                wanted |= {place - 1, place + 1}
        return tuple(sorted(place for place in wanted if 0 <= place < len(self._layout.header)))

    @property
    def markers(self) -> tuple[str, ...]:
        """Cells that say nothing."""
        return self._markers

    def firms(self, rows: Rows) -> pa.Table:
        """Rows as `spilled_schema` says; those without name and number, and shifted ones, are set aside."""
        texts = {target: self._text(rows, target) for target in self._layout.positions}
        values, wrong = self._read(texts)
        shifted = shifted_rows(rows, self._layout, self._about.number_pattern, texts, wrong.get(("from", "unreadable")))
        nameless = _none_of(texts, ("name", "registered_number"), len(rows.lines))
        keep = ~(shifted | nameless)
        for row in np.flatnonzero(shifted):
            self._aside.row(self._shown, int(rows.lines[row]), "shifted")
        for row in np.flatnonzero(nameless & ~shifted):
            self._aside.row(self._shown, int(rows.lines[row]), "nameless", _shown_cells(texts, int(row)))
        self._count(wrong, keep)
        return self._spilled(values, texts, keep)

    def successions(self, rows: Rows) -> pa.Table:
        """Rows of `successions`; those without both ends are set aside."""
        import pyarrow as pa

        texts = {target: self._text(rows, target) for target in self._layout.positions}
        values, wrong = self._read(texts)
        ends = {}
        for end in ("predecessor_id", "successor_id"):
            ends[end], _ = number_keys(values[end])
        endless = np.zeros(len(rows.lines), bool)
        for column in ends.values():
            endless |= column.is_null().to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(endless):
            self._aside.row(self._shown, int(rows.lines[row]), "no_ends", _shown_cells(texts, int(row)))
        self._count(wrong, ~endless)
        self._report.rows_read += int((~endless).sum())
        values |= ends
        target = loaded_schema("successions")
        return _filled(values, target, len(rows.lines), self._about).filter(pa.array(~endless))

    def _text(self, rows: Rows, target: str) -> pa.Array:
        """A column of the study as text: the first filled alternative, or parts joined."""
        columns = [self._cleaned(rows.table.column(f"c{place}")) for place in self._layout.positions[target]]
        by = self._layout.joined_by.get(target)
        found = columns[0]
        for other in columns[1:]:
            found = _joined(found, other, by) if by is not None else _first_filled(found, other)
        return found

    def _cleaned(self, column: pa.ChunkedArray) -> pa.Array:
        """Cells without blanks around them; those that then say nothing are null."""
        import pyarrow as pa
        import pyarrow.compute as pc

        given = column.combine_chunks()
        if isinstance(given, pa.ChunkedArray):
            given = pa.concat_arrays(given.chunks) if given.num_chunks else pa.array([], pa.string())
        found, changed = trimmed(given)
        if changed is None:
            return given
        silent = pc.is_in(found, value_set=pa.array(self._markers))
        return pc.if_else(pc.and_(silent, pa.array(changed)), pa.scalar(None, pa.string()), found)

    def _read(self, texts: dict[str, pa.Array]) -> tuple[dict[str, pa.Array], dict[tuple[str, str], Bools]]:
        """Cells read, and (column, reason) → rows whose cell could not be used as it is."""
        values: dict[str, pa.Array] = {}
        wrong: dict[tuple[str, str], Bools] = {}
        for target, column in texts.items():
            memo = self._memos.get(target)
            if memo is None:
                values[target] = column
                continue
            cells = memo(column)
            values[target] = cells.values
            wrong |= {(target, reason): rows for reason, rows in cells.wrong.items()}
        if self._table == "firms" and (given := texts.get("kind", texts.get("legal_form"))) is not None:
            values["kind"] = self._kind(given).values
        return values, wrong

    def _count(self, wrong: dict[tuple[str, str], Bools], keep: Bools) -> None:
        for (column, reason), rows in wrong.items():
            if count := int((rows & keep).sum()):
                (self._report.assume if reason in KEPT_ALL_THE_SAME else self._report.cell)(column, reason, count)

    def _spilled(self, values: dict[str, pa.Array], texts: dict[str, pa.Array], keep: Bools) -> pa.Table:
        import pyarrow as pa
        import pyarrow.compute as pc

        table, size = self._layout.table, len(keep)
        n_before = int(keep.sum())
        if table.closed_status and "status" in texts:
            closed = pc.fill_null(pc.is_in(texts["status"], value_set=pa.array(table.closed_status)), False)
            if table.rows == "periods":
                keep = keep & ~closed.to_numpy(zero_copy_only=False)
                self._report.folded["closed_period"] += n_before - int(keep.sum())
            elif "to" in values:
                values["to"] = pc.if_else(closed, values["to"], pa.scalar(None, pa.string()))
        self._report.rows_read += n_before
        numbers = values.get("registered_number", pa.nulls(size, pa.string()))
        keys, none = number_keys(numbers)
        values["registered_number"] = pc.if_else(none, pa.scalar(None, pa.string()), numbers)
        if count := int((none.to_numpy(zero_copy_only=False) & keep).sum()):
            self._report.cell("registered_number", "no_number", count)
        found = _filled(values, loaded_schema("firms"), size, self._about)
        mask = pa.array(keep)
        if not keep.all():
            found, keys = found.filter(mask), keys.filter(mask)
        keys = _keys(found, keys)
        own = [keys, _constant(ROLES[table.rows], pa.int8(), len(found)), _constant(1, pa.int8(), len(found))]
        return pa.Table.from_arrays([*own, *found.combine_chunks().columns], schema=spilled_schema())


def _keys(table: pa.Table, keys: pa.Array) -> pa.Array:
    """Keys of rows; where there is no number, a digest of the row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    missing = keys.is_null()
    if not keys.null_count:
        return keys
    digests = content_digests(table.filter(missing))
    return pc.replace_with_mask(keys, missing, pa.array([WITHOUT_NUMBER + one for one in digests], pa.string()))


def _filled(values: dict[str, pa.Array], target: pa.Schema, size: int, about: RegistryMap) -> pa.Table:
    """All columns of a table, those without values empty, register and source filled in."""
    import pyarrow as pa

    if "registry" in target.names:
        values["registry"] = _constant(about.registry, pa.string(), size)
    if about.source_id:
        values["source_id"] = _constant(about.source_id, pa.string(), size)
    columns = [values[one.name] if one.name in values else pa.nulls(size, one.type) for one in target]
    return pa.Table.from_arrays(columns, schema=target)


def _constant(value: int | str, kind: pa.DataType, size: int) -> pa.Array:
    import pyarrow as pa

    return pa.repeat(pa.scalar(value, kind), size)


def _joined(first: pa.Array, second: pa.Array, by: str) -> pa.Array:
    import pyarrow.compute as pc

    return pc.coalesce(pc.binary_join_element_wise(first, second, by), first, second)


def _first_filled(first: pa.Array, second: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    return pc.coalesce(first, second)


def _none_of(texts: dict[str, pa.Array], columns: tuple[str, ...], size: int) -> Bools:
    """Rows in which all the columns are empty."""
    empty = np.ones(size, bool)
    for name in columns:
        if name in texts:
            empty &= texts[name].is_null().to_numpy(zero_copy_only=False)
    return empty


def _shown_cells(texts: dict[str, pa.Array], row: int) -> dict[str, str | None]:
    return {name: column[row].as_py() for name, column in texts.items()}
