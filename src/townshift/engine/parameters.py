"""Parameters of steps: who gave them, and whether they are right."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from townshift.engine.refusals import dotted, fields_at, reason
from townshift.errors import Problem
from townshift.types import Parameters

if TYPE_CHECKING:
    from townshift.engine.code import CodeIndex
    from townshift.engine.steps import Step

COMMAND_LINE = "command line"
STUDY = "study.toml"
DEFAULT = "default"
LONGEST_SHOWN = 80
"""Characters of a wrong value that a message shows."""


Place = tuple[int | str, ...]
Where = Callable[[Place], str]


def in_study(place: Place) -> str:
    """Where `study.toml` gives a parameter, as far as can be said without reading it again."""
    return f"study.toml [parameters.{place[0]}]"


def on_command_line(place: Place) -> str:
    """Where the command line gives a parameter."""
    return f"--set {dotted(place)}"


@dataclass(frozen=True, slots=True)
class Given:
    """Parameters of one step as they were given, before the defaults of its class.

    Attributes:
        values: parameter → value; the command line wins over the study.
        origins: parameter → `COMMAND_LINE` or `STUDY`.
    """

    values: Mapping[str, Any]
    origins: Mapping[str, str]


def given(study: Mapping[str, Any], overrides: Mapping[str, Any]) -> Given:
    """Join what the study and the command line give.

    Example:
        >>> given({"a": 1, "b": 2}, {"b": 3}).values
        {'a': 1, 'b': 3}
    """
    origins = dict.fromkeys(study, STUDY) | dict.fromkeys(overrides, COMMAND_LINE)
    return Given({**study, **overrides}, origins)


def parameters_class(step: Step, code: CodeIndex) -> type[Parameters]:
    """The class of a step's parameters, from the annotation, loaded from where the module imports it if need be.

    Raises:
        TypeError: the annotation names no subclass of `types.Parameters`; a defect of the pipeline.
    """
    base, *rest = step.parameters_annotation.split(".")
    found: Any = vars(sys.modules[step.module]).get(base)
    if found is None:
        source = code.module(step.module)
        name = None if source is None else source.names.get(base)
        if name is not None and name.imports:
            found = _imported(name.imports[0])
    for attribute in rest:
        found = getattr(found, attribute, None)
    if not (isinstance(found, type) and issubclass(found, Parameters)):
        raise TypeError(f"step {step.name}: parameters must be annotated with a subclass of townshift.types.Parameters")
    return found


def parameters_of(
    step: Step, values: Mapping[str, Any], code: CodeIndex, where: Where = in_study
) -> tuple[Parameters | None, list[Problem]]:
    """The parameters object of a step, or all that is wrong with what was given; `where` says where that is."""
    if "parameters" not in step.special:
        return None, [
            Problem("TS-RUN-021", where((step.name, name)), {"step": step.name, "name": name})
            for name in sorted(values)
        ]
    kind = parameters_class(step, code)
    try:
        return kind.model_validate(dict(values)), []
    except ValidationError as wrong:
        return None, [_problem(step, kind, where, cast(dict[str, Any], error)) for error in wrong.errors()]


def check_parameters(
    steps: Iterable[Step], sections: Mapping[str, Mapping[str, Any]], where: Where = in_study
) -> list[Problem]:
    """All that is wrong with parameters as given: steps that do not exist, unknown names, values out of range.

    Parameters:
        steps: all steps of the pipeline.
        sections: step → parameter → value.
        where: says of a step and a place among its parameters where a reader finds it.
    """
    from townshift.engine.code import CodeIndex, roots_of

    by_name = {step.name: step for step in steps}
    code = CodeIndex(roots_of(step.module for step in by_name.values()))
    problems: list[Problem] = []
    for name, values in sections.items():
        if name in by_name:
            problems.extend(parameters_of(by_name[name], values, code, where)[1])
        else:
            nearest = _nearest(name, by_name)
            problems.append(Problem("TS-RUN-020", where((name,)), {"name": name, "nearest": nearest}))
    return problems


def full_dump(parameters: Parameters | None) -> dict[str, Any]:
    """All parameters with their values, as JSON can hold them."""
    return {} if parameters is None else parameters.model_dump(mode="json")


def _problem(step: Step, kind: type[Parameters], where: Where, error: dict[str, Any]) -> Problem:
    place: Place = tuple(error["loc"])
    found = where((step.name, *place))
    named: dict[str, object] = {"step": step.name, "name": dotted(place)}
    if error["type"] == "extra_forbidden":
        return Problem("TS-RUN-022", found, {**named, "nearest": _nearest(str(place[-1]), fields_at(kind, place[:-1]))})
    if error["type"] == "missing":
        return Problem("TS-RUN-024", found, named)
    shown = str(error.get("input"))[:LONGEST_SHOWN]
    return Problem("TS-RUN-023", found, {**named, "value": shown, "reason": reason(error)})


def _nearest(name: str, known: Iterable[str]) -> str:
    """The nearest known name, or all known names if none is near."""
    names = sorted(known)
    return next(iter(get_close_matches(name, names, 1)), ", ".join(names) or "-")


def _imported(dotted: str) -> object:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name) if module else importlib.import_module(name)
