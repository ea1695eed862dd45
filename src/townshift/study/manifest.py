"""`study.toml` as typed values: what a study is about and the parameters of its steps."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from townshift.engine.refusals import dotted, fields_at, reason
from townshift.errors import Problem, StudyError
from townshift.locales import text

FORMAT = 1
"""The format of `study.toml` that this townshift reads."""

MANIFEST = "study.toml"
"""Name of the file that makes a folder a study."""

NUL_SHOWN = "\u2400"
"""Stands for a NUL byte in a message."""

Name = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class About(_Part):
    """The table `[study]`: what the study is about.

    Attributes:
        title: title in English; `title_zh` the same in Chinese, empty = use `title`.
        place: `place_id` of the focal place; it must stand in `places`.
        industry: the industry in English; `industry_zh` in Chinese.
        period: first and last calendar year the study speaks about, both included.
        languages: languages of the reports, the first is the default.
        currency: what `yuan` stands for in the units of money.
        crs_datum: datum of `lon` and `lat` in the tables: `wgs84`, `gcj02` or `bd09`; Chinese web maps are shifted.
        projection: EPSG code of the projected system in which distances are measured, such as `EPSG:32650`.
        seed: every random number follows from it.
        privacy_threshold: cells about fewer people than this are suppressed.
    """

    title: Name
    title_zh: str = ""
    place: Name
    industry: Name
    industry_zh: str = ""
    period: Annotated[tuple[int, int], Field(strict=False)]
    languages: Annotated[tuple[Literal["en", "zh"], ...], Field(strict=False, min_length=1)] = ("en",)
    currency: Name = "yuan"
    crs_datum: Literal["wgs84", "gcj02", "bd09"] = "wgs84"
    projection: Annotated[str, Field(pattern=r"^(EPSG:\d+)?$")] = ""
    seed: Annotated[int, Field(ge=0)] = 0
    privacy_threshold: Annotated[int, Field(ge=1)] = 5

    @field_validator("period")
    @classmethod
    def _period_in_order(cls, period: tuple[int, int]) -> tuple[int, int]:
        if period[0] > period[1]:
            raise PydanticCustomError("period_order", "the first year is after the last")
        return period


class Break(_Part):
    """One `[[breaks]]`: from `year` on, the figures of `definition` at `place` count something else."""

    place: Name
    indicator: str = ""
    definition: Name
    year: int
    reason: Name


class Columns(_Part):
    """The table `[columns]`: how the columns of the tables are to be read.

    Attributes:
        swap_xy: `lon` and `lat` stand in each other's place in every table of this study.
    """

    swap_xy: bool = False


class Manifest(_Part):
    """`study.toml`, read and checked. `parameters` stays raw: each step checks its own table."""

    format: Literal[1]
    study: About
    breaks: Annotated[tuple[Break, ...], Field(strict=False)] = ()
    columns: Columns = Columns()
    parameters: dict[str, dict[str, Any]] = Field(default_factory=dict)


def read_manifest(path: Path) -> Manifest:
    """Read `study.toml`.

    Args:
        path: the file itself.

    Raises:
        StudyError: it cannot be read, is no TOML, is written for another format, or says something it should not; all
            problems at once, each with its line.
    """
    raw = _decode(path)
    try:
        data = tomllib.loads(raw)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(_malformed(error, raw)) from None
    if "format" not in data:
        raise StudyError(Problem("TS-STUDY-022", MANIFEST, {"known": FORMAT}))
    if data["format"] != FORMAT or isinstance(data["format"], bool):
        values = {"given": data["format"], "known": FORMAT}
        raise StudyError(Problem("TS-STUDY-005", _where(raw, ("format",)), values))
    try:
        return Manifest.model_validate(data)
    except ValidationError as error:
        raise StudyError(*_problems(error, raw)) from None


def line_of(path: Path, key: tuple[int | str, ...]) -> str:
    """`study.toml line n`, where a key is set or would stand.

    Args:
        path: the file itself.
        key: its parts, entries of a list counted from zero: `("parameters", "ratios", "ratio", 0, "unit")`.

    Raises:
        StudyError: the file cannot be read.
    """
    return _where(_decode(path), key)


def _decode(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise StudyError(Problem("TS-STUDY-018", MANIFEST))
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise StudyError(Problem("TS-STUDY-017", _at(line))) from None
    except OSError as error:
        raise StudyError(Problem("TS-STUDY-016", MANIFEST, {"file": MANIFEST, "reason": error.strerror})) from None


def _malformed(error: tomllib.TOMLDecodeError, raw: str) -> Problem:
    message = str(error)
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    line = int(found[1]) if found else raw.count("\n") + 1
    lines = raw.splitlines()
    shown = lines[line - 1].strip().replace("\0", NUL_SHOWN) if 0 < line <= len(lines) else ""
    reason = message.split(" (at ")[0]
    return Problem("TS-STUDY-004", _at(line), {"reason": reason, "shown": shown})


def _problems(error: ValidationError, raw: str) -> list[Problem]:
    out = []
    for one in error.errors(include_url=False):
        key = tuple(part for part in one["loc"])
        where, name = _where(raw, key), dotted(key)
        if one["type"] == "extra_forbidden":
            values: dict[str, object] = {"key": name, "nearest": nearest(str(key[-1]), fields_at(Manifest, key[:-1]))}
            out.append(Problem("TS-STUDY-006", where, values))
        elif one["type"] == "missing":
            out.append(Problem("TS-STUDY-007", where, {"key": name}))
        else:
            shown = "" if isinstance(one["input"], dict) else one["input"]
            values = {"key": name, "value": shown, "reason": reason(cast(dict[str, Any], one))}
            out.append(Problem("TS-STUDY-008", where, values))
    return out


def _at(line: int) -> str:
    return f"{MANIFEST} {text('study.where.line', number=line)}"


def nearest(name: str, known: list[str]) -> str:
    """The known name that `name` was most likely meant to be; all known names, joined, where none is near.

    Example:
        >>> nearest("palce_id", ["place_id", "name"])
        'place_id'
        >>> nearest("zzz", ["place_id", "name"])
        'place_id, name'
    """
    found = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return found[0] if found else ", ".join(known)


def _where(raw: str, key: tuple[int | str, ...]) -> str:
    """`study.toml line n`: the line of a key, or of the nearest table around it that is written out."""
    table: tuple[str, ...] = ()
    counts: dict[str, int] = {}
    best, best_depth = 0, 0
    wanted = list(key)
    for number, line in enumerate(raw.splitlines(), start=1):
        stripped = line.strip()
        header = re.match(r"^(\[\[?)\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?", stripped)
        if header:
            table = tuple(part.strip(" \"'") for part in header[2].split("."))
            path: list[int | str] = list(table)
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
                path.append(counts[header[2]])
            current = path
        else:
            assigned = re.match(r"^([A-Za-z0-9_\-\"']+)\s*=", stripped)
            if not assigned:
                continue
            prefix: list[int | str] = list(table)
            if table and counts.get(".".join(table)) is not None:
                prefix.append(counts[".".join(table)])
            current = [*prefix, assigned[1].strip("\"'")]
        depth = min(len(current), len(wanted))
        if current[:depth] == wanted[:depth] and depth > best_depth:
            best, best_depth = number, depth
    return _at(best) if best else MANIFEST
