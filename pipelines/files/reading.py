"""Bytes to rows: what the `read.py` of every source shares. No Spark session, no Dagster, no file system.

A reader yields Arrow tables in `read_schema(table)`: `line_number`, the authority's columns as strings, then `reason`
and `raw`. A record that is kept has no reason; one that can't be parsed has a reason and its text, and no values.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from pipelines.core import limits
from pipelines.core.table import BronzeTable

CHUNK_BYTES = 16 * 1024 * 1024
BATCH_ROWS, BATCH_CHARACTERS = 50_000, 1 << 26
MAX_RAW = 2_000
MARK = b"\xef\xbb\xbf"  # of byte order
WIDTHLESS = "\ufeff\u200b\u2060"  # stand at joints of files and of copied texts
BLANKS = "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + WIDTHLESS  # a line of nothing else is no record
TOO_LONG = f"a line of more than {limits.TEXT_BYTES:,} bytes"
NO_END = "a quoted field without end"
PAIRS = re.compile(rb'(?:[^"]++|"")*+')
NO_RECORD = "no record of a CSV: a stray line end"

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

Reader = Callable[[BinaryIO, str, type[BronzeTable]], Iterator[pa.Table]]
Counter = Callable[[BinaryIO, str, type[BronzeTable]], int]


class Refused(Exception):
    """The file as a whole can't be read; the message says why, without quoting its content."""


class Again(io.RawIOBase, BinaryIO):
    """A stream whose first bytes have been looked at and are still to be read."""

    def __init__(self, stream: BinaryIO):
        """Take as many as are looked at."""
        self._stream, self._first = stream, b""
        while (wanted := limits.LOOKED_AT_BYTES - len(self._first)) and (piece := stream.read(wanted)):
            self._first += piece

    @property
    def start(self) -> bytes:
        """The bytes that were looked at."""
        return self._first

    @property
    def ends_lines_by_returns(self) -> bool:
        """Tell a file of more carriage returns alone than line feeds, as old Macs and some exports write them."""
        n = self._first.count
        return n(b"\r") - n(b"\r\n") > n(b"\n")

    def has_tabs(self) -> bool:
        """Tell whether the first line has tabs."""
        return b"\t" in self._line()

    def likeliest(self, delimiters: str) -> str:
        """Of several delimiters, the one that the first line holds most often; of equals the first."""
        return max(delimiters, key=lambda d: self._line().count(d.encode()))

    def _line(self) -> bytes:
        return self._first.strip().split(b"\r" if self.ends_lines_by_returns else b"\n", 1)[0]

    def read(self, n: int = -1) -> bytes:
        """Return the next bytes: first those that were looked at."""
        if not self._first:
            return self._stream.read(n)
        first, self._first = self._first, b""
        return first + self._stream.read() if n < 0 else first


def whole(stream: BinaryIO) -> bytes:
    """All bytes of a stream; raises `Refused` where they are more than may be held."""
    data = b""
    while chunk := stream.read(CHUNK_BYTES):
        data += chunk
        if len(data) > limits.WHOLE_BYTES:
            raise Refused(f"holds more than {limits.WHOLE_BYTES:,} bytes, and must be read at once")
    return data


def expansion(n_expanded: int, n_packed: int, most: int) -> str | None:
    """Say that what is packed expands to more bytes than `most`, or than the ratio allows."""
    if n_expanded > most:
        return f"expands to more than {most:,} bytes"
    if n_expanded > max(limits.EXPANSION_FREE_BYTES, limits.EXPANSION * n_packed):
        return f"expands more than {limits.EXPANSION} times: refused as a zip bomb"
    return None


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


class LongLine(bytes):
    """The first bytes of a line that is longer than a line may be."""


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, list[bytes]]]:
    """Yield (number of the first line, lines without their line feeds) in chunks of whole lines.

    A line that is longer than `limits.TEXT_BYTES` is a `LongLine`, alone in its chunk. A mark of byte order at the
    start of the file belongs to no line.
    """
    rest, number = b"", 1
    for chunk in _chunks(stream):
        first, *others = chunk.split(b"\n")
        rest += first
        if others:
            for lines in _apart([rest, *others[:-1]]):
                yield number, lines
                number += len(lines)
            rest = others[-1]
        rest = rest[: limits.TEXT_BYTES + 2]
    if rest:
        yield from ((number, lines) for lines in _apart([rest]))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Pieces of a text whose lines end in line feeds, without its mark of byte order."""
    again = Again(stream)
    by_returns, first = again.ends_lines_by_returns, again.read(CHUNK_BYTES)
    for chunk in chain([first.removeprefix(MARK)], iter(lambda: again.read(CHUNK_BYTES), b"")):
        yield chunk.replace(b"\r", b"\n") if by_returns else chunk


def _apart(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Runs of lines, each that is too long alone."""
    if max(map(len, lines)) <= limits.TEXT_BYTES:
        yield lines
        return
    at = 0
    for i in [i for i, line in enumerate(lines) if len(line) > limits.TEXT_BYTES]:
        yield from filter(None, (lines[at:i], [LongLine(lines[i][: limits.TEXT_BYTES + 2])]))
        at = i + 1
    yield from filter(None, (lines[at:],))


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
    size = 0
    for number, values, reason, raw in records:
        if values is None:
            rejects.append((number, reason, raw[:MAX_RAW]))
        else:
            numbers.append(number)
            rows.append(values)
            size += sum(map(len, filter(None, values)))
        if len(numbers) + len(rejects) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield from _flush(table, numbers, rows, rejects)
            numbers, rows, rejects, size = [], [], [], 0
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
    layout_of: Callable[[str], list[str]] | None = None,
    is_header: Callable[[str], bool] | None = None,
) -> Iterator[pa.Table]:
    """Read lines of fields with quoting off, vectorised.

    A header again, as joined files have it, is put aside. `layout_of` gives the layout of a header, in place of what
    is said here below. `is_header` tells a line that is a header: where it is given, lines are read by the header
    before them; else a header again is the first, repeated.

    `layout` names the fields of a file without a header; None takes the first line as header, whose names, in lower
    case and mapped by `rename`, must be columns of the table, unless `is_whole` is off: then others are left out. Of
    several delimiters, the one that the header holds most often is taken. `optional_trailing` accepts one empty field
    more at the end of a line. Blank lines are not records. A line with another number of fields is rejected with both
    numbers, one that is too long with its first bytes.

    Raises `Refused` where the header names a column that the table does not declare, or lacks one that is `required`.
    """
    first = None
    for start, chunk in numbered_lines(stream):
        at = 0
        if isinstance(chunk[0], LongLine):
            if layout is None:
                raise Refused(f"the header of {table.address()} is {TOO_LONG}")
            yield rejected(table, [(start, TOO_LONG, decode_line(chunk[0]))])
            continue
        lines = decode(b"\n".join(chunk)).split("\n")
        if layout is None:
            at = next((i for i, line in enumerate(lines) if line.strip(BLANKS)), len(lines))
            if at == len(lines):
                continue
            first, at = lines[at], at + 1
            delimiter = max(delimiter, key=first.count)
            layout = layout_of(first) if layout_of else header(first, delimiter, table, rename, is_whole)
            _with_required(layout, table, required)
        for again in [*_headers(lines, at, first, is_header), len(lines)]:
            yield from _of_layout(lines[at:again], start + at, table, layout, delimiter, optional_trailing)
            if again < len(lines):
                reason = "the header again: no record"
                try:
                    layout = layout_of(lines[again]) if layout_of else layout
                except Refused as refused:
                    reason = str(refused)
                yield rejected(table, [(start + again, reason, lines[again])])
            at = again + 1


def _headers(lines: Sequence[str], at: int, first: str | None, is_header: Callable[[str], bool] | None) -> list[int]:
    """Places, from one on, of the lines that are a header again."""
    import polars as pl

    texts = pl.Series(lines[at:], dtype=pl.String)
    if is_header is None:
        again = (
            pl.Series([False] * texts.len()) if first is None else texts.str.strip_chars(BLANKS) == first.strip(BLANKS)
        )
        return [at + i for i in again.arg_true().to_list()]
    # a header's first field is a name, a record's never is
    named = texts.str.contains(r"^[\s\ufeff]*[A-Za-z]").arg_true().to_list()
    return [at + i for i in named if is_header(lines[at + i])]


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
    frame = frame.filter(pl.col("raw").str.strip_chars(BLANKS).str.len_bytes() > 0)
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
    names = [name.strip().lower() for name in line.lstrip("\ufeff").strip("\r\n").split(delimiter)]
    return known_columns([(rename or {}).get(name, name) for name in names], table, is_whole)


def known_columns(names: Sequence[str], table: type[BronzeTable], is_whole: bool = True) -> list[str]:
    """Check header names against the table's own columns; raises `Refused` for one that is none of them."""
    if not names:
        raise Refused(f"no column in the header of {table.address()}")
    declared = set(table.source_columns())
    unknown = [name for name in names if name not in declared]
    if unknown and is_whole:
        raise Refused(unknown_column(names, unknown, table))
    known = [name for name in names if name in declared]
    if len(set(known)) != len(known):
        raise Refused(f"a column stands twice in the header of {table.address()}")
    return list(names)


def unknown_column(names: Sequence[str], unknown: Sequence[str], table: type[BronzeTable]) -> str:
    """Say which column of a header is not known: by its name in what is a header by most of its names, else by place.

    The first line of a file without a header is a record, and quoted nowhere; nor is any of a table that names persons.
    """
    is_header = 2 * len(unknown) <= len(names) and not table.names_persons()
    said = repr(unknown[0]) if is_header else f"in place {names.index(unknown[0]) + 1}"
    return f"unknown column {said} in the header of {table.address()}"


def _with_required(names: Sequence[str], table: type[BronzeTable], required: Sequence[str]) -> None:
    """Refuse a file without a column that its rows mean nothing without."""
    if missing := [name for name in required if name not in names]:
        raise Refused(f"column {missing[0]!r} is missing in the header of {table.address()}")


def read_parquet(
    stream: BinaryIO, table: type[BronzeTable], *, rename: dict[str, str] | None = None, required: Sequence[str] = ()
) -> Iterator[pa.Table]:
    """Read a Parquet file as texts, batch by batch; columns that the table does not declare are left out.

    One that is too big to be held is read where it lies: an error of the system is then the store's.

    Raises `Refused` where it is no Parquet file, or lacks a column that is `required`.
    """
    import pyarrow.parquet as pq

    is_big = isinstance(stream, pa.NativeFile) and stream.size() > limits.WHOLE_BYTES
    data = stream if is_big else pa.BufferReader(whole(stream))  # what fails here is the store's
    corrupt = (pa.ArrowException, UnicodeDecodeError) if is_big else (pa.ArrowException, ValueError, OSError)
    try:
        file = pq.ParquetFile(data)
        found = file.schema_arrow.names
    except corrupt:
        raise Refused("no Parquet file") from None
    names = [(rename or {}).get(name.lower(), name.lower()) for name in found]
    _with_required(known_columns(names, table, is_whole=False), table, required)
    try:
        yield from _parts(file, names, table)
    except corrupt:
        raise Refused("the Parquet file is corrupt, or holds columns that are no texts, numbers or dates") from None


def _parts(file: ParquetFile, names: Sequence[str], table: type[BronzeTable]) -> Iterator[pa.Table]:
    at, schema = 0, read_schema(table)
    for part in file.iter_batches(BATCH_ROWS):
        part.validate(full=True)
        n = part.num_rows
        texts = {name: column for name, column in zip(names, part.columns, strict=True) if name in schema.names}
        values = [
            texts[c].cast(pa.string()) if c in texts else pa.nulls(n, pa.string()) for c in table.source_columns()
        ]
        nothing = pa.nulls(n, pa.string())
        numbers = pa.array(range(at + 1, at + n + 1), pa.int64())
        yield pa.table([numbers, *values, nothing, nothing], schema=schema)
        at += n
    if at != file.metadata.num_rows:
        raise Refused("the Parquet file holds another number of rows than it says")


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

    Blank lines before the header are passed over. Of several delimiters, the one that the first line holds most often
    is taken. `gathered` says of a column of the table which others it holds as one JSON object: the keys that it gives
    their header names.

    `is_whole` says that the header may hold no other name; else other columns are left. Names in `optional` may be
    missing. A column of the table that no header names takes its value from `constants`, else null. A record with
    another number of fields is rejected. Raises `Refused` for a header with unknown or missing names.
    """
    csv.field_size_limit(limits.TEXT_BYTES + 2)
    again = Again(stream)
    found = _csv_records(again, again.likeliest(delimiter))

    def laid_out(
        row: Sequence[str],
    ) -> tuple[list[str], list[tuple[int | None, str | None]], dict[str, dict[int, str]]]:
        names = _names(row)
        objects = gathered_places(names, gathered or {})
        taken_in = {i for places in objects.values() for i in places}
        unknown = [name for i, name in enumerate(names) if name not in columns and i not in taken_in]
        if is_whole and unknown:
            raise Refused(unknown_column(names, unknown, table))
        _with_required(names, table, [name for name in columns if name not in optional])
        places = {column: names.index(name) for name, column in columns.items() if name in names}
        return names, [(places.get(c), (constants or {}).get(c)) for c in table.source_columns()], objects

    _, first, reason, _ = next(found, (0, [], "", ""))
    if first is None:
        raise Refused(f"the header of {table.address()} is no line of a CSV: {reason}")
    layout = laid_out(first)

    def records() -> Iterator[tuple[int, Sequence[str | None] | None, str, str]]:
        nonlocal layout
        for at, row, reason, raw in found:
            if row is None:
                yield at, None, reason, raw
                continue
            names, order, objects = layout
            again = row[0].strip('\ufeff" ')
            if (again in columns or again == names[0]) and _is_header(row, names, columns):
                reason = "the header again: no record"
                try:
                    layout = laid_out(row)
                except Refused as refused:
                    reason = str(refused)
                yield at, None, reason, raw
            elif len(row) != len(names):
                yield at, None, f"{len(names)} fields expected, {len(row)} found", raw
            else:
                values = [constant if i is None else row[i] for i, constant in order]
                yield at, with_gathered(values, row, objects, table), "", ""

    yield from batches(table, records())


def _csv_records(stream: BinaryIO, delimiter: str) -> Iterator[tuple[int, list[str] | None, str, str]]:
    """Records of a CSV: (number of the first line, fields, "", text), or without fields and why there are none."""
    empty, whole = f'{BLANKS}{delimiter}"', deque[str]()
    rows = csv.reader(iter(whole.popleft, None), delimiter=delimiter)
    for number, record, reason in quoted_records(stream, delimiter):
        text = decode(record).rstrip("\r")
        if reason:
            yield number, None, reason, text[:MAX_RAW]
        elif text.strip(empty) or _says_something(text, delimiter):
            whole.append(text)
            try:
                yield number, next(rows), "", text
            except csv.Error:
                yield number, None, NO_RECORD, text[:MAX_RAW]


def _says_something(text: str, delimiter: str) -> bool:
    """Tell whether of blanks, delimiters and quotes some are part of a field that is not blank."""
    return any(field.strip(BLANKS) for field in next(csv.reader((text.replace("\r", " "),), delimiter=delimiter)))


def quoted_records(stream: BinaryIO, delimiter: str) -> Iterator[tuple[int, bytes, str]]:
    """Cut a CSV into (number of the first line, bytes, why it is no record): `limits.TEXT_BYTES` says by which rule."""
    lines = (line for _, chunk in numbered_lines(stream) for line in chunk)
    ahead: deque[bytes] = deque()  # lines that were looked at and are still to be read
    mark = re.escape(delimiter.encode())
    field = rb'(?:"(?:[^"]++|"")*+"[^%s]*+|(?!")[^%s]*+)' % (mark, mark)
    fields, others = re.compile(rb"%s(?:%s%s)*+" % (field, mark, field)), rb"[^%s]*+(?:%s%s)*+" % (mark, mark, field)
    closing = re.compile(rb'((?:[^"]++|"")*+)"(?:(?=[\r%s])|\Z)(%s)' % (mark, others))
    number = 1
    while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
        taken, reason = [line], TOO_LONG if isinstance(line, LongLine) else ""
        if b'"' in line and not reason and (at := _open_field(fields.match(line), line)) >= 0:
            reason = _join(taken, at, ahead, lines, closing)
        yield number, line if len(taken) == 1 else b"\n".join(taken), reason
        number += len(taken)


def _open_field(found: re.Match[bytes] | None, line: bytes) -> int:
    """Where in a line a quoted field begins that does not end there; -1 where none does."""
    if found is None:
        return 0
    return -1 if found.end() == len(line) else found.end() + 1


def _join(taken: list[bytes], at: int, ahead: deque[bytes], lines: Iterator[bytes], closing: re.Pattern[bytes]) -> str:
    """Take the lines that belong to a record whose last line leaves a field open; returns why it is none."""
    while True:
        size, n = len(taken[-1]) - at, 0  # bytes of the field, of which the quote stands for the line feed
        while True:
            if n == len(ahead) and (following := next(lines, None)) is not None:
                ahead.append(following)
            if n == len(ahead) or size > limits.TEXT_BYTES:
                return NO_END
            line = ahead[n]
            n += 1
            if _quotes_are_pairs(line):
                size += len(line) + 1
                continue
            break
        found = closing.match(line)
        if found is None or size + found.end(1) > limits.TEXT_BYTES:
            return NO_END
        taken.extend(ahead.popleft() for _ in range(n))
        if isinstance(line, LongLine):
            return TOO_LONG
        if found.end() == len(line):
            return ""
        at = found.end() + 1


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


def _quotes_are_pairs(line: bytes) -> bool:
    return PAIRS.fullmatch(line) is not None
