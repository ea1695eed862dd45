"""What an import could not keep, and why: the loss report of every reader."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from townshift.locales import text


@dataclass
class LossReport:
    """What became of every row and every cell of an import; no cell value stands in it.

    `rows_read` is the sum of `kept`, `copies`, `known_already`, `folded` and `set_aside`.

    Attributes:
        registry: which map was used.
        files: files read; one file in an archive counts as one.
        skipped: files that were left alone → why.
        rows_read: rows of all files, those that could not be read included.
        kept: rows that became a record or a link.
        copies: rows that repeat another one exactly, and were dropped.
        known_already: rows that the study had already, word for word.
        folded: rows that went into another record → how many, by what they were.
        set_aside: rows that could not be read → how many, by reason.
        replaced: records of the study that a newer row took the place of.
        emptied: column → reason → cells that were emptied, because their value could not be used.
        assumed: column → what was assumed → cells.
        unused: columns of the files that were not used → the nearest that the map knows, or nothing.
        numbered_anew: records whose number is missing or shared; their id rests on their content.
        rows: table → rows it has now.
    """

    registry: str = ""
    files: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    rows_read: int = 0
    kept: int = 0
    copies: int = 0
    known_already: int = 0
    folded: Counter[str] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    emptied: dict[str, Counter[str]] = field(default_factory=dict)
    assumed: dict[str, Counter[str]] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)
    numbered_anew: int = 0
    rows: dict[str, int] = field(default_factory=dict)

    def cell(self, column: str, reason: str, count: int) -> None:
        """Count cells that were emptied."""
        self.emptied.setdefault(column, Counter())[reason] += count

    def assume(self, column: str, what: str, count: int) -> None:
        """Count cells that were read on an assumption."""
        self.assumed.setdefault(column, Counter())[what] += count

    @property
    def accounted(self) -> int:
        """Rows whose fate is known; the same as `rows_read`, or a defect."""
        return self.kept + self.copies + self.known_already + self.folded.total() + self.set_aside.total()

    def to_json(self) -> str:
        """The report as JSON, keys in order."""
        content: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        content["accounted"] = self.accounted
        return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"

    def told(self, quarantine: Path | None = None, language: str | None = None) -> str:
        """The report in words; `quarantine` is the folder that lists the rows set aside."""
        said = partial(_said, language)
        lines = [
            said("read", rows=f"{self.rows_read:,}", files=self.files, registry=self.registry),
            said("kept", kept=f"{self.kept:,}", copies=f"{self.copies:,}", known=f"{self.known_already:,}"),
            *_counted(said, "folded", self.folded),
        ]
        for key, count in (("replaced", self.replaced), ("numbered_anew", self.numbered_anew)):
            lines += [said(key, count=f"{count:,}")] if count else []
        if self.set_aside:
            lines.append(said("aside", count=f"{self.set_aside.total():,}", path=quarantine or ""))
            lines += _counted(said, "reason", self.set_aside)
        for heading, cells in (("emptied", self.emptied), ("assumed", self.assumed)):
            lines += [said(heading)] if cells else []
            for column, reasons in sorted(cells.items()):
                for what, count in sorted(reasons.items()):
                    lines.append(said("cell", column=column, what=said(f"cells.{what}"), count=f"{count:,}"))
        lines += [said("unused")] if self.unused else []
        for name, near in sorted(self.unused.items()):
            lines.append(said("unused_near" if near else "unused_one", column=name, nearest=near))
        lines += [said("skipped", file=name, why=said(f"skip.{why}")) for name, why in sorted(self.skipped.items())]
        lines += [said("table", table=table, rows=f"{rows:,}") for table, rows in sorted(self.rows.items())]
        return "\n".join(lines)


def _said(language: str | None, key: str, **values: object) -> str:
    return text(f"readers.{key}", language, **values)


def _counted(said: Callable[..., str], group: str, counts: Counter[str]) -> list[str]:
    return [said("counted", what=said(f"{group}.{what}"), count=f"{count:,}") for what, count in sorted(counts.items())]
