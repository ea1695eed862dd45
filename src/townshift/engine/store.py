"""Results on disk: `out/results/<table>.parquet`, and in `out/cache/steps/<step>.json` what they rest on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from townshift.engine.atomic import remove, write_parquet, write_text
from townshift.engine.cachekey import Ingredients
from townshift.engine.estimates import MalformedEstimatesError, estimate_tables
from townshift.engine.hashing import FileIndex, file_sha256
from townshift.engine.record import Output
from townshift.errors import EngineError, Problem
from townshift.locales import text
from townshift.types import Estimates

if TYPE_CHECKING:
    import ibis
    import pyarrow as pa

    from townshift.engine.steps import Shape, Step
    from townshift.engine.tables import Engine

RESULTS = "results"
CACHE = "cache"
MANIFESTS = "steps"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a step's stored results.

    Attributes:
        key: the cache key under which they were computed.
        ingredients: what the key was made of, as JSON holds it.
        parameters: all parameters with their values.
        outputs: table → what was stored.
    """

    key: str
    ingredients: Mapping[str, Any]
    parameters: Mapping[str, Any]
    outputs: Mapping[str, Output]


@dataclass(frozen=True, slots=True)
class Store:
    """The results of one study."""

    out: Path
    files: FileIndex

    def path(self, table: str) -> Path:
        """Where a result lies."""
        return self.out / RESULTS / f"{table}.parquet"

    def manifest(self, step: Step) -> Manifest | None:
        """What is stored of a step; `None` if nothing that can be used."""
        try:
            read = json.loads(self._manifest_path(step.name).read_text("utf-8"))
            outputs = {name: Output(str(one["sha256"]), int(one["rows"])) for name, one in read["outputs"].items()}
            return Manifest(str(read["key"]), dict(read["ingredients"]), dict(read["parameters"]), outputs)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def damaged(self, step: Step, manifest: Manifest) -> list[str]:
        """Tables of a step that are missing or are not what was stored."""
        wrong: list[str] = []
        for table in step.outputs:
            stored = manifest.outputs.get(table)
            try:
                intact = stored is not None and self.files.sha256(self.path(table)) == stored.sha256
            except OSError:
                intact = False
            if not intact:
                wrong.append(table)
        return wrong

    def save(
        self, step: Step, value: object, ingredients: Ingredients, parameters: Mapping[str, Any], engine: Engine
    ) -> dict[str, Output]:
        """Store what a step returned; the manifest comes last, so that a kill in between leaves the step stale.

        Raises:
            EngineError: a result is not what the step declared, or cannot be written.
        """
        outputs: dict[str, Output] = {}
        for name, shape in step.results:
            result = getattr(value, name) if step.in_dataclass else value
            for table, content in self._tables(step, name, shape, result).items():
                path = self.path(table)
                rows = _write(content, path, engine)
                outputs[table] = Output(file_sha256(path), rows)
        manifest = Manifest(ingredients.key, asdict(ingredients), parameters, outputs)
        stored = json.dumps(asdict(manifest), sort_keys=True, indent=1, ensure_ascii=False, default=str)
        write_text(self._manifest_path(step.name), stored + "\n")
        return outputs

    def discard(self, step: Step) -> None:
        """Remove the results of a step that has none any more, so that nobody reads them."""
        remove(self._manifest_path(step.name))
        for table in step.outputs:
            remove(self.path(table))

    def discard_strangers(self, steps: Iterable[Step]) -> None:
        """Remove results that no step writes any more."""
        steps = list(steps)
        tables = {f"{table}.parquet" for step in steps for table in step.outputs}
        for path in sorted((self.out / RESULTS).glob("*.parquet")):
            if path.name not in tables:
                remove(path)
        names = {f"{step.name}.json" for step in steps}
        for path in sorted((self.out / CACHE / MANIFESTS).glob("*.json")):
            if path.name not in names:
                remove(path)

    def _manifest_path(self, step: str) -> Path:
        return self.out / CACHE / MANIFESTS / f"{step}.json"

    def _tables(self, step: Step, name: str, shape: Shape, result: object) -> dict[str, Any]:
        """Table name → Arrow or Ibis table, for one declared result."""
        import pandas as pd

        from townshift.engine.tables import MixedColumnError, arrow_of

        try:
            if shape == "estimates":
                if not isinstance(result, Estimates):
                    raise _misfit(step, name, "not_estimates", type(result).__name__)
                return estimate_tables(name, result)
            if isinstance(result, pd.DataFrame):
                return {name: arrow_of(result)}
        except MalformedEstimatesError as wrong:
            raise _misfit(step, name, *wrong.args) from wrong
        except MixedColumnError as wrong:
            raise _misfit(step, name, "mixed", *wrong.args) from wrong
        if not hasattr(result, "schema"):
            raise _misfit(step, name, "not_a_table", type(result).__name__)
        return {name: result}


def _write(content: pa.Table | ibis.Table, path: Path, engine: Engine) -> int:
    import pyarrow as pa

    if not isinstance(content, pa.Table):
        return engine.write(content, path)
    write_parquet(path, _plain(content))
    return int(content.num_rows)


def _plain(table: pa.Table) -> pa.Table:
    from townshift.engine.tables import storable_schema

    return table.cast(storable_schema(table.schema))


def _misfit(step: Step, table: str, rule: str, detail: str = "") -> EngineError:
    said = text(f"engine.misfit.{rule}", detail=detail)
    return EngineError(Problem("TS-RUN-009", step.name, {"step": step.name, "table": table, "detail": said}))
