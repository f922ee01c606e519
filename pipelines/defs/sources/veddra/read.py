"""VeDDRA lists, as CSV or workbook, to rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting import count_sheet
from pipelines.files.quoted import read_quoted_csv
from pipelines.files.workbook import is_workbook, read_workbook

COLUMNS = {
    "New Line No.": "new_line_no",
    "New line no.": "line_id",
    "Current System Organ Class (SOC) Term": "soc_name",
    "Current SOC Key": "soc_code",
    "Current High Level Term (HLT)": "hlt_name",
    "Current HLT Key": "hlt_code",
    "Current Preferred Term (PT)": "pt_name",
    "Current PT Key": "pt_code",
    "Current Low Level Term (LLT)": "llt_name",
    "Current LLT Key": "llt_code",
    "Current Term Type": "term_type",
}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read a list; raises `Refused` where the header is not VeDDRA's or the workbook can't be opened."""
    if is_workbook(name):
        yield from read_workbook(stream, table, COLUMNS)
    else:
        yield from read_quoted_csv(stream, table, columns=COLUMNS)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count the lines of a CSV by their ends, the rows of a workbook by their tags that hold a value."""
    return count_sheet(stream, name)
