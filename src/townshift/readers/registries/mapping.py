"""`map.toml`: which column of a foreign file is which column of the study."""

from __future__ import annotations

import fnmatch
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from townshift.engine.refusals import dotted, fields_at, reason
from townshift.errors import Problem, StudyError
from townshift.study.manifest import nearest
from townshift.study.schemas import schema

BUILT_IN = ("cn", "companies_house", "sirene")
"""Registers whose map townshift brings along."""

KEYED = {"firms": "record_id"}
"""Columns that the import makes itself."""

_UNIT = re.compile(r"\(([^()]*)\)$")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Joined(_Part):
    """Several columns put together, empty ones left out: the parts of an address."""

    join: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    by: str = " "


Source = str | Annotated[tuple[str, ...], Field(strict=False, min_length=1)] | Joined
"""One column; alternatives, of which the first that is filled counts; or columns to join."""


class TableMap(_Part):
    """One kind of file.

    Attributes:
        into: the study's table.
        rows: what a row is: a record; a period of a record (joined where they follow each other); a legal unit that
            only lends its name and legal form to its establishments.
        needs: columns of the study's table that a file must have to be of this kind.
        columns: column of the study's table → where it comes from.
        last_day: dates that name the last day of a period instead of the first after it.
        closed_status: values of `status` that mean closed: such a period is no record; of a record, only those end.
    """

    into: Literal["firms", "successions"]
    rows: Literal["records", "periods", "legal_units"] = "records"
    needs: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    columns: dict[str, Source]
    last_day: Annotated[tuple[str, ...], Field(strict=False)] = ()
    closed_status: Annotated[tuple[str, ...], Field(strict=False)] = ()


class Leave(_Part):
    """Columns that are known and not wanted; `*` stands for any letters."""

    columns: Annotated[tuple[str, ...], Field(strict=False)] = ()


class RegistryMap(_Part):
    """`map.toml`.

    Attributes:
        registry: which register; it decides how names and numbers are read later.
        encoding, delimiter: of all files; empty = recognised file by file.
        day_first: whether 03/04/2010 is the third of April; left out = such dates are not guessed.
        null_markers: further cells that say nothing.
        capital_unit: what a bare amount is counted in, such as `万元`; empty = such an amount is not used.
        number_pattern: what a registered number looks like; finds shifted columns.
        group_characters: how many first characters of the number are the firm's; 0 = all.
        source_id: the source that every record cites.
        table: kinds of files, tried in this order.
        kinds: kind of a firm → words in its legal form, the first that fits decides; `^` = at its beginning.
        leave: columns that need no mention.
    """

    format: Literal[1]
    registry: Literal["cn", "sirene", "companies_house", "other"]
    encoding: str = ""
    delimiter: str = ""
    day_first: bool | None = None
    null_markers: Annotated[tuple[str, ...], Field(strict=False)] = ()
    capital_unit: str = ""
    number_pattern: str = ""
    group_characters: Annotated[int, Field(ge=0)] = 0
    source_id: str = ""
    table: Annotated[tuple[TableMap, ...], Field(strict=False, min_length=1)]
    kinds: dict[str, Annotated[tuple[str, ...], Field(strict=False)]] = Field(default_factory=dict)
    leave: Leave = Leave()


@dataclass(frozen=True)
class Layout:
    """A file's columns, matched to a kind of file.

    Attributes:
        table: the kind of file.
        header: columns as they stand in the file.
        positions: column of the study's table → positions in the file, best first.
        joined_by: columns of the study whose positions are joined, with what stands between.
        units: unit in brackets behind a column's name.
        unused: columns that the map does not know → the nearest it knows.
    """

    table: TableMap
    header: tuple[str, ...]
    positions: dict[str, tuple[int, ...]]
    joined_by: dict[str, str]
    units: dict[str, str]
    unused: dict[str, str]


def read_map(given: str) -> RegistryMap:
    """The map of a register townshift knows, or one in a file.

    Raises:
        StudyError: no such file, or something in it is wrong; all problems at once.
    """
    if given in BUILT_IN:
        source, where = (files(__package__) / "maps" / f"{given}.toml").read_text("utf-8"), given
    else:
        path, where = Path(given), given
        try:
            source = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            known = ", ".join(BUILT_IN)
            raise StudyError(Problem("TS-READ-001", where, {"reason": why, "known": known})) from None
    try:
        found = RegistryMap.model_validate(tomllib.loads(source))
    except tomllib.TOMLDecodeError as error:
        raise StudyError(Problem("TS-READ-002", where, {"key": "TOML", "reason": str(error)})) from None
    except ValidationError as error:
        raise StudyError(*(_wrong(where, dict(one)) for one in error.errors(include_url=False))) from None
    if problems := list(_problems(found, where)):
        raise StudyError(*problems)
    return found


def _wrong(where: str, error: dict[str, Any]) -> Problem:
    key = tuple(error["loc"])
    if error["type"] == "extra_forbidden":
        known = nearest(str(key[-1]), fields_at(RegistryMap, key[:-1]))
        return Problem("TS-READ-003", where, {"key": dotted(key), "nearest": known})
    return Problem("TS-READ-002", where, {"key": dotted(key), "reason": reason(error)})


def _problems(found: RegistryMap, where: str) -> list[Problem]:
    """What the types cannot say: unknown columns of the study, kinds that there are not, a pattern that is none."""
    problems = []
    for table in found.table:
        known = [name for name in schema(table.into).names if name != KEYED.get(table.into)]
        for name in (*table.columns, *table.needs, *table.last_day):
            if name not in known:
                values: dict[str, object] = {"column": name, "table": table.into, "nearest": nearest(name, known)}
                problems.append(Problem("TS-READ-004", where, values))
    kinds = list(schema("firms").field("kind").enum)
    for kind in found.kinds:
        if kind not in kinds:
            shown: dict[str, object] = {"column": f"kinds.{kind}", "table": "firms", "nearest": nearest(kind, kinds)}
            problems.append(Problem("TS-READ-004", where, shown))
    try:
        re.compile(found.number_pattern)
    except re.error as error:
        problems.append(Problem("TS-READ-002", where, {"key": "number_pattern", "reason": str(error)}))
    return problems


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A column's name without what writers vary: case, width, blanks, underscores, a unit in brackets.

    Example:
        >>> plain(" CompanyNumber"), plain("注册资本（万元）"), plain("Company_Number")
        ('companynumber', '注册资本', 'companynumber')
    """
    folded = unicodedata.normalize("NFKC", name).strip("\ufeff \t\r\n\"'").casefold()
    folded = folded.replace(" ", "").replace("_", "")
    return _UNIT.sub("", folded) or folded


def sources_of(source: Source) -> tuple[str, ...]:
    """The names of the columns that a source speaks of."""
    if isinstance(source, Joined):
        return source.join
    return (source,) if isinstance(source, str) else source


def lay_out(header: tuple[str, ...], about: RegistryMap) -> Layout | None:
    """Match a file's columns to the first kind of file they fit; None if they fit none."""
    places: dict[str, int] = {}
    for position, name in enumerate(header):
        places.setdefault(_exact(name), position)
        places.setdefault(plain(name), position)
    for table in about.table:
        found = {
            target: tuple(dict.fromkeys(places[plain(name)] for name in sources_of(source) if plain(name) in places))
            for target, source in table.columns.items()
        }
        found = {target: positions for target, positions in found.items() if positions}
        if set(table.needs) <= set(found):
            return _layout(header, about, table, found)
    return None


def _exact(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()


def _layout(header: tuple[str, ...], about: RegistryMap, table: TableMap, found: dict[str, tuple[int, ...]]) -> Layout:
    joined = {name: source.by for name, source in table.columns.items() if isinstance(source, Joined)}
    used = {position for positions in found.values() for position in positions}
    units = {}
    for target, positions in found.items():
        if unit := _UNIT.search(unicodedata.normalize("NFKC", header[positions[0]]).strip()):
            units[target] = unit[1]
    known = sorted({name for source in table.columns.values() for name in sources_of(source)})
    unused = {
        name: nearest(name, known) if len(known) and _near(name, known) else ""
        for position, name in enumerate(header)
        if position not in used and name.strip() and not _left(name, about.leave.columns)
    }
    return Layout(table, header, found, joined, units, unused)


def _near(name: str, known: list[str]) -> bool:
    return nearest(name, known) in known


def _left(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(plain(name), plain(pattern)) for pattern in patterns)
