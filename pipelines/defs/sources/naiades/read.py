"""Hub'Eau's CSV to rows: the fields that are used, whatever others stand beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

REQUIRED = {
    "naiades_analysis": ("code_station", "date_prelevement", "code_parametre", "resultat", "code_remarque"),
    "naiades_station": ("code_station",),
}
MARKS = ",;"


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one page or export. Raises `Refused` where the header lacks station, day, parameter, result or remark."""
    columns = {c: c for c in table.source_columns()}
    optional = [c for c in columns if c not in REQUIRED[table.name]]
    yield from read_quoted_csv(stream, table, columns=columns, delimiter=MARKS, is_whole=False, optional=optional)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter=MARKS)
