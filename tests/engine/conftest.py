from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.both_engines import ENGINES, skip_without
from engine.toy_town import ToyTown
from townshift.engine.tables import Engine, open_engine


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyTown:
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return ToyTown(tmp_path)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    skip_without(request.param)
    opened = open_engine(request.param, tmp_path / "spill", workers=1)
    yield opened
    opened.close()
    assert not (tmp_path / "spill").exists()
