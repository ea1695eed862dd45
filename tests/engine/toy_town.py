"""A package of three steps and a study for it, both written to a temporary folder so that tests may change them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from townshift.engine import RunRecord, Step, collect, run_graph
from townshift.types import Focus

PACKAGE = "toy_town_package"

STEPS = '''
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from townshift.engine import estimates, frame, step
from townshift.types import Focus, Parameters

if TYPE_CHECKING:
    import ibis
    import pandas as pd

    from townshift.types import ChunkMapper, Estimates


class DoubledParameters(Parameters):
    plus: int = 0


@step(question="process")
def doubled(facts: ibis.Table, *, parameters: DoubledParameters) -> pd.DataFrame:
    """Twice every value."""
    from toy_town_package.measures import twice

    found = frame(facts).sort_values("fact_id")
    found["value"] = twice(found["value"]) + parameters.plus
    return found


@dataclass(frozen=True)
class Levels:
    levels: Estimates
    squares: pd.DataFrame


@step(question="government")
def all_levels(doubled: ibis.Table, *, focus: Focus, chunks: ChunkMapper) -> Levels:
    import numpy as np
    import pandas as pd

    from toy_town_package.repeated import squares
    from townshift.types import Estimate, Estimates

    found = frame(doubled)
    rows = [
        Estimate("level", place, 2000, 2000, "1", float(value), float(value), float(value)).row()
        for place, value in zip(found["place_id"], found["value"], strict=True)
    ]
    table = pd.DataFrame(rows)
    noise = np.random.default_rng(focus.seed).normal(size=(len(found), 400))
    lineage = pd.DataFrame(
        {"estimate_id": table["estimate_id"], "table": "facts", "row_id": found["fact_id"], "share": 1.0}
    )
    draws = found["value"].to_numpy("float64")[:, None] + noise
    return Levels(Estimates(table, draws, lineage), pd.DataFrame({"square": chunks(squares, range(40), 4)}))


@step(question="outcomes")
def means(
    levels: ibis.Table, levels_draws: ibis.Table, levels_lineage: ibis.Table, events: ibis.Table | None = None
) -> pd.DataFrame:
    import pandas as pd

    found = estimates(levels, levels_draws, levels_lineage)
    count = 0 if events is None else len(frame(events))
    return pd.DataFrame({"estimate_id": found.table["estimate_id"], "mean": found.draws.mean(axis=1), "events": count})
'''

MEASURES = '''
"""Measures of a toy."""

FACTOR = 2


def twice(values):
    """What it says."""
    return values * FACTOR
'''

REPEATED = '''
import os
import signal
import time
from pathlib import Path


def squares(seeds):
    return [seed * seed for seed in seeds]


def slow_squares(seeds):
    time.sleep(0.05)
    return [seed * seed for seed in seeds]


def very_slow_squares(seeds):
    time.sleep(20)
    return [seed * seed for seed in seeds]


def one_slow_square(seeds):
    """Leaves its process id where the test looks for it; one process then has nothing to do, the other much."""
    Path(os.environ["TOLD"], str(os.getpid())).touch()
    while len(os.listdir(os.environ["TOLD"])) < 2:
        time.sleep(0.02)
    return very_slow_squares(seeds) if 1 in seeds else squares(seeds)


def killed_once(seeds, marker):
    """The first process that gets seed 20 dies by it."""
    if 20 in seeds and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return [seed * seed for seed in seeds]


def killed_always(seeds):
    os.kill(os.getpid(), signal.SIGKILL)


def broken(seeds):
    raise ZeroDivisionError("a defect")
'''


@dataclass
class ToyStudy:
    """The least that satisfies `RunInputs`."""

    root: Path
    focus: Focus = field(default_factory=lambda: Focus("p", "toys", 2000, 2010, seed=7))
    breaks: tuple[Mapping[str, object], ...] = ()
    claims_file: Path | None = None
    given: dict[str, dict[str, Any]] = field(default_factory=dict)
    salt: bytes = b"toy salt"

    def answers(self, step: str) -> Path | None:
        path = self.root / "private" / "answers" / f"{step}.csv"
        return path if path.is_file() else None

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def table_names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self.root / "data").glob("*.parquet")))

    def load_table(self, name: str) -> Path:
        return self.root / "data" / f"{name}.parquet"

    def parameters(self, step: str) -> dict[str, Any]:
        return self.given.get(step, {})

    def write(self, name: str, columns: Mapping[str, list[Any]]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.load_table(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(dict(columns)), path)


def toy_study(root: Path) -> ToyStudy:
    study = ToyStudy(root)
    study.write("facts", {"fact_id": ["f1", "f2", "f3"], "place_id": ["p", "q", "r"], "value": [1, 2, 3]})
    return study


class ToyTown:
    """The package on disk, changed by `edit` and loaded anew by every `run`."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "code" / PACKAGE
        self.folder.mkdir(parents=True)
        (self.folder / "__init__.py").write_text("")
        (self.folder / "steps.py").write_text(STEPS)
        (self.folder / "measures.py").write_text(MEASURES)
        (self.folder / "repeated.py").write_text(REPEATED)
        self.study = toy_study(root / "study")

    def edit(self, module: str, old: str, new: str) -> None:
        path = self.folder / f"{module}.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def steps(self) -> tuple[Step, ...]:
        return collect([load(self.folder.parent)])

    def run(self, **options: Any) -> RunRecord:
        return run_graph(self.study, self.steps(), **options)


def load(code: Path) -> ModuleType:
    """Import the steps as they are on disk now, whatever was imported before."""
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]
    sys.path[:] = [str(code), *(path for path in sys.path if not path.endswith("/code"))]
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    return importlib.import_module(f"{PACKAGE}.steps")


def states(record: RunRecord) -> dict[str, str]:
    return {step.name: step.state for step in record.steps}


def stored_bytes(out: Path) -> dict[str, bytes]:
    """All that a run promises to be the same: results, manifests, run.json; not the log, lock and indexes of times."""
    files = [*out.glob("results/*"), *out.glob("cache/steps/*.json"), out / "run.json"]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(files)}
