"""The step graph: what is fresh, what is stale and why, and the run that mends it.

What the special parameters of a step bring:

- `parameters`: its `types.Parameters`, filled from the command line, `study.toml`, and the defaults of the class;
- `focus`: `types.Focus`; `breaks`: the declared breaks of series, as dictionaries;
- `claims_file`: the path of `claims.toml`, `None` if there is none and the step says `= None`;
- `salt`: the study's secret for hashes of personal values; `answers`: the file of what a person answered to the
  questions of the step, `None` if there is none;
- `chunks`: a `types.ChunkMapper` on local processes; `engine`: the `tables.Engine` itself, for `map_batches`.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from townshift.engine.atomic import clean, write_error
from townshift.engine.cachekey import ABSENT, Ingredients, differences, ingredients
from townshift.engine.code import CodeIndex, roots_of
from townshift.engine.hashing import FileIndex
from townshift.engine.inputs import RunInputs
from townshift.engine.interrupt import stop_if_interrupted
from townshift.engine.lock import run_lock
from townshift.engine.log import RunLog
from townshift.engine.parameters import Given, full_dump, given, parameters_of
from townshift.engine.progress import Progress, Silent
from townshift.engine.provenance import write_provenance
from townshift.engine.record import Reason, RunRecord, StepRecord
from townshift.engine.steps import QUESTIONS, Step
from townshift.engine.store import CACHE, Manifest, Store
from townshift.engine.tables import Engine, check_engine, limit_threads, open_engine
from townshift.errors import EngineError, Problem, TownshiftError

_ENDING_CODES = frozenset(f"TS-RUN-{number:03}" for number in (1, 2, 3, *range(13, 19)))
"""What is wrong with the disk or the engine: every other step would meet it too, so the run ends and nothing goes."""


def run_graph(
    inputs: RunInputs,
    steps: Sequence[Step],
    *,
    only: Sequence[str] = (),
    plan: bool = False,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    engine: str = "duckdb",
    workers: int | None = None,
    progress: Progress | None = None,
    debug: bool | None = None,
) -> RunRecord:
    """Compute what is stale, and say of every step how it stands.

    A step that cannot answer (it raises a `TownshiftError`, or breaks) is reported, and those that do not need it go
    on. A run killed at any moment leaves results that the next run takes up.

    Parameters:
        inputs: the study.
        steps: all steps, as `collect` gives them.
        only: questions to which the run is confined, with all that their steps need; all if empty.
        plan: say what would be done, and do nothing.
        overrides: step → parameter → value from the command line.
        engine: URL of the engine.
        workers: number of processes for repeated work; changes no result.
        progress: is told of every step.
        debug: let the defect of a step out instead of reporting it; if `None`, the environment's `TOWNSHIFT_DEBUG`.

    Raises:
        EngineError: the engine or a question does not exist, another run is going on, or `out` cannot be written.
    """
    check_engine(engine)
    order = in_order(steps)
    selected = _selected(order, only)
    debug = bool(os.environ.get("TOWNSHIFT_DEBUG")) if debug is None else debug
    with run_lock(inputs.out):
        clean(inputs.out)
        run = _Run(inputs, order, plan, overrides or {}, engine, workers, progress or Silent(), debug)
        try:
            return run.all(selected, confined=bool(only))
        finally:
            run.close()


def in_order(steps: Sequence[Step]) -> list[Step]:
    """The steps, each after those whose tables it reads, otherwise in the given order.

    Raises:
        ValueError: steps need each other in a circle; a defect of the pipeline.
    """
    makers = {table: step.name for step in steps for table in step.outputs}
    done: set[str] = set()
    ordered: list[Step] = []
    while len(ordered) < len(steps):
        ready = [
            step
            for step in steps
            if step.name not in done and all(makers[table] in done for table in step.reads if table in makers)
        ]
        if not ready:
            circle = ", ".join(step.name for step in steps if step.name not in done)
            raise ValueError(f"steps need each other in a circle: {circle}")
        ordered.append(ready[0])
        done.add(ready[0].name)
    return ordered


def _selected(steps: Sequence[Step], only: Sequence[str]) -> set[str]:
    """Names of the steps of some questions and of all steps that they need, however indirectly."""
    for question in only:
        if question not in QUESTIONS:
            raise EngineError.of("TS-RUN-008", question=question, known=", ".join(QUESTIONS))
    makers = {table: step for step in steps for table in step.outputs}
    waiting = [step for step in steps if not only or step.question in only]
    selected: set[str] = set()
    while waiting:
        step = waiting.pop()
        if step.name not in selected:
            selected.add(step.name)
            waiting.extend(makers[table] for table in step.reads if table in makers)
    return selected


@dataclass
class _Run:
    """One run or plan under way."""

    inputs: RunInputs
    steps: Sequence[Step]
    plan: bool
    overrides: Mapping[str, Mapping[str, Any]]
    engine_url: str
    workers: int | None
    progress: Progress
    debug: bool
    records: dict[str, StepRecord] = field(default_factory=dict)
    loaded: dict[str, Path] = field(default_factory=dict)
    _engine: Engine | None = None

    def __post_init__(self) -> None:
        cache = self.inputs.out / CACHE
        self.files = FileIndex.load(cache / "index" / "files.json")
        self.code = CodeIndex.load(cache / "index" / "code.json", roots_of(step.module for step in self.steps))
        self.store = Store(self.inputs.out, self.files)
        self.makers = {table: step.name for step in self.steps for table in step.outputs}
        self.log = RunLog(self.inputs.out)

    def all(self, selected: set[str], confined: bool) -> RunRecord:
        """Settle every step, then write down what the results rest on."""
        self.progress.begin(len(self.steps))
        for step in self.steps:
            stop_if_interrupted()
            record = self._settle(step, dry=self.plan or step.name not in selected)
            if step.name not in selected and record.state != "fresh":
                record = StepRecord(step.name, step.question, "not_selected")
            self.records[step.name] = record
            self.progress.end(record)
        result = RunRecord(tuple(self.records.values()), self.engine_url)
        if not self.plan:
            if not confined:
                self.store.discard_strangers(self.steps)
            write_provenance(self.inputs.out, result)
        return result

    def close(self) -> None:
        """End the progress and the engine, and keep what was learned about files and code."""
        self.progress.close()
        if self._engine is not None:
            self._engine.close()
        self.files.save()
        self.code.save()

    def _settle(self, step: Step, dry: bool) -> StepRecord:
        """How a step stands; unless `dry`, it is computed where that is needed, and results it cannot have go."""
        blank = StepRecord(step.name, step.question, "fresh")
        reasons, state = self._hindrance(step)
        if reasons:
            if not dry:
                self.store.discard(step)
            return replace(blank, state=state, reasons=reasons)
        waiting = [name for name in step.reads if self._maker_state(name) in ("stale", "not_selected")]
        if waiting:
            return replace(blank, state="stale", reasons=tuple(Reason("after", name) for name in waiting))
        parameters = given(self.inputs.parameters(step.name), self.overrides.get(step.name, {}))
        tables = {name: self._content(name) for name in step.reads}
        needed = ingredients(step, self.inputs, parameters.values, tables, self.code, self.files)
        blank = replace(blank, key=needed.key, ingredients=needed, origins=parameters.origins)
        manifest = self.store.manifest(step)
        reasons = self._staleness(step, manifest, needed)
        if manifest is not None and not reasons:
            return replace(blank, outputs=manifest.outputs, parameters=manifest.parameters)
        if dry:
            return StepRecord(step.name, step.question, "stale", reasons)
        return self._compute(step, replace(blank, state="computed", reasons=reasons), parameters, needed)

    def _hindrance(self, step: Step) -> tuple[tuple[Reason, ...], Any]:
        """Why a step can have no result: a table that the study lacks, or a step before it that failed."""
        missing = [root for name in step.needs for root in self._missing(name)]
        if "claims_file" in step.special and self.inputs.claims_file is None and not step.claims_optional:
            missing.append("claims")
        if missing:
            return tuple(Reason("no_table", name) for name in dict.fromkeys(missing)), "not_studied"
        failed = [self.makers[name] for name in step.reads if self._maker_state(name) in ("failed", "blocked")]
        return tuple(Reason("blocked", maker) for maker in dict.fromkeys(failed)), "blocked"

    def _missing(self, table: str) -> tuple[str, ...]:
        """The tables of a study for want of which `table` is not there; empty if it is."""
        if table in self.makers:
            return self.records[self.makers[table]].missing
        return () if table in self.inputs.table_names else (table,)

    def _maker_state(self, table: str) -> str:
        return self.records[self.makers[table]].state if table in self.makers else ""

    def _content(self, table: str) -> str:
        """The sha256 of a table's content, `ABSENT` if there is none."""
        if self._missing(table):
            return ABSENT
        if table in self.makers:
            return self.records[self.makers[table]].outputs[table].sha256
        return self.files.sha256(self._path(table))

    def _path(self, table: str) -> Path:
        if table in self.makers:
            return self.store.path(table)
        if table not in self.loaded:
            self.loaded[table] = self.inputs.load_table(table)
        return self.loaded[table]

    def _staleness(self, step: Step, manifest: Manifest | None, needed: Ingredients) -> tuple[Reason, ...]:
        if manifest is None:
            return (Reason("never"),)
        if manifest.key != needed.key:
            changed = tuple(Reason(kind, name) for kind, name in differences(manifest.ingredients, needed))
            return changed or (Reason("form"),)
        return tuple(Reason("damaged", table) for table in self.store.damaged(step, manifest))

    def _compute(self, step: Step, record: StepRecord, parameters: Given, needed: Ingredients) -> StepRecord:
        self.progress.start(step.name)
        started = time.monotonic()
        try:
            arguments, values, problems = self._arguments(step, parameters)
            if problems:
                raise EngineError(*problems)
            outputs = self.store.save(step, step.function(**arguments), needed, values, self._open())
        except EngineError as problem:
            if self.debug or any(one.code in _ENDING_CODES for one in problem.problems):
                raise
            return self._failed(step, record, problem)
        except TownshiftError as problem:
            return self._failed(step, record, problem)
        except Exception as defect:
            stop_if_interrupted()
            if self.debug:
                raise
            self.log.trace(step.name, defect)
            return self._failed(step, record, self._explained(step, defect))
        seconds = time.monotonic() - started
        self.log.line(f"{step.name}: computed in {seconds:.3f} s")
        return replace(record, outputs=outputs, parameters=values, seconds=seconds)

    def _explained(self, step: Step, defect: Exception) -> EngineError:
        """What broke a step, as a user can act on it; libraries have their own words for a machine that is too small.

        Raises:
            EngineError: the disk is full, so that no other step could be stored either.
        """
        if "No space left on device" in str(defect):
            raise write_error(self.inputs.out / CACHE, OSError(errno.ENOSPC, "")) from defect
        if isinstance(defect, MemoryError) or type(defect).__name__ == "OutOfMemoryException":
            return EngineError(Problem("TS-RUN-011", step.name, {"step": step.name}))
        place = {"step": step.name, "kind": type(defect).__name__, "log": self.log.path}
        return EngineError(Problem("TS-RUN-010", step.name, place))

    def _failed(self, step: Step, record: StepRecord, problem: TownshiftError) -> StepRecord:
        self.store.discard(step)
        self.log.line(f"{step.name}: failed, {', '.join(one.code for one in problem.problems)}")
        return StepRecord(record.name, record.question, "failed", problems=problem.problems)

    def _arguments(self, step: Step, parameters: Given) -> tuple[dict[str, Any], dict[str, Any], Iterable[Problem]]:
        """What the step's function is called with, all its parameters with values, and what is wrong with them."""
        checked, problems = parameters_of(step, parameters.values, self.code)
        if problems:
            return {}, {}, problems
        engine = self._open()
        special: dict[str, Any] = {
            "parameters": checked,
            "focus": self.inputs.focus,
            "chunks": engine.map_chunks,
            "breaks": [dict(one) for one in self.inputs.breaks],
            "claims_file": self.inputs.claims_file,
            "engine": engine,
        }
        if "salt" in step.special:  # looked up only where asked for: a study without one would make it now
            special["salt"] = self.inputs.salt
        if "answers" in step.special:
            special["answers"] = self.inputs.answers(step.name)
        tables = {name: None if self._missing(name) else engine.table(self._path(name)) for name in step.reads}
        return tables | {name: special[name] for name in step.special}, full_dump(checked), ()

    def _open(self) -> Engine:
        """The engine, opened at the first step that has to be computed."""
        if self._engine is None:
            limit_threads()
            self._engine = open_engine(self.engine_url, self.inputs.out / CACHE / "spill", self.workers)
        return self._engine
