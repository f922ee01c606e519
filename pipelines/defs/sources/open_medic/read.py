"""Open Medic files to rows: `;` between unquoted fields, columns as the year has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.open_medic.tables import OpenMedicSale
from pipelines.files.counting_lines import count_lines
from pipelines.files.delimited import read_delimited


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file; raises `Refused` where the header names a column that no year has."""
    yield from read_delimited(
        stream, table, delimiter=";", required=("cip13", "boites") if table is OpenMedicSale else ("nbc",)
    )


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines after the header."""
    return count_lines(stream, header_lines=1)
