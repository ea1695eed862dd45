"""Administrative divisions of a country into the table `places` of a study."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from townshift.engine.atomic import write_parquet, write_text
from townshift.engine.lock import run_lock
from townshift.locales import text
from townshift.readers.registries.registry_import import require_study
from townshift.study.schemas import schema

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class GazetteerReport:
    """What was added.

    Attributes:
        country: whose divisions.
        path: the table.
        added, kept: places that were added, and that the study had.
        sources: what the study must name, with licences.
    """

    country: str
    path: Path
    added: int
    kept: int
    sources: tuple[str, ...]

    def told(self, language: str | None = None) -> str:
        """The report in words."""
        counts: dict[str, object] = {"added": f"{self.added:,}", "kept": f"{self.kept:,}"}
        lines = [text("readers.places", language, country=self.country, path=self.path, **counts)]
        lines += [text("readers.licence", language, source=source) for source in self.sources]
        return "\n".join(lines)


def add_places(gazetteer: pd.DataFrame, country: str, sources: Sequence[str], into: str | Path) -> GazetteerReport:
    """Add places to those of a study. A place of the study keeps every cell; done twice nothing is added.

    Args:
        gazetteer: rows in the schema of `places`.
        country: whose.
        sources: packages and their licences.
        into: folder of the study.

    Raises:
        StudyError: there is no study.
        EngineError: it cannot be written, or a run is going on.
    """
    import pandas as pd
    import pyarrow as pa

    root = require_study(Path(into))
    columns = schema("places").names
    parquet = root / "data" / "places.parquet"
    target = parquet if parquet.is_file() else root / "data" / "places.csv"
    with run_lock(root / "out"):
        own = _own_places(target)
        new = gazetteer[~gazetteer["place_id"].isin(own["place_id"])].sort_values("place_id")
        places = pd.concat([own, _as_text(new)], ignore_index=True)
        places = places[[*(name for name in columns if name in places), *(set(own) - set(columns))]]
        if target == parquet:
            typed = places.assign(**{name: pd.to_numeric(places[name]) for name in ("lon", "lat")})
            write_parquet(target, pa.Table.from_pandas(typed.replace({"": None}), preserve_index=False))
        else:
            shown = io.StringIO()
            places.to_csv(shown, index=False, lineterminator="\n")
            write_text(target, shown.getvalue())
    return GazetteerReport(country, target, len(new), len(own), tuple(sources))


def _own_places(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        return pd.DataFrame({"place_id": pd.Series([], dtype="string")})
    if path.suffix == ".parquet":
        return _as_text(pd.read_parquet(path))
    return pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def _as_text(places: pd.DataFrame) -> pd.DataFrame:
    """Cells as they are written: numbers in full, nothing where there is nothing."""
    return places.astype(object).where(places.notna(), "").map(str)
