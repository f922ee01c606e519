"""Delimited text without quotes to rows: polars reads what is regular, the rest line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.reading import header, read_schema, rejected, with_required
from pipelines.files.text import BLANKS, TOO_LONG, LongLine, Refused, decode, decode_line, numbered_lines


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

    A header again, as joined files have it, is quarantined. `layout_of` gives the layout of a header, in place of what
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
            with_required(layout, table, required)
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
