"""`townshift import registry`: files of a register into `data/firms.parquet` and `data/successions.parquet`.

Every file is looked at before any is read, so that all problems come at once and nothing is written on half a view.
Rows are read block by block, sorted on disk and written in the order of their ids: memory does not grow with the files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine.atomic import clean, write_batches, write_error, write_text
from townshift.engine.interrupt import stop_if_interrupted
from townshift.engine.lock import run_lock
from townshift.errors import Problem, StudyError
from townshift.readers.loss import LossReport
from townshift.readers.registries.cells import CellReaders
from townshift.readers.registries.convert import Converter, spilled_schema
from townshift.readers.registries.decoding import Block, read_blocks
from townshift.readers.registries.keys import BETWEEN, number_keys
from townshift.readers.registries.mapping import BUILT_IN, Layout, RegistryMap, lay_out, read_map
from townshift.readers.registries.members import Member, find_members
from townshift.readers.registries.periods import records_of
from townshift.readers.registries.quarantine import Quarantine, quarantine
from townshift.readers.registries.records import Shape, read_header, read_rows, without_lines
from townshift.readers.registries.resolve import resolved
from townshift.readers.registries.runs import Runs
from townshift.study.clean_parquet import loaded_schema
from townshift.study.manifest import MANIFEST, nearest, read_manifest

if TYPE_CHECKING:
    import pyarrow as pa

DELIMITERS = (",", "\t", ";", "|")
LOOKED_AT_BYTES = 1 << 16
REPORT_FILE = "import_report.json"

DIFFERING = (
    "record_id", "registered_number", "name", "legal_representative", "shareholders", "phone", "address",
    "production_address",
)  # fmt: skip
"""Columns of `firms` of which nearly every cell differs."""

Told = Callable[[str, int, int, int], None]
"""Told of progress: file, bytes done, bytes in all, rows so far."""


@dataclass(frozen=True)
class Opened:
    """A file that can be read: what it is and how its lines are cut."""

    member: Member
    layout: Layout
    delimiter: str
    header_lines: int


def require_study(into: Path) -> Path:
    """The folder, if it is a study.

    Raises:
        StudyError: it is none.
    """
    if not (into / MANIFEST).is_file():
        raise StudyError(Problem("TS-READ-020", "", {"path": str(into)}))
    return into.resolve()


def import_registry(
    files: Sequence[str | Path], into: str | Path, mapping: str | None = None, told: Told | None = None
) -> LossReport:
    """Read files of a register into a study.

    Args:
        files: files, folders and patterns; `.gz` and `.zip` are read through.
        into: folder of the study.
        mapping: `cn`, `sirene`, `companies_house` or the path of a `map.toml`; None = recognised by the columns.
        told: told of progress.

    Returns:
        What was read and what was lost; also in `out/import_report.json`. Rows that could not be read are in
        `out/quarantine/import_<table>.csv`. What the study had is merged: of two records of one id the newer wins.

    Raises:
        StudyError: no study, no file, a file that is no table or of no known kind, no record in any; nothing is
            written then.
        EngineError: another run is going on, or the disk is full; what was there before is left as it was.
    """
    root = require_study(Path(into))
    currency = read_manifest(root / MANIFEST).study.currency
    _require_writable_table(root)
    with run_lock(root / "out"):
        members, skipped = find_members(files)
        about, opened = _look(members, mapping)
        report = LossReport(registry=about.registry, files=len(opened), skipped=skipped)
        for one in opened:
            report.unused |= one.layout.unused
        with _spill_folder(root) as folder:
            work = _Import(root, about, currency, report, told or _silent, folder)
            work.read(opened)
        write_text(root / "out" / REPORT_FILE, report.to_json())
    return report


def _silent(_file: str, _done: int, _total: int, _rows: int) -> None:
    """Say nothing."""


def _require_writable_table(root: Path) -> None:
    """The tables are written as Parquet; a CSV of the same name would make two tables of one name."""
    there = [name for name in ("firms", "successions") if (root / "data" / f"{name}.csv").exists()]
    if there:
        raise StudyError(*(Problem("TS-READ-021", f"data/{name}.csv", {"table": name}) for name in there))


@contextmanager
def _spill_folder(root: Path) -> Iterator[Path]:
    """A folder for rows on their way: they name persons, so it is in `private/`, and gone in the end."""
    private = root / "private"
    try:
        private.mkdir(exist_ok=True)
        for left in private.glob(".import_*"):  # of killed imports: the lock says that no other is at work here
            shutil.rmtree(left, ignore_errors=True)
        clean(private)
        folder = Path(tempfile.mkdtemp(prefix=f".import_{os.getpid()}_", dir=private))
    except OSError as problem:
        raise write_error(private, problem) from problem
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _look(members: Sequence[Member], mapping: str | None) -> tuple[RegistryMap, list[Opened]]:
    """The map, and every file with its columns matched.

    Raises:
        StudyError: all files that cannot be read and why.
    """
    problems: list[Problem] = []
    starts: list[tuple[Member, Block, str]] = []
    maps = [read_map(mapping)] if mapping else [read_map(name) for name in BUILT_IN]
    declared = maps[0].encoding if mapping else ""
    for member in members:
        try:
            with member.open() as stream:
                first = next(read_blocks(stream, member.shown, declared, LOOKED_AT_BYTES), None)
        except StudyError as error:
            problems += error.problems
            continue
        if first is None or not first.data.strip():
            problems.append(Problem("TS-READ-014", member.shown))
            continue
        starts.append((member, first, member.shown))
    about, opened, unknown = _best(maps, starts)
    problems += unknown
    if problems:
        raise StudyError(*problems)
    return about, opened


def _best(
    maps: Sequence[RegistryMap], starts: Sequence[tuple[Member, Block, str]]
) -> tuple[RegistryMap, list[Opened], list[Problem]]:
    """The map that fits most files, and the files that it does not fit."""
    tried = []
    for about in maps:
        opened, unknown = [], []
        known: dict[tuple[tuple[str, ...], str], Layout | None] = {}
        for member, first, shown in starts:
            found = _opened(member, first, about, known)
            if found is not None:
                opened.append(found)
            else:
                unknown.append(_no_kind(first, shown, about, len(maps) > 1))
        matched = sum(len(one.layout.positions) for one in opened)
        tried.append((len(unknown), -matched, about, opened, unknown))
    _, _, about, opened, unknown = min(tried, key=lambda one: one[:2])
    return about, opened, unknown


def _opened(
    member: Member, first: Block, about: RegistryMap, known: dict[tuple[tuple[str, ...], str], Layout | None]
) -> Opened | None:
    found = []
    for delimiter in (about.delimiter,) if about.delimiter else DELIMITERS:
        header, passed = read_header(first, delimiter)
        if (header, delimiter) not in known:
            known[header, delimiter] = lay_out(header, about)
        layout = known[header, delimiter]
        if layout is not None:
            found.append((len(layout.positions), Opened(member, layout, delimiter, passed)))
    return max(found, key=lambda one: one[0])[1] if found else None


def _no_kind(first: Block, shown: str, about: RegistryMap, tried_all: bool) -> Problem:
    header = max((read_header(first, delimiter)[0] for delimiter in DELIMITERS), key=len)
    if tried_all:
        return Problem("TS-READ-016", shown, {"n_columns": len(header), "known": ", ".join(BUILT_IN)})
    needs = "; ".join(", ".join(table.needs) for table in about.table)
    return Problem("TS-READ-015", shown, {"n_columns": len(header), "needs": needs})


class _Import:
    """One import at work."""

    def __init__(
        self, root: Path, about: RegistryMap, currency: str, report: LossReport, told: Told, folder: Path
    ) -> None:
        self._root, self._about = root, about
        self._readers = CellReaders(about, currency)
        self._report, self._told, self._folder = report, told, folder
        self._done = 0
        self._links: list[pa.Table] = []

    def read(self, opened: Sequence[Opened]) -> None:
        """Read all files and write the tables."""
        total = sum(one.member.size for one in opened)
        by_table = {name: [one for one in opened if one.layout.table.into == name] for name in ("firms", "successions")}
        with (
            Runs(spilled_schema(), self._folder) as runs,
            quarantine(self._root / "out", "firms", self._report) as firms_aside,
            quarantine(self._root / "out", "successions", self._report) as links_aside,
        ):
            for one in by_table["firms"]:
                self._read_file(one, firms_aside, total, runs)
            for one in by_table["successions"]:
                self._read_file(one, links_aside, total, None)
            if not self._report.rows_read - self._report.set_aside.total():
                aside = self._report.set_aside.total()
                raise StudyError(Problem("TS-READ-017", "", {"files": len(opened), "aside": aside}))
            if by_table["firms"]:
                self._write_firms(runs)
            if by_table["successions"]:
                self._write_successions()

    def _read_file(self, one: Opened, aside: Quarantine, total: int, runs: Runs | None) -> None:
        shown = one.member.shown
        converter = Converter(one.layout, self._about, self._readers, shown, self._report, aside)
        shape = Shape(one.delimiter, len(one.layout.header), converter.used, converter.markers)
        with one.member.open() as stream:
            blocks = read_blocks(stream, shown, self._about.encoding)
            body = _after_header(blocks, one.header_lines)
            for rows, block in read_rows(body, shape, partial(aside.row, shown)):
                stop_if_interrupted()
                if runs is not None:
                    runs.add(converter.firms(rows))
                else:
                    self._links.append(converter.successions(rows))
                aside.flush()
                here = min(block.taken, one.member.size)
                self._told(shown, self._done + here, total, self._report.rows_read)
        self._done += one.member.size

    def _write_firms(self, runs: Runs) -> None:
        target = self._root / "data" / "firms.parquet"
        self._told("", self._done, self._done, self._report.rows_read)
        for table in _stored_firms(target):
            runs.add(table)
        told = any(table.rows != "records" for table in self._about.table if table.into == "firms")

        def batches() -> Iterator[pa.RecordBatch]:
            for table in runs.ranges(self._about.group_characters):
                stop_if_interrupted()
                records = records_of(table, self._report) if told else table
                yield from resolved(records, self._report).to_batches()

        self._report.rows["firms"] = write_batches(target, loaded_schema("firms"), batches(), DIFFERING)

    def _write_successions(self) -> None:
        """Links are few: they are merged in memory, the newer of two between the same ends winning."""
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        target = self._root / "data" / "successions.parquet"
        schema = loaded_schema("successions")
        new = pa.concat_tables([*self._links, schema.empty_table()]).combine_chunks()
        before = _aligned(pq.read_table(target), "successions") if target.is_file() else schema.empty_table()
        found: dict[tuple[str, str], tuple[dict[str, object], bool]] = {}
        for row in before.to_pylist():
            found[row["predecessor_id"], row["successor_id"]] = (row, False)
        for row in new.to_pylist():
            ends = (row["predecessor_id"], row["successor_id"])
            known, fresh = found.get(ends, (None, False))
            if known == row:
                self._report.copies += fresh
                self._report.known_already += not fresh
                continue
            if known is not None and fresh:
                self._report.folded["retold_link"] += 1
            else:
                self._report.kept += 1
                self._report.replaced += known is not None
            found[ends] = (row, True)
        table = pa.Table.from_pylist([row for _, (row, _) in sorted(found.items())], schema=schema)
        order = pc.sort_indices(table, sort_keys=[("predecessor_id", "ascending"), ("successor_id", "ascending")])
        self._report.rows["successions"] = write_batches(target, schema, table.take(order).to_batches())


def _after_header(blocks: Iterator[Block], header_lines: int) -> Iterator[Block]:
    first = next(blocks, None)
    return iter(()) if first is None else chain([without_lines(first, header_lines)], blocks)


def _stored_firms(path: Path) -> Iterator[pa.Table]:
    """The records that the study has, as they are sorted with new ones.

    Raises:
        StudyError: the file is no table of firms.
    """
    if not path.is_file():
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(65_536):
                table = _aligned(pa.Table.from_batches([batch]), "firms").combine_chunks()
                ids = table.column("record_id").combine_chunks()
                numbers, _ = number_keys(table.column("registered_number").combine_chunks())
                keys = [
                    number if number is not None and (one == number or one.startswith(number + BETWEEN)) else one
                    for one, number in zip(ids.to_pylist(), numbers.to_pylist(), strict=True)
                ]
                size = len(table)
                own = [pa.array(keys, pa.string()), *(pa.repeat(pa.scalar(0, pa.int8()), size) for _ in range(2))]
                yield pa.Table.from_arrays([*own, *table.columns], schema=spilled_schema())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise StudyError(Problem("TS-READ-022", f"data/{path.name}", {"reason": type(error).__name__})) from None


def _aligned(table: pa.Table, name: str) -> pa.Table:
    """A stored table with the columns and types of its schema.

    Raises:
        StudyError: it has a column that the schema does not know.
    """
    import pyarrow as pa

    target = loaded_schema(name)
    if foreign := [one for one in table.column_names if one not in target.names]:
        values: dict[str, object] = {"reason": f"{foreign[0]} ({nearest(foreign[0], target.names)})"}
        raise StudyError(Problem("TS-READ-022", f"data/{name}.parquet", values))
    columns = [
        table.column(one.name).cast(one.type) if one.name in table.column_names else pa.nulls(len(table), one.type)
        for one in target
    ]
    return pa.Table.from_arrays(columns, schema=target)
