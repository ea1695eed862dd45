"""Files that exist whole or not at all: written under a temporary name, synced to disk, then renamed.

A process killed at any moment leaves either the old file or the new one, and perhaps a temporary file, which `clean`
removes at the start of the next run.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from townshift.errors import EngineError, Problem

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP_ROWS = 122_880
"""Rows of a row group; fixed, because the cut into groups is part of a file's bytes."""

_PARTIAL = re.compile(r"^\..+\.(\d+)\.partial$")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all; folders are made.

    Raises:
        EngineError: the disk is full, the place may not be written to, or the system refuses otherwise.
    """
    with writing(path) as handle:
        handle.write(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, whole or not at all, line ends as they are.

    Raises:
        EngineError: as `write_bytes`.
    """
    write_bytes(path, text.encode("utf-8"))


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write an Arrow table as Parquet with the same bytes for the same rows: no metadata, fixed cut and compression.

    Raises:
        EngineError: as `write_bytes`.
    """
    write_batches(path, table.schema, table.to_batches())


def write_batches(
    path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], differing: Collection[str] = ()
) -> int:
    """Write a stream of Arrow batches as Parquet, cut into equal row groups however the stream was cut.

    Args:
        path: the file.
        schema: columns and types.
        batches: the rows.
        differing: columns of which nearly every cell differs, such as names and addresses: a dictionary of them costs
            time and saves nothing. With any, least and largest values are kept of the first column alone.

    Returns:
        The number of rows.

    Raises:
        EngineError: as `write_bytes`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = schema.remove_metadata()
    options: dict[str, Any] = {"compression_level": 3}
    if differing:
        alike = [name for name in schema.names if name not in differing]
        options = {"compression_level": 1, "use_dictionary": alike, "write_statistics": schema.names[:1]}
    rows = 0
    with (
        writing(path) as handle,
        pq.ParquetWriter(handle, schema, compression="zstd", version="2.6", **options) as writer,
    ):
        waiting: list[pa.RecordBatch] = []
        n_waiting = 0
        for batch in batches:
            rows += batch.num_rows
            waiting.append(batch)
            n_waiting += batch.num_rows
            if n_waiting >= ROW_GROUP_ROWS:
                table = pa.Table.from_batches(waiting, schema)
                whole = n_waiting - n_waiting % ROW_GROUP_ROWS
                writer.write_table(table.slice(0, whole).combine_chunks(), row_group_size=ROW_GROUP_ROWS)
                waiting = table.slice(whole).to_batches()
                n_waiting -= whole
        if n_waiting or not rows:
            last = pa.Table.from_batches(waiting, schema).combine_chunks()
            writer.write_table(last, row_group_size=ROW_GROUP_ROWS)
    return rows


def copy_parquet(source: Path, path: Path) -> int:
    """Give a Parquet file that `write_batches` wrote a second name, without reading its rows.

    Returns:
        The number of rows.

    Raises:
        EngineError: as `write_bytes`.
    """
    import pyarrow.parquet as pq

    with source.open("rb") as given, writing(path) as handle:
        shutil.copyfileobj(given, handle, 1 << 20)
    return int(pq.read_metadata(source).num_rows)


@contextmanager
def writing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes the name `path` when the block ends well, and vanishes when it does not.

    Raises:
        EngineError: as `write_bytes`.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(partial, path)  # noqa: PTH105 - Path.replace is the same call; tests stop a run at this one
        _sync_folder(path.parent)
    except OSError as problem:
        _discard(partial)
        raise write_error(path, problem) from problem
    except BaseException:
        _discard(partial)
        raise


def remove(path: Path) -> None:
    """Remove a file if it is there.

    Raises:
        EngineError: the place may not be written to.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as problem:
        raise write_error(path, problem) from problem


def clean(folder: Path) -> None:
    """Remove the temporary files that killed processes left anywhere below `folder`; those of living ones stay."""
    for path in sorted(folder.rglob(".*.partial")):
        found = _PARTIAL.match(path.name)
        if found and not _lives(int(found.group(1))):
            remove(path)


def write_error(path: Path, problem: OSError) -> EngineError:
    """The error a user sees when `path` could not be written."""
    if problem.errno in _FULL:
        code = "TS-RUN-001"
    elif problem.errno in _FORBIDDEN:
        code = "TS-RUN-002"
    else:
        code = "TS-RUN-003"
    reason = problem.strerror or type(problem).__name__
    return EngineError(Problem(code, "", {"path": path, "folder": path.parent, "reason": reason}))


def _discard(partial: Path) -> None:
    with suppress(OSError):
        partial.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself last; not every file system lets a folder be synced."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _lives(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
