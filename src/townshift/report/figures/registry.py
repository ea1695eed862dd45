"""Figures of a firm registry: firms by year, how long they last, how records' dates stand, what the rules catch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from townshift.report.blocks import Block, Cell, Column, Figure, Listing, Panel, Table, absent, cell
from townshift.report.charts import Row, intervals
from townshift.report.numbers import number, percent
from townshift.report.registry_charts import Line, Values, counts_panel, survival_panel
from townshift.report.results import Record, records, text_of
from townshift.report.words import Names, Words, code, join, listing, plain, say
from townshift.types import LEVEL

if TYPE_CHECKING:
    import pandas as pd

    from townshift.report.results import Results

COUNTS = {"n_stock": "stock", "n_entry": "entries", "n_exit": "exits"}
"""Columns of `firm_years` and their keys in the texts."""


def firm_blocks(results: Results, names: Names, focal: str, threshold: int) -> list[Block]:
    """Firms of the industry in the focal place and its county, survival, dates, rules of membership, coverage.

    Args:
        results: what the pipeline wrote.
        names: titles.
        focal: id of the focal place.
        threshold: counts about fewer firms are withheld.
    """
    if results.result("establishments") is None:
        return [absent(results, "establishments")]
    blocks: list[Block] = [
        *_firm_year_figure(results, names, focal, threshold),
        *_trader_coverage(results, names),
        *_survival_figure(results),
        *_membership_listing(results),
        *_date_listing(results),
    ]
    return blocks


def masked(count: object, threshold: int) -> Cell:
    """A count about firms, withheld where it is above 0 and below the threshold.

    Example:
        >>> masked(3, 5).shown.en, masked(0, 5).shown.en, masked(7, 5).shown.en
        ('< 5', '0', '7')
    """
    if not isinstance(count, (int, float, np.integer, np.floating)) or not np.isfinite(count):
        return cell("–", "")
    if 0 < count < threshold:
        return cell(f"< {threshold}", f"<{threshold}")
    return cell(number(float(count)) if count != int(count) else f"{int(count):,}", float(count))


def holders(places: pd.DataFrame | None, place_id: str) -> dict[str, str]:
    """The places that hold a place, itself included, nearest first: id to kind."""
    if places is None or not {"place_id", "kind", "parent_id"} <= set(places.columns):
        return {place_id: ""}
    kind = dict(zip(places["place_id"].astype(str), places["kind"].map(text_of), strict=True))
    parent = dict(zip(places["place_id"].astype(str), places["parent_id"].map(text_of), strict=True))
    found: dict[str, str] = {}
    at = place_id
    while at and at not in found:
        found[at] = kind.get(at, "")
        at = parent.get(at, "")
    return found


def thin_years(results: Results, place_id: str) -> dict[int, tuple[str, float]]:
    """Years in which the registry is thin at a place: year to who says so (itself or what holds it) and the share."""
    coverage = results.rows("registry_coverage")
    if coverage is None:
        return {}
    thin = coverage[(coverage["kind"] == "entries") & coverage["thin"].fillna(False)]
    found: dict[int, tuple[str, float]] = {}
    for holder in holders(results.input("places"), place_id):
        for row in records(thin[thin["place_id"] == holder]):
            found.setdefault(int(row.year), (holder, float(row.share)))
    return dict(sorted(found.items()))


def _firm_year_figure(results: Results, names: Names, focal: str, threshold: int) -> list[Block]:
    found = results.rows("firm_years")
    county = next((one for one, kind in holders(results.input("places"), focal).items() if kind == "county"), "")
    if found is None:
        return [absent(results, "firm_years")]
    whole = found[found["member"].fillna(False) & (found["size_band"] == "")]
    shown = [(place, whole[whole["place_id"] == place].sort_values("year")) for place in dict.fromkeys((focal, county))]
    shown = [(place, rows) for place, rows in shown if len(rows)]
    if not shown:
        return [Listing("list-firm-years", say("registry.firms_title"), _firm_table([], names, threshold))]
    panels: list[Panel] = []
    any_thin = False
    for place, rows in shown:
        years = rows["year"].to_numpy(dtype=float)
        thin = thin_years(results, place)
        any_thin |= bool(thin)
        remarks = [
            say("registry.thin_year", year=year, place=names.place(holder), share=percent(share))
            for year, (holder, share) in thin.items()
        ]
        for part, keys in (("stock", ["n_stock"]), ("flow", ["n_entry", "n_exit"])):
            lines = [Line(COUNTS[key], _shown(rows[key], threshold)) for key in keys]
            title = join(say(f"registry.firms_{part}"), Words(", ", "，"), names.place(place))
            drawing = counts_panel(f"firms-{part}-{len(panels)}", years, lines, list(thin))
            panels.append(Panel(drawing, title, say("registry.firms_unit"), remarks if part == "flow" else ()))
    records_total = sum(int(rows["n_entry"].sum()) for _, rows in shown[-1:])
    return [
        Figure(
            name="figure-firm-years",
            title=say("registry.firms_title"),
            alt=say("registry.firms_alt", n=len(shown)),
            panels=panels,
            table=_firm_table(shown, names, threshold),
            source=say("registry.source_firms", n=f"{records_total:,}"),
            legend=("stock", "entries", "exits", *(("thin",) if any_thin else ())),
            notes=[say("registry.firms_note"), say("registry.withheld", n=threshold)],
        )
    ]


def _shown(counts: pd.Series, threshold: int) -> Values:
    values = counts.to_numpy(dtype=float)
    return np.where((values > 0) & (values < threshold), np.nan, values)


def _firm_table(shown: Sequence[tuple[str, pd.DataFrame]], names: Names, threshold: int) -> Table:
    rows = [
        [cell(names.place(place)), cell(text_of(row.year)), *(masked(getattr(row, key), threshold) for key in COUNTS)]
        for place, frame in shown
        for row in records(frame)
    ]
    heads = ("place", "year", "stock", "entries", "exits")
    columns = [Column(say(f"columns.{head}"), head != "place") for head in heads]
    return Table("firm-years", say("registry.firms_table"), columns, rows)


def _trader_coverage(results: Results, names: Names) -> list[Block]:
    found = results.rows("registry_coverage")
    stock = None if found is None else found[(found["kind"] == "stock") & found["share"].notna()]
    if stock is None or stock.empty:
        return []
    ordered = list(records(stock.sort_values(["place_id", "year"], kind="stable")))
    rows = [
        Row(join(names.place(row.place_id), f"  {int(row.year)}"), float(row.share), float(row.low), float(row.high))
        for row in ordered
    ]
    body = [
        [
            cell(names.place(row.place_id)),
            cell(text_of(row.year)),
            cell(f"{int(row.n_registry):,}", int(row.n_registry)),
            cell(number(row.expected), row.expected),
            cell(percent(row.share), row.share),
            cell(percent(row.low), row.low),
            cell(percent(row.high), row.high),
            cell(text_of(row.source)),
        ]
        for row in ordered
    ]
    heads = ("place", "year", "in_registry", "published_stock", "share", "low", "high", "fact")
    columns = [Column(say(f"columns.{head}"), head not in ("place", "fact")) for head in heads]
    return [
        Figure(
            name="figure-coverage",
            title=say("registry.coverage_title"),
            alt=say("registry.coverage_alt", n=len(rows)),
            panels=[Panel(intervals("coverage", rows, say("registry.coverage_axis"), percent=True, reference=1.0))],
            table=Table("coverage", say("registry.coverage_title"), columns, body),
            source=say("registry.source_coverage", n=len(rows)),
            legend=("point",),
            notes=[say("registry.coverage_note")],
            wide=True,
        )
    ]


def _survival_figure(results: Results) -> list[Block]:
    found = results.rows("firm_survival")
    if found is None:
        return [absent(results, "firm_survival")]
    groups = [("members", found[found["member"]]), ("others", found[~found["member"]])]
    groups = [(key, rows.sort_values("age_years")) for key, rows in groups if len(rows)]
    lines = [
        Line(key, *(rows[column].to_numpy(dtype=float) for column in ("survival", "low", "high")))
        for key, rows in groups
    ]
    ages = [rows["age_years"].to_numpy(dtype=float) for _, rows in groups]
    body = [
        [
            cell(say(f"legend.{key}")),
            cell(text_of(row.age_years)),
            cell(f"{int(row.n_at_risk):,}", int(row.n_at_risk)),
            cell(f"{int(row.n_exits):,}", int(row.n_exits)),
            cell(percent(row.survival, 3), row.survival),
            cell(percent(row.low, 3), row.low),
            cell(percent(row.high, 3), row.high),
        ]
        for key, rows in groups
        for row in records(rows)
    ]
    heads = ("group_of_firms", "age", "at_risk", "exits", "survival", "low", "high")
    columns = [Column(say(f"columns.{head}"), head != "group_of_firms") for head in heads]
    at_start = sum(int(rows["n_at_risk"].iloc[0]) for _, rows in groups)
    return [
        Figure(
            name="figure-survival",
            title=say("registry.survival_title"),
            alt=say("registry.survival_alt", n=len(groups)),
            panels=[Panel(survival_panel("survival", ages, lines), unit=say("registry.survival_unit"))],
            table=Table("survival", say("registry.survival_table"), columns, body),
            source=say("registry.source_firms", n=f"{at_start:,}"),
            legend=tuple(key for key, _ in groups),
            notes=[say("registry.survival_note", level=percent(LEVEL))],
        )
    ]


def _membership_listing(results: Results) -> list[Block]:
    found = results.rows("membership_rules")
    if found is None:
        return [absent(results, "membership_rules")]
    judged = results.rows("membership_precision")
    precise = {} if judged is None else {str(row.rule_id): row for row in records(judged)}
    rows = [
        [
            cell(text_of(row.rule_id)),
            cell(f"{int(row.n_caught):,}", int(row.n_caught)),
            cell(f"{int(row.n_alone):,}", int(row.n_alone)),
            cell(percent(row.share_alone), row.share_alone),
            cell(_overlaps(text_of(row.overlaps))),
            cell(_precision(precise.get(str(row.rule_id)))),
        ]
        for row in records(found.sort_values("rule_id", kind="stable"))
    ]
    heads = ("rule", "caught", "caught_alone", "share", "caught_with", "rule_precision")
    columns = [Column(say(f"columns.{head}"), head not in ("rule", "caught_with", "rule_precision")) for head in heads]
    title = say("registry.membership_title")
    table = Table("membership", title, columns, rows)
    return [Listing("list-membership", title, table, [say("registry.membership_note")], say("registry.source_records"))]


def _precision(judged: Record | None) -> Words:
    """Share of the judged records that do belong to the industry, with its interval; that none was judged."""
    if judged is None:
        return say("registry.not_judged")
    ends = f"{percent(judged.low)}–{percent(judged.high)}"
    return say("registry.judged", share=percent(judged.precision), ends=ends, n=int(judged.n_judged))


def _overlaps(overlaps: str) -> Words:
    pairs = [one.rpartition(":") for one in overlaps.split(";") if one]
    return listing([plain(f"{rule} {int(n):,}") for rule, _, n in pairs]) if pairs else plain("–")


def _date_listing(results: Results) -> list[Block]:
    found = results.rows("registry_dates")
    if found is None:
        return [absent(results, "registry_dates")]
    rows = [
        [
            cell(code("date_flag", row.date_flag)),
            cell(f"{int(row.n):,}", int(row.n)),
            cell(say("registry.counted" if row.in_stock else "registry.not_counted")),
        ]
        for row in records(found.sort_values("n", ascending=False, kind="stable"))
    ]
    columns = [Column(say(f"columns.{head}"), head == "records") for head in ("dates", "records", "in_stock")]
    title = say("registry.dates_title")
    return [
        Listing(
            "list-registry-dates",
            title,
            Table("registry-dates", title, columns, rows),
            [say("registry.dates_note")],
            say("registry.source_records"),
        )
    ]
