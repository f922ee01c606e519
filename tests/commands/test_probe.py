"""Other services are asked first, each for at most five seconds; what can't be used is one sentence, without a secret."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import grpc
import pytest

from pipelines.commands.doctor import diagnose, listed, obstacle
from pipelines.commands.probe import asked, remotes
from pipelines.settings import Settings, load

ROOT = Path(__file__).resolve().parents[2]
SECRET = "pl4nted-s3cret"


@contextmanager
def a_port(answers: bool) -> Iterator[int]:
    """A port where nobody is, or one that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if answers:
            server.listen()
        yield server.getsockname()[1]


def naming(port: int, **more: str) -> Settings:
    """Settings that name every service at one port."""
    database = f"postgresql://me:{SECRET}@127.0.0.1:{port}/gerland"
    given = {"dagster": database, "workbench": database, "tracking": f"http://me:{SECRET}@127.0.0.1:{port}"}
    return load(**given, **{"spark_remote": f"sc://localhost:{port}/;token={SECRET}", **more})


def problems(settings: Settings, seconds: float = 5.0) -> dict[str, str]:
    return {answer.remote.name: answer.problem for answer in asked(list(remotes(settings)), seconds)}


def test_nothing_is_asked_where_all_is_on_this_machine():
    assert list(remotes(load())) == []


def test_a_dead_port_is_told_at_once():
    with a_port(answers=False) as port:
        settings = naming(port)
        list(map(str, problems(settings)))  # libraries are loaded
        started = time.monotonic()
        told = problems(settings)
        assert time.monotonic() - started < 4
    assert set(told) == {"MLflow", "Spark Connect", "Dagster's database", "Workbench's database"}
    for sentence in told.values():
        assert sentence.endswith("can't be used: connection refused")
        assert SECRET not in sentence


def test_a_port_that_never_answers_takes_no_longer_than_the_time_it_is_given():
    with a_port(answers=True) as port:
        settings = naming(port)
        services = list(remotes(settings))
        for service in services:
            service.prepare(service.address)
        started = time.monotonic()
        told = problems(settings, seconds=1.0)
        assert time.monotonic() - started < 4, "all are asked at once"
    assert all("no answer within 1 seconds" in sentence for sentence in told.values()), told


@pytest.mark.postgres
def test_a_database_is_asked_for_its_login_and_for_leave_to_make_tables(postgres):
    import psycopg2

    address = postgres()
    assert problems(load(dagster=address, workbench=address)) == {"Dagster's database": "", "Workbench's database": ""}
    user, rest = address.split("://")[1].split(":", 1)
    wrong = f"postgresql://{user}:{SECRET}@{rest.split('@')[1]}"
    told = problems(load(tracking=wrong))["MLflow's database"]
    assert told.endswith('can\'t be used: password authentication failed for user "gerland"')
    assert SECRET not in told
    connection = psycopg2.connect(address)
    connection.autocommit = True
    connection.cursor().execute(f"CREATE ROLE reader LOGIN PASSWORD '{SECRET}'")
    connection.close()
    reading = f"postgresql://reader:{SECRET}@{rest.split('@')[1]}"
    assert "reader may make no tables" in problems(load(workbench=reading))["Workbench's database"]
    missing = problems(load(workbench=address.rpartition("/")[0] + "/nowhere"))["Workbench's database"]
    assert missing.endswith('database "nowhere" does not exist')


def test_a_tracking_server_that_refuses_the_login_or_is_none_is_told(monkeypatch):
    class Refusing(BaseHTTPRequestHandler):
        code = 401

        def do_POST(self):
            self.send_response(self.code)
            self.end_headers()

        def log_message(self, *_):
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        settings = load(tracking=f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", SECRET)
        assert problems(settings)["MLflow"].endswith("the login was refused (401)")
        Refusing.code = 200
        assert "no MLflow server" in problems(settings)["MLflow"]
    finally:
        server.shutdown()
        server.server_close()


def test_a_connect_server_that_refuses_the_token_is_told():
    class Refusing(grpc.GenericRpcHandler):
        def service(self, _):
            def refuse(_request, context):
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "Invalid authentication token")

            return grpc.unary_unary_rpc_method_handler(refuse)

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Refusing()])
    port = server.add_secure_port("localhost:0", grpc.local_server_credentials())
    server.start()
    try:
        told = problems(load(spark_remote=f"sc://localhost:{port}/;token={SECRET}"))["Spark Connect"]
    finally:
        server.stop(0)
    assert told.endswith("can't be used: unauthenticated: Invalid authentication token")
    assert SECRET not in told


def test_the_doctor_and_the_run_say_it_before_anything_begins_and_quote_no_secret(tmp_path, monkeypatch):
    (tmp_path / "landing").mkdir()
    with a_port(answers=False) as port:
        places = {name: str(tmp_path / name) for name in ("landing", "lake", "reports")}
        settings = naming(port, **places)
        found = {f.name: f for f in diagnose(settings)}
        assert not found["Spark Connect"].is_ok
        assert found["Spark Connect"].mend == "start it, or set GERLAND_SPARK_REMOTE"
        assert SECRET not in str(found) + str(list(listed(settings))) + repr(settings)
        blocking = obstacle(settings)
        assert blocking
        assert blocking.name == "Spark Connect"
        own = {f"GERLAND_{name.upper()}": value for name, value in places.items()}
        own["GERLAND_SPARK_REMOTE"] = f"sc://localhost:{port}/;token={SECRET}"
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pipelines.cli", "run"],
            env={**os.environ, **own, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert time.monotonic() - started < 45, "it was silent for over 90 s"
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "Spark Connect: sc://localhost" in line
    assert "connection refused" in line
    assert SECRET not in line
