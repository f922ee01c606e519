"""EVVet line listings to rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

COLUMNS = {
    "Case number": "case_number",
    "AER form": "aer_form",
    "Received date": "received_date",
    "Reporter": "reporter",
    "Country": "country",
    "Gender": "gender",
    "Species": "species",
    "Breed": "breed",
    "Drug": "drug",
    "Reaction": "reaction",
    "Animals affected": "animals_affected",
    "Animals treated": "animals_treated",
    "Animals died": "animals_died",
}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read a listing; raises `Refused` where its header is not that of a line listing."""
    yield from read_quoted_csv(stream, table, columns=COLUMNS)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count the records of a listing by its line ends."""
    return count_quoted_lines(stream)
