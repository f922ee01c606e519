"""Exports of recalls to rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

COLUMNS = {
    "FEI Number": "fei_number",
    "Recalling Firm Name": "firm",
    "Product Type": "product_type",
    "Product Classification": "product_class",
    "Status": "status",
    "Distribution Pattern": "distribution",
    "Recalling Firm City": "city",
    "Recalling Firm State": "state",
    "Recalling Firm Country": "country",
    "Center Classification Date": "classification_date",
    "Reason for Recall": "stated_reason",
    "Product Description": "product",
    "Event ID": "event_id",
    "Event Classification": "event_class",
    "Product ID": "product_id",
    "Center": "center",
    "Recall Details": "link",
}
OPTIONAL = ("Product Type", "Status", "Distribution Pattern", "Recalling Firm State", "Center", "Recall Details")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one export; other columns are left. Raises `Refused` without a column that it needs."""
    yield from read_quoted_csv(stream, table, columns=COLUMNS, is_whole=False, optional=OPTIONAL)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count records by their line ends outside of quotes."""
    return count_quoted_lines(stream)
