"""What an invented yearbook and gazette say of the focal town: all of its firms, and the regulation with its date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from townshift.examples.registry_world import FIRST_YEAR, LAST_YEAR, SHOCK_YEAR, SHOCK_YEARS, World

if TYPE_CHECKING:
    from townshift.examples.registry import SyntheticRegistry

YEARBOOK_YEARS = tuple(range(2006, LAST_YEAR + 1, 3))
INDICATORS = {
    "member_companies": ("Companies of the industry", "本行业企业数", "Companies and partnerships of the industry"),
    "member_sole_traders": ("Sole traders of the industry", "本行业个体工商户数", "Sole traders of the industry"),
}
"""Name, titles in English and Chinese, definition; in the order of `World.coverage`."""


def town_stocks(world: World, written: SyntheticRegistry) -> npt.NDArray[np.float64]:
    """Member firms of the focal town at the end of each year, registered or not.

    Every true record of the registry stands for `1 / coverage` of the year in which it entered.

    Args:
        world: whose coverage thinned the entries.
        written: the registry with its truth.

    Returns:
        Shape (years, 2): companies, sole traders, from `FIRST_YEAR` on.
    """
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    years = LAST_YEAR - FIRST_YEAR + 1
    change = np.zeros((years + 1, 2, years))
    """Entries and exits by year of the event, kind and year of entry, whole numbers."""
    columns = ["true_place_id", "true_entry", "true_exit", "member", "duplicate_of"]
    truths = pq.ParquetFile(written.records).iter_batches(1 << 17, columns=columns)
    shown = pq.ParquetFile(written.firms).iter_batches(1 << 17, columns=["kind"])
    for truth, firm in zip(truths, shown, strict=True):
        mine = pc.and_(truth["member"], pc.equal(truth["true_place_id"], world.sites[0].place_id))
        mine = pc.and_(mine, pc.is_null(truth["duplicate_of"]))
        trader = np.asarray(pc.equal(firm["kind"], "sole_trader").filter(mine)).astype(np.int64)
        entry = np.asarray(pc.year(truth["true_entry"].filter(mine))) - FIRST_YEAR
        last = pc.fill_null(pc.year(truth["true_exit"].filter(mine)), LAST_YEAR + 1)
        np.add.at(change, (entry, trader, entry), 1)
        np.add.at(change, (np.asarray(last) - FIRST_YEAR, trader, entry), -1)
    stock = np.cumsum(change[:years], axis=0)
    return np.stack([stock[:, kind] @ (1 / world.coverage[:, kind]) for kind in (0, 1)], axis=1)


def fact_rows(world: World, stocks: npt.NDArray[np.float64]) -> list[tuple[object, ...]]:
    """Rows of `facts`: the stocks to two digits, as yearbooks round them.

    Args:
        world: whose focal town it is.
        stocks: see `town_stocks`.
    """
    rows: list[tuple[object, ...]] = []
    for year in YEARBOOK_YEARS:
        for kind, name in enumerate(INDICATORS):
            value = float(f"{stocks[year - FIRST_YEAR, kind]:.1e}")
            if value > 0:
                fact = f"Y{year}-{name}"
                place = world.sites[0].place_id
                rows.append((fact, place, name, year, f"{value:.0f}", "count", "about", "yearbook", f"{year + 1}-06"))
    return rows


def indicator_rows() -> list[tuple[object, ...]]:
    """Rows of `indicators` for the yearbook."""
    return [
        (name, *titles, definition, "all firms of the town", "stock", "log", "count", "no", "yes")
        for name, (*titles, definition) in INDICATORS.items()
    ]


def event_rows(world: World) -> list[tuple[object, ...]]:
    """Rows of `events`: the regulation, as the model has it."""
    place, date = world.sites[0].place_id, f"{SHOCK_YEAR}-01-01"
    title = f"Fire-safety rules for workshops are enforced in the town for {SHOCK_YEARS} years"
    title_zh = f"该镇对作坊执行消防安全规定，为期{SHOCK_YEARS}年"
    kind = ("policy", "town", "regulation", "upgrading")
    return [("regulation", date, place, *kind, title, title_zh, "gazette", "gazette")]


def policy_rows(world: World) -> list[tuple[object, ...]]:
    """Rows of `policies`: the same regulation as a document with its first day and the first day after it."""
    dates = (f"{SHOCK_YEAR}-01-01", f"{SHOCK_YEAR + SHOCK_YEARS}-01-01")
    title = "Fire-safety rules for workshops (invented)"
    return [("regulation", title, *dates, world.sites[0].place_id, "town_government", "town", "regulation", "gazette")]


def coverage_rows(world: World) -> list[tuple[object, ...]]:
    """Rows of `truth/coverage.csv`: the share of entries that the registry holds, by year and kind."""
    return [
        (FIRST_YEAR + number, kind, round(float(share), 4))
        for number, shares in enumerate(world.coverage)
        for kind, share in zip(("company", "sole_trader"), shares, strict=True)
    ]
