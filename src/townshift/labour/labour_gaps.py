"""What a record lacks on work: theme by place, computed from what is there."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from townshift.frames import typed
from townshift.labour.labour_record import FIGURE
from townshift.labour.themes import Theme

COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("theme", "place_id", "side"), "string"),
    **dict.fromkeys(("n_figures", "n_definitions", "n_lineages", "n_years", "n_undated", "n_single_case"), "Int64"),
    **dict.fromkeys(("best_lineages", "best_years"), "Int64"),
    **dict.fromkeys(("n_proxies", "n_statements", "n_worker_voices", "n_events"), "Int64"),
    **dict.fromkeys(("status", "gaps"), "string"),
}

GAPS = ("no_figure", "single_case_only", "no_year", "one_lineage", "one_year", "no_worker_voice")
"""What a cell may lack, gravest first."""


@dataclass(frozen=True, slots=True)
class LabourRecord:
    """The three parts of the labour record, as `townshift.labour.labour_record` makes them.

    Attributes:
        figures: published figures and proxies, told apart by `basis`.
        voices: voices of all themes, from `townshift.voices.voices_once`; unsuppressed, so never a result.
        events: events of each theme.
    """

    figures: pd.DataFrame
    voices: pd.DataFrame
    events: pd.DataFrame


def labour_gaps(
    themes: Sequence[Theme],
    record: LabourRecord,
    places: Collection[str],
    sides: Mapping[str, str],
    worker_groups: Collection[str],
) -> pd.DataFrame:
    """What the record lacks on each theme at each place.

    A cell has the gaps (`GAPS`): `no_figure`: nothing is published in numbers; `single_case_only`: every figure tells
    of one person, plant or dispute; `no_year`: no figure is dated; `one_lineage`: no definition is told by two
    originals; `one_year`: no definition has figures of two years, so nothing can be said of change;
    `no_worker_voice`: nobody of the worker groups speaks on the theme there. Lineages and years are those of the best
    definition (`best_lineages`, `best_years`), single cases aside where there is anything else, since figures of two
    definitions confirm each other as little as two cases do.

    `status` is the first gap that concerns figures, or `held`; without a figure it says what there is instead:
    `statements_only`, `events_only`, `proxy_only` (a proxy at its own place) or `no_record`. A proxy from elsewhere
    never fills a gap.

    Args:
        themes: as declared by the study.
        record: the labour record.
        places: places to look at; places with a record are added.
        sides: side of each place.
        worker_groups: actor groups of workers.

    Returns:
        `COLUMNS`, one row per theme and place, sorted.
    """
    figures = record.figures[record.figures["basis"] == FIGURE]
    proxies = record.figures[record.figures["basis"] != FIGURE]
    rows: list[dict[str, object]] = []
    for theme in themes:
        spoken = record.voices[record.voices["concept"].isin(theme.concepts)]
        own = [frame[frame["theme"] == theme.theme] for frame in (figures, record.events, proxies)]
        known = {place for frame in (own[0], own[1], spoken) for place in frame["place_id"]}
        for place in sorted(known | set(places)):
            here, events, near = (frame[frame["place_id"] == place] for frame in own)
            said = spoken[spoken["place_id"] == place]
            rows.append(
                {
                    "theme": theme.theme,
                    "place_id": place,
                    "side": sides.get(place, "elsewhere"),
                    **_cell(here, events, near, said, worker_groups),
                }
            )
    return typed(rows, COLUMNS).sort_values(["theme", "place_id"], kind="stable", ignore_index=True)


def _cell(
    here: pd.DataFrame, events: pd.DataFrame, near: pd.DataFrame, said: pd.DataFrame, worker_groups: Collection[str]
) -> dict[str, object]:
    single = here["single_case"].fillna(False).astype(bool)
    best = (here if single.all() else here[~single]).groupby("definition_id")
    counts = {
        "n_figures": len(here),
        "n_definitions": here["definition_id"].nunique(),
        "n_lineages": here["lineage"].nunique(),
        "n_years": here["year"].nunique(),
        "n_undated": int(here["year"].isna().sum()),
        "n_single_case": int(single.sum()),
        "best_lineages": int(best["lineage"].nunique().max()) if len(here) else 0,
        "best_years": int(best["year"].nunique().max()) if len(here) else 0,
        "n_proxies": len(near),
        "n_statements": sum(len(ids) for ids in said["row_ids"]),
        "n_worker_voices": int(said["actor_group"].isin(list(worker_groups)).sum()),
        "n_events": len(events),
    }
    gaps = _gaps(counts)
    return {**counts, "status": _status(counts, gaps), "gaps": ";".join(gaps)}


def _gaps(counts: Mapping[str, int]) -> list[str]:
    figures = counts["n_figures"]
    found = {
        "no_figure": figures == 0,
        "single_case_only": 0 < figures == counts["n_single_case"],
        "no_year": 0 < figures == counts["n_undated"],
        "one_lineage": figures > 0 and counts["best_lineages"] <= 1,
        "one_year": figures > counts["n_undated"] and counts["best_years"] <= 1,
        "no_worker_voice": counts["n_worker_voices"] == 0,
    }
    return [name for name in GAPS if found[name]]


def _status(counts: Mapping[str, int], gaps: Sequence[str]) -> str:
    if not counts["n_figures"]:
        instead = (
            ("n_statements", "statements_only"),
            ("n_events", "events_only"),
            ("n_proxies", "proxy_only"),
        )
        return next((status for name, status in instead if counts[name]), "no_record")
    return next((gap for gap in gaps if gap != "no_worker_voice"), "held")
