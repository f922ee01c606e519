"""Results to people: a table or records on the screen, CSV, JSON or Parquet for other programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipelines.output.cells import inert, inert_names

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("table", "vertical", "csv", "json", "parquet")
MAX_SHOWN_ROWS, MAX_SHOWN_RECORDS = 200, 20
WIDE = 240  # columns of a screen that is none: a pipe, a file
READABLE, GAP = 28, 3  # a column is cut to no less than this; what parts two columns
BATCH_ROWS = 10_000
NUMBERS = (int, float, Decimal)


class RenderError(Exception):
    """The result can't be given as asked; the message says why in one sentence."""


def style_of(out: Path | None) -> str:
    """Format that the ending of a file's name says; a table for the screen. Raises `RenderError` for another ending."""
    if out is None:
        return "table"
    ending = out.suffix.removeprefix(".").lower()
    if ending not in ("csv", "json", "parquet"):
        raise RenderError(f"{out.name} ends in none of .csv, .json, .parquet; name the format with --format")
    return ending


def check(style: str, out: Path | None) -> None:
    """Refuse, before any work, a format that is unknown or needs a file that is not named."""
    if style not in FORMATS:
        raise RenderError(f"format {style!r} is none of {', '.join(FORMATS)}")
    if style == "parquet" and out is None:
        raise RenderError("parquet needs a file: --out result.parquet")
    if out and not out.absolute().parent.is_dir():
        raise RenderError(f"there is no folder {out.absolute().parent} to write {out.name} to")


def render(result: pa.Table, style: str, out: Path | None) -> None:
    """Show a result on standard output, or write it to `out`.

    `table` turns to `vertical` (a record below the other) where the columns would be too narrow to be read. In CSV,
    missing values are empty, booleans TRUE and FALSE, the items of a list joined by `|`, and a text that a spreadsheet
    would run as a formula has an apostrophe before it. JSON is a list of objects.
    """
    check(style, out)
    if style == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(result, out)
        return
    with _stream(out) as stream:
        if style == "csv":
            _write_csv(result, stream)
        elif style == "json":
            _write_json(result, stream)
        else:
            show(result, stream, is_vertical=style == "vertical")


@contextmanager
def _stream(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
    else:
        with out.open("w", newline="", encoding="utf-8") as stream:
            yield stream


def _write_csv(result: pa.Table, stream: IO[str]) -> None:
    import csv

    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(inert_names(result.column_names))
    for batch in result.to_batches(max_chunksize=BATCH_ROWS):
        columns = [[_field(v) for v in column.to_pylist()] for column in batch.columns]
        writer.writerows(zip(*columns, strict=True))


def _field(value: Any) -> Any:
    """Write a value as the CSV readers of R, Stata and pandas take it."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, list):
        return inert("|".join("" if v is None else str(_field(v)) for v in value))
    if value is None or isinstance(value, NUMBERS):
        return value
    return inert(str(value).replace("\r\n", "\n").replace("\r", "\n"))  # a bare \r would go unquoted and end the row


def _write_json(result: pa.Table, stream: IO[str]) -> None:
    before = "[\n"
    for batch in result.to_batches(max_chunksize=BATCH_ROWS):
        for row in batch.to_pylist():
            plain = {name: _plain(value) for name, value in row.items()}
            stream.write(before + json.dumps(plain, ensure_ascii=False, default=str))
            before = ",\n"
    stream.write("[]\n" if before == "[\n" else "\n]\n")


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: sums that exceed 64 bits are numbers, what is no number is null."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def show(result: pa.Table, stream: IO[str] | None = None, is_vertical: bool = False) -> None:
    """Print the first rows of a result, as a table where its columns can be read, else record by record."""
    from rich.console import Console

    stream = stream or sys.stdout
    console = Console(file=stream, width=None if stream.isatty() else WIDE)
    cells = [[_cell(v) for v in column.to_pylist()] for column in result.slice(0, MAX_SHOWN_ROWS).itercolumns()]
    is_too_wide = result.num_rows > 0 and not is_vertical and _needed(result.column_names, cells) > console.width
    if is_vertical or is_too_wide:
        n_shown = _print_records(console, result.column_names, cells)
    else:
        n_shown = _print_table(console, result, cells)
    if is_too_wide:
        console.print(
            "[dim]too wide for a table here: record by record (--format csv, json or parquet for programs)[/]"
        )
    if result.num_rows > n_shown:
        console.print(f"{result.num_rows:,} rows; the first {n_shown} are shown (--format csv gives all)")


def _needed(names: list[str], cells: list[list[str]]) -> int:
    """Width at which every column has its name whole, and its values whole or in a readable part."""
    widths = [max(len(n), min(READABLE, max(map(len, c), default=0))) for n, c in zip(names, cells, strict=True)]
    return sum(widths) + GAP * len(widths)


def _print_table(console: Any, result: pa.Table, cells: list[list[str]]) -> int:
    from rich.markup import escape
    from rich.table import Table as RichTable

    grid = RichTable(show_edge=False, header_style="bold")
    for name, kind in zip(result.column_names, result.schema.types, strict=True):
        is_number = any(word in str(kind) for word in ("int", "double", "float", "decimal"))
        grid.add_column(escape(name), justify="right" if is_number else "left", overflow="fold")
    rows = list(zip(*cells, strict=True))
    for row in rows:
        grid.add_row(*map(escape, row))
    console.print(grid)
    return len(rows)


def _print_records(console: Any, names: list[str], cells: list[list[str]]) -> int:
    from rich.markup import escape

    rows = list(zip(*cells, strict=True))[:MAX_SHOWN_RECORDS]
    width = max(map(len, names), default=0)
    for number, row in enumerate(rows, start=1):
        console.print(f"[dim]row {number}[/]")
        for name, value in zip(names, row, strict=True):
            console.print(f"  [bold]{escape(name.ljust(width))}[/]  {escape(value)}".rstrip(), soft_wrap=True)
    return len(rows)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return ", ".join(map(_cell, value))
    return str(value)
