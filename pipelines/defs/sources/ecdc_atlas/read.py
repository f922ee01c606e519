"""Exports of the atlas to rows: quoted CSV with a header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

COLUMNS = {
    **{"HealthTopic": "health_topic", "Population": "population", "Indicator": "indicator", "Unit": "unit"},
    **{"Time": "time", "RegionCode": "region_code", "RegionName": "region_name", "NumValue": "num_value"},
    **{"TxtValue": "txt_value", "region": "region_name"},  # as a copy was edited
}
OPTIONAL = ("HealthTopic", "Unit", "RegionName", "region", "TxtValue")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one export. Raises `Refused` where the header is another."""
    yield from read_quoted_csv(stream, table, columns=COLUMNS, delimiter=",;", optional=OPTIONAL)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter=",;")
