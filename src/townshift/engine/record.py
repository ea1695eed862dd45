"""What a run says about its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from townshift.engine.cachekey import Ingredients
from townshift.errors import Problem
from townshift.locales import text

State = Literal["fresh", "computed", "stale", "not_studied", "failed", "blocked", "not_selected"]

REASONS_SHOWN = 3
"""Reasons that the line of a step names; the record holds all."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step is in its state; `kind` is a key below `engine.reason`."""

    kind: str
    name: str = ""

    def __str__(self) -> str:
        return text(f"engine.reason.{self.kind}", name=self.name)


@dataclass(frozen=True, slots=True)
class Output:
    """One stored table."""

    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a run or plan.

    Attributes:
        name: the step.
        question: the question it belongs to.
        state: `fresh` stood as stored; `computed` was done now; `stale` would be done (plan only); `not_studied` lacks
            a table; `failed` raised `problems`; `blocked` needs a failed step; `not_selected` was left out and is
            not known to be fresh.
        reasons: why it is stale, was computed, is not studied or is blocked.
        outputs: table → what is stored; empty unless fresh or computed.
        key: cache key; empty unless fresh or computed.
        ingredients: what the key is made of.
        parameters: all parameters with their values, defaults included.
        origins: parameter → who gave it.
        problems: why it failed.
        seconds: how long it took; never stored in `run.json`.
    """

    name: str
    question: str
    state: State
    reasons: tuple[Reason, ...] = ()
    outputs: Mapping[str, Output] = field(default_factory=dict)
    key: str = ""
    ingredients: Ingredients | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0

    @property
    def missing(self) -> tuple[str, ...]:
        """The tables for want of which the step is not studied."""
        return tuple(reason.name for reason in self.reasons if reason.kind == "no_table")

    def __str__(self) -> str:
        label = text(f"engine.state.{self.state}")
        shown = [str(reason) for reason in self.reasons[:REASONS_SHOWN]]
        if more := len(self.reasons) - len(shown):
            shown.append(text("engine.more", n=more))
        because = text("engine.join").join(shown)
        line = text("engine.line", name=self.name, state=label)
        return text("engine.because", line=line, reasons=because) if because else line


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run, or a plan, of all steps in the order in which they are done."""

    steps: tuple[StepRecord, ...]
    engine: str = "duckdb"

    def __getitem__(self, name: str) -> StepRecord:
        """The record of one step."""
        return next(step for step in self.steps if step.name == name)

    def named(self, state: State) -> tuple[str, ...]:
        """Names of the steps in a state."""
        return tuple(step.name for step in self.steps if step.state == state)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems of all failed steps."""
        return tuple(problem for step in self.steps for problem in step.problems)
