"""`make bench` starts every benchmark there is."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

RUN = Path(__file__).resolve().parents[1] / "benchmarks" / "run.py"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`benchmarks/run.py` over an empty folder of benchmarks."""
    spec = importlib.util.spec_from_file_location("benchmarks_run", RUN)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "benchmarks_run", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    return module


def test_every_benchmark_of_the_repository_can_be_started(run: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "HERE", RUN.parent)
    found = run.benchmarks()
    assert {"check", "engines", "flagship", "moves", "registry", "series"} <= set(found)
    assert "moves_peer" not in found


def test_a_benchmark_without_an_entry_is_an_error_that_names_it(run: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "moves.py").write_text(run.STARTED)
    (tmp_path / "part_of_moves.py").write_text("ROWS = 1\n")
    assert run.benchmarks() == ["moves"]
    (tmp_path / "forgotten.py").write_text(run.STARTED)
    with pytest.raises(SystemExit, match="forgotten"):
        run.benchmarks()


def test_a_benchmark_that_fails_makes_the_whole_fail_after_the_others_ran(
    run: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "STARTS", {"bad": run.Start(), "good": run.Start("small", "full")})
    (tmp_path / "bad.py").write_text(f"{run.STARTED}\n    raise SystemExit(3)\n")
    (tmp_path / "good.py").write_text(f"import sys\n{run.STARTED}\n    print('given', *sys.argv[1:])\n")
    monkeypatch.setattr("sys.argv", ["run.py"])
    with pytest.raises(SystemExit):
        run.main()
    printed = capfd.readouterr().out
    assert "given small" in printed
    assert [line.split()[0] for line in printed.splitlines() if line.endswith("FAILED")] == ["bad"]
    monkeypatch.setattr("sys.argv", ["run.py", "--full", "good"])
    run.main()
    assert "given full" in capfd.readouterr().out
