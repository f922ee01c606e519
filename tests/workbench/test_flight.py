"""Flight SQL: the ADBC driver reads by SQL what its recipient may see, and nothing in any other way."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import adbc_driver_flightsql.dbapi as adbc
import pytest
import sqlalchemy as sa
from adbc_driver_flightsql import DatabaseOptions
from adbc_driver_manager import Error
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import flight

from tests.workbench.conftest import MARKS, SHARED_SUBSTANCE
from workbench import sharing
from workbench.audit import verify
from workbench.flight import FlightError, Server, serve
from workbench.flight_messages import BadMessage, packed, text, unpacked
from workbench.lake import OpenLake, Reader
from workbench.policy import CASE_LEVEL, INTERNAL, ROLES, Policy
from workbench.store import Store, audit


@dataclass
class Served:
    """A server, and what makes recipients of it."""

    uri: str
    store: Store
    lake: Path

    def token(self, name: str, *agencies: str) -> str:
        """Token of a new recipient."""
        return sharing.admit(self.store, name, agencies, "regulatory", 1)[0]

    def connect(self, token: str) -> adbc.Connection:
        """A connection of the ADBC driver."""
        said = {DatabaseOptions.AUTHORIZATION_HEADER.value: f"Bearer {token}"}
        return adbc.connect(self.uri, db_kwargs=said, autocommit=True)


@pytest.fixture(scope="module")
def served(lake, tmp_path_factory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("flight")
    store = Store(f"sqlite:///{home}/workbench.db")
    server = Server(OpenLake(str(lake)), store, home / "files", "grpc://127.0.0.1:0")
    threading.Thread(target=server.serve, daemon=True).start()
    yield Served(f"grpc://127.0.0.1:{server.port}", store, lake)
    server.shutdown()


def _rows(connection: adbc.Connection, statement: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


@pytest.mark.parametrize("agencies", [("ANSM",), ("ANSES",), ("ANSM", "ANSES")], ids="+".join)
def test_the_driver_reads_what_the_policy_shows(served, agencies):
    token = served.token(f"reader-{len(agencies)}-{agencies[0].lower()}", *agencies)
    policy = Policy(agencies, ROLES["recipient"], "regulatory", served.store.salt)
    expected = Reader(OpenLake(str(served.lake)), policy).rows(
        "SELECT population, count(*) AS n, sum(a)::BIGINT AS a FROM gold.signal GROUP BY population ORDER BY population"
    )
    hidden = [mark for domain, mark in MARKS.items() if domain not in policy.domains]
    with served.connect(token) as connection:
        found = _rows(
            connection,
            "SELECT population, count(*), sum(a)::BIGINT FROM gold.signal GROUP BY population ORDER BY population",
        )
        assert found == [tuple(row.values()) for row in expected]
        joined = "SELECT DISTINCT s.substance_key FROM Gold.Signal s JOIN silver.substance t USING (substance_key)"
        assert (SHARED_SUBSTANCE,) in _rows(connection, joined)
        for address in sharing.shared(OpenLake(str(served.lake)).edition(), policy):
            told = str(_rows(connection, f"SELECT * FROM {address}"))
            assert not [mark for mark in hidden if mark in told], address


def test_a_driver_finds_the_tables_and_their_columns(served):
    with served.connect(served.token("looker", "ANSM")) as connection:
        told = connection.adbc_get_objects(depth="columns").read_all().to_pylist()
        tables = {
            f"{schema['db_schema_name']}.{table['table_name']}": [c["column_name"] for c in table["table_columns"]]
            for catalog in told
            for schema in catalog["catalog_db_schemas"]
            for table in schema["db_schema_tables"]
        }
        assert connection.adbc_get_info()["vendor_name"] == "Gerland"
        assert connection.adbc_get_table_types() == ["TABLE"]
    assert not set(tables) & (CASE_LEVEL | INTERNAL)
    assert {"population", "a", "eb05"} <= set(tables["gold.signal"])


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM silver.report",
        "SELECT * FROM silver.code",
        "SELECT * FROM read_parquet('{lake}/silver/report/*.parquet')",
        "SELECT * FROM '{lake}/gold/signal/population=veterinary/*.parquet'",
        "SELECT * FROM gold.signal, read_text('/etc/passwd')",
        "SELECT * FROM glob('/**')",
        "SELECT getenv('HOME')",
        "COPY gold.signal TO '/tmp/out.csv'",
        "CREATE TABLE t AS SELECT 1",
        "DROP VIEW gold.signal",
        "ATTACH '/tmp/other.db'",
        "SET enable_external_access = true",
        "INSTALL httpfs",
        "SELECT 1; SELECT 2",
        "nonsense",
        "",
        "SELECT '" + "x" * 100_001 + "'",
    ],
    ids=lambda statement: statement[:40],
)
def test_what_is_no_question_to_the_recipients_tables_is_refused(served, statement):
    name = f"r{abs(hash(statement)) % 10**9}"
    with served.connect(served.token(name, "ANSM")) as connection, pytest.raises(Error) as refused:
        _rows(connection, statement.replace("{lake}", str(served.lake)))
    told = (*MARKS.values(), "Traceback", str(served.lake), "/files/")
    assert not [one for one in told if one in str(refused.value)]


def test_nobody_reads_without_a_token_that_stands(served):
    token = served.token("leaving", "ANSM")
    with served.connect(token) as connection:
        assert _rows(connection, "SELECT 1") == [(1,)]
        sharing.revoke(served.store, "leaving")
        with pytest.raises(Error, match="revoked"):
            _rows(connection, "SELECT 1")
    for wrong in ("", "x", token, "x" * 1000):
        with pytest.raises(Error, match="revoked"), served.connect(wrong) as connection:
            _rows(connection, "SELECT 1")


def test_a_name_with_its_token_as_password_is_told_the_header_of_the_next_call(served):
    token = served.token("sas-lab", "ANSM")
    client = flight.connect(served.uri)
    header = client.authenticate_basic_token("sas-lab", token)
    assert header == (b"authorization", f"Bearer {token}".encode())
    for user, password in (("other-lab", token), ("sas-lab", "guess")):
        with pytest.raises(flight.FlightUnauthenticatedError):
            client.authenticate_basic_token(user, password)
    pair = base64.b64encode(f"sas-lab:{token}".encode())
    descriptor = flight.FlightDescriptor.for_command(packed("CommandStatementQuery", [(1, b"SELECT 1 AS one")]))
    said = flight.FlightCallOptions(headers=[(b"authorization", b"Basic " + pair)])
    assert client.get_flight_info(descriptor, said).schema.names == ["one"]
    client.close()


def test_each_statement_stands_in_the_audit_before_its_answer_leaves(served):
    with served.connect(served.token("counted", "ANSES")) as connection:
        _rows(connection, "SELECT count(*) FROM gold.signal")
    with served.store.reading() as connection:
        rows = connection.execute(sa.select(audit).where(audit.c.who == "share:counted")).mappings().all()
    assert [(r["act"], r["object"], r["agencies"]) for r in rows] == [("share sql", "gold.signal", "ANSES")]
    assert (rows[0]["query"], len(rows[0]["result"])) == ("SELECT count(*) FROM gold.signal", 64)
    assert verify(served.store) == []


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_refused(sent):
    try:
        name, fields = unpacked(sent)
        text(fields, 1)
    except BadMessage:
        return
    assert isinstance(name, str)


@given(st.text(max_size=300), st.text(alphabet="abcXYZ", min_size=1, max_size=20))
def test_a_message_reads_as_it_was_written(value, name):
    read, fields = unpacked(packed(name, [(1, value.encode())]))
    assert (read, text(fields, 1)) == (name, value)


def test_other_machines_reach_it_by_tls_alone(tmp_path):
    from pipelines.settings import load

    with pytest.raises(FlightError, match="TLS"):
        serve(load(lake=tmp_path, workbench=f"sqlite:///{tmp_path}/w.db"), 0, print, "0.0.0.0", None)


def test_what_is_not_offered_is_said(served):
    token = served.token("curious", "ANSM")
    client = flight.connect(served.uri)
    said = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])
    for command in (packed("CommandStatementUpdate", [(1, b"DELETE FROM gold.signal")]), b"\xff\xff", b""):
        with pytest.raises(flight.FlightServerError):
            client.get_flight_info(flight.FlightDescriptor.for_command(command), said)
    client.close()
