"""Bronze frames from bytes: read as ingestion reads, with the provenance columns, without a lake."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute

from pipelines.core.reading import read_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipelines.core.reading import Reader
    from pipelines.core.table import BronzeTable


def bronze_frame(
    spark: SparkSession, table: type[BronzeTable], read: Reader, files: dict[str, tuple[bytes, dt.date]]
) -> DataFrame:
    """Return the bronze table that landing these files would give: path -> (bytes, known date)."""
    frames = [_kept(table, read, path, data, known) for path, (data, known) in files.items()]
    return spark.createDataFrame(pa.concat_tables(frames)).select(*table.columns)


def _kept(table: type[BronzeTable], read: Reader, path: str, data: bytes, known: dt.date) -> pa.Table:
    rows = pa.concat_tables([read_schema(table).empty_table(), *read(io.BytesIO(data), path, table)])
    rows = rows.filter(pa.compute.is_null(rows["reason"])).drop_columns(["reason", "raw"])
    delivery = hashlib.sha256(data + known.isoformat().encode()).hexdigest()[:16]
    n = rows.num_rows
    provenance = (("delivery_id", pa.scalar(delivery)), ("file", pa.scalar(path)), ("known_date", pa.scalar(known)))
    for name, value in provenance:
        rows = rows.append_column(name, pa.repeat(value, n))
    return rows
