"""Parquet to rows of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from pipelines.core import limits
from pipelines.core.table import BronzeTable
from pipelines.files.reading import BATCH_ROWS, known_columns, read_schema, with_required
from pipelines.files.text import Refused, whole

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


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
    with_required(known_columns(names, table, is_whole=False), table, required)
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
