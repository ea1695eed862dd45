"""How well tracks and events fit a planted truth: adjusted Rand index, F1 of events, calibration of stages."""

from __future__ import annotations

import numpy as np
import pandas as pd

YEARS_OFF = {"growth": 2, "decline": 2}
"""How far the year of an event may be off; one year for all kinds not named."""


def labelled(memberships: pd.DataFrame, truth: pd.DataFrame, tracks: pd.DataFrame) -> pd.DataFrame:
    """Every membership that is seen in a cluster, with its true track and the track found (a text)."""
    seen = memberships[memberships["cluster"] >= 0].merge(truth, on=["record", "year"])
    found = tracks[["year", "cluster", "track", "status"]].astype({"year": "int64", "cluster": "int64"})
    return seen.merge(found, on=["year", "cluster"], how="left")


def tracks_agreement(rows: pd.DataFrame) -> float:
    """Adjusted Rand index of found and true tracks over memberships."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(rows["true_track"], rows["track"].astype(str)))


def true_track_of(rows: pd.DataFrame) -> dict[str, int]:
    """The true track that most memberships of each found track have."""
    counts = rows.groupby(["track", "true_track"]).size().reset_index(name="n")
    best = counts.sort_values(["n", "true_track"], ascending=[False, True], kind="stable").drop_duplicates("track")
    return dict(zip(best["track"].astype(str), best["true_track"].astype(int), strict=True))


def matched_events(events: pd.DataFrame, truth: pd.DataFrame, names: dict[str, int]) -> pd.DataFrame:
    """Found and true events side by side: kind, true (0 or 1), found (0 or 1), probability; nearest years first."""
    open_truth = list(truth.itertuples(index=False))
    pairs = []
    for i, event in enumerate(events.itertuples(index=False)):
        other = names.get(str(event.other_track), -1) if pd.notna(event.other_track) else -1
        for j, true in enumerate(open_truth):
            same = event.kind == true.kind and names.get(str(event.track), -2) == true.track and other == true.other
            off = abs(int(event.year) - int(true.year))
            if same and off <= YEARS_OFF.get(str(event.kind), 1):
                pairs.append((off, i, j))
    used_found: dict[int, int] = {}
    used_true: set[int] = set()
    for _, i, j in sorted(pairs):
        if i not in used_found and j not in used_true:
            used_found[i] = j
            used_true.add(j)
    rows = [
        (event.kind, str(event.track), int(event.year), int(i in used_found), 1, float(event.probability))
        for i, event in enumerate(events.itertuples(index=False))
    ]
    rows += [
        (true.kind, f"true {true.track}", int(true.year), 1, 0, 0.0)
        for j, true in enumerate(open_truth)
        if j not in used_true
    ]
    return pd.DataFrame(rows, columns=["kind", "track", "year", "true", "found", "probability"])


def f1(matched: pd.DataFrame) -> float:
    """F1 of the rows of `matched_events`."""
    hits = int((matched["true"] & matched["found"]).sum())
    return 2 * hits / max(int(matched["true"].sum() + matched["found"].sum()), 1)


def stage_calibration(stages: pd.DataFrame, truth: pd.DataFrame, names: dict[str, int]) -> tuple[float, float]:
    """Share of track-years whose stage is right, and the expected calibration error of all `p_<stage>` (10 bins)."""
    mapped = stages.assign(true=[names.get(str(track), -2) for track in stages["track"]]).astype({"year": "int64"})
    both = mapped.merge(
        truth.rename(columns={"track": "true", "stage": "true_stage"}), on=["true", "year"], how="inner"
    )
    right = float((both["stage"] == both["true_stage"]).mean())
    p, hit = [], []
    for stage in ("emerging", "growing", "mature", "declining"):
        p.append(both[f"p_{stage}"].to_numpy(dtype=float))
        hit.append((both["true_stage"] == stage).to_numpy(dtype=float))
    p_all, hit_all = np.concatenate(p), np.concatenate(hit)
    at = np.minimum((p_all * 10).astype(int), 9)
    gaps = [
        abs(p_all[at == b].mean() - hit_all[at == b].mean()) * (at == b).mean() for b in range(10) if (at == b).any()
    ]
    return right, float(sum(gaps))
