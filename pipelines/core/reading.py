"""Bytes to rows: what the `read.py` of every source shares. No Spark session, no Dagster, no file system.

A reader yields Arrow tables in `read_schema(table)`: `line_number`, the authority's columns as strings, then `reason`
and `raw`. A record that is kept has no reason; one that can't be parsed has a reason and its text, and no values.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable

CHUNK_BYTES = 16 * 1024 * 1024
BATCH_ROWS = 50_000
LOOKED_AT_BYTES = 64 * 1024
MAX_RAW = 2_000
BLANK = " \t\r\n\x0b\x0c"  # what bytes.strip() takes off: readers and counters must agree on what a blank line is
WIDTHLESS = "\ufeff\u200b\u2060"  # stand at joints of files and of copied texts
BLANKS = "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + WIDTHLESS  # what is taken off identifiers

Reader = Callable[[BinaryIO, str, type[BronzeTable]], Iterator[pa.Table]]
Counter = Callable[[BinaryIO, str, type[BronzeTable]], int]


class Refused(Exception):
    """The file as a whole can't be read; the message says why, without quoting its content."""


class Again(io.RawIOBase, BinaryIO):
    """A stream whose first line has been looked at and is still to be read."""

    def __init__(self, stream: BinaryIO):
        """Take the first piece of it."""
        self._stream, self._first = stream, stream.read(LOOKED_AT_BYTES)

    def has_tabs(self) -> bool:
        """Tell whether the first line has tabs."""
        return b"\t" in self._first.split(b"\n", 1)[0]

    def read(self, n: int = -1) -> bytes:
        """Return the next bytes: first those that were looked at."""
        if not self._first:
            return self._stream.read(n)
        first, self._first = self._first, b""
        return first + self._stream.read() if n < 0 else first


def encoding_problem(head: bytes) -> str | None:
    """Say that the first bytes are of a file in UTF-16, which no reader takes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")):
        return "encoded as UTF-16; UTF-8 or Windows-1252 is expected"
    return None


def read_schema(table: type[BronzeTable]) -> pa.Schema:
    """Arrow schema that a reader of this table yields."""
    fields = [pa.field("line_number", pa.int64())]
    fields += [pa.field(name, pa.string()) for name in table.source_columns()]
    return pa.schema([*fields, pa.field("reason", pa.string()), pa.field("raw", pa.string())])


def decode_line(line: bytes) -> str:
    """Decode one line: UTF-8, else Windows-1252, else Latin-1 (which takes every byte)."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")


def decode(data: bytes) -> str:
    """Decode a run of whole lines; lines that are not UTF-8 are decoded one by one."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(decode_line(line) for line in data.split(b"\n"))


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Yield (number of the first line, lines without their ends) in chunks of whole lines."""
    rest, number = b"", 1
    while chunk := stream.read(CHUNK_BYTES):
        head, newline, tail = (rest + chunk).rpartition(b"\n")
        if not newline:
            rest = tail
            continue
        rest = tail
        lines = decode(head).split("\n")
        yield number, lines
        number += len(lines)
    if rest:
        yield number, [decode_line(rest)]


def batch(table: type[BronzeTable], numbers: Sequence[int], rows: Sequence[Sequence[str | None]]) -> pa.Table:
    """Build an Arrow table of kept records from rows in the order of the table's source columns."""
    columns: list[Sequence[str | None]] = (
        list(zip(*rows, strict=True)) if rows else [[] for _ in table.source_columns()]
    )
    arrays = [pa.array(numbers, pa.int64()), *(pa.array(c, pa.string()) for c in columns)]
    nothing = pa.nulls(len(rows), pa.string())
    return pa.table([*arrays, nothing, nothing], schema=read_schema(table))


def rejected(table: type[BronzeTable], rejects: Sequence[tuple[int, str, str]]) -> pa.Table:
    """Build an Arrow table of refused records from (line number, reason, raw text)."""
    n = len(rejects)
    numbers, reasons, raws = zip(*rejects, strict=True) if rejects else ((), (), ())
    empty = [pa.nulls(n, pa.string()) for _ in table.source_columns()]
    raw = pa.array([r[:MAX_RAW] for r in raws], pa.string())
    columns = [pa.array(numbers, pa.int64()), *empty, pa.array(reasons, pa.string()), raw]
    return pa.table(columns, schema=read_schema(table))


def batches(
    table: type[BronzeTable], records: Iterable[tuple[int, Sequence[str | None] | None, str, str]]
) -> Iterator[pa.Table]:
    """Batch a stream of (line number, values or None, reason, raw), for formats that are read record by record."""
    numbers: list[int] = []
    rows: list[Sequence[str | None]] = []
    rejects: list[tuple[int, str, str]] = []
    for number, values, reason, raw in records:
        if values is None:
            rejects.append((number, reason, raw))
        else:
            numbers.append(number)
            rows.append(values)
        if len(numbers) + len(rejects) >= BATCH_ROWS:
            yield from _flush(table, numbers, rows, rejects)
            numbers, rows, rejects = [], [], []
    yield from _flush(table, numbers, rows, rejects)


def _flush(
    table: type[BronzeTable],
    numbers: Sequence[int],
    rows: Sequence[Sequence[str | None]],
    rejects: Sequence[tuple[int, str, str]],
) -> Iterator[pa.Table]:
    if rows:
        yield batch(table, numbers, rows)
    if rejects:
        yield rejected(table, rejects)


def read_delimited(
    stream: BinaryIO,
    table: type[BronzeTable],
    *,
    delimiter: str,
    layout: Sequence[str] | None = None,
    optional_trailing: bool = False,
    rename: dict[str, str] | None = None,
    is_whole: bool = True,
    required: Sequence[str] = (),
    layout_of: Callable[[str], list[str] | None] | None = None,
) -> Iterator[pa.Table]:
    """Read lines of fields with quoting off, vectorised.

    A header again, as joined files have it, is put aside. `layout_of` gives the layout of a line that is a header, None
    for others: where it is given, lines are read by the header before them; else a header again is the first, repeated.

    `layout` names the fields of a file without a header; None takes the first line as header, whose names, in lower
    case and mapped by `rename`, must be columns of the table, unless `is_whole` is off: then others are left out. Of
    several delimiters, the one that the header holds most often is taken. `optional_trailing` accepts one empty field
    more at the end of a line. Blank lines are not records. A line with another number of fields is rejected with both
    numbers.

    Raises `Refused` where the header names a column that the table does not declare, or lacks one that is `required`.
    """
    first = None
    for start, chunk in numbered_lines(stream):
        lines = chunk
        if layout is None:
            delimiter = max(delimiter, key=lines[0].count)
            first = lines[0].lstrip("\ufeff")
            layout = header(first, delimiter, table, rename, is_whole)
            _with_required(layout, table, required)
            lines, start = lines[1:], start + 1
        at = 0
        for again in [*_headers(lines, first, layout_of), len(lines)]:
            yield from _of_layout(lines[at:again], start + at, table, layout, delimiter, optional_trailing)
            if again < len(lines):
                reason = "the header again: no record"
                try:
                    layout = (layout_of(lines[again]) if layout_of else None) or layout
                except Refused as refused:
                    reason = str(refused)
                yield rejected(table, [(start + again, reason, lines[again])])
            at = again + 1


def _headers(lines: Sequence[str], first: str | None, layout_of: Callable[[str], list[str] | None] | None) -> list[int]:
    """Places of the lines that are a header again."""
    import polars as pl

    texts = pl.Series(lines, dtype=pl.String)
    if layout_of is None:
        return [] if first is None else (texts.str.strip_chars(BLANKS) == first.strip(BLANKS)).arg_true().to_list()
    # a header's first field is a name, a record's never is
    named = texts.str.contains(r"^[\s\ufeff]*[A-Za-z]").arg_true().to_list()
    return [i for i in named if _heads(lines[i], layout_of)]


def _heads(line: str, layout_of: Callable[[str], list[str] | None]) -> bool:
    """Tell whether a line is a header, one with an unknown name too."""
    try:
        return layout_of(line) is not None
    except Refused:
        return True


def _of_layout(
    lines: Sequence[str],
    start: int,
    table: type[BronzeTable],
    layout: Sequence[str],
    delimiter: str,
    optional_trailing: bool,
) -> Iterator[pa.Table]:
    """Read lines that follow each other under one layout."""
    import polars as pl

    frame = pl.DataFrame({"raw": pl.Series(lines, dtype=pl.String)}).with_row_index("line_number", start)
    frame = frame.with_columns(pl.col("line_number").cast(pl.Int64), pl.col("raw").str.strip_chars_end("\r"))
    frame = frame.filter(pl.col("raw").str.strip_chars(BLANK).str.len_bytes() > 0)
    frame = frame.with_columns(fields=pl.col("raw").str.split(delimiter))
    n = pl.col("fields").list.len()
    fits = n == len(layout)
    if optional_trailing:
        fits = fits | ((n == len(layout) + 1) & (pl.col("fields").list.last() == ""))
    good, bad = frame.filter(fits), frame.filter(~fits)
    if good.height:
        yield _kept(good, layout, table)
    if bad.height:
        reasons = bad.select(n.alias("n"))["n"].to_list()
        yield rejected(
            table,
            [
                (number, f"{len(layout)} fields expected, {found} found", raw)
                for number, found, raw in zip(bad["line_number"], reasons, bad["raw"], strict=True)
            ],
        )


def _kept(good: object, layout: Sequence[str], table: type[BronzeTable]) -> pa.Table:
    import polars as pl

    assert isinstance(good, pl.DataFrame)
    positions = {name: i for i, name in enumerate(layout)}
    values = [
        pl.col("fields").list.get(positions[name]).alias(name)
        if name in positions
        else pl.lit(None, dtype=pl.String).alias(name)
        for name in table.source_columns()
    ]
    nothing = [pl.lit(None, dtype=pl.String).alias(name) for name in ("reason", "raw")]
    return good.select("line_number", *values, *nothing).to_arrow().cast(read_schema(table))


def header(
    line: str,
    delimiter: str,
    table: type[BronzeTable],
    rename: dict[str, str] | None = None,
    is_whole: bool = True,
) -> list[str]:
    """Column names of a header line, lower case, renamed by `rename`; raises `Refused` for a name not declared."""
    names = [name.strip().lower() for name in line.strip("\r\n").split(delimiter)]
    return known_columns([(rename or {}).get(name, name) for name in names], table, is_whole)


def known_columns(names: Sequence[str], table: type[BronzeTable], is_whole: bool = True) -> list[str]:
    """Check header names against the table's own columns; raises `Refused` naming the first that is not declared."""
    if not names:
        raise Refused(f"no column in the header of {table.address()}")
    declared = set(table.source_columns())
    unknown = [name for name in names if name not in declared]
    if unknown and is_whole:
        raise Refused(f"unknown column {unknown[0]!r} in the header of {table.address()}")
    known = [name for name in names if name in declared]
    if len(set(known)) != len(known):
        raise Refused(f"a column stands twice in the header of {table.address()}")
    return list(names)


def _with_required(names: Sequence[str], table: type[BronzeTable], required: Sequence[str]) -> None:
    """Refuse a file without a column that its rows mean nothing without."""
    if missing := [name for name in required if name not in names]:
        raise Refused(f"column {missing[0]!r} is missing in the header of {table.address()}")


def read_parquet(
    stream: BinaryIO, table: type[BronzeTable], *, rename: dict[str, str] | None = None, required: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """Read a Parquet file as texts, batch by batch; columns that the table does not declare are left out.

    Raises `Refused` where it is no Parquet file, or lacks a column that is `required`.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(stream.read()))
    except pa.ArrowInvalid:
        raise Refused("no Parquet file") from None
    names = [(rename or {}).get(name.lower(), name.lower()) for name in file.schema_arrow.names]
    _with_required(known_columns(names, table, is_whole=False), table, required)
    at, schema = 0, read_schema(table)
    for part in file.iter_batches(BATCH_ROWS):
        n = part.num_rows
        texts = {name: column for name, column in zip(names, part.columns, strict=True) if name in schema.names}
        values = [
            texts[c].cast(pa.string()) if c in texts else pa.nulls(n, pa.string()) for c in table.source_columns()
        ]
        nothing = pa.nulls(n, pa.string())
        numbers = pa.array(range(at + 1, at + n + 1), pa.int64())
        yield pa.table([numbers, *values, nothing, nothing], schema=schema)
        at += n


def read_quoted_csv(
    stream: BinaryIO,
    table: type[BronzeTable],
    *,
    columns: dict[str, str],
    delimiter: str = ",",
    is_whole: bool = True,
    optional: Sequence[str] = (),
    constants: dict[str, str] | None = None,
    gathered: Mapping[str, Callable[[str], str | None]] | None = None,
) -> Iterator[pa.Table]:
    """Read a CSV with a header and quoted fields; `columns` maps header names to the table's columns.

    Blank lines before the header are passed over. `gathered` says of a column of the table which others it holds as
    one JSON object: the keys that it gives their header names.

    `is_whole` says that the header may hold no other name; else other columns are left. Names in `optional` may be
    missing. A column of the table that no header names takes its value from `constants`, else null. A record with
    another number of fields is rejected. Raises `Refused` for a header with unknown or missing names.
    """
    taken: list[str] = []
    rows = csv.reader(_taking(stream, taken), delimiter=delimiter)

    def laid_out(
        row: Sequence[str],
    ) -> tuple[list[str], list[tuple[int | None, str | None]], dict[str, dict[int, str]]]:
        names = _names(row)
        objects = gathered_places(names, gathered or {})
        taken_in = {i for places in objects.values() for i in places}
        unknown = [name for i, name in enumerate(names) if name not in columns and i not in taken_in]
        if is_whole and unknown:
            raise Refused(f"unknown column {unknown[0]!r} in the header of {table.address()}")
        _with_required(names, table, [name for name in columns if name not in optional])
        places = {column: names.index(name) for name, column in columns.items() if name in names}
        return names, [(places.get(c), (constants or {}).get(c)) for c in table.source_columns()], objects

    try:
        first = next((row for row in rows if any(field.strip() for field in row)), [])
    except csv.Error:
        raise Refused(f"the header of {table.address()} is no line of a CSV") from None
    layout = laid_out(first)

    def records() -> Iterator[tuple[int, Sequence[str | None] | None, str, str]]:
        nonlocal layout
        number = rows.line_num
        while True:
            taken.clear()
            try:
                row = next(rows, None)
            except csv.Error:
                row = []
                if raw := "".join(taken).strip():
                    yield number + 1, None, "no record of a CSV: a stray line end, or a field without end", raw
            if row is None:
                return
            number, at = rows.line_num, number + 1
            if not any(field.strip() for field in row):
                continue
            names, order, objects = layout
            again = row[0].strip('\ufeff" ')
            if (again in columns or again == names[0]) and _is_header(row, names, columns):
                reason = "the header again: no record"
                try:
                    layout = laid_out(row)
                except Refused as refused:
                    reason = str(refused)
                yield at, None, reason, _as_csv(row)
            elif len(row) != len(names):
                yield at, None, f"{len(names)} fields expected, {len(row)} found", _as_csv(row)
            else:
                values = [constant if i is None else row[i] for i, constant in order]
                yield at, with_gathered(values, row, objects, table), "", ""

    yield from batches(table, records())


def _names(row: Sequence[str]) -> list[str]:
    """Names of a header's fields."""
    names = [name.strip() for name in row]
    return [names[0].lstrip("\ufeff").strip('"'), *names[1:]] if names else []


def _is_header(row: Sequence[str], names: Sequence[str], columns: Mapping[str, str]) -> bool:
    """Tell whether a row of joined files is a header again: the first, or another that names columns alone."""
    again = _names(row)
    return again == list(names) or (len(again) > 1 and all(name in columns for name in again))


def gathered_places(
    names: Sequence[str], gathered: Mapping[str, Callable[[str], str | None]]
) -> dict[str, dict[int, str]]:
    """Places of the fields that a column gathers, with their keys."""
    return {c: {i: k for i, n in enumerate(names) if (k := key(n)) is not None} for c, key in gathered.items()}


def with_gathered(
    values: list[str | None],
    row: Sequence[str | None],
    objects: Mapping[str, Mapping[int, str]],
    table: type[BronzeTable],
) -> list[str | None]:
    """Put the JSON objects of gathered fields into the values of a record."""
    for column, places in objects.items():
        told = {key: row[i] for i, key in places.items() if row[i]}
        values[table.source_columns().index(column)] = json.dumps(told, ensure_ascii=False)
    return values


def _taking(stream: BinaryIO, taken: list[str]) -> Iterator[str]:
    """Lines of a stream; those handed out since the list was last cleared stand in it."""
    for _, chunk in numbered_lines(stream):
        for line in chunk:
            taken.append(line)
            yield line + "\n"


def _as_csv(row: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(row)
    return out.getvalue()
