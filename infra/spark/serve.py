"""The engine as a service, from what pip brought: `python -m infra.spark.serve connect | master | worker`.

`connect` starts a Spark Connect server on the master that the settings name, with the settings that an embedded engine
has; `master` and `worker` a standalone cluster. Each stays in the foreground, for systemd, a container or a shell.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"
MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"
TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN"  # noqa: S105


def main(arguments: Sequence[str] | None = None) -> int:
    """Become the service that is asked for; says in one sentence what is missing."""
    parser = argparse.ArgumentParser(prog="python -m infra.spark.serve", description=__doc__)
    parser.add_argument("service", choices=("connect", "master", "worker"))
    parser.add_argument("--host", default="127.0.0.1", help="Address that it listens on.")
    parser.add_argument("--port", type=int, help="Port; 15002 of Connect, 7077 of a master.")
    parser.add_argument("--cores", type=int, help="Cores that a worker gives.")
    parser.add_argument("--memory", help="Memory that a worker gives, such as 8g.")
    given = parser.parse_args(arguments)
    from infra.jars import JarsMissing
    from pipelines.settings import SettingsError

    try:
        command, environment = of(given)
    except (JarsMissing, SettingsError) as error:
        sys.stderr.write(f"gerland: {error}\n")
        return 1
    os.execvpe(command[0], command, environment)  # noqa: S606


def of(given: argparse.Namespace) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a service.

    Raises `JarsMissing` or `SettingsError` for what is missing, an open Connect server among it: whoever reaches one
    reads and writes the lake.
    """
    import pyspark

    from infra.jars import JarsMissing, jar_paths, java_home_problem
    from pipelines.frames.spark import engine_settings
    from pipelines.settings import ROOT, SettingsError, load

    if problem := java_home_problem():
        raise JarsMissing(problem)
    settings, home = load(), Path(pyspark.__file__).parent
    jars = os.pathsep.join(map(str, jar_paths(settings.jars, with_store=settings.on_object_store)))
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = {"SPARK_HOME": str(home), "PYTHONPATH": paths, "PYSPARK_PYTHON": sys.executable, "SPARK_NO_DAEMONIZE": "1"}
    environment = {**os.environ, **own}
    if given.service == "master":
        listens = ["--host", given.host, "--port", str(given.port or 7077), "--webui-port", "0"]
        return [str(home / "bin" / "spark-class"), MASTER, *listens], environment
    if given.service == "worker":
        gives = [*(["--cores", str(given.cores)] if given.cores else []), "--host", given.host, "--webui-port", "0"]
        gives += ["--memory", given.memory] if given.memory else []
        return [str(home / "bin" / "spark-class"), WORKER, *gives, settings.spark_master], environment
    is_far = given.host not in ("127.0.0.1", "localhost")
    if is_far and not os.environ.get(TOKEN):
        raise SettingsError(f"a Connect server that listens on {given.host} needs a token: set {TOKEN}")
    told = {**engine_settings(settings, jars), **settings.spark_conf}
    told |= {
        "spark.connect.grpc.binding.address": given.host,
        "spark.connect.grpc.binding.port": str(given.port or 15002),
    }
    command = [str(home / "bin" / "spark-submit"), "--master", settings.spark_master, "--class", CONNECT]
    for name, value in told.items():
        command += ["--conf", f"{name}={value}"]
    return [*command, "spark-internal"], environment


if __name__ == "__main__":
    raise SystemExit(main())
