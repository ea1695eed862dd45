"""townshift: from a folder of evidence about one industry in one small town to tested claims.

The names below are the whole public surface; they load when first used, so that `import townshift` stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from townshift.api import OpenStudy, open_study
    from townshift.errors import ClaimError, EngineError, MeasureError, Problem, StudyError, TownshiftError
    from townshift.types import Estimate, Estimates, Interval, Parameters

__version__ = "0.1.0"

__all__ = [
    "ClaimError",
    "EngineError",
    "Estimate",
    "Estimates",
    "Interval",
    "MeasureError",
    "OpenStudy",
    "Parameters",
    "Problem",
    "StudyError",
    "TownshiftError",
    "open_study",
]

_HOMES = {
    "OpenStudy": "api",
    "open_study": "api",
    "ClaimError": "errors",
    "EngineError": "errors",
    "MeasureError": "errors",
    "Problem": "errors",
    "StudyError": "errors",
    "TownshiftError": "errors",
    "Estimate": "types",
    "Estimates": "types",
    "Interval": "types",
    "Parameters": "types",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a module attribute may be of any type)
    if name in _HOMES:
        return getattr(import_module(f"townshift.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'townshift' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
