"""The services of the units come up as systemd would start them, answer where they are asked, and end when told to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from infra.health import problem
from pipelines.commands.probe import asked, remotes
from pipelines.commands.services import Place, ServiceError, become
from pipelines.settings import load
from tests.services import ROOT, UNIT, free_port, services, wait_for


@pytest.mark.slow
@pytest.mark.postgres
def test_the_units_commands_come_up_on_postgresql_with_secrets_from_files(tmp_path, postgres):
    secrets, home, logs = tmp_path / "secrets", tmp_path / "home", tmp_path / "logs"
    for folder in (secrets, logs):
        folder.mkdir()
    addresses = {name: postgres() for name in re.findall(r"LoadCredential=(GERLAND_(?!PSEUDONYM)\w+):", UNIT)}
    assert set(addresses) == {"GERLAND_DAGSTER", "GERLAND_TRACKING", "GERLAND_WORKBENCH"}
    for name, address in addresses.items():
        (secrets / name).write_text(f"{address}\n")
    places = {name: str(tmp_path / name) for name in ("landing", "lake", "reports", "artifacts")}
    (tmp_path / "gerland.toml").write_text("".join(f'{name} = "{place}"\n' for name, place in places.items()))
    environment = {**os.environ, "CREDENTIALS_DIRECTORY": str(secrets), "DAGSTER_HOME": str(home)}
    environment |= {"GERLAND_SETTINGS": str(tmp_path / "gerland.toml"), "PYTHONPATH": str(ROOT)}
    port = {name: free_port() for name in ("code", "dagster", "mlflow", "workbench")}
    at = ["--code", f"localhost:{port['code']}"]
    dagster = Path(sys.executable).parent / "dagster"
    with services(environment, logs) as start:
        code = start("code", "--port", str(port["code"]))
        mlflow, workbench = (start(name, "--port", str(port[name])) for name in ("mlflow", "workbench"))
        health = [dagster, "api", "grpc-health-check", "--port", str(port["code"])]
        wait_for(
            lambda: subprocess.run(health, env=environment, capture_output=True).returncode == 0,
            code,
            logs / "code.log",
        )
        page, daemon = start("dagster", "--port", str(port["dagster"]), *at), start("daemon", *at)
        for name, process, path in (
            ("dagster", page, "server_info"),
            ("mlflow", mlflow, "health"),
            ("workbench", workbench, "health"),
        ):
            address = f"http://127.0.0.1:{port[name]}/{path}"
            wait_for(lambda address=address: problem(address) is None, process, logs / f"{name}.log")
        alive = [Path(sys.executable).parent / "dagster-daemon", "liveness-check"]
        wait_for(
            lambda: subprocess.run(alive, env=environment, capture_output=True).returncode == 0,
            daemon,
            logs / "daemon.log",
        )
        seen = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        tracked = load(tracking=f"http://127.0.0.1:{port['mlflow']}")
        assert [answer.problem for answer in asked(list(remotes(tracked)))] == [""]
    word = addresses["GERLAND_DAGSTER"].split(":")[2].split("@")[0]
    for secret in (word, unquote(word)):
        assert not any(secret.encode() in line for line in seen), "a password stands on no command line"
        assert not any(secret in log.read_text() for log in logs.iterdir())
    assert not list(home.rglob("*.db"))


@pytest.mark.slow
def test_a_spark_cluster_of_ones_own_and_its_connect_server_come_up_and_write_delta(tmp_path):
    logs = tmp_path / "logs"
    logs.mkdir()
    master, connect = free_port(), free_port()
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    environment |= {"GERLAND_SPARK_MASTER": f"spark://127.0.0.1:{master}", "GERLAND_LAKE": str(tmp_path / "lake")}
    environment |= {"GERLAND_SPARK_MEMORY": "1g", "SPARK_WORKER_DIR": str(tmp_path / "work")}
    environment |= {"SPARK_WORKER_CORES": "1", "SPARK_WORKER_MEMORY": "1g"}
    told = {"spark.executor.memory": "800m", "spark.driver.host": "127.0.0.1"}
    environment |= {"GERLAND_SPARK_CONF": json.dumps(told | {"spark.connect.authenticate.token": "pl4nted-s3cret"})}
    remote = f"sc://localhost:{connect}/;token=pl4nted-s3cret"
    with services(environment, logs) as start:
        wait_for(
            lambda: problem(f"tcp://127.0.0.1:{master}") is None,
            start("master", "--port", str(master)),
            logs / "master.log",
        )
        start("worker")
        server = start("connect", "--port", str(connect))
        services_named = list(remotes(load(spark_remote=remote)))
        wait_for(lambda: not asked(services_named)[0].problem, server, logs / "connect.log")
        write = (
            "from pyspark.sql import SparkSession; import sys;"
            "spark = SparkSession.builder.remote(sys.argv[1]).getOrCreate();"
            "spark.range(1000).write.format('delta').save(sys.argv[2]);"
            "print(spark.read.format('delta').load(sys.argv[2]).count())"
        )
        done, refused = (
            subprocess.run(
                [sys.executable, "-c", write, address, str(tmp_path / "table")],
                capture_output=True,
                text=True,
                timeout=240,
            )
            for address in (remote, remote.replace("s3cret", "other"))
        )
    assert done.stdout.strip() == "1000", done.stderr + (logs / "connect.log").read_text()
    assert refused.returncode != 0 and "UNAUTHENTICATED" in refused.stderr
    assert not any("pl4nted-s3cret" in log.read_text() for log in logs.iterdir())
    assert (tmp_path / "home" / "spark-connect.properties").stat().st_mode & 0o077 == 0, "keys of a store stand in it"


def test_a_service_whose_database_is_silent_says_so_and_does_not_begin(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    settings = load(dagster=f"postgresql://me:s3cret@127.0.0.1:{free_port()}/d")
    for name in ("code", "dagster", "daemon"):
        with pytest.raises(ServiceError, match=r"Dagster's database: postgresql.* can't be used: connection refused"):
            become(name, settings, Place("127.0.0.1", 1, "localhost:2"))
    with pytest.raises(ServiceError, match="names an MLflow server"):
        become("mlflow", load(tracking="https://mlflow.example.org"), Place("127.0.0.1", 1, ""))
