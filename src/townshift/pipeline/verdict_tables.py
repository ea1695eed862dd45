"""From a claims file, the study's tables and all estimates to the tables that the step `verdicts` writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.errors import ClaimError
from townshift.evidence.claims_check import check_claims, vocabulary
from townshift.evidence.claims_lock import LOCK_NAME, registration
from townshift.evidence.claims_read import load_claims
from townshift.evidence.claims_tables import ClaimTables, judge
from townshift.study.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from townshift.types import Estimates

FIXED_MEASURES: Mapping[str, tuple[str, ...]] = {
    "growth": ("growth", "growth_window"),
    "land_consumption": (
        "lcr",
        "pgr",
        "lcrpgr",
        "land_minus_population_growth",
        "output_minus_land_growth",
        "output_per_land_growth",
    ),
    "before_after": ("before_after",),
    "level_gaps": ("level_gap", "level_gap_comparator"),
    "move_flows": ("moves",),
    "move_totals": ("moves_by_kind", "moves_out", "moves_in", "kind_share", "flow_total", "moves_balance"),
    "drivers": (
        "gravity",
        "destination_choice",
        "destination_change",
        "hazard_ratio",
        "cumulative_incidence",
        "act_effect",
    ),
    "pathways": ("pathway", "hop", "second_hop", "destination_share"),
    "clustering": ("clustered_share", "largest_cluster_share", "clusters"),
    "centre": ("centre_east_m", "centre_north_m", "standard_distance_m"),
}
"""Measures that a result can hold whatever the study declares."""

DECLARED_RESULTS = ("ratios", "labour_shares")
"""Results whose measures the study declares."""


def judged(
    claims_file: Path,
    tables: Mapping[str, pd.DataFrame],
    results: Mapping[str, Estimates],
    declared: Mapping[str, Iterable[str]],
) -> ClaimTables:
    """The verdicts, after every name in the claims file has been looked up.

    Args:
        claims_file: `claims.toml`; the hashes of the first run lie beside it.
        tables: cleaned tables of the study by name.
        results: estimates by the name of their result.
        declared: result → the measures that `study.toml` declares for it.

    Raises:
        ClaimError: the file cannot be read, or names what does not exist; all problems at once.
    """
    file = load_claims(claims_file)
    measures = {**FIXED_MEASURES, **{name: tuple(sorted(found)) for name, found in declared.items()}}
    problems = check_claims(file, vocabulary(tables, measures, TABLES), claims_file.name)
    fatal = [problem for problem in problems if problem.severity == "fatal"]
    if fatal:
        raise ClaimError(*fatal)
    lock = claims_file.with_name(LOCK_NAME)
    found = registration(file, lock.read_text("utf-8") if lock.is_file() else None)
    # The first run registers the rules; to those who read its results they are unchanged.
    status = {claim: "unchanged" if one == "registered" else one for claim, one in found.status.items()}
    return judge(file, tables, results, status)
