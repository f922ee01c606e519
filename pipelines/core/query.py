"""SQL over the lake without a JVM: DuckDB on the files of one Delta version."""

from __future__ import annotations

import difflib
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from pipelines.core.table import Table

LAYERS = ("bronze", "silver", "gold")
FORMATS = ("table", "csv", "parquet")
MAX_SHOWN_ROWS = 200
WIDE = 240
VERSIONED = (("known_from", "known_to", "is_latest"), ("valid_from", "valid_to", "is_current"))


class QueryError(Exception):
    """The query can't be answered; the message says why in one sentence."""


def query(root: str, sql: str, as_of: str | None = None) -> pa.Table:
    """Answer one SQL statement over tables named `layer.table`; `as_of` shows the lake as known on that date.

    Raises `QueryError` for SQL that fails, a table that does not exist or has not been built, or one whose Delta
    features this reader does not honour.
    """
    import duckdb

    connection = connect(root, sql, as_of)
    try:
        return connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise QueryError(_helpful(str(error))) from None


def connect(root: str, sql: str, as_of: str | None = None) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with a view for each table that the SQL names; files outside are out of its reach."""
    import duckdb

    from pipelines.core.catalog import tables

    connection = duckdb.connect()
    connection.execute("SET enable_external_access = false")
    for layer in LAYERS:
        connection.execute(f"CREATE SCHEMA {layer}")
    for address in _named(sql, tables()):
        table = tables()[address]
        layer, name = address.split(".")
        source = f"_{layer}_{name}"
        connection.register(source, _dataset(root, table, as_of))
        connection.execute(f"CREATE VIEW {address} AS {_as_known(source, table, as_of)}")
    return connection


def _named(sql: str, known: Mapping[str, type[Table]]) -> list[str]:
    words = set(re.findall(r"\b(?:bronze|silver|gold)\s*\.\s*\"?(\w+)", sql, re.IGNORECASE))
    return [address for address in known if address.split(".")[1] in {w.lower() for w in words}]


def _dataset(root: str, table: type[Table], as_of: str | None) -> Any:
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    from pipelines.core.lake import needs_engine

    base = f"{root}/as_of/{as_of}" if as_of and table.is_derived else root
    try:
        delta = DeltaTable(f"{base}/{table.layer}/{table.name}")
    except TableNotFoundError:
        built = f"gerland run --as-of {as_of}" if as_of else "gerland run"
        raise QueryError(f"{table.address()} has not been built here yet; build it with `{built}`") from None
    if problem := needs_engine(table.address(), delta):
        raise QueryError(problem)
    return delta.to_pyarrow_dataset()


def _as_known(source: str, table: type[Table], as_of: str | None) -> str:
    """Select over a table; one with versions is cut at the date as `history.cut_at` does in Spark."""
    for start, end, flag in VERSIONED:
        if as_of and not table.is_derived and start in table.columns and end in table.columns:
            day = f"DATE '{_date(as_of)}'"
            standing = f"CASE WHEN {end} <= {day} THEN {end} END"
            replaced = f"{standing} AS {end}"
            if flag in table.columns:
                replaced += f", ({standing}) IS NULL AS {flag}"
            return f"SELECT * REPLACE ({replaced}) FROM {source} WHERE {start} <= {day}"
    return f"SELECT * FROM {source}"


def _date(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise QueryError(f"{text!r} is no date YYYY-MM-DD")
    return text


def _helpful(message: str) -> str:
    from pipelines.core.catalog import tables

    first = message.strip().splitlines()[0]
    missing = re.search(r"Table with name (\w+)", message)
    if missing:
        near = difflib.get_close_matches(missing.group(1), [a.split(".")[1] for a in tables()], n=3, cutoff=0.5)
        listed = [a for a in tables() if a.split(".")[1] in near]
        hint = f"did you mean {' or '.join(listed)}?" if listed else "`gerland tables` lists them"
        return f"there is no table {missing.group(1)}; {hint}"
    return first


def render(result: pa.Table, style: str, out: Path | None) -> None:
    """Show a result as a table or CSV on standard output, or write it to `out` as CSV or Parquet."""
    if style not in FORMATS:
        raise QueryError(f"format {style!r} is none of {', '.join(FORMATS)}")
    if style == "parquet":
        if out is None:
            raise QueryError("parquet needs a file: --out result.parquet")
        import pyarrow.parquet as pq

        pq.write_table(result, out)
    elif style == "csv":
        _write_csv(result, out)
    else:
        show(result)


def _write_csv(result: pa.Table, out: Path | None) -> None:
    import csv

    stream = out.open("w", newline="", encoding="utf-8") if out else sys.stdout
    try:
        writer = csv.writer(stream)
        writer.writerow(result.column_names)
        for batch in result.to_batches(max_chunksize=10_000):
            writer.writerows(zip(*(column.to_pylist() for column in batch.columns), strict=True))
    finally:
        if out:
            stream.close()


def show(result: pa.Table) -> None:
    """Print a result as a table, its first rows where it is long."""
    from rich.console import Console
    from rich.table import Table as RichTable

    console = Console(width=None if sys.stdout.isatty() else WIDE)
    grid = RichTable(show_edge=False, header_style="bold")
    for name, kind in zip(result.column_names, result.schema.types, strict=True):
        grid.add_column(
            name, justify="right" if "int" in str(kind) or "double" in str(kind) else "left", overflow="fold"
        )
    for row in result.slice(0, MAX_SHOWN_ROWS).to_pylist():
        grid.add_row(*(_cell(v) for v in row.values()))
    console.print(grid)
    if result.num_rows > MAX_SHOWN_ROWS:
        console.print(f"{result.num_rows:,} rows; the first {MAX_SHOWN_ROWS} are shown (--format csv gives all)")


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return escape(", ".join(str(v) for v in value))
    return escape(str(value))
