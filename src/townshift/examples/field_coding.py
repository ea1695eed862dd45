"""Coders of an invented field study, who miss, confuse and mark too much or too little, as coders do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from townshift.examples.field_texts import Mark


@dataclass(frozen=True, slots=True)
class Habits:
    """How a coder errs.

    Attributes:
        missed: share of passages not seen.
        confused: share of those seen that get another code.
        shifted: share of those seen whose ends are a few characters off.
        invented: passages marked for nothing, per passage there is.
    """

    missed: float
    confused: float
    shifted: float
    invented: float


FIRST = Habits(missed=0.06, confused=0.03, shifted=0.15, invented=0.02)
SECOND = Habits(missed=0.12, confused=0.06, shifted=0.25, invented=0.04)


def coded(
    rng: np.random.Generator, truth: Sequence[Mark], codes: Sequence[str], length: int, habits: Habits
) -> list[Mark]:
    """What a coder marks of what there is.

    Args:
        rng: stream of this coder and source.
        truth: passages with their codes.
        codes: all codes of the codebook.
        length: characters of the text.
        habits: how the coder errs.
    """
    out = []
    for mark in truth:
        if rng.random() < habits.missed:
            continue
        code = str(rng.choice(codes)) if rng.random() < habits.confused else mark.what
        start, end = mark.start, mark.end
        if rng.random() < habits.shifted:
            start = max(0, start - int(rng.integers(0, 4)))
            end = min(length, max(start + 1, end - int(rng.integers(0, 4))))
        out.append(Mark(code, start, end))
    for _ in range(int(rng.poisson(habits.invented * len(truth)))):
        start = int(rng.integers(0, max(1, length - 12)))
        out.append(Mark(str(rng.choice(codes)), start, min(length, start + 12)))
    return sorted(out, key=lambda one: (one.start, one.end, one.what))
