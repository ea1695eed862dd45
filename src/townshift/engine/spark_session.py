"""A Spark session: which cluster a URL names, what it needs here, and whether its workers can do the work."""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from townshift.engine.spark_worker import WorkerReport, report, versions
from townshift.errors import EngineError

if TYPE_CHECKING:
    from py4j.java_gateway import JavaGateway
    from pyspark import SparkConf
    from pyspark.sql import SparkSession

JAVA_OLDEST = 17
"""Spark 4 runs on Java 17 and 21."""

CONNECT_SECONDS = 10.0
"""How long the master may take to answer at its port."""

WORKER_SECONDS = 180.0
"""How long the workers may take for their first piece of work; a busy machine starts one in up to a minute."""

ATTEMPTS = 4
"""Times that a piece of work whose worker was lost is tried before the run gives up."""

_LOCAL = re.compile(r"spark://local(?:\[(\d+|\*)\])?")
_LOCAL_CLUSTER = re.compile(r"local-cluster(?:\[(\d+),(\d+),(\d+)\])?")
_REMOTE = re.compile(r"spark://[^,:/\s]+:\d{1,5}(?:,[^,:/\s]+:\d{1,5})*")

_MEANING = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, as in DuckDB, and not a wrong number
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # dates before 1582 are as they stand in the file
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    "spark.sql.execution.arrow.useLargeVarTypes": "false",
    "spark.sql.sources.useV1SourceList": "parquet",
    "spark.speculation": "false",
    "spark.task.maxFailures": str(ATTEMPTS),
}
"""What results may depend on; everything else is left to the cluster."""

_QUIET = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",  # Spark's log would hold values of tables
    "spark.executor.syncLogLevel.enabled": "true",
}

_UNSEEN = re.compile(r"File file:/*(/.+?) does not exist")
_LOST = ("SparkContext was shut down", "stopped SparkContext", "All masters are unresponsive", "Master removed our app")


@dataclass(frozen=True, slots=True)
class Master:
    """Which Spark a URL names.

    Attributes:
        kind: `local` threads of one process, `local-cluster` processes of this machine, `remote` another's cluster.
        url: what Spark itself calls it.
        addresses: host and port of its masters; empty unless remote.
        executor_megabytes: memory of an executor; 0 where the cluster decides.
    """

    kind: Literal["local", "local-cluster", "remote"]
    url: str
    addresses: tuple[tuple[str, int], ...] = ()
    executor_megabytes: int = 0


def master_of(url: str, workers: int | None = None) -> Master:
    """Which Spark an engine's URL names.

    Parameters:
        url: `spark://host:port` (several masters: `spark://a:7077,b:7077`), `spark://local`, `spark://local[N]`,
            `local-cluster` or `local-cluster[executors,cores,megabytes]`.
        workers: threads of `spark://local`; one for each core if `None`.

    Raises:
        EngineError: it names none.

    Example:
        >>> master_of("spark://local[2]").url
        'local[2,4]'
        >>> master_of("spark://head:7077").addresses
        (('head', 7077),)
    """
    if found := _LOCAL.fullmatch(url):
        threads = found.group(1) or (str(workers) if workers else "*")
        return Master("local", f"local[{threads},{ATTEMPTS}]")
    if found := _LOCAL_CLUSTER.fullmatch(url):
        executors, cores, megabytes = (
            (int(part) for part in found.groups(default="")) if found.group(1) else (2, 1, 1024)
        )
        return Master("local-cluster", f"local-cluster[{executors},{cores},{megabytes}]", (), megabytes)
    if _REMOTE.fullmatch(url):
        pairs = (address.rpartition(":") for address in url.removeprefix("spark://").split(","))
        return Master("remote", url, tuple((host, int(port)) for host, _, port in pairs))
    raise EngineError.of("TS-RUN-005", engine=url)


def check_spark(url: str) -> None:
    """See that the URL can be read and that this machine has what Spark needs; nothing is started.

    Raises:
        EngineError: no such engine; PySpark or Java is missing or too old.
    """
    master_of(url)
    if importlib.util.find_spec("pyspark") is None:
        raise EngineError.of("TS-RUN-006", engine=url)
    found = _java_version()
    if found is None or found < JAVA_OLDEST:
        raise EngineError.of("TS-RUN-012", engine=url, oldest=JAVA_OLDEST, found=found or "–")


def start_session(url: str, folder: Path, workers: int | None = None) -> SparkSession:
    """A new session whose workers were seen to work.

    Parameters:
        url: as in `master_of`.
        folder: for temporary files of the driver; workers elsewhere must see it.
        workers: threads of `spark://local`.

    Raises:
        EngineError: this process has a session already; the master does not answer; no worker takes up work; the
            workers lack something.
    """
    master = master_of(url, workers)
    from pyspark import SparkContext

    if SparkContext._active_spark_context is not None:
        raise EngineError.of("TS-RUN-017", engine=url)
    if master.kind == "remote":
        _knock(url, master)
    session = _session(url, master, folder)
    try:
        if master.kind != "local":
            _examine_workers(url, session, folder)
    except BaseException:
        session.stop()
        raise
    return session


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn Spark's accounts of what went wrong into the error that a user can act on.

    Raises:
        EngineError: workers were killed again and again, the cluster is gone, or workers do not see a file.
        MemoryError: a part of Spark ran out of memory.
        Exception: whatever a function raised on a worker, as it is.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    from townshift.engine.spark_worker import carried_home

    try:
        yield
    except (Py4JError, PySparkException, ConnectionError, EOFError) as problem:
        message = str(problem)
        if raised := carried_home(message):
            raise raised from None
        if "OutOfMemoryError" in message:
            raise MemoryError from problem
        if unseen := _UNSEEN.search(message):
            raise EngineError.of("TS-RUN-015", engine=url, folder=unseen.group(1), hosts="–") from problem
        if any(said in message for said in _LOST) or isinstance(problem, ConnectionError | EOFError):
            raise EngineError.of("TS-RUN-018", engine=url) from problem
        if "ExecutorLostFailure" in message or "Python worker exited unexpectedly" in message:
            raise EngineError.of("TS-RUN-007", attempts=ATTEMPTS) from problem
        raise


def _java_version() -> int | None:
    """The major version of the Java that Spark would start; `None` if there is none."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        return None
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True, timeout=60).stderr
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found.group(1)) if found else None


def _knock(url: str, master: Master) -> None:
    """See that one of the masters answers, for Spark itself would take a minute to give up."""
    reasons: list[str] = []
    for address in master.addresses:
        try:
            socket.create_connection(address, timeout=CONNECT_SECONDS).close()
        except OSError as problem:
            reasons.append(problem.strerror or str(problem) or type(problem).__name__)
        else:
            return
    raise EngineError.of("TS-RUN-013", engine=url, reason="; ".join(dict.fromkeys(reasons)))


def _session(url: str, master: Master, folder: Path) -> SparkSession:
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    conf = SparkConf(loadDefaults=False).setMaster(master.url).setAppName("townshift")
    conf.setAll(list(settings(master, folder).items()))
    _choose_python(master)
    try:
        gateway = None if SparkContext._gateway is not None else _launch(conf, master)
        with _own_interrupt():
            SparkContext(conf=conf, gateway=gateway)
            return SparkSession.builder.getOrCreate()
    except Exception as problem:
        if SparkContext._active_spark_context is not None:
            SparkContext._active_spark_context.stop()
        reason = str(problem).splitlines()[0][:200] if str(problem) else type(problem).__name__
        raise EngineError.of("TS-RUN-013", engine=url, reason=reason) from problem


def settings(master: Master, folder: Path) -> Mapping[str, str]:
    """Spark's settings: those that results depend on, quiet ones, and on this machine also memory and paths.

    Memory, cores and secrets of another's cluster are left to its `spark-defaults.conf`.
    """
    found = {
        **_MEANING,
        **({} if os.environ.get("TOWNSHIFT_DEBUG") else _QUIET),
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        **{f"spark.executorEnv.{name}": "1" for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")},
    }
    if master.kind == "remote":
        return found
    found |= {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": f"{_driver_megabytes(master)}m",
        "spark.driver.maxResultSize": f"{_driver_megabytes(master) // 2}m",
        "spark.sql.shuffle.partitions": "32",  # joined where they are small; the default of 200 suits large clusters
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    if master.executor_megabytes:
        found["spark.executor.memory"] = f"{master.executor_megabytes}m"
    return found


def _driver_megabytes(master: Master) -> int:
    """A third of the machine's memory, one to eight GB; where threads of the driver do the work it is all there is."""
    if master.kind == "local-cluster":
        return 1024
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (AttributeError, ValueError, OSError):
        total = 4096
    return max(1024, min(8192, total // 3))


def _choose_python(master: Master) -> None:
    """Workers run this Python; on another's machines it may lie elsewhere, as `PYSPARK_PYTHON` then says."""
    if master.kind == "remote":
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    else:
        os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable


def _launch(conf: SparkConf, master: Master) -> JavaGateway:
    """Start the Java process of this Python process; it lives as long as Python does.

    Its warnings go to a file. Executors of a local cluster keep their files below SPARK_HOME, which must therefore not
    be the installed package.
    """
    from pyspark.java_gateway import launch_gateway

    scratch = Path(tempfile.mkdtemp(prefix="townshift-spark-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    before = os.environ.get("SPARK_HOME")
    if master.kind != "remote":
        installed = importlib.util.find_spec("pyspark")
        assert installed is not None
        assert installed.origin is not None
        for name in ("bin", "jars"):
            (scratch / name).symlink_to(Path(installed.origin).parent / name)
        os.environ["SPARK_HOME"] = str(scratch)
    try:
        if os.environ.get("TOWNSHIFT_DEBUG"):
            return launch_gateway(conf)
        with (scratch / "java.log").open("wb") as log:
            return launch_gateway(conf, {"stderr": log})
    finally:
        if before is not None:
            os.environ["SPARK_HOME"] = before
        else:
            os.environ.pop("SPARK_HOME", None)


@contextmanager
def _own_interrupt() -> Iterator[None]:
    """Keep this process's answer to Ctrl-C, which PySpark would replace for good."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _examine_workers(url: str, session: SparkSession, folder: Path) -> None:
    """Let workers report, and refuse those that could not do the work."""
    token, content = folder / "seen_by_workers", secrets.token_hex()
    token.write_text(content, "utf-8")
    reports = _reports(url, session, partial(report, token, content))
    ours = versions()
    differing = sorted(
        f"{one.host}: {name} {version} ≠ {ours[name]}"
        for one in {found.host: found for found in reports}.values()
        for name, version in one.versions.items()
        if version != ours[name]
    )
    if differing:
        raise EngineError.of("TS-RUN-016", engine=url, reason="; ".join(differing))
    blind = sorted({one.host for one in reports if not one.sees})
    if blind:
        raise EngineError.of("TS-RUN-015", engine=url, folder=folder, hosts=", ".join(blind))


def _reports(url: str, session: SparkSession, job: partial[WorkerReport]) -> list[WorkerReport]:
    """The reports of as many workers as there are, within a bounded time."""
    context = session.sparkContext
    found: list[WorkerReport] = []
    failures: list[Exception] = []

    def ask() -> None:
        try:
            pieces = max(2, 2 * context.defaultParallelism)
            found.extend(context.parallelize(range(pieces), pieces).map(job).collect())
        except Exception as problem:
            failures.append(problem)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(WORKER_SECONDS)
    if asking.is_alive():
        with suppress(Exception):
            context.cancelAllJobs()
        raise EngineError.of("TS-RUN-014", engine=url, seconds=int(WORKER_SECONDS))
    if failures:
        with explained(url):
            raise EngineError.of("TS-RUN-016", engine=url, reason=_cause(str(failures[0]))) from failures[0]
    return found


def _cause(message: str) -> str:
    """The line of Spark's account that says why a worker could not start."""
    telling = ("ModuleNotFoundError", "PYTHON_VERSION_MISMATCH", "Cannot run program", "ImportError")
    for line in message.splitlines():
        if any(word in line for word in telling):
            return line.strip()[:200]
    return (message.splitlines() or ["–"])[0][:200]
