"""Records of one number beside each other: copies dropped, ids given, what the study had merged with what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from townshift.readers.loss import LossReport
from townshift.readers.registries.convert import ROLES
from townshift.readers.registries.keys import BETWEEN, WITHOUT_NUMBER, content_digests
from townshift.study.clean_parquet import loaded_schema

if TYPE_CHECKING:
    import pyarrow as pa

Ints = npt.NDArray[np.int64]

_NOT_CONTENT = ("key", "role", "age", "record_id")
_OLD, _NEW = 0, 1


def resolved(table: pa.Table, report: LossReport) -> pa.Table:
    """The rows of `firms` in one range, each with its id, rising.

    A new record whose number no other new record has takes the number for its id. Where several share it, each takes
    the number and a digest of its content; of periods, the latest takes the number alone. A row that repeats another
    is dropped. A new record takes the place of the study's record of the same id.

    Args:
        table: one range with the columns of `spilled_schema`, in any order.
        report: what was dropped or replaced is counted there.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    order = pc.sort_indices(table, sort_keys=[("key", "ascending")])
    keys = table.column("key").combine_chunks().take(order)
    same = pc.equal(keys.slice(0, len(keys) - 1), keys.slice(1)).to_numpy(zero_copy_only=False)
    ages = table.column("age").to_numpy()[order.to_numpy()]
    shared = np.concatenate([[False], same]) | np.concatenate([same, [False]])
    lonely = ~shared
    report.kept += int((lonely & (ages == _NEW)).sum())
    new_row = pc.starts_with(keys, WITHOUT_NUMBER).to_numpy(zero_copy_only=False)
    report.numbered_anew += int((lonely & (ages == _NEW) & new_row).sum())
    ids = keys
    rows = order.to_numpy().astype(np.int64)
    if (lonely & (ages == _OLD)).any():
        own = table.column("record_id").combine_chunks().take(order)
        ids = pc.coalesce(own, keys)
    if shared.any():
        rows, ids = _with_groups(table, rows, ids, shared, report)
    names = loaded_schema("firms").names
    columns = [ids if name == "record_id" else _taken(table, name, rows) for name in names]
    found = pa.Table.from_arrays(columns, schema=loaded_schema("firms"))
    if not pc.all(pc.less(ids.slice(0, max(len(ids) - 1, 0)), ids.slice(1))).as_py() and len(ids) > 1:
        found = found.take(pc.sort_indices(ids))
    return found


def _taken(table: pa.Table, name: str, rows: Ints) -> pa.Array:
    import pyarrow as pa

    return table.column(name).combine_chunks().take(pa.array(rows))


def _with_groups(
    table: pa.Table, rows: Ints, ids: pa.Array, shared: npt.NDArray[np.bool_], report: LossReport
) -> tuple[Ints, pa.Array]:
    """The rows that stay and their ids, those that share a key settled group by group."""
    import pyarrow as pa

    places = np.flatnonzero(shared)
    some = table.take(pa.array(rows[places]))
    digests = content_digests(some.select([name for name in some.column_names if name not in _NOT_CONTENT]))
    told = some.select(["key", "role", "age", "record_id", "from"]).to_pylist()
    kept_rows: list[int] = []
    kept_ids: list[str] = []
    start = 0
    while start < len(told):
        end = start + 1
        while end < len(told) and told[end]["key"] == told[start]["key"]:
            end += 1
        for place, name in _settled(told[start:end], digests[start:end], report):
            kept_rows.append(int(rows[places[start + place]]))
            kept_ids.append(name)
        start = end
    lonely = ~shared
    all_rows = np.concatenate([rows[lonely], np.array(kept_rows, np.int64)])
    all_ids = pa.concat_arrays([ids.filter(pa.array(lonely)), pa.array(kept_ids, pa.string())])
    import pyarrow.compute as pc

    order = pc.sort_indices(all_ids)
    return all_rows[order.to_numpy()], all_ids.take(order)


def _settled(group: list[dict[str, Any]], digests: list[str], report: LossReport) -> list[tuple[int, str]]:
    """The rows of one key that stay, as (place in the group, id)."""
    old: dict[str, int] = {}
    new: dict[str, int] = {}
    for place, row in enumerate(group):
        if row["age"] == _OLD:
            old[digests[place]] = place
    for place, row in enumerate(group):
        digest = digests[place]
        if row["age"] == _OLD:
            continue
        if digest in new:
            report.copies += 1
        elif digest in old:
            report.known_already += 1
            new[digest] = old[digest]
        else:
            new[digest] = place
    fresh = {digest: place for digest, place in new.items() if group[place]["age"] == _NEW}
    report.kept += len(fresh)
    key = group[0]["key"]
    named = _named(group, key, new)
    found = {group[place]["record_id"]: place for place in old.values()}
    for digest, place in sorted(fresh.items()):
        name = named[digest]
        report.numbered_anew += name != key or key.startswith(WITHOUT_NUMBER)
        report.replaced += name in found
        found[name] = place
    return [(place, name) for name, place in found.items()]


def _named(group: list[dict[str, Any]], key: str, new: dict[str, int]) -> dict[str, str]:
    """Ids of the new records of one key, by digest."""
    if len(new) == 1:
        return dict.fromkeys(new, key)
    named = {digest: f"{key}{BETWEEN}{digest}" for digest in new}
    spells = [digest for digest, place in new.items() if group[place]["role"] == ROLES["periods"]]
    if spells:
        latest = max(spells, key=lambda digest: (group[new[digest]]["from"] or "", digest))
        named[latest] = key
    return named
