"""The study's tables as tests of claims read them: rows with their source, lineage, speaker, place and time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from townshift.evidence.claims import ClaimsFile, RowFilter, Turn
from townshift.partial_dates import day_interval, iso

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
"""One published row; what is missing is an empty text."""

KEYS = {
    "facts": "fact_id",
    "statements": "statement_id",
    "events": "event_id",
    "flows": "flow_id",
    "destinations": "destination_id",
    "sources": "source_id",
    "places": "place_id",
    "concepts": "concept",
    "indicators": "indicator",
    "policies": "policy_id",
    "plots": "plot_id",
    "searches": "search_id",
    "firms": "firm_id",
    "orders": "order_id",
    "actors": "actor_id",
}
"""Column that names a row of a table; other tables go by their first column whose name ends in `_id`."""

DATE_COLUMNS = ("date", "year", "issued", "first_year", "reused", "vacated")
"""Where a row's time stands, the first that the table has."""

KNOWN_WRONG = ("lost_zero", "wrong_decimal")
"""Flags of figures whose printed value is known to be wrong: they are above or below nothing."""

NO_GROUP = "unknown"
"""Group of an originator that no class names: such a lineage votes, but adds no actor group."""

Days = tuple[float, float]
"""Days `[start, end)` counted from 1970-01-01."""


@dataclass(frozen=True)
class TurnDate:
    """When a turn came.

    Attributes:
        days: the days that the deciding act's date may mean; None where too few lineages document acts.
        year: calendar year of the last of those days, 0 where undated.
        event_id: the act with which enough lineages had documented acts.
        event_ids: all acts that were looked at.
    """

    days: Days | None
    year: int
    event_id: str
    event_ids: tuple[str, ...]


@dataclass
class Inputs:
    """The tables of a study, with what is known of every source, and the turns dated.

    Attributes:
        file: the claims.
        rows: table to its rows.
        sources: source to its row.
        ancestors: place to itself and the places it lies in.
        turns: turn to its date.
        groups: originator to the group of speakers it belongs to.
    """

    file: ClaimsFile
    rows: dict[str, list[Row]]
    sources: dict[str, Row] = field(default_factory=dict)
    ancestors: dict[str, frozenset[str]] = field(default_factory=dict)
    turns: dict[str, TurnDate] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    _by_id: dict[str, dict[str, Row]] = field(default_factory=dict, repr=False)

    def by_id(self, table: str) -> dict[str, Row]:
        """The rows of a table by their id; empty where the table is lacking."""
        if table not in self._by_id:
            rows = self.rows.get(table, [])
            key = key_column(table, list(rows[0])) if rows else ""
            self._by_id[table] = {str(row[key]) if key else str(number): row for number, row in enumerate(rows)}
        return self._by_id[table]

    def source(self, row: Row) -> Row:
        """The source of a row; an empty mapping where it has none."""
        return self.sources.get(str(row.get("source_id", "")), {})

    def lineage(self, row: Row) -> str:
        """The original that a row goes back to: its own lineage, else that of its source, else the source itself."""
        source = self.source(row)
        return str(row.get("lineage") or source.get("lineage") or row.get("source_id") or "")

    def package(self, row: Row) -> str:
        """The press event that a row belongs to, else its lineage."""
        return str(row.get("package") or self.source(row).get("package") or self.lineage(row))

    def originator(self, row: Row) -> str:
        """Who first said what a row records."""
        return str(self.source(row).get("originator", ""))

    def organisation(self, row: Row) -> str:
        """The organisation that first said what a row records, else its lineage."""
        originator = self.originator(row)
        return originator if originator in self.file.organisations.names else self.lineage(row)

    def interest(self, row: Row) -> str:
        """Whether the originator of a record gains from a rosy figure."""
        return str(self.source(row).get("interest", ""))


def key_column(table: str, columns: Sequence[str]) -> str:
    """The column that names a row of a table, empty where there is none.

    Example:
        >>> key_column("facts", ["fact_id", "value"]), key_column("mills", ["year", "mill_id"])
        ('fact_id', 'mill_id')
    """
    named = KEYS.get(table, "")
    if named in columns:
        return named
    return next((name for name in columns if name.endswith("_id")), "")


def read_rows(frame: pd.DataFrame) -> list[Row]:
    """The rows of a frame as plain mappings; what is missing becomes an empty text."""
    plain = frame.astype("object")
    plain = plain.where(frame.notna(), "")
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def read_inputs(file: ClaimsFile, tables: Mapping[str, pd.DataFrame]) -> Inputs:
    """Prepare the tables of a study for the tests of its claims.

    Args:
        file: the claims, whose classes of speakers and turns are applied.
        tables: cleaned tables by name; those that are lacking simply have no rows.
    """
    found = Inputs(file=file, rows={name: read_rows(tables[name]) for name in sorted(tables)})
    found.sources = {str(row["source_id"]): row for row in found.rows.get("sources", [])}
    found.ancestors = _ancestors(found.rows.get("places", []))
    found.groups = {name: group for group, names in file.originators.items() for name in names}
    for name in file.turns:
        found.turns[name] = turn_date(found, file.turns[name])
    return found


def _ancestors(places: Sequence[Row]) -> dict[str, frozenset[str]]:
    parent = {str(row["place_id"]): str(row.get("parent_id", "")) for row in places}
    chains: dict[str, frozenset[str]] = {}
    for place in parent:
        chain: list[str] = []
        above = place
        while above and above not in chain:
            chain.append(above)
            above = parent.get(above, "")
        chains[place] = frozenset(chain)
    return chains


def row_days(row: Row) -> Days | None:
    """The days that a row's date may mean, None where it has none.

    Example:
        >>> row_days({"date": "1970"}), row_days({"date": ""})
        ((0, 365), None)
    """
    for name in DATE_COLUMNS:
        if name in row:
            value = row[name]
            written = "" if value == "" else str(int(value) if isinstance(value, float) else value)
            return day_interval(written) if written else None
    return None


def turn_date(inputs: Inputs, turn: Turn) -> TurnDate:
    """Date a turn by the act with which `min_lineages` lineages have documented acts of it, in order of time.

    One early act on one page may be a slip; the act with which a second original joins in is the turn.

    Args:
        inputs: the tables.
        turn: the turn's filter.
    """
    acts = [
        row
        for row in inputs.rows.get(turn.events.table, [])
        if not is_double(row) and matches(inputs, row, turn.events)
    ]
    key = key_column(turn.events.table, list(acts[0])) if acts else ""
    dated: list[tuple[Days, str, Row]] = []
    for row in acts:
        days = row_days(row)
        if days is not None:
            dated.append((days, str(row[key]), row))
    dated.sort(key=lambda item: (item[0], item[1]))
    ids = tuple(sorted(str(row[key]) for row in acts))
    seen: set[str] = set()
    for days, event_id, row in dated:
        seen.add(inputs.lineage(row))
        if len(seen) >= turn.min_lineages:
            return TurnDate(days, int(iso(days[1] - 1)[:4]), event_id, ids)
    return TurnDate(None, 0, "", ids)


def is_double(row: Row) -> bool:
    """Whether a row records again what another row already records."""
    return bool(row.get("same_as"))


def lies_within(inputs: Inputs, place: str, places: Sequence[str]) -> bool:
    """Whether a place is one of `places` or lies inside one of them."""
    return not inputs.ancestors.get(place, frozenset([place])).isdisjoint(places)


def matches(inputs: Inputs, row: Row, rows: RowFilter) -> bool:
    """Whether a row meets every condition of a filter.

    A bound shows only what it bounds: "over 40" is not above 50, "under 60" not below 50.

    Args:
        inputs: the tables, for places and turns.
        row: the row.
        rows: the filter.
    """
    return (
        all(str(row.get(column, "")) in values for column, values in rows.where.items())
        and not any(str(row.get(column, "")) in values for column, values in rows.exclude.items())
        and all(_contains(row, column, words) for column, words in rows.contains.items())
        and (not rows.within or lies_within(inputs, str(row.get(rows.within_column, "")), rows.within))
        and in_time(inputs, row_days(row), rows)
        and _over_and_under(row, rows)
    )


def _contains(row: Row, column: str, words: Sequence[str]) -> bool:
    text = str(row.get(column, "")).casefold()
    return any(word.casefold() in text for word in words)


def in_time(inputs: Inputs, days: Days | None, rows: RowFilter) -> bool:
    """Whether a date lies where a filter wants it; a date that is lacking or only overlaps does not.

    Args:
        inputs: for the dates of turns.
        days: the date's days.
        rows: the filter's `from`, `until`, `before` and `after`.
    """
    if not (rows.from_ or rows.until or rows.before or rows.after):
        return True
    if days is None:
        return False
    if rows.from_ and days[0] < day_interval(rows.from_)[0]:
        return False
    if rows.until and days[1] > day_interval(rows.until)[1]:
        return False
    return lies_before(inputs, days, rows.before) and lies_after(inputs, days, rows.after)


def lies_before(inputs: Inputs, days: Days, turn: str) -> bool:
    """Whether days lie wholly before a turn; true where no turn is named, false where it is undated."""
    if not turn:
        return True
    dated = inputs.turns[turn].days
    return dated is not None and days[1] <= dated[0]


def lies_after(inputs: Inputs, days: Days, turn: str) -> bool:
    """Whether days lie wholly after a turn; true where no turn is named, false where it is undated."""
    if not turn:
        return True
    dated = inputs.turns[turn].days
    return dated is not None and days[0] >= dated[1]


def _over_and_under(row: Row, rows: RowFilter) -> bool:
    if rows.over is None and rows.under is None:
        return True
    printed = row.get("value_std", row.get("value", ""))
    if printed == "" or str(row.get("flag", "")) in KNOWN_WRONG:
        return False
    value, qualifier = float(str(printed)), str(row.get("qualifier", ""))
    surely_over = qualifier != "under" and (value, qualifier == "over")
    surely_under = qualifier != "over" and (-value, qualifier == "under")
    # "over 50" is above 50, a plain 50 is not: the second member of the pair breaks the tie.
    above = rows.over is None or bool(surely_over and surely_over > (rows.over, False))
    below = rows.under is None or bool(surely_under and surely_under > (-rows.under, False))
    return above and below
