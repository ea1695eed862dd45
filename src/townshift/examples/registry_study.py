"""A whole study around a synthetic registry: manifest, places, firms, a yearbook, truth, what it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.examples.csv_files import write_csv
from townshift.examples.registry import Difficulty, SyntheticRegistry, synthetic_registry

if TYPE_CHECKING:
    from townshift.examples.registry_world import Country

PLACE_COLUMNS = ("place_id", "name", "name_zh", "kind", "parent_id", "adcode", "lon", "lat", "role")
SOURCE_COLUMNS = ("source_id", "tier", "title_in_own_words", "outlet", "originator", "lineage", "published", "interest")

EVENT_COLUMNS = (
    "event_id", "date", "place_id", "event_type", "actor_level", "instrument", "turn", "title", "title_zh", "lineage",
    "source_id",
)  # fmt: skip
POLICY_COLUMNS = (
    "policy_id", "title", "issued", "expired", "place_id", "issuer", "level", "instrument", "source_id",
)  # fmt: skip
SOURCES = (
    ("registry", "other", "Invented registry of firms", "2025-01-01"),
    ("yearbook", "statistics", "Invented yearbook of the town", "2025-06"),
    ("gazette", "official", "Invented gazette of the town", "2014-01"),
)
"""Id, tier, title and date of publication of each source."""
FACT_COLUMNS = ("fact_id", "place_id", "indicator", "year", "value", "unit", "qualifier", "source_id", "published")
INDICATOR_COLUMNS = (
    "indicator", "title_en", "title_zh", "definition", "universe", "kind", "scale", "unit", "nominal",
    "additive_over_places",
)  # fmt: skip


def write_example(
    folder: Path,
    firms: int,
    seed: int,
    country: Country = "cn",
    *,
    difficulty: Difficulty = "hard",
    progress: Callable[[int], None] | None = None,
) -> SyntheticRegistry:
    """Lay out a study of an invented town whose registry is made up, with its truth in `truth/`.

    Args:
        folder: of the study; made if need be, files of the same names are replaced.
        firms: records of the registry.
        seed: whole number; the same seed gives the same bytes.
        country: `cn` or `uk`.
        difficulty: see `synthetic_registry`.
        progress: is told how many records have been written, block by block.

    Returns:
        What was written.

    Raises:
        ValueError: too few or too many firms.
    """
    folder = Path(folder)
    written = synthetic_registry(
        folder, firms, seed, country=country, difficulty=difficulty, points=True, as_loaded=True, progress=progress
    )
    _write_tables(folder, written, seed, country)
    values = {"FIRMS": f"{firms}", "SEED": f"{seed}", "COUNTRY": country, "DIFFICULTY": difficulty}
    for name in ("study.toml", "claims.toml", "README.md"):
        template = files("townshift.examples").joinpath("registry_templates").joinpath(f"{country}-{name}")
        text = template.read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / "private").mkdir(exist_ok=True)
    (folder / "private" / "salt").write_text(f"{example_salt(seed, country)}\n", encoding="ascii", newline="\n")
    return written


def _write_tables(folder: Path, written: SyntheticRegistry, seed: int, country: Country) -> None:
    """All tables but the registry itself, and the coverage that the model meant."""
    from townshift.examples.registry_facts import (
        coverage_rows,
        event_rows,
        fact_rows,
        indicator_rows,
        policy_rows,
        town_stocks,
    )
    from townshift.examples.registry_points import NUCLEUS_COLUMNS, build_nuclei, nucleus_rows
    from townshift.examples.registry_world import FOCAL, build_world, gazetteer

    world = build_world(country, seed)
    focal = FOCAL[country][0]
    places = [
        (p.place_id, p.name, p.name_zh, p.kind, p.parent_id, p.adcode, p.lon, p.lat, _role(p.kind, p.place_id == focal))
        for p in gazetteer(country).values()
    ]
    sources = [
        (name, tier, title, "townshift", "townshift_model", "", published, "none")
        for name, tier, title, published in SOURCES
    ]
    facts = fact_rows(world, town_stocks(world, written))
    for table, columns, rows in (
        ("places", PLACE_COLUMNS, places),
        ("sources", SOURCE_COLUMNS, sources),
        ("indicators", INDICATOR_COLUMNS, indicator_rows()),
        ("facts", FACT_COLUMNS, facts),
        ("events", EVENT_COLUMNS, event_rows(world)),
        ("policies", POLICY_COLUMNS, policy_rows(world)),
    ):
        write_csv(folder / "data" / f"{table}.csv", columns, rows)
    write_csv(folder / "truth" / "coverage.csv", ("year", "kind", "coverage"), coverage_rows(world))
    write_csv(folder / "truth" / "nuclei.csv", NUCLEUS_COLUMNS, nucleus_rows(world, build_nuclei(world, seed)))


def example_salt(seed: int, country: Country) -> str:
    """The salt of an invented study, as hexadecimal text of 32 bytes.

    A real study's salt is a secret drawn by chance. Here nobody is to be protected, and a salt that follows from the
    seed makes the demonstration give the same numbers everywhere.

    Example:
        >>> len(example_salt(1, "cn")), example_salt(1, "cn") == example_salt(2, "cn")
        (64, False)
    """
    return hashlib.blake2b(f"{country} {seed}".encode(), key=b"townshift example", digest_size=32).hexdigest()


def _role(kind: str, focal: bool) -> str:
    return "origin" if focal else "destination" if kind == "county" else "context"
