"""How good the found moves are, against any truth table: precision, recall, F1, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from townshift.process.moves.parameters import KINDS

THRESHOLDS: tuple[float, ...] = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Thresholds of the precision-recall curve."""

BINS = 10


@dataclass(frozen=True, slots=True)
class MovesEvaluation:
    """Quality of a set of moves.

    Attributes:
        curve: threshold, n_found, n_right, precision, recall, f1; a pair is found if its probability of being a move
            reaches the threshold, and right if the truth holds it.
        calibration: bin, n, mean_probability, share_right: ten bins of equal width of that probability.
        ece: expected calibration error: the mean of |mean_probability - share_right| over the bins, weighed by n.
        kind_accuracy: among right pairs of threshold 0.5, the share with the right kind.
        by_kind: kind, n_true, recall (of any kind at 0.5), n_found, precision and recall of the very kind.
    """

    curve: pd.DataFrame
    calibration: pd.DataFrame
    ece: float
    kind_accuracy: float
    by_kind: pd.DataFrame

    def at(self, threshold: float) -> tuple[float, float, float]:
        """Precision, recall and F1 at a threshold of the curve."""
        row = self.curve[self.curve["threshold"] == threshold].iloc[0]
        return float(row["precision"]), float(row["recall"]), float(row["f1"])


def evaluate_moves(moves: pd.DataFrame, truth: pd.DataFrame, records: pd.DataFrame | None = None) -> MovesEvaluation:
    """Compare found moves with the truth.

    Precision is the share of found pairs that are true, recall the share of true pairs that are found, F1 their
    harmonic mean. Pairs that are not in `moves` have probability 0; those of basis `succession` or `reviewed` count
    as any other.

    Args:
        moves: origin_record_id, destination_record_id, the `p_*` columns, kind.
        truth: origin_record_id, destination_record_id, kind.
        records: record_id, duplicate_of: doubles are taken for their first record on both sides. Optional.

    Source: Christen (2012), chapter 7; Naeini et al. (2015) for the calibration error.

    Example:
        >>> found = pd.DataFrame({"origin_record_id": ["a", "b"], "destination_record_id": ["c", "d"],
        ...     "p_relocation": [0.9, 0.7], "p_branch": 0.0, "p_return_entrepreneurship": 0.0, "p_outsourcing": 0.0,
        ...     "p_look_alike": [0.1, 0.3], "kind": "relocation"})
        >>> true = pd.DataFrame({"origin_record_id": ["a"], "destination_record_id": ["c"], "kind": ["relocation"]})
        >>> evaluate_moves(found, true).at(0.5)
        (0.5, 1.0, 0.6666666666666666)
    """
    found = _keyed(moves, records)
    found = found.assign(p=1.0 - found["p_look_alike"].astype(float))
    found = found.sort_values(["p", "pair"], ascending=[False, True], kind="stable").drop_duplicates("pair")
    true = _keyed(truth, records).drop_duplicates("pair").set_index("pair")["kind"].astype(str)
    p = found["p"].to_numpy(dtype=float)
    right = found["pair"].isin(true.index).to_numpy(dtype=bool)
    curve = pd.DataFrame([_at(threshold, p, right, len(true)) for threshold in THRESHOLDS])
    calibration, ece = _calibration(p, right)
    chosen = found[p >= 0.5]
    both = chosen.assign(true=chosen["pair"].map(true))
    hits = both[both["true"].notna()]
    accuracy = float((hits["kind"].astype(str) == hits["true"]).mean()) if len(hits) else float("nan")
    return MovesEvaluation(curve, calibration, ece, accuracy, _by_kind(both, true))


def _keyed(frame: pd.DataFrame, records: pd.DataFrame | None) -> pd.DataFrame:
    sides = []
    first: dict[str, str] = {}
    if records is not None:
        doubled = records[records["duplicate_of"].notna()]
        first = dict(zip(doubled["record_id"].astype(str), doubled["duplicate_of"].astype(str), strict=True))
    for name in ("origin_record_id", "destination_record_id"):
        sides.append([first.get(record, record) for record in frame[name].astype(str)])
    return frame.assign(pair=[f"{a}>{b}" for a, b in zip(*sides, strict=True)])


def _at(threshold: float, p: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], n_true: int) -> dict[str, float]:
    found = p >= threshold
    n_found, n_right = int(found.sum()), int((found & right).sum())
    precision = n_right / n_found if n_found else float("nan")
    recall = n_right / n_true if n_true else float("nan")
    f1 = 2 * n_right / (n_found + n_true) if n_found + n_true else float("nan")
    return {
        "threshold": threshold, "n_found": n_found, "n_right": n_right, "precision": precision, "recall": recall,
        "f1": f1,
    }  # fmt: skip


def _calibration(p: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> tuple[pd.DataFrame, float]:
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    n = np.bincount(bins, minlength=BINS)
    total = np.maximum(n, 1)
    mean = np.bincount(bins, weights=p, minlength=BINS) / total
    share = np.bincount(bins, weights=right.astype(float), minlength=BINS) / total
    table = pd.DataFrame({"bin": np.arange(BINS), "n": n, "mean_probability": mean, "share_right": share})
    return table, float((np.abs(mean - share) * n).sum() / max(n.sum(), 1))


def _by_kind(both: pd.DataFrame, true: pd.Series) -> pd.DataFrame:
    rows = []
    for kind in KINDS:
        n_true = int((true == kind).sum())
        said, held = both["kind"].astype(str) == kind, both["true"] == kind
        exact = int((said & held).sum())
        rows.append(
            {
                "kind": kind,
                "n_true": n_true,
                "recall_any_kind": float(held.sum() / n_true) if n_true else float("nan"),
                "n_found": int(said.sum()),
                "precision": float(exact / said.sum()) if said.any() else float("nan"),
                "recall": float(exact / n_true) if n_true else float("nan"),
            }
        )
    return pd.DataFrame(rows)
