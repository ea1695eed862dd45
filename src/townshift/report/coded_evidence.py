"""Coded passages that bear on claims, as numbers by group: a row each would tell of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.evidence_piece import Evidence
from townshift.report.figures.field_words import group_words, in_order, people_by, told
from townshift.report.results import Record, records, text_of
from townshift.report.words import Words, code, plain
from townshift.small_groups import shown_groups

if TYPE_CHECKING:
    from townshift.report.results import Results

_Key = tuple[tuple[str, str], str, bool, str]
"""(claim, part), role, whether it counts, why not."""


class Coded:
    """Coded passages taken out of the evidence, to be given back as numbers.

    Args:
        results: what the pipeline wrote.
        threshold: groups of which fewer people were heard are taken together.
    """

    def __init__(self, results: Results, threshold: int) -> None:
        found, attendance = results.rows("field_statements"), results.rows("field_attendance")
        rows = () if found is None else records(found)
        self._by: dict[str, tuple[str, str]] = {
            text_of(row.statement_id): (text_of(row.actor_group), text_of(row.actor_id)) for row in rows
        }
        self._shown = frozenset[str]() if attendance is None else shown_groups(people_by(attendance), threshold)
        self._taken: dict[_Key, list[tuple[str, str]]] = {}

    def takes(self, row: Record) -> bool:
        """Whether a row of `claim_evidence` is a coded passage; if so it is kept here."""
        by = self._by.get(text_of(row.row_id)) if text_of(row.table) == "statements" else None
        if by is None:
            return False
        key = (text_of(row.claim_id), text_of(row.part_id))
        counted = text_of(row.counted) == "True"
        self._taken.setdefault((key, text_of(row.role), counted, text_of(row.reason)), []).append(by)
        return True

    def pieces(self) -> list[tuple[tuple[str, str], str, Evidence]]:
        """(claim, part), role and piece: one a group, those of few people together, those of nobody together."""
        out = []
        for (key, role, counted, reason), found in self._taken.items():
            why = code("reason", reason) if reason else plain("")
            out += [(key, role, _piece(words, counted, why)) for words in self._worded(found)]
        return out

    def _worded(self, found: list[tuple[str, str]]) -> list[Words]:
        lines = []
        for group in in_order(self._shown):
            mine = [person for one, person in found if one == group and person]
            if mine:
                lines.append(told("claims.people", group=group_words(group), n=len(mine), people=len(set(mine))))
        few = sum(1 for group, person in found if person and group not in self._shown)
        nobody = sum(1 for _, person in found if not person)
        lines += [told("claims.few", n=few)] if few else []
        return [*lines, *([told("claims.documents", n=nobody)] if nobody else [])]


def _piece(words: Words, counted: bool, why: Words) -> Evidence:
    return Evidence(row_id="", said="", speaker=words, lineage="", counted=counted, why_not=why, paraphrase=False)
