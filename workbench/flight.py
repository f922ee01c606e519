"""`gerland flight`: tables by SQL, for R, SAS, Stata and what else speaks Arrow Flight SQL, ADBC, JDBC or ODBC.

A recipient of shares (`gerland share`) asks with the token that it holds, as a bearer or as the password beside its
name. Rows, columns and tables are those of its shares; each statement stands in the audit before its answer leaves.
Nothing is kept between calls: a ticket or handle is the statement itself, asked anew in the right of whoever brings it.
Protocol: Apache Arrow, format/FlightSql.proto. Transactions, parameters and statements that write are not offered.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from pyarrow import flight

from pipelines.core.catalog import tables
from pipelines.settings import Settings
from workbench import audit, own_sql, sharing
from workbench.flight_messages import BadMessage, Fields, packed, text, unpacked
from workbench.lake import OpenLake
from workbench.sharing import Recipient
from workbench.store import Store

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ROWS_OF_A_BATCH = 65_536


def _fields(*names: str, **more: pa.DataType) -> list[pa.Field]:
    """Columns of text and others; those whose name ends in an exclamation mark are never null."""
    found = [(name, pa.string()) for name in names] + list(more.items())
    return [pa.field(name.rstrip("!"), kind, nullable=not name.endswith("!")) for name, kind in found]


_NUMBER = {"key_sequence!": pa.int32()}
_KEYS = pa.schema(
    [
        *_fields(
            *(
                f"{side}_{n}"
                for side in ("pk", "fk")
                for n in ("catalog_name", "db_schema_name", "table_name!", "column_name!")
            )
        ),
        *_fields(**_NUMBER),
        *_fields("fk_key_name", "pk_key_name", **{"update_rule!": pa.uint8(), "delete_rule!": pa.uint8()}),
    ]
)
NOTHING = {  # what no table here has: catalogues, keys
    "CommandGetCatalogs": pa.schema(_fields("catalog_name!")),
    "CommandGetPrimaryKeys": pa.schema(
        _fields("catalog_name", "db_schema_name", "table_name!", "column_name!", "key_name", **_NUMBER)
    ),
    **dict.fromkeys(("CommandGetExportedKeys", "CommandGetImportedKeys", "CommandGetCrossReference"), _KEYS),
}
SCHEMAS = pa.schema(_fields("catalog_name", "db_schema_name!"))
KINDS = pa.schema(_fields("table_type!"))
TABLES = _fields("catalog_name", "db_schema_name", "table_name!", "table_type!")
SCHEMA = pa.field("table_schema", pa.binary(), nullable=False)
KIND = "TABLE"


class FlightError(Exception):
    """The server can't be started; the message says why."""


class Server(flight.FlightServerBase):  # type: ignore[misc]
    """The tables of recipients, by Flight SQL."""

    def __init__(self, lake: OpenLake, store: Store, files: Path, location: str, **how: Any):
        """Begin to listen; `files` is the folder of what is made for recipients."""
        self._lake, self._store, self._files = lake, store, files
        super().__init__(location, auth_handler=_Handshake(), middleware={"who": _Asking(store)}, **how)

    def get_flight_info(self, context: Any, descriptor: Any) -> flight.FlightInfo:
        """Columns of an answer, and the ticket that fetches it."""
        with _told():
            name, fields = unpacked(descriptor.command)
            who = _who(context)
            if name in ("CommandStatementQuery", "CommandPreparedStatementQuery"):
                statement = text(fields, 1)
                schema = own_sql.schema(self._lake, who.policy, self._files, statement)
                ticket = packed("TicketStatementQuery", [(1, statement.encode())])
            else:
                schema, ticket = self._catalogue(who, name, fields).schema, descriptor.command
            return flight.FlightInfo(schema, descriptor, [flight.FlightEndpoint(ticket, [])], -1, -1)

    def get_schema(self, context: Any, descriptor: Any) -> flight.SchemaResult:
        """Columns of an answer."""
        return flight.SchemaResult(self.get_flight_info(context, descriptor).schema)

    def do_get(self, context: Any, ticket: Any) -> flight.RecordBatchStream:
        """An answer."""
        with _told():
            name, fields = unpacked(ticket.ticket)
            who = _who(context)
            if name != "TicketStatementQuery":
                return flight.RecordBatchStream(self._catalogue(who, name, fields))
            statement = text(fields, 1)
            rows, versions = own_sql.answer(self._lake, who.policy, self._files, statement)
            said = {"versions": json.dumps(versions), "query": statement, "result": _digest(rows)}
            audit.record(self._store, who.entry("share sql", " ".join(versions), **said))
            return flight.RecordBatchStream(rows)

    def list_actions(self, context: Any) -> list[tuple[str, str]]:
        """What can be done beside asking."""
        return [("CreatePreparedStatement", "prepare a statement"), ("ClosePreparedStatement", "forget it")]

    def do_action(self, context: Any, action: Any) -> Iterator[flight.Result]:
        """Prepare a statement: its handle is the statement."""
        with _told():
            who = _who(context)
            if action.type == "ClosePreparedStatement":
                return iter(())
            if action.type != "CreatePreparedStatement":
                raise own_sql.SqlError(f"{action.type} is not offered")
            statement = text(unpacked(action.body.to_pybytes())[1], 1)
            columns = own_sql.schema(self._lake, who.policy, self._files, statement).serialize().to_pybytes()
            nothing = pa.schema([]).serialize().to_pybytes()
            handle = [(1, statement.encode()), (2, columns), (3, nothing)]
            return iter([flight.Result(pa.py_buffer(packed("ActionCreatePreparedStatementResult", handle)))])

    def _catalogue(self, who: Recipient, name: str, fields: Fields) -> pa.Table:
        """What clients ask of the tables themselves."""
        known = sharing.shared(self._lake.edition(), who.policy)
        if name == "CommandGetTables":
            kinds = [kind.decode() for kind in fields.get(4, []) if isinstance(kind, bytes)]
            wanted = [a for a in known if _fits(a, text(fields, 2), text(fields, 3))]
            return _tables([] if kinds and KIND not in kinds else wanted, who, bool(fields.get(5, [0])[-1]))
        if name == "CommandGetDbSchemas":
            layers = sorted({a.split(".")[0] for a in known if _fits(a, text(fields, 2), "")})
            return pa.Table.from_pylist([{"db_schema_name": layer} for layer in layers], SCHEMAS)
        if name == "CommandGetTableTypes":
            return pa.Table.from_pylist([{"table_type": KIND}], KINDS)
        if name == "CommandGetSqlInfo":
            return _info()
        if name in NOTHING:
            return NOTHING[name].empty_table()
        raise own_sql.SqlError(f"{name} is not offered")


class _Handshake(flight.ServerAuthHandler):  # type: ignore[misc]
    """Lets the handshake of JDBC through: who somebody is, the headers of each call say (`_Asking`)."""

    def authenticate(self, outgoing: Any, incoming: Any) -> None:
        """Ask nothing."""

    def is_valid(self, token: bytes) -> bytes:
        """Ask nothing."""
        return b""


class _Asking(flight.ServerMiddlewareFactory):  # type: ignore[misc]
    """Who calls, by the token in the headers. Each call is asked anew: a recipient that ended reads no more."""

    def __init__(self, store: Store):
        """Of a store."""
        self._store = store

    def start_call(self, info: Any, headers: dict[str, list[str]]) -> _Caller:
        """Find the recipient, or refuse the call."""
        kind, _, secret = next(iter(headers.get("authorization", [])), "").partition(" ")
        name = ""
        if kind.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(secret, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                secret = ""
        who = sharing.of_token(self._store, secret) if kind.lower() in ("bearer", "basic") else None
        if who is None or name not in ("", who.name):
            raise flight.FlightUnauthenticatedError("the token is none, has ended or was revoked")
        return _Caller(who, secret)


class _Caller(flight.ServerMiddleware):  # type: ignore[misc]
    """Who calls."""

    def __init__(self, who: Recipient, token: str):
        """Keep both."""
        self.who, self._token = who, token

    def sending_headers(self) -> dict[str, str]:
        """Say by which header the next call is to name itself: JDBC takes it from the handshake."""
        return {"authorization": f"Bearer {self._token}"}


class _told:
    """Tells a caller what was wrong with what it asked, in the words of an error that is meant for it."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Say it."""
        if isinstance(error, (own_sql.SqlError, BadMessage)):
            raise flight.FlightServerError(str(error)) from None


def _who(context: Any) -> Recipient:
    caller: _Caller = context.get_middleware("who")
    return caller.who


def _fits(address: str, schema: str, table: str) -> bool:
    """Tell whether a table is one of those that patterns of SQL name; an empty one names all."""
    return all(
        not pattern or re.fullmatch(re.escape(pattern).replace("%", ".*").replace("_", "."), part)
        for pattern, part in zip((schema, table), address.split("."), strict=True)
    )


def _tables(addresses: list[str], who: Recipient, has_schema: bool) -> pa.Table:
    rows = []
    for address in addresses:
        layer, name = address.split(".")
        declared = tables()[address].arrow_schema()
        shown = pa.schema([declared.field(c).with_nullable(True) for c in who.policy.columns(tables()[address])])
        told = {"table_schema": shown.serialize().to_pybytes()} if has_schema else {}
        rows.append({"db_schema_name": layer, "table_name": name, "table_type": KIND, **told})
    return pa.Table.from_pylist(rows, pa.schema([*TABLES, SCHEMA] if has_schema else TABLES))


def _info() -> pa.Table:
    """Name and version of the server, and that it only reads: the first numbers of `SqlInfo`."""
    texts, flags = pa.array(["Gerland", "1", pa.__version__]), pa.array([True])
    children = [
        texts,
        flags,
        pa.array([], pa.int64()),
        pa.array([], pa.int32()),
        pa.array([], pa.list_(pa.string())),
        pa.array([], pa.map_(pa.int32(), pa.list_(pa.int32()))),
    ]
    names = ["string_value", "bool_value", "bigint_value", "int32_bitmask", "string_list", "int32_to_int32_list_map"]
    kinds, offsets = pa.array([0, 0, 0, 1], pa.int8()), pa.array([0, 1, 2, 0], pa.int32())
    values = pa.UnionArray.from_dense(kinds, offsets, children, names)
    columns = [pa.field("info_name", pa.uint32(), nullable=False), pa.field("value", values.type, nullable=False)]
    return pa.table([pa.array([0, 1, 2, 3], pa.uint32()), values], schema=pa.schema(columns))


def _digest(rows: pa.Table) -> str:
    """SHA-256 of an answer as it leaves."""
    found = hashlib.sha256()
    with pa.ipc.new_stream(pa.PythonFile(_Hashing(found), "w"), rows.schema) as out:
        out.write_table(rows, max_chunksize=ROWS_OF_A_BATCH)
    return found.hexdigest()


class _Hashing:
    """A file that is hashed and kept nowhere."""

    closed = False

    def __init__(self, found: Any):
        """Of a hash."""
        self._found = found

    def write(self, data: Any) -> int:
        """Hash what is written."""
        self._found.update(data)
        return len(memoryview(data).cast("B"))

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""


def serve(settings: Settings, port: int, say: Callable[[str], None], host: str, tls: tuple[Path, Path] | None) -> None:
    """Serve until interrupted; `tls` are the files of certificate and key. Raises `FlightError`, `StoreError`."""
    if tls is None and host not in LOOPBACK:
        raise FlightError("other machines reach it by TLS alone: say --certificate and --key")
    how: dict[str, Any] = {}
    if tls:
        try:
            how["tls_certificates"] = [tuple(file.read_bytes() for file in tls)]
        except OSError as error:
            raise FlightError(f"{error.filename} can't be read: {error.strerror}") from None
    location = f"grpc{'+tls' if tls else ''}://{host}:{port}"
    with TemporaryDirectory(prefix="gerland-flight-") as folder:
        server = Server(OpenLake(str(settings.lake)), Store(settings.workbench), Path(folder), location, **how)
        say(f"Flight SQL: {location}   (Ctrl+C ends it)")
        server.serve()
