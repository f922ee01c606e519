"""Bronze frames from bytes: read as ingestion reads, with the provenance columns, without a lake."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute

from pipelines.files.reading import read_schema
from pipelines.lake import file_output

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipelines.core.table import BronzeTable
    from pipelines.files.reading import Reader
    from pipelines.lake.lake import Lake


def bronze_frame(
    spark: SparkSession, table: type[BronzeTable], read: Reader, files: dict[str, tuple[bytes, dt.date]]
) -> DataFrame:
    """Return the bronze table that landing these files would give: path -> (bytes, known date)."""
    frames = [_kept(table, read, path, data, known) for path, (data, known) in files.items()]
    return spark.createDataFrame(pa.concat_tables(frames)).select(*table.columns)


def bronze_files(lake: Lake, table: type[BronzeTable], read: Reader, files: dict[str, tuple[bytes, dt.date]]) -> None:
    """Put the rows that landing these files would give into a lake, as ingestion writes them."""
    root, schema = lake.prepared(table), table.arrow_schema()
    for path, (data, known) in files.items():
        rows = _kept(table, read, path, data, known)
        delivery = hashlib.sha256(data + known.isoformat().encode()).hexdigest()[:16]
        if rows.num_rows:
            inside = [f for f in schema if f.name != "delivery_id"]
            output = file_output.Output(root, {"delivery_id": delivery}, is_text=True, told=table.in_log())
            output.write(rows.select([f.name for f in inside]).cast(pa.schema(inside)))
            lake.commit_files(table, [output.added() or {}], {}, replacing={})


def _kept(table: type[BronzeTable], read: Reader, path: str, data: bytes, known: dt.date) -> pa.Table:
    rows = pa.concat_tables([read_schema(table).empty_table(), *read(io.BytesIO(data), path, table)])
    rows = rows.filter(pa.compute.is_null(rows["reason"])).drop_columns(["reason", "raw"])
    delivery = hashlib.sha256(data + known.isoformat().encode()).hexdigest()[:16]
    n = rows.num_rows
    provenance = (("delivery_id", pa.scalar(delivery)), ("file", pa.scalar(path)), ("known_date", pa.scalar(known)))
    for name, value in provenance:
        rows = rows.append_column(name, pa.repeat(value, n))
    return rows
