"""The one Spark engine of a process: embedded by default, a Spark Connect client by one setting."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pipelines.core.addresses import because, is_store
from pipelines.files import object_store
from pipelines.privacy.owner_only import OTHERS, owner_only

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipelines.settings import Settings

QUIET_LOG4J = Path(__file__).resolve().parents[2] / "infra" / "spark" / "log4j2.properties"


COMPILED_FROM = 64 << 20  # bytes of a step's inputs from which generated code is worth its making
SMALL_PARTITIONS = 2
TIME_ZONE = "UTC"
DAEMON = "pipelines.frames.daemon"
OPTIMISED_FROM = 1 << 30  # bytes landed; below, the optimising compiler costs a fifth of the run and repays nothing
LOUD = (  # they print errors, and rows with them
    "SQLQueryContextLogger",
    "DataFrameQueryContextLogger",
    "pyspark.sql.connect.logging",
)
CONNECT_PORT, CONNECT_SECONDS = 15002, 5
ATTEMPTS, LONGEST_WAIT_MILLISECONDS = 8, 5_000  # of a call to a Connect server: half a minute together

_starting = threading.Lock()
_started: list[SparkSession] = []  # the engine's first session
_own = threading.local()  # a thread's session, and the engine that it is of


class SparkUnavailable(Exception):
    """Spark can't start here; the message says what is missing and how to mend it."""


def session(settings: Settings | None = None) -> SparkSession:
    """Return a session of the process's Spark engine, which is started on first use.

    Threads beside the main one have an embedded session each: what a step sets (`suit`) is not the others'.
    Raises `SparkUnavailable` where Java or the Delta jars are missing.
    """
    from pipelines.settings import settings as current

    owner_only()  # the engine and its workers have it from here
    settings = settings or current()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    from pyspark import SparkContext
    from pyspark.logger import PySparkLogger

    for name in LOUD:
        PySparkLogger.getLogger(name).disabled = True
    if settings.spark_remote:
        return _remote(settings.spark_remote, settings)

    is_main = threading.current_thread() is threading.main_thread()
    with _starting:
        if not is_main and _started and _started[-1].sparkContext is SparkContext._active_spark_context:
            return _of_thread(_started[-1])  # asking for the engine again would set it anew under a running step
        spark = _embedded(settings)
        _started[:] = [spark]
    return spark if is_main else _of_thread(spark)


def _remote(remote: str, settings: Settings) -> SparkSession:
    """The calling thread's session of a Connect server; a new one where the server was started anew meanwhile.

    Raises `SparkUnavailable` where nobody listens there.
    """
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    _must_listen(remote)
    known: SparkSession | None = getattr(_own, "session", None)
    if known is not None and getattr(_own, "engine", None) == remote and _answers(known):
        return known
    spark = SparkSession.builder.remote(remote).create()
    # By itself the client waits ten minutes, in every step, for a server that was killed.
    spark.client.set_retry_policies([DefaultPolicy(max_retries=ATTEMPTS, max_backoff=LONGEST_WAIT_MILLISECONDS)])
    for name, value in {**_of_session(), **settings.spark_conf}.items():
        if name.startswith("spark.sql."):  # what a session may set for itself
            spark.conf.set(name, value)
    _own.engine, _own.session = remote, spark
    return spark


def _must_listen(remote: str) -> None:
    place = urlsplit(remote)
    try:
        socket.create_connection((place.hostname or "", place.port or CONNECT_PORT), CONNECT_SECONDS).close()
    except OSError as error:
        said = f"Spark Connect at {place.netloc} does not answer: {because(error)}"
        raise SparkUnavailable(f"{said}; start it, and the same command goes on from what is written") from None


def _answers(spark: SparkSession) -> bool:
    """Tell whether the server knows a session."""
    from pyspark.errors import PySparkException

    try:
        return spark.conf.get("spark.sql.session.timeZone") == TIME_ZONE
    except PySparkException:
        return False


def conf(settings: Settings) -> dict[str, str]:
    """Every setting of an engine of ours, in this process or as a server. Raises `SparkUnavailable` without Java."""
    from infra.jars import jar_paths, java_home_problem

    if problem := java_home_problem():
        raise SparkUnavailable(problem)
    jars = os.pathsep.join(str(jar) for jar in jar_paths(settings.jars, with_store=settings.on_object_store))
    return {**engine_settings(settings, jars), **settings.spark_conf}


def _embedded(settings: Settings) -> SparkSession:
    from pyspark.sql import SparkSession

    told = conf(settings)
    _remember_names()
    builder = SparkSession.builder.master(settings.spark_master).appName("gerland")
    for key, value in told.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


@cache
def _remember_names() -> None:
    """Have the bridge to the engine ask once what a name is, not whenever it is used.

    It asks for each part of each name, and for what is no class the engine looks through every jar: a tenth of a small
    run.
    """
    from py4j.java_gateway import JavaClass, JavaPackage, JVMView

    for kind in (JVMView, JavaPackage, JavaClass):
        kind.__getattr__ = _remembering(kind.__getattr__)


def _remembering(ask: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    def known(self: Any, name: str) -> Any:
        found = ask(self, name)
        if not name.startswith("_"):
            vars(self)[name] = found
        return found

    return known


def _of_thread(spark: SparkSession) -> SparkSession:
    """The calling thread's own session of an engine."""
    if getattr(_own, "engine", None) is not spark.sparkContext:
        _own.engine, _own.session = spark.sparkContext, spark.newSession()
    own: SparkSession = _own.session
    return own


def tune(spark: SparkSession, n_bytes: int, settings: Settings) -> None:
    """Suit the engine to what a step reads: little is interpreted as planned, much is compiled and planned as it runs.

    Making code for each plan and planning again after each stage pay only over many rows. What is much is cut into as
    many parts as the settings say; on a cluster of which they say nothing, as the cluster does.
    """
    is_large, many = n_bytes >= COMPILED_FROM, _parts(settings)
    few = str(min(SMALL_PARTITIONS, many or SMALL_PARTITIONS))
    wanted = {
        "spark.sql.codegen.wholeStage": str(is_large).lower(),
        "spark.sql.codegen.factoryMode": "FALLBACK" if is_large else "NO_CODEGEN",
        "spark.sql.adaptive.enabled": str(is_large).lower(),
        "spark.sql.shuffle.partitions": (str(many) if many else None) if is_large else few,
    }
    for name, value in wanted.items():
        if name in settings.spark_conf:
            continue
        if value is None:
            spark.conf.unset(name)
        else:
            spark.conf.set(name, value)


def _parts(settings: Settings) -> int | None:
    """Shuffle partitions that the settings ask for; None where a cluster is to choose."""
    is_said = settings.is_local or "shuffle_partitions" in settings.model_fields_set
    return settings.shuffle_partitions if is_said else None


def in_few_tasks(frame: DataFrame) -> DataFrame:
    """The same rows, where a step reads little (`tune`) by a few tasks: each is handed the whole plan of its stage."""
    return frame.coalesce(SMALL_PARTITIONS) if is_little(frame.sparkSession) else frame


def is_little(spark: SparkSession) -> bool:
    """Tell whether the step that runs reads little, as `tune` was told."""
    return spark.conf.get("spark.sql.adaptive.enabled") == "false"


def _is_small(settings: Settings) -> bool:
    """Tell whether little is landed: then the engine's hot code is not worth being compiled a second time."""
    root = str(settings.landing)
    if is_store(root):
        return False
    n_bytes = 0
    for folder, _, names in os.walk(root):
        for name in names:
            with suppress(OSError):
                n_bytes += (Path(folder) / name).stat().st_size
            if n_bytes >= OPTIMISED_FROM:
                return False
    return True


def engine_settings(settings: Settings, jars: str) -> dict[str, str]:
    """Settings of an engine: small partitions, quick JVM start, nothing listening where all is on this machine."""
    return {
        "spark.driver.extraClassPath": jars,
        "spark.executor.extraClassPath": jars,
        "spark.driver.memory": settings.spark_memory,
        "spark.driver.extraJavaOptions": (
            f"-Dlog4j2.configurationFile={QUIET_LOG4J} -XX:+UseParallelGC -Dio.netty.tryReflectionSetAccessible=true "
            "-XX:ReservedCodeCacheSize=512m -XX:-UseCodeCacheFlushing"  # else generated code is swept and made again
            + (" -XX:TieredStopAtLevel=1" if _is_small(settings) else "")
        ),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        **_of_session(),
        **({"spark.sql.shuffle.partitions": str(many)} if (many := _parts(settings)) else {}),
        **({"spark.databricks.delta.snapshotPartitions": "2"} if settings.is_local else {}),
        **({"spark.python.daemon.module": DAEMON} if settings.is_local else {}),
        "spark.python.sql.dataFrameDebugging.enabled": "false",  # else every column asks for where it was called
        "spark.shuffle.compress": "false",  # tasks hand each other packed numbers
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.warehouse.dir": _warehouse(str(settings.lake)),
        "spark.sql.catalogImplementation": "in-memory",
        "spark.hadoop.fs.permissions.umask-mode": f"{OTHERS:03o}",  # Hadoop sets modes by itself
        **(_here() if settings.is_local else {}),
        **(object_store.engine_settings() if settings.on_object_store else {}),
        **(object_store.executor_environment() if settings.on_object_store and not settings.is_local else {}),
    }


def _of_session() -> dict[str, str]:
    """Settings that each session has, wherever its engine is."""
    return {
        "spark.sql.session.timeZone": TIME_ZONE,
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
    }


def _warehouse(lake: str) -> str:
    """Where the engine would keep tables that have no address; none of ours."""
    return f"{lake}/_warehouse" if is_store(lake) else str(Path(lake).absolute() / "_warehouse")


def _here() -> dict[str, str]:
    """Settings of an engine that nobody else reaches."""
    return {"spark.driver.host": "localhost", "spark.driver.bindAddress": "127.0.0.1"}
