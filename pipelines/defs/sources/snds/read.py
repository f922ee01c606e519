"""DCIR extracts to rows: `;` or `,` between unquoted fields, or Parquet; columns as the extract was granted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.snds.tables import KEY, SndsIrPhaR
from pipelines.files.counting import count_delimited
from pipelines.files.delimited import read_delimited
from pipelines.files.parquet import read_parquet

OTHER_NAMES = {"num_enq": "ben_nir_psa"}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one extract; columns that the table does not declare are left out. Raises `Refused` without its keys."""
    if name.lower().endswith(".parquet"):
        yield from read_parquet(stream, table, rename=OTHER_NAMES, required=_required(table))
    else:
        required = _required(table)
        yield from read_delimited(
            stream, table, delimiter=";,", rename=OTHER_NAMES, required=required, is_whole=False, optional_trailing=True
        )


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines after the header, or the rows that a Parquet file says it holds."""
    return count_delimited(stream, name)


def _required(table: type[BronzeTable]) -> tuple[str, ...]:
    if set(KEY) <= set(table.columns):
        return KEY
    return ("pha_cip_c13",) if table is SndsIrPhaR else ("ben_nir_psa", "ben_rng_gem")
