"""The rows of the table `drivers` and of its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from townshift.process.drivers.pooling import Pooled
from townshift.process.estimate_rows import ALL_PLACES, Row

Real = npt.NDArray[np.float64]
RestsOn = tuple[tuple[str, str, float], ...]

EXTRA_COLUMNS: Mapping[str, str] = {
    "question": "string",
    "about": "string",
    "term": "string",
    "reference": "string",
    "estimator": "string",
    "event_time": "Int64",
    "p_value": "float64",
    "between_share": "float64",
}
"""Further columns of `drivers`: the question (`distance`, `destination`, `leaving`, `age`, `act`); the kind of moves,
cause or outcome it is about; the term, and the level it is compared with; the estimator; years since an act; the p
value of a placebo test; the part of the variance that comes from not knowing which pairs are moves."""

STATUS_COLUMNS: Mapping[str, str] = {
    "question": "string",
    "about": "string",
    "status": "string",
    "reason": "string",
    "item": "string",
    "n": "float64",
    "needed": "float64",
}
"""Columns of `drivers_status`: `ok`, `not_estimable` or `note`; the reason; what it concerns; how many there are, and
how many would be needed."""


@dataclass
class Found:
    """Rows and status of one question, as they are gathered."""

    rows: list[Row] = field(default_factory=list)
    status: list[dict[str, object]] = field(default_factory=list)

    def say(
        self, question: str, about: str, status: str, reason: str = "", item: str = "", n: float | None = None,
        needed: float | None = None,
    ) -> None:  # fmt: skip
        """Note what could or could not be estimated, and why."""
        self.status.append(
            {"question": question, "about": about, "status": status, "reason": reason, "item": item, "n": n,
             "needed": needed}
        )  # fmt: skip

    def add(self, other: Found) -> None:
        """Take in the rows and status of another question."""
        self.rows.extend(other.rows)
        self.status.extend(other.status)


def coefficient_rows(
    answer: Pooled,
    measure: str,
    question: str,
    about: str,
    estimator: str,
    years: tuple[int, int],
    n: int,
    rests_on: RestsOn,
    seed: int,
    ratio: bool = False,
) -> list[Row]:
    """One row a coefficient; with `ratio`, of its exponential.

    Terms whose name begins with `_` are levels of effects and are not shown. `<term>|<reference>` is split.
    """
    draws = answer.draws(seed, measure, about, estimator)
    out = []
    for i, name in enumerate(answer.names):
        if name.startswith("_"):
            continue
        term, _, reference = name.partition("|")
        value, (low, high), drawn = float(answer.coefficients[i]), answer.interval(i), draws[i]
        unit = "elasticity" if term.startswith("ln_") else "log_ratio"
        if ratio:
            with np.errstate(over="ignore"):  # where nothing was seen, an end of the interval may be infinite
                value, low, high = (float(np.exp(one)) for one in (value, low, high))
                drawn, unit = np.exp(drawn), "ratio"
        extra = {
            "question": question, "about": about, "term": term, "reference": reference or None, "estimator": estimator,
            "between_share": float(answer.between_share[i]),
        }  # fmt: skip
        group = f"{about}|{estimator}|{term}"
        out.append(Row(measure, ALL_PLACES, *years, group, unit, value, low, high, n, drawn, rests_on, extra=extra))
    return out


def years_spanned(years: Sequence[int] | npt.NDArray[np.int64]) -> tuple[int, int]:
    """First and last of some years."""
    return int(np.min(years)), int(np.max(years))
