"""The whole report as one document in both languages: which sections there are and what stands in each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import townshift
from townshift.report.blocks import Block, Section
from townshift.report.claims import QUESTIONS, VERDICTS, Claim, read_claims
from townshift.report.evidence_base import limit_blocks, provenance_blocks, source_blocks
from townshift.report.figures.clusters import cluster_blocks
from townshift.report.figures.concentration import concentration_blocks, status_listing
from townshift.report.figures.discourse import discourse_blocks
from townshift.report.figures.field import field_sections
from townshift.report.figures.government import government_blocks
from townshift.report.figures.growth import growth_blocks, land_blocks, ratio_blocks
from townshift.report.figures.labour import labour_blocks
from townshift.report.figures.moves import flow_blocks, receiving_blocks
from townshift.report.figures.outcomes import outcome_blocks
from townshift.report.figures.registry import firm_blocks
from townshift.report.figures.registry_drivers import driver_blocks
from townshift.report.figures.registry_moves import move_blocks
from townshift.report.figures.series import series_blocks
from townshift.report.legend import legend_mark, shade
from townshift.report.style import drawing_style
from townshift.report.words import Names, Words, plain, say

if TYPE_CHECKING:
    from townshift.report.results import Results
    from townshift.types import Focus


PRIVACY_THRESHOLD = 5
"""What a page withholds that is written without its study: the default of `study.toml`."""


@dataclass(frozen=True)
class Document:
    """Everything that a page prints, in both languages.

    Attributes:
        title: of the study.
        facts: what the study is about, as pairs of name and value.
        sections: one per question.
        claims: all claims, in the order of their ids.
        limits: what the study cannot say.
        sources: tables of sources.
        provenance: tables of steps.
        versions: what computed it.
        anchors: ids that cells may link to.
    """

    title: Words
    facts: Sequence[tuple[Words, Words]]
    sections: Sequence[Section]
    claims: Sequence[Claim]
    limits: Sequence[Block]
    sources: Sequence[Block]
    provenance: Sequence[Block]
    versions: Sequence[tuple[Words, str]]
    anchors: frozenset[str]
    version: str = townshift.__version__

    @property
    def tally(self) -> list[tuple[str, int]]:
        """How many claims came to each verdict; every verdict is named, also with none."""
        return [(one, sum(claim.verdict == one for claim in self.claims)) for one in VERDICTS]

    @property
    def claims_by_question(self) -> list[tuple[str, list[Claim]]]:
        """Claims of each question that has any."""
        grouped = [(one, [claim for claim in self.claims if claim.question == one]) for one in QUESTIONS]
        return [(question, claims) for question, claims in grouped if claims]

    @staticmethod
    def kind(block: Block) -> str:
        """Which template prints a block."""
        return type(block).__name__

    legend_mark = staticmethod(legend_mark)
    shade = staticmethod(shade)


def build_document(results: Results, focus: Focus | None) -> Document:
    """Read everything and draw every figure, once for all languages.

    Args:
        results: what the pipeline wrote.
        focus: what the study is about; without it the page has a general title.
    """
    names = Names(results)
    focal = focus.place_id if focus else _guessed_focal(results)
    threshold = focus.privacy_threshold if focus else PRIVACY_THRESHOLD
    with drawing_style():
        sections = _sections(results, names, focal, threshold)
    sources, anchors = source_blocks(results, names)
    provenance, versions = provenance_blocks(results)
    claims = read_claims(results, names, threshold)
    return Document(
        title=_title(focus),
        facts=_study_facts(results, names, focus),
        sections=sections,
        claims=claims,
        limits=limit_blocks(results, names),
        sources=sources,
        provenance=provenance,
        versions=[*versions, *([(say("facts.seed"), str(focus.seed))] if focus else [])],
        anchors=anchors,
    )


def _sections(results: Results, names: Names, focal: str, threshold: int) -> list[Section]:
    blocks: dict[str, list[Block]] = {
        "process": [
            *series_blocks(results, names, focal),
            *growth_blocks(results, names),
            *ratio_blocks(results, names, "ratios", "ratios"),
            *land_blocks(results, names),
            *receiving_blocks(results, names, focal),
            *flow_blocks(results, names),
            *firm_blocks(results, names, focal, threshold),
            *concentration_blocks(results, names, threshold),
            *cluster_blocks(results, focal, threshold),
            *status_listing(results),
            *move_blocks(results, names, focal, threshold),
            *driver_blocks(results, names),
        ],
        "government": [*government_blocks(results, names), *discourse_blocks(results, names)],
        "labour": labour_blocks(results, names),
        "outcomes": outcome_blocks(results, names),
    }
    questions = [
        Section(f"question-{one}", say(f"questions.{one}"), say(f"questions.{one}_lead"), blocks[one])
        for one in QUESTIONS
    ]
    return [*questions, *field_sections(results, names, threshold)]


def _title(focus: Focus | None) -> Words:
    if focus is None or not focus.titles.get("en"):
        return say("page.untitled")
    return Words(focus.titles["en"], focus.titles.get("zh") or focus.titles["en"])


def _study_facts(results: Results, names: Names, focus: Focus | None) -> list[tuple[Words, Words]]:
    facts: list[tuple[Words, Words]] = []
    if focus is not None:
        titles = focus.titles
        industry = Words(titles.get("industry_en", focus.industry), titles.get("industry_zh") or focus.industry)
        facts += [
            (say("facts.place"), names.place(focus.place_id)),
            (say("facts.industry"), industry),
            (say("facts.period"), plain(f"{focus.year_from}–{focus.year_to}")),
            (say("facts.seed"), plain(focus.seed)),
        ]
    for table in ("facts", "statements", "events", "flows", "destinations"):
        found = results.input(table)
        if found is not None:
            facts.append((say(f"facts.{table}"), plain(f"{len(found):,}")))
    sources = results.input("sources")
    if sources is not None and "lineage" in sources:
        shown = say("facts.sources_value", pages=len(sources), lineages=sources["lineage"].nunique())
        facts.append((say("facts.sources"), shown))
    return facts


def _guessed_focal(results: Results) -> str:
    """The place with most estimates, for a page written without its study."""
    found = results.rows("series")
    return "" if found is None else str(found["place_id"].mode().iloc[0])
