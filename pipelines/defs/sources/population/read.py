"""Denominators to rows: CSV with a header, `;` between INSEE's fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.population.tables import PopulationInhabitant
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file. Raises `Refused` where the header is another."""
    is_insee = table is PopulationInhabitant
    columns = {c.upper() if is_insee else c: c for c in table.source_columns()}
    yield from read_quoted_csv(
        stream,
        table,
        columns=columns,
        delimiter=";" if is_insee else ",",
        is_whole=not is_insee,
        optional=("via", "method"),
    )


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter=";" if table is PopulationInhabitant else ",")
