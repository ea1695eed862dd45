"""Shares of one reconciled series in another, on joint draws, never above the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.draws import INCONSISTENT_BELOW, LOW_ACCEPTANCE, ratio, summarise
from townshift.frames import collect_estimates, texts, typed
from townshift.labour.themes import Share
from townshift.types import Estimate, Estimates, Kind

EXTRA_COLUMNS: Mapping[str, str] = {"part": "string", "whole": "string", "acceptance": "float64"}

STATUS_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("share", "place_id", "setting", "part", "whole", "status", "reason"), "string"),
    **dict.fromkeys(("n_years", "n_inconsistent"), "Int64"),
}

_Draws = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LabourShares:
    """Shares that can be computed, and the state of every declared one; `status` has `STATUS_COLUMNS`."""

    labour_shares: Estimates
    status: pd.DataFrame


def labour_shares(shares: Sequence[Share], series: Estimates, lineage_of: Mapping[str, str]) -> LabourShares:
    """What share of a whole a part is, in every year in which both series have a figure, in every setting.

    Formula: s_t = part_t / whole_t draw by draw, conditioned on 0 <= part_t <= whole_t (see `townshift.draws.ratio`).
    The accepted share of draws is kept in `acceptance`: below `LOW_ACCEPTANCE` the estimate is flagged
    `low_acceptance`; below `INCONSISTENT_BELOW` part and whole contradict each other: flagged `inconsistent`, without
    value and draws. A year is `bridged` if part or whole is, and carries the flags of both.

    Args:
        shares: as declared by the study.
        series: reconciled yearly series, with `definition_id`; parts and wholes in one unit.
        lineage_of: the lineage of each published row that the series rest on.

    Returns:
        Estimates with measure = the share's name, unit `share` (0 to 1) and `EXTRA_COLUMNS`, half of the lineage from
        the part and half from the whole; and one status row per share, place and setting: `ok`, or
        `not_estimable` with reason `no_part`, `no_whole`, `no_common_year`, `units_differ` or `inconsistent`.

    Source: rejection sampling from the joint draws given the constraint (Robert and Casella 2004, section 2.3).
    """
    table = texts(series.table, "place_id", "setting", "definition_id", "unit", "estimate_id", "kind", "flags")
    cited = texts(series.lineage, "estimate_id", "table", "row_id")
    citations = {str(key): rows for key, rows in cited.groupby("estimate_id", sort=True)}
    found: list[tuple[Estimate, _Draws, pd.DataFrame]] = []
    extra: list[dict[str, object]] = []
    status: list[dict[str, object]] = []
    for share in shares:
        concerned = table[table["definition_id"].isin([share.part, share.whole])]
        for keys, rows in concerned.groupby(["place_id", "setting"], sort=True):
            parts, wholes = (rows[rows["definition_id"] == name] for name in (share.part, share.whole))
            common = sorted(set(parts["year_from"]) & set(wholes["year_from"]))
            if _reason(parts, wholes, common):
                common = []
            n_inconsistent = 0
            for year in common:
                part, whole = parts[parts["year_from"] == year], wholes[wholes["year_from"] == year]
                one, acceptance = _share(share.name, part, whole, series.draws, citations, lineage_of)
                n_inconsistent += "inconsistent" in one[0].flags
                found.append(one)
                extra.append({"part": share.part, "whole": share.whole, "acceptance": acceptance})
            reason = _reason(parts, wholes, common) or ("inconsistent" if n_inconsistent == len(common) else "")
            status.append(
                {
                    **{"share": share.name, "part": share.part, "whole": share.whole},
                    **{"place_id": str(keys[0]), "setting": str(keys[1])},
                    "status": "not_estimable" if reason else "ok",
                    "reason": reason,
                    "n_years": len(common),
                    "n_inconsistent": n_inconsistent,
                }
            )
    return LabourShares(collect_estimates(found, extra, EXTRA_COLUMNS), typed(status, STATUS_COLUMNS))


def _reason(parts: pd.DataFrame, wholes: pd.DataFrame, common: Sequence[int]) -> str:
    if parts.empty or wholes.empty:
        return "no_part" if parts.empty else "no_whole"
    if set(parts["unit"]) != set(wholes["unit"]):
        return "units_differ"
    return "" if common else "no_common_year"


def _share(
    name: str,
    part: pd.DataFrame,
    whole: pd.DataFrame,
    all_draws: _Draws,
    citations: Mapping[str, pd.DataFrame],
    lineage_of: Mapping[str, str],
) -> tuple[tuple[Estimate, _Draws, pd.DataFrame], float]:
    """The share of one year, with its draws and lineage, and the accepted share of draws."""
    draws, accepted = ratio(all_draws[part.index[0]], all_draws[whole.index[0]], share=True)
    acceptance = float(accepted)
    flags = [word for side in (part, whole) for word in str(side["flags"].iloc[0]).split(";") if word]
    if acceptance < INCONSISTENT_BELOW:
        flags, draws = ["inconsistent", *flags], np.full_like(draws, np.nan)
    elif acceptance < LOW_ACCEPTANCE:
        flags = ["low_acceptance", *flags]
    empty = pd.DataFrame({"table": [], "row_id": [], "share": []})
    cited = pd.concat([citations.get(str(side["estimate_id"].iloc[0]), empty) for side in (part, whole)])
    row_ids = {str(row_id) for row_id in cited["row_id"]}
    kind: Kind = "bridged" if "bridged" in {str(part["kind"].iloc[0]), str(whole["kind"].iloc[0])} else "estimated"
    value, low, high = summarise(draws)
    estimate = Estimate(
        measure=name,
        place_id=str(part["place_id"].iloc[0]),
        year_from=int(part["year_from"].iloc[0]),
        year_to=int(part["year_from"].iloc[0]),
        setting=str(part["setting"].iloc[0]),
        unit="share",
        value=value,
        low=low,
        high=high,
        n=len(row_ids),
        n_lineages=len({lineage_of.get(row_id, row_id) for row_id in row_ids}),
        kind=kind,
        flags=tuple(dict.fromkeys(flags)),
    )
    return (estimate, draws, cited[["table", "row_id", "share"]]), acceptance
