"""Whether the names in a claims file exist: tables, columns, measures, definitions, concepts, places, turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from townshift.errors import Problem
from townshift.evidence.claims import ClaimsFile, NumbersTest, Part, RowFilter, WordsTest, nearest
from townshift.frames import texts

if TYPE_CHECKING:
    import pandas as pd

PLACE_COLUMNS = ("place_id", "origin_id", "destination_id", "county_id", "city_id")
"""Columns whose values are places."""

DEFINITION_GROUPS = ("growth", "level_gaps")
"""Results whose `group` is a definition."""


@dataclass(frozen=True)
class Vocabulary:
    """The names that a claims file may use; an empty collection is not checked.

    Attributes:
        columns: table of this study to its columns.
        known_tables: tables that a study may have.
        definitions: definition (or indicator) to its kind, such as `stock` or `threshold`.
        concepts: concepts that statements are coded for.
        places: places.
        measures: result to the measures it may hold; `series` holds the definitions.
    """

    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    known_tables: frozenset[str] = frozenset()
    definitions: Mapping[str, str] = field(default_factory=dict)
    concepts: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    measures: Mapping[str, frozenset[str]] = field(default_factory=dict)


def vocabulary(
    tables: Mapping[str, pd.DataFrame],
    measures: Mapping[str, Iterable[str]],
    known_tables: Iterable[str] = (),
) -> Vocabulary:
    """The names that the tables of a study provide.

    Args:
        tables: cleaned tables of the study by name.
        measures: result to the measures that the pipeline can put into it.
        known_tables: tables that a study may have, present or not.
    """

    def ids(table: str, column: str) -> frozenset[str]:
        if table not in tables or column not in tables[table].columns:
            return frozenset()
        return frozenset(set(texts(tables[table], column)[column]) - {""})

    definitions: dict[str, str] = {}
    if "indicators" in tables:
        rows = texts(tables["indicators"], "indicator", "kind")
        definitions = dict(zip(rows["indicator"], rows["kind"], strict=True))
    for name in ids("facts", "definition_id"):
        definitions.setdefault(name, "")
    known = {name: frozenset(found) for name, found in measures.items()}
    known["series"] = frozenset(definitions)
    return Vocabulary(
        columns={name: frozenset(map(str, frame.columns)) for name, frame in tables.items()},
        known_tables=frozenset(known_tables) | frozenset(tables),
        definitions=definitions,
        concepts=ids("concepts", "concept"),
        places=ids("places", "place_id"),
        measures=known,
    )


def check_claims(file: ClaimsFile, words: Vocabulary, file_name: str = "claims.toml") -> list[Problem]:
    """Every name in a claims file that does not exist, with the nearest that does.

    Args:
        file: the claims.
        words: the names that exist.
        file_name: how the file is named in problems.

    Returns:
        All problems at once, in the order of the file; empty when there are none.
    """
    found: list[Problem] = []
    for name, turn in file.turns.items():
        found.extend(_filter_problems(turn.events, words, file, f"{file_name}, turns, {name}"))
    for claim in file.claims:
        for part in claim.parts:
            found.extend(_part_problems(part, words, file, f"{file_name}, claim {claim.id}, part {part.id}"))
    return found


def _part_problems(part: Part, words: Vocabulary, file: ClaimsFile, where: str) -> Iterator[Problem]:
    if part.numbers is not None:
        yield from _number_problems(part.numbers, words, file, f"{where}, numbers")
    if part.words is not None:
        yield from _word_problems(part.words, words, file, f"{where}, words")
    if part.records is not None:
        for side, rows in (("for", part.records.for_), ("against", part.records.against)):
            for row_filter in rows:
                yield from _filter_problems(row_filter, words, file, f"{where}, records, {side}")


def _number_problems(test: NumbersTest, words: Vocabulary, file: ClaimsFile, where: str) -> Iterator[Problem]:
    yield from _unknown("TS-CLAIM-017", test.requires, words.known_tables, where)
    if test.table in words.measures:
        yield from _unknown("TS-CLAIM-012", [test.measure], words.measures[test.table], where)
    elif not test.requires:
        yield from _unknown("TS-CLAIM-017", [test.table], frozenset(words.measures), where)
    elif all(name in words.columns for name in test.requires):
        # The study has the data, no step uses it yet: the part stays untestable, which is no error of the study.
        values: dict[str, object] = {"name": test.table, "tables": ", ".join(test.requires)}
        yield Problem("TS-CLAIM-022", where, values, "warning")
    definitions = frozenset(words.definitions)
    grouped = [test.group] if test.group and test.table in DEFINITION_GROUPS else []
    yield from _unknown("TS-CLAIM-010", [*grouped, *test.raised_by, *test.lowered_by], definitions, where)
    yield from _targets([*grouped, test.measure, *test.raised_by, *test.lowered_by], words, where)
    yield from _unknown("TS-CLAIM-011", [test.place] if test.place else [], words.places, where)
    yield from _turns([test.turn], file, where)


def _word_problems(test: WordsTest, words: Vocabulary, file: ClaimsFile, where: str) -> Iterator[Problem]:
    yield from _unknown("TS-CLAIM-009", [*test.agree, *test.disagree], words.concepts, where)
    yield from _unknown("TS-CLAIM-011", [*test.places, *test.within], words.places, where)
    yield from _turns([test.before, test.after], file, where)


def _filter_problems(rows: RowFilter, words: Vocabulary, file: ClaimsFile, where: str) -> Iterator[Problem]:
    yield from _unknown("TS-CLAIM-017", [rows.table], words.known_tables, where)
    columns = words.columns.get(rows.table, frozenset())
    named = [*rows.where, *rows.exclude, *rows.contains, *([rows.within_column] if rows.within else [])]
    yield from _unknown("TS-CLAIM-013", named, columns, f"{where}, {rows.table}")
    for column, values in (*rows.where.items(), *rows.exclude.items()):
        if column in PLACE_COLUMNS:
            yield from _unknown("TS-CLAIM-011", values, words.places, where)
        elif column == "definition_id":
            yield from _unknown("TS-CLAIM-010", values, frozenset(words.definitions), where)
            yield from _targets(values, words, where)
        elif column == "concept":
            yield from _unknown("TS-CLAIM-009", values, words.concepts, where)
    yield from _unknown("TS-CLAIM-011", rows.within, words.places, where)
    yield from _turns([rows.before, rows.after], file, where)


def _turns(names: Iterable[str], file: ClaimsFile, where: str) -> Iterator[Problem]:
    for name in names:
        if name and name not in file.turns:
            known = sorted(file.turns)
            values: dict[str, object] = {"name": name, "nearest": nearest(name, known), "known": ", ".join(known)}
            yield Problem("TS-CLAIM-014", where, values)


def _targets(names: Iterable[str], words: Vocabulary, where: str) -> Iterator[Problem]:
    for name in names:
        if words.definitions.get(name) == "threshold":
            yield Problem("TS-CLAIM-015", where, {"name": name})


def _unknown(code: str, names: Iterable[str], known: frozenset[str], where: str) -> Iterator[Problem]:
    if not known:
        return
    for name in names:
        if name not in known:
            yield Problem(code, where, {"name": name, "nearest": nearest(name, list(known))})
