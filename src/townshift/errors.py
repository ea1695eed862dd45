"""Errors that say what, where, why it matters and what to do. Texts live in `locales/<language>/errors_<area>.toml`.

A code reads `TS-<AREA>-<number>`; its texts are `errors_<area>.<number>.what`, `.why` and `.do`, with placeholders.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from townshift.locales import text

Severity = Literal["fatal", "warning"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where, and how grave.

    Attributes:
        code: `TS-DATA-014` and the like; each has a page in the docs.
        where: file, line, column, as a reader would look for it; may be empty.
        values: what fills the placeholders of the texts; never a personal value.
        severity: `fatal` stops a run, `warning` does not.
        count: how many rows share this problem.
    """

    code: str
    where: str = ""
    values: dict[str, object] = field(default_factory=dict)
    severity: Severity = "fatal"
    count: int = 1

    def part(self, name: Literal["what", "why", "do"]) -> str:
        """One of the three texts of the problem in the current language."""
        _, area, number = self.code.split("-")
        return text(f"errors_{area.lower()}.{number}.{name}", **{key: str(value) for key, value in self.values.items()})

    def __str__(self) -> str:
        what = self.part("what")
        if self.where:
            what = text("errors.at", where=self.where, what=what)
        return text("errors.printed", what=what, why=self.part("why"), do=self.part("do"), code=self.code)


class TownshiftError(Exception):
    """Base of every error a user can meet; it carries one or more problems and prints them all."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))

    @classmethod
    def of(cls, code: str, where: str = "", **values: object) -> TownshiftError:
        """The error with a single fatal problem."""
        return cls(Problem(code, where, values))


class StudyError(TownshiftError, ValueError):
    """The study folder cannot be used as it stands."""


class MeasureError(TownshiftError, ValueError):
    """A measure was given what it cannot answer for."""


class EngineError(TownshiftError, RuntimeError):
    """A run could not be carried out: disk, lock, permission, a step that failed."""


class ClaimError(TownshiftError, ValueError):
    """`claims.toml` says something that cannot be tested as written."""
