"""A whole study around a synthetic registry: manifest, places, firms, a yearbook, truth, what it is."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.examples.registry import Difficulty, SyntheticRegistry, synthetic_registry

if TYPE_CHECKING:
    from townshift.examples.registry_world import Country

PLACE_COLUMNS = ("place_id", "name", "name_zh", "kind", "parent_id", "adcode", "lon", "lat", "role")
SOURCE_COLUMNS = ("source_id", "tier", "title_in_own_words", "outlet", "originator", "lineage", "published", "interest")

FACT_COLUMNS = ("fact_id", "place_id", "indicator", "year", "value", "unit", "qualifier", "source_id", "published")
INDICATOR_COLUMNS = (
    "indicator", "title_en", "title_zh", "definition", "universe", "kind", "scale", "unit", "nominal",
    "additive_over_places",
)  # fmt: skip


def write_example(
    folder: Path, firms: int, seed: int, country: Country = "cn", *, difficulty: Difficulty = "hard"
) -> SyntheticRegistry:
    """Lay out a study of an invented town whose registry is made up, with its truth in `truth/`.

    Args:
        folder: of the study; made if need be, files of the same names are replaced.
        firms: records of the registry.
        seed: whole number; the same seed gives the same bytes.
        country: `cn` or `uk`.
        difficulty: see `synthetic_registry`.

    Returns:
        What was written.

    Raises:
        ValueError: too few or too many firms.
    """
    from townshift.examples.registry_facts import coverage_rows, fact_rows, indicator_rows, town_stocks
    from townshift.examples.registry_world import FOCAL, build_world, gazetteer

    folder = Path(folder)
    written = synthetic_registry(folder, firms, seed, country=country, difficulty=difficulty)
    focal = FOCAL[country][0]
    rows = [
        (p.place_id, p.name, p.name_zh, p.kind, p.parent_id, p.adcode, p.lon, p.lat, _role(p.kind, p.place_id == focal))
        for p in gazetteer(country).values()
    ]
    _write_csv(folder / "data" / "places.csv", PLACE_COLUMNS, rows)
    source = (
        "registry",
        "other",
        "Invented registry of firms",
        "townshift",
        "townshift_model",
        "",
        "2025-01-01",
        "none",
    )
    book = (
        "yearbook",
        "statistics",
        "Invented yearbook of the town",
        "townshift",
        "townshift_model",
        "",
        "2025-06",
        "none",
    )
    _write_csv(folder / "data" / "sources.csv", SOURCE_COLUMNS, [source, book])
    world = build_world(country, seed)
    _write_csv(folder / "data" / "indicators.csv", INDICATOR_COLUMNS, indicator_rows())
    _write_csv(folder / "data" / "facts.csv", FACT_COLUMNS, fact_rows(world, town_stocks(world, written)))
    _write_csv(folder / "truth" / "coverage.csv", ("year", "kind", "coverage"), coverage_rows(world))
    values = {"FIRMS": f"{firms}", "SEED": f"{seed}", "COUNTRY": country, "DIFFICULTY": difficulty}
    for name in ("study.toml", "claims.toml", "README.md"):
        template = files("townshift.examples").joinpath("registry_templates").joinpath(f"{country}-{name}")
        text = template.read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return written


def _role(kind: str, focal: bool) -> str:
    return "origin" if focal else "destination" if kind == "county" else "context"


def _write_csv(path: Path, header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
