"""A first `map.toml` for files of an unknown register, from the names of their columns and the look of their cells."""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from townshift.engine.atomic import write_text
from townshift.errors import Problem, StudyError
from townshift.locales import text
from townshift.readers.registries.decoding import read_blocks
from townshift.readers.registries.mapping import BUILT_IN, plain, read_map, sources_of
from townshift.readers.registries.members import find_members
from townshift.readers.registries.records import read_header
from townshift.readers.registries.registry_import import DELIMITERS, require_study
from townshift.readers.registries.values import NULL_MARKERS, read_date
from townshift.study.schemas import schema

MAP_FILE = "map.toml"
SAMPLED_ROWS = 200
_NEAR = 0.75
_MOST = 0.6
"""Share of filled cells that must have a look for it to count."""

FURTHER_NAMES = {
    "name": ("name", "company", "company name", "firm", "firm name", "business name", "raison sociale", "dénomination",
             "denomination", "nom", "enseigne", "企业", "户名"),
    "registered_number": ("number", "registration number", "registered number", "company number", "id", "code", "siret",
                          "numéro", "编号", "代码", "证照编号"),
    "from": ("date of registration", "registration date", "founded", "start date", "opening date", "established",
             "date de création", "date création", "date d'immatriculation", "成立", "注册日"),
    "to": ("closing date", "end date", "dissolved", "date of dissolution", "date de radiation", "date de fermeture",
           "注销", "截止日期"),
    "legal_form": ("legal form", "type", "company type", "forme juridique", "catégorie juridique", "组织形式"),
    "status": ("status", "state", "statut", "état", "状态"),
    "industry": ("industry", "sector", "nace", "naics", "sic", "naf", "ape", "activité principale", "行业"),
    "scope": ("scope", "activities", "business scope", "objet social", "activité", "范围"),
    "address": ("address", "registered address", "street", "adresse", "siège", "地址"),
    "production_address": ("production address", "business address", "adresse de l'établissement", "经营地"),
    "province": ("province", "state", "region", "région", "省份"),
    "city": ("city", "town", "ville", "commune", "城市"),
    "county": ("county", "district", "département", "区县"),
    "employees": ("employees", "staff", "effectif", "effectifs", "人数"),
    "capital_million_yuan": ("capital", "registered capital", "capital social", "资本"),
    "legal_representative": ("legal representative", "owner", "director", "manager", "dirigeant", "gérant", "经营人"),
    "shareholders": ("shareholders", "partners", "associés", "actionnaires", "股东名单"),
    "phone": ("phone", "telephone", "tel", "téléphone", "电话号"),
    "lon": ("lon", "lng", "longitude", "x", "经度"),
    "lat": ("lat", "latitude", "y", "纬度"),
}  # fmt: skip
"""Names of columns beyond those of the registers townshift knows."""

Basis = Literal["header", "header_near", "values"]


@dataclass(frozen=True)
class Guess:
    """A guessed map.

    Attributes:
        path: the map, written.
        sure: column of the study → column of the files.
        unsure: the same, with why it is only likely.
        without: columns of the files for which there is no guess.
    """

    path: Path
    sure: dict[str, str]
    unsure: dict[str, tuple[str, Basis]]
    without: tuple[str, ...]

    def told(self, language: str | None = None) -> str:
        """What was guessed, how surely, in words."""
        lines = [text("readers.guess_sure", language, column=name, source=one) for name, one in self.sure.items()]
        for name, (source, basis) in self.unsure.items():
            why = text(f"readers.guess.{basis}", language)
            lines.append(text("readers.guess_unsure", language, column=name, source=source, why=why))
        lines += [text("readers.guess_none", language, source=name) for name in self.without]
        return "\n".join([*lines, text("readers.guessed", language, path=self.path)])


def guess_map(files: Sequence[str | Path], into: str | Path) -> Guess:
    """Write a first map for files into the study.

    Args:
        files: files, folders and patterns; the first table is looked at.
        into: folder of the study; the map is `map.toml` there.

    Raises:
        StudyError: no study, nothing that can be read, or there is a map already.
    """
    root = require_study(Path(into))
    target = root / MAP_FILE
    if target.exists():
        raise StudyError(Problem("TS-READ-018", "", {"path": str(target)}))
    members, _ = find_members(files)
    with members[0].open() as stream:
        block = next(read_blocks(stream, members[0].shown), None)
    if block is None or not block.data.strip():
        raise StudyError(Problem("TS-READ-014", members[0].shown))
    delimiter = max(DELIMITERS, key=lambda one: len(read_header(block, one)[0]))
    header, passed = read_header(block, delimiter)
    shown = io.StringIO(block.data.decode("utf-8", "replace"), newline="")
    rows = [row for row in list(csv.reader(shown, delimiter=delimiter))[passed : SAMPLED_ROWS + passed] if row]
    columns = {
        name: [row[place] for row in rows if place < len(row)] for place, name in enumerate(header) if name.strip()
    }
    sure, unsure = _guessed(columns)
    used = {*sure.values(), *(source for source, _ in unsure.values())}
    without = tuple(name for name in columns if name not in used)
    write_text(target, _written(sure, unsure, without))
    return Guess(target, sure, unsure, without)


def _guessed(columns: dict[str, list[str]]) -> tuple[dict[str, str], dict[str, tuple[str, Basis]]]:
    """By the very name, then by a similar name, then by the look of the cells; a column is used once."""
    names = _known_names()
    sure: dict[str, str] = {}
    unsure: dict[str, tuple[str, Basis]] = {}
    left = list(columns)
    for target, known in names.items():
        found = next((one for one in left if plain(one) in known), None)
        if found is not None:
            sure[target] = found
            left.remove(found)
    for target, known in names.items():
        near = [one for one in left if difflib.get_close_matches(plain(one), known, 1, _NEAR)]
        if target not in sure and near:
            unsure[target] = (near[0], "header_near")
            left.remove(near[0])
    for target, looks in _LOOKS.items():
        like = [one for one in left if _share(columns[one], looks) >= _MOST]
        if target not in sure and target not in unsure and like:
            unsure[target] = (like[0], "values")
            left.remove(like[0])
    return sure, unsure


def _known_names() -> dict[str, list[str]]:
    """Column of `firms` → names under which it is known, plain."""
    known: dict[str, list[str]] = {one: [plain(one)] for one in schema("firms").names if one in FURTHER_NAMES}
    for name in BUILT_IN:
        for table in read_map(name).table:
            if table.into == "firms":
                for target, source in table.columns.items():
                    known.setdefault(target, []).extend(plain(one) for one in sources_of(source))
    for target, more in FURTHER_NAMES.items():
        known.setdefault(target, []).extend(plain(one) for one in more)
    return known


def _is_date(cell: str) -> bool:
    found, reason = read_date(cell)
    return (found is not None and len(cell) >= 8) or reason == "ambiguous"


def _looks_like(pattern: str) -> Callable[[str], bool]:
    return lambda cell: re.search(pattern, cell, re.IGNORECASE) is not None


_LOOKS: dict[str, Callable[[str], bool]] = {
    "registered_number": _looks_like(r"^([0-9A-Z]{18}|\d{14}|[A-Z]{0,2}\d{6,8})$"),
    "from": _is_date,
    "name": _looks_like(r"公司|厂|店|合作社|\b(ltd|limited|plc|sarl|sas|sa|inc|gmbh)\b"),
    "capital_million_yuan": _looks_like(r"\d\s*万?\s*(元|人民币|美元)"),
    "address": _looks_like(r"[路街道号村镇]|\b(street|road|rue|avenue|lane)\b"),
}


def _share(cells: list[str], looks: Callable[[str], bool]) -> float:
    filled = [cell.strip() for cell in cells if cell.strip() not in NULL_MARKERS]
    return sum(looks(cell) for cell in filled) / len(filled) if filled else 0.0


def _written(sure: dict[str, str], unsure: dict[str, tuple[str, Basis]], without: tuple[str, ...]) -> str:
    """The map as TOML with comments; what is unsure says so."""
    needs = [name for name in ("name", "registered_number") if name in sure or name in unsure] or ["name"]
    lines = [
        "# " + text("readers.map_head"),
        "format = 1",
        'registry = "other"  # ' + text("readers.map_registry"),
        "# day_first = true  # " + text("readers.map_day_first"),
        '# capital_unit = "万元"  # ' + text("readers.map_unit"),
        "",
        "[[table]]",
        'into = "firms"',
        f"needs = {json.dumps(needs)}",
        "",
        "[table.columns]",
        *(f"{target} = {_quoted(source)}" for target, source in sure.items()),
        *(
            f"{target} = {_quoted(source)}  # {text('readers.map_unsure')} {text(f'readers.guess.{basis}')}"
            for target, (source, basis) in unsure.items()
        ),
        *(f"# ? = {_quoted(name)}" for name in without),
        "",
        "[kinds]  # " + text("readers.map_kinds"),
    ]
    for kind, words in _common_kinds().items():
        lines.append(f"{kind} = {json.dumps(words, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    """A name as TOML: its texts are JSON texts."""
    return json.dumps(name, ensure_ascii=False)


def _common_kinds() -> dict[str, list[str]]:
    return {
        "sole_trader": ["个体", "sole trader", "entrepreneur individuel"],
        "cooperative": ["合作社", "co-operative", "coopérative"],
        "branch": ["分公司", "分支机构", "branch", "succursale"],
        "firm": ["公司", "企业", "厂", "limited", "company", "société"],
    }
