"""Steps: named functions whose parameter names are the tables they need.

A step is written once, as a plain function, and stays one: `@step` only writes down what it needs and what it names.

    @dataclass(frozen=True)
    class GrowthTables:
        growth: Estimates
        phases: pd.DataFrame

    @step(question="process")
    def growth_of_places(
        series: ibis.Table,
        series_draws: ibis.Table,
        events: ibis.Table | None = None,
        *,
        parameters: GrowthParameters,
        focus: Focus,
    ) -> GrowthTables: ...

It reads the tables `series` and `series_draws`, uses `events` where the study has it, and names the tables `growth`,
`growth_draws`, `growth_lineage` and `phases`. Names are read from the annotations without running or importing
anything, so `ibis`, `pandas` and `Estimates` may be imported under `TYPE_CHECKING`; the dataclass of a return must be
defined in the module, above the step.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, TypeVar, cast, get_args

Question = Literal["evidence", "process", "government", "labour", "outcomes"]
QUESTIONS: tuple[str, ...] = get_args(Question)
"""The questions a step may belong to, as `--only` takes them."""

SPECIAL = ("parameters", "focus", "chunks", "breaks", "claims_file", "engine", "salt", "answers")
"""Parameter names that are not tables; what each brings is said by `townshift.engine.graph`."""

ESTIMATES_SUFFIXES = ("", "_draws", "_lineage")
"""An `Estimates` called `x` is stored as the tables `x`, `x_draws` and `x_lineage`."""

_ONE_TABLE = ("DataFrame", "Table")
_Function = TypeVar("_Function", bound=Callable[..., Any])
Shape = Literal["table", "estimates"]


@dataclass(frozen=True, slots=True)
class Step:
    """What the graph knows of a step before it runs.

    Attributes:
        name: the function's name; also the name of `[parameters.<name>]` in `study.toml`.
        question: one of `QUESTIONS`.
        module: dotted name of the module that defines it.
        needs: tables it cannot do without.
        uses: tables it takes where they exist, else `None`.
        special: which of `SPECIAL` it asks for.
        results: (name, shape) of each result; a shape `estimates` makes three tables.
        in_dataclass: whether the results are fields of a returned dataclass.
        reads_files: data files that its measures read, relative to `src/townshift`; part of the cache key.
        claims_optional: whether it also works without `claims_file`.
    """

    name: str
    question: str
    module: str
    needs: tuple[str, ...]
    uses: tuple[str, ...]
    special: tuple[str, ...]
    results: tuple[tuple[str, Shape], ...]
    in_dataclass: bool
    reads_files: tuple[str, ...] = ()
    claims_optional: bool = False

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of all tables that the step writes, in order."""
        tables: list[str] = []
        for name, shape in self.results:
            suffixes = ESTIMATES_SUFFIXES if shape == "estimates" else ("",)
            tables.extend(name + suffix for suffix in suffixes)
        return tuple(tables)

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of all tables that the step may read, needed ones first."""
        return self.needs + self.uses

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself, from its module."""
        return cast(Callable[..., Any], getattr(sys.modules[self.module], self.name))

    @property
    def parameters_annotation(self) -> str:
        """The annotation of `parameters` as it is written, empty if there is none."""
        annotation = inspect.signature(self.function).parameters["parameters"].annotation
        return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")


def step(*, question: Question, reads_files: Iterable[str] = ()) -> Callable[[_Function], _Function]:
    """Make a function a step of the graph; the function itself is returned unchanged.

    Parameters:
        question: the question it answers, as `--only` selects it.
        reads_files: data files that its measures read, relative to `src/townshift` (`"labour/concepts.toml"`); a
            change in one makes the step stale.

    Raises:
        TypeError: an annotation from which the results cannot be named, a name that is no table, or no question.
    """

    def decorate(function: _Function) -> _Function:
        function.__dict__["__step__"] = _describe(function, question, tuple(reads_files))
        return function

    return decorate


def collect(modules: Iterable[ModuleType]) -> tuple[Step, ...]:
    """The steps that the given modules define, module by module, in the order in which they are written.

    Raises:
        ValueError: two steps of one name, or two steps that write one table.
    """
    steps: list[Step] = []
    for module in modules:
        for value in vars(module).values():
            found = getattr(value, "__step__", None)
            if isinstance(found, Step) and found.module == module.__name__:
                steps.append(found)
    written: dict[str, str] = {}
    for one in steps:
        if sum(other.name == one.name for other in steps) > 1:
            raise ValueError(f"two steps are called {one.name!r}")
        for table in one.outputs:
            if table in written:
                raise ValueError(f"table {table!r} is written by {written[table]!r} and by {one.name!r}")
            written[table] = one.name
    return tuple(steps)


def _describe(function: Callable[..., Any], question: str, reads_files: tuple[str, ...]) -> Step:
    if question not in QUESTIONS:
        raise TypeError(f"step {function.__name__}: question {question!r} is not one of {', '.join(QUESTIONS)}")
    needs: list[str] = []
    uses: list[str] = []
    special: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise TypeError(f"step {function.__name__}: parameter {name!r} cannot be given by name")
        if name in SPECIAL:
            special.append(name)
        elif parameter.default is parameter.empty:
            needs.append(name)
        elif parameter.default is None:
            uses.append(name)
        else:
            raise TypeError(f"step {function.__name__}: table {name!r} may only default to None")
    claims = inspect.signature(function).parameters.get("claims_file")
    results, in_dataclass = _results(function)
    return Step(
        name=function.__name__,
        question=question,
        module=function.__module__,
        needs=tuple(needs),
        uses=tuple(uses),
        special=tuple(special),
        results=results,
        in_dataclass=in_dataclass,
        reads_files=reads_files,
        claims_optional=claims is not None and claims.default is None,
    )


def _results(function: Callable[..., Any]) -> tuple[tuple[tuple[str, Shape], ...], bool]:
    annotation = function.__annotations__.get("return")
    shape = _shape(annotation)
    if shape is not None:
        return ((function.__name__, shape),), False
    returned = function.__globals__.get(annotation) if isinstance(annotation, str) else annotation
    if not (isinstance(returned, type) and dataclasses.is_dataclass(returned)):
        raise TypeError(
            f"step {function.__name__}: the return annotation {annotation!r} is no table, no Estimates, "
            "and no dataclass defined above it in its module"
        )
    results: list[tuple[str, Shape]] = []
    for item in dataclasses.fields(returned):
        field_shape = _shape(item.type)
        if field_shape is None:
            raise TypeError(f"step {function.__name__}: {returned.__name__}.{item.name} is no table and no Estimates")
        results.append((item.name, field_shape))
    return tuple(results), True


def _shape(annotation: object) -> Shape | None:
    name = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    last = name.rsplit(".", 1)[-1]
    if last == "Estimates":
        return "estimates"
    return "table" if last in _ONE_TABLE else None
