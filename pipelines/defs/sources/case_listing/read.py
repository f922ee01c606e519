"""Listing bytes to rows: a CSV with quoted fields, its columns named by the mapping of its path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.case_listing.mappings import mapping_of
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv
from pipelines.files.text import Refused


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one listing; columns the mapping does not name are left. Raises `Refused` where a named one is missing."""
    mapping = mapping_of(name)
    if mapping is None:
        raise Refused("no mapping of the settings fits this file")
    columns = {mapping.case_id: "case_id", mapping.product: "product", mapping.event: "event"}
    if mapping.received_date:
        columns[mapping.received_date] = "received_date"
    yield from read_quoted_csv(
        stream,
        table,
        columns=columns,
        delimiter=mapping.delimiter,
        is_whole=False,
        optional=[mapping.received_date or ""],
        constants={"domain": mapping.domain},
    )


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    mapping = mapping_of(name)
    return count_quoted_lines(stream, delimiter=mapping.delimiter if mapping else ",")
