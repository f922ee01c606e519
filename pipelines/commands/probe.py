"""Are the services that the settings name there? Each is asked before anything begins, and has five seconds for it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipelines.core.addresses import because, is_postgres, is_server, shown
from pipelines.settings import Settings

SECONDS = 5.0
LOGIN = 401, 403
Ask = Callable[[], str]  # says what was seen; raises where there is no answer


@dataclass(frozen=True)
class Remote:
    """A service on another machine: its name, the setting that holds its address, and how it is asked.

    `prepare` loads what asking needs, on no account of the seconds. A run does without one that is not needed.
    """

    name: str
    setting: str
    address: str
    prepare: Callable[[str], Ask]
    is_needed: bool = True


@dataclass(frozen=True)
class Answer:
    """What a service said: what was seen, or the sentence that tells why there was none."""

    remote: Remote
    seen: str
    problem: str = ""


class Unwell(Exception):
    """A service answered, and what it said is no good; the message says what."""


def remotes(settings: Settings) -> Iterator[Remote]:
    """Every service that the settings name; none where all lies in folders of this machine."""
    stores = {"Landing zone": "landing", "Lake": "lake", "Outbox": "outbox", "Artifacts": "artifacts"}
    for name, setting in stores.items():
        if "://" in str(getattr(settings, setting)):
            yield Remote(name, setting, str(getattr(settings, setting)), _store)
    if settings.spark_remote:
        yield Remote("Spark Connect", "spark_remote", settings.spark_remote, _connect)
    elif "://" in settings.spark_master:
        yield Remote("Spark master", "spark_master", settings.spark_master, _port)
    if is_server(settings.tracking):
        yield Remote("MLflow", "tracking", settings.tracking, _mlflow)
    yield from databases(settings)


def databases(settings: Settings) -> Iterator[Remote]:
    """The PostgreSQL databases that the settings name."""
    if settings.dagster:
        yield Remote("Dagster's database", "dagster", settings.dagster, _postgres)
    if is_postgres(settings.tracking):
        yield Remote("MLflow's database", "tracking", settings.tracking, _postgres)
    if is_postgres(settings.workbench):
        yield Remote("Workbench's database", "workbench", settings.workbench, _postgres, is_needed=False)


def asked(services: Sequence[Remote], seconds: float = SECONDS) -> list[Answer]:
    """Ask all at once; returns their answers, in this order, after at most so many seconds."""
    answers: dict[Remote, Answer] = {}

    def wait_for(service: Remote, ask: Ask) -> None:
        try:
            answers[service] = Answer(service, ask())
        except Exception as error:
            answers[service] = _silent(service, because(error))

    asking = []
    for service in services:
        try:
            ask = service.prepare(service.address)
        except Exception as error:
            answers[service] = _silent(service, because(error))
            continue
        asking.append(threading.Thread(target=wait_for, args=(service, ask), daemon=True))
    until = time.monotonic() + seconds
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join(max(0.0, until - time.monotonic()))
    late = f"no answer within {seconds:.0f} seconds"
    return [dict(answers).get(service) or _silent(service, late) for service in services]


def _silent(service: Remote, why: str) -> Answer:
    return Answer(service, "", f"{shown(service.address)} can't be used: {why}")


def _reach(host: str, port: int) -> None:
    """Open and close a connection: the system says best why there is none."""
    socket.create_connection((host, port), SECONDS).close()


def _port(address: str) -> Ask:
    """Ask for nothing but a connection, of what has no greeting."""
    place = urlsplit(address.rpartition("k8s://")[2])
    port = place.port or (443 if place.scheme == "https" else 7077)

    def ask() -> str:
        _reach(place.hostname or "", port)
        return "connects"

    return ask


def _postgres(address: str) -> Ask:
    """Log in, and ask whether tables may be made there."""
    import psycopg2
    from sqlalchemy import make_url

    url = make_url(address)
    arguments = {**url.translate_connect_args(username="user", database="dbname"), **url.query}

    def ask() -> str:
        if url.host:
            _reach(url.host, url.port or 5432)
        connection = psycopg2.connect(**arguments)
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('server_version'), current_user, current_database()")
                version, user, database = cursor.fetchone()
                cursor.execute("SELECT coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)")
                if not cursor.fetchone()[0]:
                    raise Unwell(f"{user} may make no tables in {database}; make it the owner of the database")
        finally:
            connection.close()
        return f"PostgreSQL {version.split()[0]}"

    return ask


def _connect(address: str) -> Ask:
    """Ask a Spark Connect server for its version."""
    from uuid import uuid4

    import grpc
    import pyspark.sql.connect.proto as pb
    from pyspark import __version__ as ours
    from pyspark.sql.connect.client.core import DefaultChannelBuilder
    from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

    builder = DefaultChannelBuilder(address)
    host, _, port = builder.endpoint.rpartition(":")

    def ask() -> str:
        _reach(host.strip("[]"), int(port))
        session, user = str(uuid4()), pb.UserContext(user_id=builder.userId or "gerland")
        with builder.toChannel() as channel:
            stub, said = SparkConnectServiceStub(channel), builder.metadata()
            request = pb.AnalyzePlanRequest(session_id=session, user_context=user)
            request.spark_version.SetInParent()
            try:
                theirs = stub.AnalyzePlan(request, timeout=SECONDS, metadata=said).spark_version.version
                ending = pb.ReleaseSessionRequest(session_id=session, user_context=user)
                stub.ReleaseSession(ending, timeout=SECONDS, metadata=said)
            except grpc.RpcError as error:
                raise Unwell(f"{error.code().name.lower().replace('_', ' ')}: {error.details()}") from None
        if theirs.rsplit(".", 1)[0] != ours.rsplit(".", 1)[0]:
            raise Unwell(f"it runs Spark {theirs}, and {ours} is installed here")
        return f"Spark {theirs}"

    return ask


def _mlflow(address: str) -> Ask:
    """Ask a tracking server for an experiment, with the login that MLflow itself would give."""
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import http_request

    place = urlsplit(address)
    port = place.port or (443 if place.scheme == "https" else 80)

    def ask() -> str:
        _reach(place.hostname or "", port)
        answer = http_request(
            get_default_host_creds(address),
            "/api/2.0/mlflow/experiments/search",
            "POST",
            max_retries=0,
            timeout=SECONDS,
            json={"max_results": 1},
        )
        if answer.status_code in LOGIN:
            raise Unwell(f"the login was refused ({answer.status_code})")
        if not answer.ok or "json" not in answer.headers.get("Content-Type", ""):
            raise Unwell(f"it is no MLflow server, or an ailing one (answer {answer.status_code})")
        return "answers"

    return ask


def _store(address: str) -> Ask:
    """List what lies at an address of an object store."""
    from pyarrow import fs

    from pipelines.files.store import file_system

    def ask() -> str:
        system, base = file_system(address)  # asks the store for its region
        bucket = system.get_file_info(base.split("/", 1)[0])
        if bucket.type == fs.FileType.NotFound:
            raise Unwell(f"there is no bucket {bucket.path}")
        system.get_file_info(fs.FileSelector(base, allow_not_found=True))
        return "answers"

    return ask
