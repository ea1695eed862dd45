from __future__ import annotations

from pathlib import Path

import pytest

from engine.toy_town import ToyTown


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyTown:
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return ToyTown(tmp_path)
