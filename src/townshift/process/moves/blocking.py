"""Which pairs of records are looked at: those that share a key, no key being shared by too many.

Comparing all pairs of a million records is 500 billion comparisons. A pair is a candidate if it shares a trade name,
a person, a phone, a registered number or, in one county, a street address, lies in two places (or is a double in one),
and its dates can follow each other. A key that more than `max_group` records share says little: it is narrowed by a
second key, and dropped where that is also too common. Everything is an Ibis expression on whole numbers.

Source: Christen (2012), Data Matching, chapter 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from townshift.process.moves.levels import CLOSE_DAYS
from townshift.process.moves.parameters import MovesParameters, TableMethods
from townshift.process.moves.records import OPEN_DAY, UNKNOWN_DAY, persons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import ibis
    import pandas as pd
    import pyarrow as pa

DOUBLE_DAYS = 92
"""Two records of one place are looked at as doubles if they start within this many days of each other."""

COUNTY_SHIFT = 44
"""Bits by which a county's number is shifted to be mixed into a street's key; room for half a million counties."""

_SPAN = ("row", "place", "county", "entry", "exit")


@dataclass(frozen=True)
class Candidates:
    """Candidate pairs `l`, `r` (rows, l < r) with `person_n`, and what blocking kept, narrowed and dropped."""

    pairs: ibis.Table
    blocking: pd.DataFrame


def candidate_pairs(records: ibis.Table, parameters: MovesParameters, methods: TableMethods) -> Candidates:
    """The pairs of records to compare, each once.

    Args:
        records: `moves_records.linkage_records`.
        parameters: caps and the longest gap between two records.
        methods: the engine's methods.

    Returns:
        `pairs`: l, r and `person_n`, the number of records that name the rarest person the two share (0 if none was
        seen); `blocking`: one row a rule and outcome, see `moves_blocking` in the documentation.
    """
    people = keep(persons(records).join(records.select(*_SPAN), "row"), methods)
    keyed = {
        "trade_name": records.select(*_SPAN, key=records["trade_key"]).filter(lambda t: t["key"] != 0),
        "person": people.rename(key="person_key"),
        "phone": records.select(*_SPAN, key=records["phone_key"]).filter(lambda t: t["key"] != 0),
        "registered_number": records.select(*_SPAN, key=records["firm_key"]).filter(lambda t: t["key"] != 0),
        "address": _addresses(records),
    }
    sizes = {name: keep(_sizes(block, ["key"]), methods) for name, block in keyed.items()}
    found = [_within(keyed[name], sizes[name], parameters, name == "person") for name in keyed]
    rows = [_outcome(name, "kept", sizes[name].filter(lambda t: t["n"] <= parameters.max_group)) for name in keyed]
    crowded = {
        name: keep(keyed[name].join(sizes[name].filter(lambda t: t["n"] > parameters.max_group), "key"), methods)
        for name in ("trade_name", "person", "phone")
    }
    for first, second in (("trade_name", "person"), ("trade_name", "phone"), ("person", "phone")):
        both = _both(crowded[first], crowded[second])
        pair_sizes = keep(_sizes(both, ["key", "second"]), methods)
        limit = parameters.max_group_narrowed
        small = pair_sizes.filter(lambda t, limit=limit: t["n"] <= limit)
        found.append(_join(both.join(small.select("key", "second"), ["key", "second"]), ["key", "second"], parameters))
        rows.append(_outcome(f"{first}+{second}", "narrowed", small))
        large = pair_sizes.filter(lambda t, limit=limit: t["n"] > limit)
        rows.append(_outcome(f"{first}+{second}", "dropped", large))
    for name in ("trade_name", "person"):
        pairs, outcomes = _successive(crowded[name], name, parameters, methods)
        found.append(pairs)
        rows.extend(outcomes)
    for name in ("registered_number", "address"):
        rows.append(_outcome(name, "dropped", sizes[name].filter(lambda t: t["n"] > parameters.max_group)))
    rows.extend(_outcome(n, "crowded", sizes[n].filter(lambda t: t["n"] > parameters.max_group)) for n in crowded)
    joined = reduce(lambda one, other: one.union(other), found)
    never = 2**62
    once = joined.group_by(["l", "r"]).aggregate(person_n=joined["person_n"].min())
    once = once.mutate(person_n=(once["person_n"] == never).ifelse(0, once["person_n"]))
    return Candidates(pairs=once, blocking=_report(rows, methods))


def _addresses(records: ibis.Table) -> ibis.Table:
    """Streets within a county: a street and number of another county are another house, and could only be chance."""
    import ibis

    present = records.filter(records["address_key"] != 0)
    county = (present["county"].cast("int64") + 1) << ibis.literal(COUNTY_SHIFT, "int64")
    return present.select(*_SPAN, key=present["address_key"] ^ county)


def keep(table: ibis.Table, methods: TableMethods) -> ibis.Table:
    """The table, computed once and kept."""
    return methods.map_batches(table, _same_batches, table.schema().to_pyarrow())


def _same_batches(batches: Iterator[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
    return batches


def _sizes(block: ibis.Table, keys: list[str]) -> ibis.Table:
    counted = block.group_by(keys).aggregate(n=block.count().cast("int64"))
    return counted.filter(counted["n"] > 1)


def _within(block: ibis.Table, sizes: ibis.Table, parameters: MovesParameters, person: bool) -> ibis.Table:
    small = sizes.filter(sizes["n"] <= parameters.max_group)
    return _join(block.join(small, "key"), ["key"], parameters, person)


def _join(block: ibis.Table, keys: list[str], parameters: MovesParameters, person: bool = False) -> ibis.Table:
    """Pairs within each group, columns l, r, person_n."""
    import ibis

    other = block.view()
    predicates = [block[key] == other[key] for key in keys]
    conditions = [block["row"] < other["row"], _possible(block, other, parameters)]
    n = block["n"] if person else ibis.literal(2**62, "int64")
    return block.join(other, [*predicates, *conditions]).select(l=block["row"], r=other["row"], person_n=n)


def _possible(a: ibis.Table, b: ibis.Table, parameters: MovesParameters) -> ibis.Value:
    """Whether two records can be a move (two places, dates that can follow) or doubles (one place, one start)."""
    near = (a["place"] == b["place"]) | ((a["county"] == b["county"]) & (_whole_county(a) | _whole_county(b)))
    entry_a, entry_b = a["entry"].cast("int64"), b["entry"].cast("int64")
    limit = parameters.max_gap_days
    follow = (entry_b - a["exit"] <= limit) & (entry_a - b["exit"] <= limit)
    unknown = (entry_a == UNKNOWN_DAY) | (entry_b == UNKNOWN_DAY)
    together = unknown | (((entry_a - entry_b) <= DOUBLE_DAYS) & ((entry_b - entry_a) <= DOUBLE_DAYS))
    return near.ifelse(together, follow)


def _whole_county(table: ibis.Table) -> ibis.Value:
    return table["place"] == table["county"]


def _both(first: ibis.Table, second: ibis.Table) -> ibis.Table:
    others = second.select("row", second=second["key"])
    return first.drop("n").join(others, "row")


def _successive(
    crowded: ibis.Table, name: str, parameters: MovesParameters, methods: TableMethods
) -> tuple[ibis.Table, list[tuple[str, str, ibis.Table]]]:
    """Pairs of a crowded key of which one closes within half a year of the other's start."""
    import ibis

    closing = crowded.filter((crowded["exit"] != OPEN_DAY) & (crowded["entry"] != UNKNOWN_DAY))
    closing = closing.mutate(step=(closing["exit"] // CLOSE_DAYS).cast("int64"))
    starting = crowded.filter(crowded["entry"] != UNKNOWN_DAY)
    shifted = [
        starting.mutate(step=(starting["entry"] // CLOSE_DAYS).cast("int64") + ibis.literal(shift, "int64"))
        for shift in (-1, 0, 1)
    ]
    starting = reduce(lambda one, other: one.union(other), shifted)
    ends = closing.group_by(["key", "step"]).aggregate(n_ends=closing.count().cast("int64"))
    starts = starting.group_by(["key", "step"]).aggregate(n_starts=starting.count().cast("int64"))
    groups = keep(ends.join(starts, ["key", "step"]), methods)
    limit = parameters.max_group_narrowed
    fits = groups["n_ends"] * groups["n_starts"] <= limit
    small = groups.filter(fits)
    left = closing.drop("n").join(small.select("key", "step"), ["key", "step"])
    right = starting
    near = (right["entry"] - left["exit"] <= CLOSE_DAYS) & (left["exit"] - right["entry"] <= CLOSE_DAYS)
    conditions = [left["key"] == right["key"], left["step"] == right["step"], left["row"] != right["row"]]
    pairs = left.join(right, [*conditions, near, _possible(left, right, parameters)])
    n = right["n"] if name == "person" else ibis.literal(2**62, "int64")
    pairs = pairs.select(
        l=ibis.least(left["row"], right["row"]), r=ibis.greatest(left["row"], right["row"]), person_n=n
    )
    rule = f"{name}+closing"
    sized = groups.mutate(n=groups["n_ends"] + groups["n_starts"])
    return pairs, [(rule, "narrowed", sized.filter(fits)), (rule, "dropped", sized.filter(~fits))]


def _outcome(rule: str, outcome: str, sizes: ibis.Table) -> tuple[str, str, ibis.Table]:
    return rule, outcome, sizes


def _report(rows: list[tuple[str, str, ibis.Table]], methods: TableMethods) -> pd.DataFrame:
    """One row a rule and outcome: groups, records in them, the largest, and the pairs they hold."""
    import ibis
    import pandas as pd

    parts = [
        sizes.aggregate(
            n_groups=sizes.count().cast("int64"),
            n_records=sizes["n"].sum().cast("int64"),
            largest_group=sizes["n"].max().cast("int64"),
            n_pairs=((sizes["n"] * (sizes["n"] - 1)) // 2).sum().cast("int64"),
        ).mutate(rule=ibis.literal(rule), outcome=ibis.literal(outcome))
        for rule, outcome, sizes in rows
    ]
    frame = methods.frame(reduce(lambda one, other: one.union(other), parts))
    counts = ["n_groups", "n_records", "largest_group", "n_pairs"]
    frame[counts] = frame[counts].fillna(0).astype("Int64")
    ordered = frame[["rule", "outcome", *counts]].sort_values(["rule", "outcome"], kind="stable")
    return pd.DataFrame(ordered).reset_index(drop=True)
