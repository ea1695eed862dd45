"""The hierarchy of codes of a project, changed by rows of a codebook table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from townshift.readers.refi_qda.guids import canonical, is_guid, stable_guid
from townshift.readers.refi_qda.loss import LossReport
from townshift.readers.refi_qda.model import Code
from townshift.readers.refi_qda.passages import iter_codes

MAX_DEPTH = 150
_COMPARED = ("name", "parent_code", "definition", "colour")

Row = Mapping[str, Any]


def with_codes(
    codes: tuple[Code, ...], known: dict[str, str], rows: Sequence[Row], shown: Sequence[Row], report: LossReport
) -> tuple[Code, ...]:
    """The codes with what the rows add or change.

    Args:
        codes: the hierarchy as it is.
        known: code → GUID; new codes are added to it.
        rows: `code`, and as far as given `version`, `name`, `parent_code`, `definition`, `colour`; of several versions
            the latest counts. Codes without a row stay as they are.
        shown: the rows that the hierarchy had as a table: a row that equals its own changes nothing.
        report: told of circles.

    Returns:
        The hierarchy; the same object if nothing changes.

    Example:
        >>> rows = [{"code": "pay", "parent_code": "work"}, {"code": "work"}]
        >>> tree = with_codes((), {}, rows, [], LossReport())
        >>> tree[0].name, tree[0].children[0].name
        ('work', 'pay')
    """
    latest: dict[str, Row] = {}
    for row in sorted(rows, key=lambda one: one.get("version") or 0):
        latest[row["code"]] = row
    before = {row["code"]: row for row in shown}
    changed = {
        code: row
        for code, row in latest.items()
        if code not in before or any(row.get(name, before[code][name]) != before[code][name] for name in _COMPARED)
    }
    if not changed:
        return codes
    return _rebuilt(codes, known, changed, latest, report)


def _rebuilt(
    codes: tuple[Code, ...],
    known: dict[str, str],
    changed: Mapping[str, Row],
    latest: Mapping[str, Row],
    report: LossReport,
) -> tuple[Code, ...]:
    nodes: list[Code] = []
    parents: list[int | None] = []
    place: dict[str, int] = {}
    where: dict[int, int] = {}
    for code, above in iter_codes(codes):
        where[id(code)] = len(nodes)
        place.setdefault(canonical(code.guid), len(nodes))
        nodes.append(replace(code, children=()))
        parents.append(None if above is None else where[id(above)])
    for key in latest:
        if key in changed and key not in known:
            guid = key if is_guid(key) else stable_guid("code", key)
            known[key] = guid
            place.setdefault(canonical(guid), len(nodes))
            nodes.append(Code(guid=guid, name=key))
            parents.append(None)
    for key, row in changed.items():
        index = place[canonical(known[key])]
        nodes[index] = _filled(nodes[index], row)
        if "parent_code" in row:
            parent = known.get(row["parent_code"]) if row["parent_code"] is not None else None
            parents[index] = None if parent is None else place[canonical(parent)]
    _cut_circles(nodes, parents, report)
    return _tree(nodes, parents)


def _filled(code: Code, row: Row) -> Code:
    return replace(
        code,
        name=row.get("name") or code.name,
        description=row.get("definition", code.description),
        color=row.get("colour", code.color),
    )


def _cut_circles(nodes: list[Code], parents: list[int | None], report: LossReport) -> None:
    for index, node in enumerate(nodes):
        seen = {index}
        above = parents[index]
        while above is not None and above not in seen and len(seen) < MAX_DEPTH:
            seen.add(above)
            above = parents[above]
        if above is not None:
            parents[index] = None
            report.lose("TS-QDA-062", "Code", node.guid)


def _tree(nodes: list[Code], parents: list[int | None]) -> tuple[Code, ...]:
    below: dict[int | None, list[int]] = {}
    for index, parent in enumerate(parents):
        below.setdefault(parent, []).append(index)

    def branch(parent: int | None) -> tuple[Code, ...]:
        return tuple(replace(nodes[index], children=branch(index)) for index in below.get(parent, []))

    return branch(None)
