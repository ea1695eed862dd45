"""What only a Spark engine must do: refuse in plain words what cannot work, and outlive its workers."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.batch_functions import (
    HALVED,
    always_killed,
    halved,
    halved_once_killed,
    squares,
    squares_and_shares,
    squares_once_killed,
)
from engine.both_engines import LOCAL_SPARK, skip_without
from engine.toy_town import ToyTown, states, stored_bytes
from townshift.engine import run_graph, spark_session
from townshift.engine.spark_session import _examine_workers, check_spark, master_of, settings
from townshift.engine.spark_worker import WorkerReport, carried, carried_home, versions
from townshift.engine.tables import Engine, open_engine
from townshift.errors import EngineError, MeasureError

SEEDS = list(range(100))
ROWS = 400_000


class UnstorableError(Exception):
    def __reduce__(self):
        raise TypeError("not to be stored")


@pytest.fixture
def firms(tmp_path: Path) -> Path:
    path = tmp_path / "firms.parquet"
    table = pa.table({"firm": pa.array(range(ROWS)), "size": pa.array([row * 7919 % 1009 for row in range(ROWS)])})
    pq.write_table(table, path, row_group_size=50_000)
    return path


# ---- what needs no Spark ----


@pytest.mark.parametrize(
    ("url", "spark"),
    [
        ("spark://local", "local[3,4]"),
        ("spark://local[*]", "local[*,4]"),
        ("spark://local[2]", "local[2,4]"),
        ("local-cluster", "local-cluster[2,1,1024]"),
        ("local-cluster[3,2,512]", "local-cluster[3,2,512]"),
        ("spark://a:7077,b:7078", "spark://a:7077,b:7078"),
    ],
)
def test_a_url_names_a_spark(url: str, spark: str) -> None:
    assert master_of(url, workers=3).url == spark


def test_every_master_of_a_cluster_is_known_by_its_address() -> None:
    assert master_of("spark://a:7077,10.0.0.2:7078").addresses == (("a", 7077), ("10.0.0.2", 7078))


def test_a_cluster_of_others_keeps_its_own_memory_and_paths(tmp_path: Path) -> None:
    ours = settings(master_of("local-cluster[2,1,700]"), tmp_path)
    theirs = settings(master_of("spark://a:7077"), tmp_path)
    assert ours["spark.executor.memory"] == "700m"
    assert not {"spark.executor.memory", "spark.driver.memory", "spark.driver.host"} & set(theirs)
    assert "spark.executorEnv.PYTHONPATH" not in theirs
    assert theirs["spark.sql.session.timeZone"] == ours["spark.sql.session.timeZone"] == "UTC"


def test_without_pyspark_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(EngineError, match="TS-RUN-006") as problem:
        check_spark("spark://host:7077")
    assert "townshift[spark]" in str(problem.value)


@pytest.mark.parametrize("said", [None, "1.8.0_402", "11.0.22"])
def test_without_a_java_that_is_new_enough_the_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    if said:
        java = tmp_path / "bin" / "java"
        java.parent.mkdir()
        java.write_text(f"#!/bin/sh\necho 'openjdk version \"{said}\"' >&2\n")
        java.chmod(0o755)
    with pytest.raises(EngineError, match="TS-RUN-012") as problem:
        check_spark("spark://host:7077")
    assert "openjdk-17-jre-headless" in str(problem.value)
    assert (said or "–").split(".")[0] in str(problem.value)


def test_workers_with_other_versions_are_refused_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        WorkerReport("well", versions(), sees=True),
        WorkerReport("ill", versions() | {"numpy": "1.0", "townshift": "0.0"}, sees=True),
    ]
    monkeypatch.setattr(spark_session, "_reports", lambda *_: found)
    with pytest.raises(EngineError, match="TS-RUN-016") as problem:
        _examine_workers("spark://a:7077", None, tmp_path)
    assert re.findall(r"(\w+): (\w+) ", str(problem.value)) == [("ill", "numpy"), ("ill", "townshift")]


def test_workers_that_do_not_see_the_study_are_refused_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [WorkerReport("seeing", versions(), sees=True), WorkerReport("blind", versions(), sees=False)]
    monkeypatch.setattr(spark_session, "_reports", lambda *_: found)
    with pytest.raises(EngineError, match="TS-RUN-015") as problem:
        _examine_workers("spark://a:7077", None, tmp_path)
    assert "(machines: blind)" in str(problem.value)
    assert str(tmp_path) in str(problem.value)


def test_a_problem_comes_home_as_it_was_or_at_least_by_name() -> None:
    home = carried_home(f"stage failed\n{carried(MeasureError.of('TS-RUN-011', step='x'))}\n  at line 3")
    assert isinstance(home, MeasureError)
    assert home.problems[0].code == "TS-RUN-011"
    assert str(carried_home(str(carried(UnstorableError("secret"))))) == "UnstorableError"
    assert carried_home("stage failed") is None


# ---- a session ----


@pytest.mark.spark
def test_a_master_that_does_not_answer_is_named_in_seconds(tmp_path: Path) -> None:
    skip_without(LOCAL_SPARK)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers, and nobody else takes the port
        url = f"spark://127.0.0.1:{taken.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(EngineError, match="TS-RUN-013") as problem:
            open_engine(url, tmp_path / "spill")
    assert url in str(problem.value)
    assert time.monotonic() - started < 2 * spark_session.CONNECT_SECONDS
    assert not (tmp_path / "spill").exists()


@pytest.mark.spark
def test_a_session_leaves_ctrl_c_the_working_folder_and_the_installed_package_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without(LOCAL_SPARK)
    package = Path(importlib.util.find_spec("pyspark").origin).parent
    before = (signal.getsignal(signal.SIGINT), sorted(package.iterdir()), os.environ.get("SPARK_HOME"))
    monkeypatch.chdir(tmp_path)
    engine = open_engine(LOCAL_SPARK, tmp_path / "spill")
    try:
        with pytest.raises(EngineError, match="TS-RUN-017"):
            open_engine(LOCAL_SPARK, tmp_path / "second")
        assert engine.map_chunks(squares, SEEDS, 50) == squares(SEEDS)
    finally:
        engine.close()
    assert (signal.getsignal(signal.SIGINT), sorted(package.iterdir()), os.environ.get("SPARK_HOME")) == before
    assert list(tmp_path.iterdir()) == []


@pytest.mark.spark
def test_partitions_of_chunks_have_at_least_twenty_runs(spark: Engine) -> None:
    shares = spark.map_chunks(squares_and_shares, SEEDS, 3)
    assert [square for square, _ in shares] == squares(SEEDS)
    assert {share for _, share in shares} == {20}


@pytest.mark.spark
def test_a_function_that_a_worker_cannot_import_is_refused(spark: Engine, firms: Path) -> None:
    with pytest.raises(TypeError, match="map_chunks"):
        spark.map_chunks(lambda seeds: list(seeds), SEEDS, 20)
    with pytest.raises(TypeError, match="map_batches"):
        spark.map_batches(spark.table(firms), lambda batches: batches, HALVED)


@pytest.mark.spark
def test_a_killed_python_worker_changes_nothing(spark: Engine, firms: Path, tmp_path: Path) -> None:
    check_killed(spark, firms, tmp_path, "worker")


@pytest.mark.spark
def test_workers_that_are_always_killed_end_the_run_with_a_reason(spark: Engine) -> None:
    with pytest.raises(EngineError, match="TS-RUN-007"):
        spark.map_chunks(always_killed, SEEDS, 50)


@pytest.mark.spark
def test_a_killed_executor_changes_nothing(tmp_path: Path, firms: Path) -> None:
    skip_without(LOCAL_SPARK)
    engine = open_engine("local-cluster[2,1,1024]", tmp_path / "spill")
    try:
        check_killed(engine, firms, tmp_path, "executor")
    finally:
        engine.close()


def check_killed(engine: Engine, firms: Path, tmp_path: Path, victim: str) -> None:
    """Kill in the middle of batches, after them (what the dead held must be computed again), and in seeds."""
    marker, again = tmp_path / "killed_in_batches", tmp_path / "killed_in_seeds"
    dying = partial(halved_once_killed, marker=marker, victim=victim)
    found = engine.map_batches(engine.table(firms), dying, HALVED)
    assert marker.exists()
    answers = engine.map_chunks(partial(squares_once_killed, marker=again, victim=victim), SEEDS, 20)
    assert again.exists()
    assert answers == squares(SEEDS)
    assert engine.write(found, tmp_path / "found.parquet") == ROWS // 2
    expected = pa.Table.from_batches(halved(iter(pq.read_table(firms).combine_chunks().to_batches())))
    assert pq.read_table(tmp_path / "found.parquet").equals(expected)  # firms are in order already


@pytest.fixture
def spark(tmp_path: Path) -> Iterator[Engine]:
    skip_without(LOCAL_SPARK)
    opened = open_engine(LOCAL_SPARK, tmp_path / "spill")
    yield opened
    opened.close()


# ---- a cluster of its own, as an agency has one ----


class Cluster:
    """A standalone master and, when asked for, a worker: processes beside this one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = Path(importlib.util.find_spec("pyspark").origin).parent
        self.processes: list[subprocess.Popen[bytes]] = []
        self.url = ""

    def start(self, kind: str, *arguments: str) -> str:
        """Start a part of the cluster, and wait for the port that it says it took."""
        log = self.folder / f"{kind}.log"
        command = [self.package / "bin" / "spark-class", f"org.apache.spark.deploy.{kind.lower()}.{kind}"]
        environment = os.environ | {"SPARK_HOME": str(self.package), "SPARK_NO_DAEMONIZE": "1"}
        with log.open("wb") as handle:
            started = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--webui-port", "0", *arguments],
                stdout=handle,
                stderr=handle,
                env=environment,
            )
        self.processes.append(started)
        for _ in range(600):
            found = re.search(r"spark://127\.0\.0\.1:\d+|registered with master", log.read_text(errors="replace"))
            if found:
                return found.group()
            assert started.poll() is None, log.read_text()
            time.sleep(0.2)
        raise AssertionError(log.read_text())

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait(30)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    skip_without(LOCAL_SPARK)
    made = Cluster(tmp_path)
    try:
        made.url = made.start("Master", "--port", "0")
        yield made
    finally:
        made.stop()


@pytest.mark.spark
def test_a_run_on_a_cluster_stores_the_bytes_of_a_run_on_duckdb(
    cluster: Cluster, town: ToyTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as impatient:
        impatient.setattr(spark_session, "WORKER_SECONDS", 3.0)
        with pytest.raises(EngineError, match="TS-RUN-014"):
            open_engine(cluster.url, tmp_path / "spill")
    steps = town.steps()
    code = [str(town.folder.parent), *(path for path in sys.path if path.startswith(str(Path(__file__).parents[2])))]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(code))
    cluster.start("Worker", "--cores", "2", "--memory", "1g", "--work-dir", str(tmp_path / "work"), cluster.url)
    record = run_graph(town.study, steps, engine=cluster.url)
    assert set(states(record).values()) == {"computed"}
    on_spark = stored_bytes(town.study.out)
    assert set(states(run_graph(town.study, steps)).values()) == {"fresh"}  # what one engine stored, the other takes
    shutil.rmtree(town.study.out)
    run_graph(town.study, steps)
    on_duckdb = stored_bytes(town.study.out)
    assert on_spark.pop("run.json") != on_duckdb.pop("run.json")  # it names the engine
    assert on_spark == on_duckdb
