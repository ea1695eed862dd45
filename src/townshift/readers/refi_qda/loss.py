"""What an import or export could not keep, element by element: the loss report of the format."""

from __future__ import annotations

import json
from collections import Counter
from contextvars import copy_context
from dataclasses import dataclass, field

from townshift.errors import Problem, TownshiftError
from townshift.locales import set_language, text

SHOWN = 5


class QdaError(TownshiftError, ValueError):
    """A project or codebook that cannot be read or written at all."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that was lost, changed or read on an assumption.

    Attributes:
        code: `TS-QDA-019` and the like; its texts say what happened, why it matters, what to do.
        element: tag of the element.
        guid: GUID of the element; empty if it has none.
        values: what fills the placeholders of the texts; never a name or a text of the project.
    """

    code: str
    element: str
    guid: str = ""
    values: tuple[tuple[str, object], ...] = ()


@dataclass
class LossReport:
    """What became of every element; names and texts of the project do not stand in it.

    Attributes:
        read: tag → elements met in the file or in the project.
        kept: tag → elements that have a place in the result.
        aside: tag → elements that the format does not know, kept word for word.
        losses: everything that was lost, changed or assumed, in the order met.
    """

    read: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)
    losses: list[Loss] = field(default_factory=list)

    def lose(self, code: str, element: str, guid: str = "", **values: object) -> None:
        """Note one loss, change or assumption."""
        self.losses.append(Loss(code, element, guid, tuple(values.items())))

    @property
    def missing(self) -> Counter[str]:
        """Tag → elements met that are neither kept nor set aside; empty, or a loss that has no word here."""
        return self.read - self.kept - self.aside

    @property
    def codes(self) -> Counter[str]:
        """Code → how often."""
        return Counter(loss.code for loss in self.losses)

    def problems(self) -> list[Problem]:
        """The losses as problems, those of one kind together, with the first few places."""
        groups: dict[tuple[str, tuple[tuple[str, object], ...]], list[Loss]] = {}
        for loss in self.losses:
            groups.setdefault((loss.code, loss.values), []).append(loss)
        return [
            Problem(code, _places(group), dict(values), "warning", len(group))
            for (code, values), group in sorted(groups.items(), key=lambda item: (item[0][0], str(item[0][1])))
        ]

    def to_json(self) -> str:
        """The whole report as JSON, every loss on its own."""
        content = {
            "read": dict(sorted(self.read.items())),
            "kept": dict(sorted(self.kept.items())),
            "aside": dict(sorted(self.aside.items())),
            "missing": dict(sorted(self.missing.items())),
            "losses": [
                {"code": loss.code, "element": loss.element, "guid": loss.guid} | dict(loss.values)
                for loss in self.losses
            ],
        }
        return json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n"

    def told(self, language: str | None = None) -> str:
        """The report in words: one line an element, then what was lost."""
        lines = [text("refi_qda.elements", language)]
        for tag in sorted(self.read):
            counts = {"read": self.read[tag], "kept": self.kept[tag], "aside": self.aside[tag]}
            lines.append(text("refi_qda.element", language, tag=tag, **counts))
        lines += [text("refi_qda.missing", language, tag=tag, count=n) for tag, n in sorted(self.missing.items())]
        problems = self.problems()
        lines.append(text("refi_qda.losses" if problems else "refi_qda.no_loss", language))
        lines += [text("refi_qda.loss", language, count=one.count, problem=_said(one, language)) for one in problems]
        return "\n".join(lines)


def _said(problem: Problem, language: str | None) -> str:
    """The problem in a language, whatever the language of the session is."""
    if language is None:
        return str(problem)

    def said() -> str:
        set_language(language)
        return str(problem)

    return copy_context().run(said)


def _places(group: list[Loss]) -> str:
    shown = [f"{loss.element} {loss.guid}".strip() for loss in group[:SHOWN]]
    return ", ".join(dict.fromkeys(shown)) + (", ..." if len(group) > SHOWN else "")
