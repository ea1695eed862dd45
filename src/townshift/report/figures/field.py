"""The section of field evidence: fieldwork, codes, roundtables, bargains, joint displays, a page of each group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from townshift.report.blocks import Block, Section
from townshift.report.figures.field_codes import code_blocks
from townshift.report.figures.field_coverage import coverage_blocks
from townshift.report.figures.field_episodes import episode_blocks
from townshift.report.figures.field_joint import group_blocks, joint_blocks
from townshift.report.figures.field_tables import roundtable_blocks
from townshift.report.figures.field_words import told
from townshift.report.words import Names

if TYPE_CHECKING:
    from townshift.report.results import Results


def field_sections(results: Results, names: Names, threshold: int) -> list[Section]:
    """Sections of field evidence; none where a study has no fieldwork.

    Args:
        results: what the pipeline wrote.
        names: titles.
        threshold: groups of fewer people are withheld.
    """
    talks: list[Block] = [*roundtable_blocks(results, threshold), *episode_blocks(results)]
    if results.result("field_sources") is None:
        parts = [("field-talks", talks)]
    else:
        parts = [
            ("field-heard", coverage_blocks(results, names, threshold)),
            ("field-codes", code_blocks(results, threshold)),
            ("field-talks", talks),
            ("field-joint", joint_blocks(results, names, threshold)),
            ("field-groups", group_blocks(results, names, threshold)),
        ]
    return [
        Section(name, told(f"sections.{key}"), told(f"sections.{key}_lead"), blocks)
        for name, blocks in parts
        if blocks
        for key in [name.removeprefix("field-")]
    ]
