"""All that the engine asks of a study; it knows no other thing about one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from townshift.types import Focus


class RunInputs(Protocol):
    """A study as a run sees it."""

    @property
    def out(self) -> Path:
        """Folder of everything computed."""
        ...

    @property
    def focus(self) -> Focus:
        """What the study is about."""
        ...

    @property
    def breaks(self) -> Sequence[Mapping[str, object]]:
        """Declared breaks of series."""
        ...

    @property
    def claims_file(self) -> Path | None:
        """`claims.toml`, if the study has one."""
        ...

    @property
    def salt(self) -> bytes:
        """The study's secret for hashes of personal values; made and kept where there is none yet."""
        ...

    def answers(self, step: str) -> Path | None:
        """What a person answered to the questions of a step, if anything."""
        ...

    @property
    def table_names(self) -> Sequence[str]:
        """Names of the tables that the study has."""
        ...

    def load_table(self, name: str) -> Path:
        """The cleaned table as a Parquet file; cheap, and without heavy imports, when nothing changed."""
        ...

    def parameters(self, step: str) -> Mapping[str, Any]:
        """The parameters that the study gives to a step; empty if it gives none."""
        ...
