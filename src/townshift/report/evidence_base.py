"""What the study rests on and cannot say: sources by tier and lineage, limits, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from townshift.report.blocks import Block, Column, Listing, Note, Table, cell
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, plain, say

if TYPE_CHECKING:
    from townshift.report.results import Results

TIERS = ("official", "original_press", "press_origin", "trade_press", "mirror_or_aggregator", "film")


def source_blocks(results: Results, names: Names) -> tuple[list[Block], frozenset[str]]:
    """Sources counted by tier, then all pages lineage by lineage; and the lineages that the page can link to."""
    found = results.input("sources")
    if found is None or found.empty:
        return [Note(say("missing.table", table="sources"), missing=True)], frozenset()
    tiers = sorted(
        {text_of(one) for one in found["tier"]}, key=lambda one: (TIERS.index(one) if one in TIERS else 9, one)
    )
    counts = [
        [
            cell(code("tier", tier)),
            cell(str(int((found["tier"] == tier).sum()))),
            cell(str(found.loc[found["tier"] == tier, "lineage"].nunique())),
        ]
        for tier in tiers
    ]
    counts.append([cell(say("sources.all")), cell(str(len(found))), cell(str(found["lineage"].nunique()))])
    counted = [Column(say("columns.tier")), Column(say("columns.pages"), True), Column(say("columns.lineages"), True)]
    by_tier = Table("sources-by-tier", say("sources.by_tier"), counted, counts)
    ordered = found.sort_values(["lineage", "source_id"], kind="stable")
    named: set[str] = set()
    rows = [
        [
            cell(text_of(row.lineage), name=_once(f"lineage-{text_of(row.lineage)}", named)),
            cell(text_of(row.source_id)),
            cell(code("tier", text_of(row.tier))),
            cell(text_of(getattr(row, "title_in_own_words", ""))),
            cell(names.originator(text_of(getattr(row, "originator", "")))),
            cell(text_of(getattr(row, "published", ""))),
            cell(code("source_interest", text_of(getattr(row, "interest", "")))),
            cell(_host(row), text_of(getattr(row, "url", "")), url=_web(text_of(getattr(row, "url", "")))),
        ]
        for row in records(ordered)
    ]
    heads = ("lineage", "source", "tier", "title", "originator", "published", "interest", "address")
    columns = [Column(say(f"columns.{head}"), lang_en=head == "title") for head in heads]
    listing = Listing("list-sources", say("sources.pages"), Table("sources", say("sources.pages"), columns, rows))
    return [Listing("list-tiers", say("sources.by_tier"), by_tier, [say("sources.note")]), listing], frozenset(named)


def _once(name: str, named: set[str]) -> str:
    """An id for the first row that asks for it."""
    if name in named:
        return ""
    named.add(name)
    return name


def _host(row: Record) -> str:
    url = text_of(getattr(row, "url", ""))
    return urlsplit(url).hostname or url or "–"


def _web(url: str) -> str:
    """Only a web address becomes a link."""
    return url if url.startswith(("http://", "https://")) else ""


def limit_blocks(results: Results, names: Names) -> list[Block]:
    """What cannot be said and why, by the record itself and by the steps that lacked a table."""
    blocks: list[Block] = []
    found = results.rows("not_sayable")
    if found is not None:
        rows = [[cell(_both(row, "topic")), cell(_both(row, "reason"))] for row in records(found)]
        columns = [Column(say("columns.topic")), Column(say("columns.reason"))]
        blocks.append(
            Listing("list-limits", say("limits.topics"), Table("limits", say("limits.topics"), columns, rows))
        )
    undone = [name for name, step in results.run.get("steps", {}).items() if step.get("state") != "done"]
    if undone:
        rows = [[cell(names.measure(name)), cell(_why(results, name))] for name in sorted(undone)]
        columns = [Column(say("columns.step")), Column(say("columns.reason"))]
        table = Table("not-studied", say("limits.steps"), columns, rows)
        blocks.append(Listing("list-not-studied", say("limits.steps"), table))
    return blocks or [Note(say("limits.none"))]


def _both(row: Record, name: str) -> Words:
    en = text_of(getattr(row, f"{name}_en", None)) or text_of(getattr(row, name, None))
    return Words(en, text_of(getattr(row, f"{name}_zh", None)) or en)


def _why(results: Results, step: str) -> Words:
    missing = results.lacking(step)
    if missing:
        return say("missing.table", table=", ".join(missing))
    return code("step_state", str(results.run["steps"][step].get("state", "")))


def provenance_blocks(results: Results) -> tuple[list[Block], Sequence[tuple[Words, str]]]:
    """Steps with their keys and parameters; versions of townshift, the engine and the libraries."""
    run = results.run
    versions = [
        (say("provenance.townshift"), str(run.get("townshift", "–"))),
        (say("provenance.engine"), str(run.get("engine", "–"))),
    ]
    versions += [(plain(name), str(version)) for name, version in sorted(run.get("libraries", {}).items())]
    rows = [
        [
            cell(name),
            cell(code("question", text_of(step.get("question")))),
            cell(code("step_state", text_of(step.get("state")))),
            cell(text_of(step.get("key"))[:16], text_of(step.get("key"))),
            cell(_parameters(step)),
            cell(", ".join(f"{table} ({one['rows']})" for table, one in sorted(step.get("outputs", {}).items()))),
        ]
        for name, step in sorted(run.get("steps", {}).items())
    ]
    if not rows:
        return [Note(say("provenance.none"), missing=True)], versions
    heads = ("step", "question", "status", "key", "parameters", "tables")
    columns = [Column(say(f"columns.{head}")) for head in heads]
    listing = Listing(
        "list-steps", say("provenance.steps"), Table("steps", say("provenance.steps"), columns, rows), folded=True
    )
    return [listing], versions


LONGEST_PARAMETER = 60


def _parameters(step: dict[str, Any]) -> str:
    """Parameters that the study or the command line gave; defaults are in `run.json`."""
    given = {name: one for name, one in step.get("parameters", {}).items() if one.get("origin") != "default"}
    shown = (f"{name} = {one.get('value')}" for name, one in sorted(given.items()))
    return "; ".join(one if len(one) <= LONGEST_PARAMETER else one[:LONGEST_PARAMETER] + "…" for one in shown)
