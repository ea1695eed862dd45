"""Content decides, and a file is read no oftener than it must be."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from townshift.engine import hashing
from townshift.engine.hashing import FileIndex, file_sha256
from townshift.engine.log import RunLog


@pytest.fixture
def old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "x"
    path.write_text("one")
    real = time.time_ns
    monkeypatch.setattr(hashing.time, "time_ns", lambda: real() + 10**10)  # ten seconds later
    return path


def _reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    read: list[Path] = []

    def counting(path: Path) -> str:
        read.append(path)
        return file_sha256(path)

    monkeypatch.setattr(hashing, "file_sha256", counting)
    return read


def test_a_settled_file_is_read_once_even_by_later_runs(
    old_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = _reads(monkeypatch)
    index = FileIndex.load(tmp_path / "index.json")
    assert index.sha256(old_file) == index.sha256(old_file)
    index.save()
    assert FileIndex.load(tmp_path / "index.json").sha256(old_file) == file_sha256(old_file)
    assert len(read) == 1


def test_a_change_of_the_same_length_with_its_time_set_back_is_seen(old_file: Path, tmp_path: Path) -> None:
    index = FileIndex.load(tmp_path / "index.json")
    before, stat = index.sha256(old_file), old_file.stat()
    old_file.write_text("two")
    os.utime(old_file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert index.sha256(old_file) != before


def test_a_file_that_was_just_written_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x"
    path.write_text("one")
    read = _reads(monkeypatch)
    index = FileIndex.load(tmp_path / "index.json")
    index.sha256(path)
    index.sha256(path)
    assert len(read) == 2


def test_a_log_that_grew_long_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_bytes(b"x" * 1_000_001)
    RunLog(tmp_path).line("new")
    assert (tmp_path / "run.log").read_text().endswith(" new\n")
    assert (tmp_path / "run.log").stat().st_size < 100
