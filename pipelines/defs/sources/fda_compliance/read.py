"""Exports of the dashboard to rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.fda_compliance.tables import FdaComplianceAction, FdaPublishedForm
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

COLUMNS = {
    FdaComplianceAction: {
        "FEI Number": "fei_number",
        "Legal Name": "legal_name",
        "State": "state",
        "Country/Area": "country",
        "Product Type": "product_type",
        "Action Taken Date": "action_taken_date",
        "Action Type": "action_type",
        "Case/Injunction ID": "case_id",
    },
    FdaPublishedForm: {
        "Record Date": "record_date",
        "FEI Number": "fei_number",
        "Legal Name": "legal_name",
        "Record Type": "record_type",
        "Date Posted": "date_posted",
        "Download": "download",
        "Record ID": "record_id",
    },
}
OPTIONAL = ("State", "Country/Area", "Product Type", "Record Type", "Download")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one export; other columns are left. Raises `Refused` without a column that it needs."""
    own = COLUMNS[table]  # type: ignore[index]
    optional = [c for c in OPTIONAL if c in own]
    yield from read_quoted_csv(stream, table, columns=own, is_whole=False, optional=optional)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count records by their line ends outside of quotes."""
    return count_quoted_lines(stream)
