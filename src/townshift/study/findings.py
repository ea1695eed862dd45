"""What a check found: findings that group rows, and the report that prints them in any language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from townshift.errors import Problem, Severity
from townshift.locales import current_language, text
from townshift.study.rules import Effect
from townshift.study.schemas import schema

HIDDEN = "•••"
"""Stands for a personal value."""

EXAMPLES = 3
"""How many rows of a finding are shown."""


@dataclass(frozen=True)
class Finding:
    """One kind of problem in one column of one file, however many rows have it.

    Attributes:
        code: code of the problem.
        severity: `fatal` or `warning`.
        file: as messages name it, `data/facts.csv`.
        table: name of the table, empty for the study as a whole.
        column: the column, empty where the problem is the row's or the file's.
        count: rows that have the problem; 0 where it is the file's.
        rows: rows of the table.
        effect: what became of these rows.
        examples: line and value of the first few; personal values are hidden.
        values: what else fills the placeholders of the texts.
        counted_in: whether examples are physical lines (CSV) or rows (Parquet).
    """

    code: str
    severity: Severity
    file: str
    table: str = ""
    column: str = ""
    count: int = 0
    rows: int = 0
    effect: Effect = "kept"
    examples: tuple[tuple[int, str], ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    counted_in: Literal["line", "row"] = "line"

    @property
    def line(self) -> int:
        """The first line that has the problem; 0 where it is the whole file's."""
        return self.examples[0][0] if self.examples else int(str(self.values.get("line", 0)))

    @property
    def where(self) -> str:
        """File, line and column as a reader would look for them, in the current language."""
        parts = [self.file]
        if self.line:
            parts.append(text(f"study.where.{self.counted_in}", number=self.line))
        where = " ".join(part for part in parts if part)
        return text("study.where.column", where=where, column=self.column) if self.column else where

    @property
    def problem(self) -> Problem:
        """The finding as an error text with its first example."""
        value = self.examples[0][1] if self.examples else ""
        fixed: dict[str, object] = {
            "title": self._title(),
            "value": value,
            "count": self.count,
            "rows": self.rows,
            "column": self.column,
        }
        return Problem(self.code, self.where, {**fixed, **self.values}, self.severity, max(self.count, 1))

    def _title(self) -> str:
        """The column's title in the current language."""
        if not self.table or self.column not in schema(self.table).names:
            return self.column
        one = schema(self.table).field(self.column)
        return one.title_zh if current_language() == "zh" else one.title

    def __str__(self) -> str:
        lines = [str(self.problem)]
        if self.count > 1:
            shown = [
                text(f"study.example.{self.counted_in}", number=f"{line}", value=value) for line, value in self.examples
            ]
            rest = self.count - len(shown)
            more = text("study.example.more", count=f"{rest:,}") if rest else ""
            joined = text("study.example.comma").join(shown) + more
            lines.append(
                "  " + text("study.example.all", count=f"{self.count:,}", rows=f"{self.rows:,}", examples=joined)
            )
        if self.count:
            lines.append("  " + text(f"study.effect.{self.effect}"))
        return "\n".join(lines)


@dataclass(frozen=True)
class CheckReport:
    """Everything that a check found; printing it gives the text a user reads.

    Attributes:
        findings: fatal ones first, then by table, line and column.
        rows: rows read, by table.
        set_aside: rows put into quarantine, by table; tables without any are left out.
        emptied: rows of which single cells were left empty, by table.
    """

    findings: tuple[Finding, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    set_aside: Mapping[str, int] = field(default_factory=dict)
    emptied: Mapping[str, int] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All findings as problems, in the current language, fatal ones first."""
        return tuple(finding.problem for finding in self.findings)

    @property
    def fatal(self) -> tuple[Problem, ...]:
        """The problems that stop a run."""
        return tuple(finding.problem for finding in self.findings if finding.severity == "fatal")

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """The problems that stop nothing."""
        return tuple(finding.problem for finding in self.findings if finding.severity == "warning")

    @property
    def ok(self) -> bool:
        """Whether a run can go on."""
        return not self.fatal

    def __str__(self) -> str:
        return self.told()

    def told(self, others: Sequence[Problem] = ()) -> str:
        """The report as a user reads it: what stops a run under one heading, the rest under another, then the sums.

        Args:
            others: what is wrong outside the tables; told and counted with the findings.
        """
        parts = []
        for severity in ("fatal", "warning"):
            told = [str(one) for one in self.findings if one.severity == severity]
            told += [str(one) for one in others if one.severity == severity]
            parts += [text(f"study.heading.{severity}"), *told] if told else []
        return "\n\n".join([*parts, self._summed(others)])

    @property
    def summary(self) -> str:
        """How much was read, how much of it was set aside, and whether a run can go on."""
        return self._summed(())

    def _summed(self, others: Sequence[Problem]) -> str:
        lines = [text("study.summary.read", tables=len(self.rows), rows=f"{sum(self.rows.values()):,}")]
        for table, count in self.set_aside.items():
            lines.append(text("study.summary.set_aside", table=table, count=f"{count:,}", rows=f"{self.rows[table]:,}"))
        for table, count in self.emptied.items():
            lines.append(text("study.summary.emptied", table=table, count=f"{count:,}"))
        fatal = len(self.fatal) + sum(one.severity == "fatal" for one in others)
        warnings = len(self.findings) + len(others) - fatal
        verdict = "fatal" if fatal else "warnings" if warnings else "clean"
        lines.append(text(f"study.summary.{verdict}", fatal=fatal, warnings=warnings))
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The report as plain values, for the cache."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> CheckReport:
        """The report from what `to_json` gave."""
        findings = tuple(
            Finding(**{**one, "examples": tuple((line, value) for line, value in one["examples"])})
            for one in stored["findings"]
        )
        return cls(findings, dict(stored["rows"]), dict(stored["set_aside"]), dict(stored["emptied"]))
