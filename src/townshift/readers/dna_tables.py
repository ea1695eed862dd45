"""Statements of the Discourse Network Analyzer as study tables."""

from __future__ import annotations

from collections import Counter
from typing import Any

from townshift.errors import Problem
from townshift.readers.discourse_network import DnaProject, DnaStatement
from townshift.readers.qda_tables.keys import pseudonym

Rows = list[dict[str, Any]]

_CONCEPT = ("concept", "category", "frame", "claim", "概念")
_ACTOR = ("person", "actor", "speaker", "name", "人物", "发言者")
_ORGANISATION = ("organization", "organisation", "institution", "组织", "机构")
_AGREEMENT = ("agreement", "agree", "stance", "position", "立场")


def dna_tables(project: DnaProject, name: str, salt: bytes) -> tuple[dict[str, Rows], dict[str, str], list[Problem]]:
    """Rows for `documents`, `concepts`, `statements` and `codings`, texts by document, and what has no place.

    Args:
        project: as `read_dna` gives it.
        name: of the file, the first part of all ids.
        salt: of the study; persons and coders appear as keyed digests.

    Returns:
        Table → rows; document → text; problems: variables that no table holds, statement types without a concept.

    Example:
        >>> from townshift.readers.discourse_network import DnaDocument
        >>> letter = DnaDocument(1, "Letter", "The levy is too high.", "2011-10-20", "", "", "", "", "")
        >>> said = DnaStatement(4, "DNA Statement", 1, 0, 8, 1, {"person": "Ann", "concept": "levy", "agreement": 0})
        >>> tables, texts, _ = dna_tables(DnaProject((letter,), (said,), {}), "town", b"salt")
        >>> tables["statements"][0]["stance"], tables["codings"][0]["text"], "Ann" in str(tables)
        ('disagree', 'The levy', False)
    """
    document_of = {one.number: f"{name}-{one.number}.txt" for one in project.documents}
    text_of = {one.number: one.text for one in project.documents}
    date_of = {one.number: one.date for one in project.documents}
    rows: dict[str, Rows] = {"documents": [], "concepts": [], "statements": [], "codings": []}
    for one in project.documents:
        about = {"document": document_of[one.number], "title": one.title, "date": one.date}
        rows["documents"].append(about)
    unplaced: Counter[str] = Counter()
    concepts: dict[str, None] = {}
    without = 0
    for said in project.statements:
        concept = str(_first(said, _CONCEPT) or "")
        if not concept:
            without += 1
            continue
        concepts[concept] = None
        actor = str(_first(said, _ACTOR) or "")
        body = str(_first(said, _ORGANISATION) or "")
        known = {*_CONCEPT, *_ACTOR, *_ORGANISATION, *_AGREEMENT}
        unplaced.update(one for one in said.values if one.lower() not in known)
        key = f"{name}-{said.number}"
        document = document_of.get(said.document, "")
        rows["statements"].append({
            "statement_id": key,
            "date": date_of.get(said.document, ""),
            "actor_id": pseudonym("actor", actor or body, salt) if actor or body else "",
            "actor_group": "other",
            "concept": concept,
            "stance": _stance(_first(said, _AGREEMENT)),
            "lineage": document,
        })  # fmt: skip
        passage = "" if said.start is None else text_of.get(said.document, "")[said.start : said.end]
        rows["codings"].append({
            "coding_id": key,
            "document": document,
            "code": concept,
            "coder": pseudonym("coder", str(said.coder), salt),
            "start": "" if said.start is None else said.start,
            "end": "" if said.end is None else said.end,
            "text": passage,
        })  # fmt: skip
    rows["concepts"] = [{"concept": one, "proposition": one} for one in concepts]
    problems = [
        Problem("TS-DNA-006", name, {"variable": variable, "n": n}, "warning")
        for variable, n in sorted(unplaced.items())
    ]
    if without:
        problems.append(Problem("TS-DNA-007", name, {"n": without}, "warning"))
    if rows["statements"]:
        problems.append(Problem("TS-DNA-008", name, severity="warning"))
    return rows, {document_of[number]: text for number, text in text_of.items()}, problems


def _first(said: DnaStatement, names: tuple[str, ...]) -> str | int | None:
    by_name = {name.lower(): value for name, value in said.values.items()}
    return next((by_name[name] for name in names if name in by_name and by_name[name] != ""), None)


def _stance(value: str | int | None) -> str:
    if value is None:
        return "neutral"
    if isinstance(value, int):
        return "agree" if value > 0 else "disagree"
    return {"yes": "agree", "true": "agree", "agree": "agree", "no": "disagree", "false": "disagree"}.get(
        value.lower(), "neutral"
    )
