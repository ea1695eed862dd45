"""When a stored result may stand: a key of everything that could change it.

The ingredients are code, data files of the code, parameters, what the step asks of the study, the content of the
tables it reads, and the versions of the numerical libraries. They are stored beside the key, so that a stale step can
say why.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import townshift
from townshift.engine.hashing import FileIndex, canonical, digest

if TYPE_CHECKING:
    from townshift.engine.code import CodeClosure, CodeIndex
    from townshift.engine.inputs import RunInputs
    from townshift.engine.steps import Step

ENGINE_FORMAT = 1
"""Raised by hand when the engine stores the same result in another form: the engine's own code is in no key."""

NUMERICAL_LIBRARIES = (
    "duckdb",
    "geopandas",
    "ibis-framework",
    "lifelines",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pyfixest",
    "pyproj",
    "scipy",
    "shapely",
    "splink",
    "statsmodels",
)
"""Distributions whose version may change a number; those that are not installed are left out."""

DATA_SUFFIXES = (".csv", ".json", ".parquet", ".toml", ".txt")
"""Files beside a module that count as its data; others are named by the step, as `reads_files`."""

PACKAGE = Path(townshift.__file__).parent
ABSENT = "absent"
"""Stands for the digest of an optional table that the study does not have."""


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Everything that a step's result depends on, each by name.

    Attributes:
        code: part of the code → digest of its syntax tree.
        files: data file of the code → sha256.
        parameters: parameter → value, as given by the command line or the study; defaults are code.
        study: what else the step asks of the study (`focus`, `breaks`, `claims_file`, `salt`, `answers`) → digest.
        tables: table → sha256 of its Parquet file, or `ABSENT`.
        libraries: library → version.
    """

    code: Mapping[str, str]
    files: Mapping[str, str]
    parameters: Mapping[str, Any]
    study: Mapping[str, str]
    tables: Mapping[str, str]
    libraries: Mapping[str, str]

    @property
    def key(self) -> str:
        """The cache key."""
        return digest([ENGINE_FORMAT, asdict(self)])


def ingredients(
    step: Step,
    inputs: RunInputs,
    parameters: Mapping[str, Any],
    tables: Mapping[str, str],
    code: CodeIndex,
    files: FileIndex,
) -> Ingredients:
    """Gather what the result of a step depends on; nothing heavy is imported and no table is opened.

    Parameters:
        step: the step.
        inputs: the study.
        parameters: the parameters that were given, whoever gave them.
        tables: table → sha256 of its content, `ABSENT` for an optional one that is not there.
        code: source files already read.
        files: files already hashed.
    """
    found = code.closure(step.module, step.name)
    return Ingredients(
        code=found.parts,
        files={name: files.sha256(path) for name, path in sorted(_data_files(step, found).items())},
        parameters=parameters,
        study=_asked_of_study(step, inputs, files),
        tables=dict(sorted(tables.items())),
        libraries=libraries(),
    )


def _data_files(step: Step, code: CodeClosure) -> dict[str, Path]:
    """The data files that the code may read: those beside its modules, those that the step names, and texts."""
    found = {name: PACKAGE / name for name in step.reads_files}
    for folder in code.folders:
        beside = (path for path in folder.iterdir() if path.suffix in DATA_SUFFIXES)
        found |= {f"{folder.name}/{path.name}": path for path in beside}
    if code.uses_texts:
        texts = (PACKAGE / "locales").glob("*/*.toml")
        found |= {path.relative_to(PACKAGE).as_posix(): path for path in texts}
    return found


def _asked_of_study(step: Step, inputs: RunInputs, files: FileIndex) -> dict[str, str]:
    asked: dict[str, str] = {}
    if "focus" in step.special:
        asked["focus"] = digest(asdict(inputs.focus))
    if "breaks" in step.special:
        asked["breaks"] = digest([dict(one) for one in inputs.breaks])
    if "claims_file" in step.special and inputs.claims_file is not None:
        asked["claims_file"] = files.sha256(inputs.claims_file)
    if "salt" in step.special:
        asked["salt"] = digest(inputs.salt.hex())  # a digest: the salt itself stands in no result
    answers = inputs.answers(step.name) if "answers" in step.special else None
    if answers is not None:
        asked["answers"] = files.sha256(answers)
    return asked


@cache
def libraries() -> dict[str, str]:
    """Versions of Python and the numerical libraries that are installed, read without importing them."""
    versions = {"python": ".".join(str(part) for part in sys.version_info[:3])}
    for name in NUMERICAL_LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def differences(before: Mapping[str, Any], now: Ingredients) -> list[tuple[str, str]]:
    """What changed since a result was stored, as (kind, name), in a fixed order; empty if nothing did.

    Parameters:
        before: the ingredients of the stored result, as JSON gave them back.
        now: the present ones.
    """
    changed: list[tuple[str, str]] = []
    for kind, present in asdict(now).items():
        past = before.get(kind)
        past = past if isinstance(past, dict) else {}
        for name in sorted(past.keys() | present.keys()):
            if canonical(past.get(name)) != canonical(present.get(name)):
                changed.append((kind, name))
    return changed
