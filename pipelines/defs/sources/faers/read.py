"""FAERS bytes to rows: `$` between fields, no quotes, both eras' headers.

A line is the record. A line that holds two records, or a stray delimiter, has another number of fields than the header:
it is quarantined whole, so that the balance of lines stays checkable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.faers.tables import FaersDeleted
from pipelines.files.counting_lines import count_lines
from pipelines.files.delimited import read_delimited
from pipelines.files.reading import known_columns

RENAMED = {
    "isr": "primaryid",
    "case": "caseid",
    "gndr_cod": "sex",
    "i_f_cod": "i_f_code",
    "lot_nbr": "lot_num",
    "outc_code": "outc_cod",
    "dsg_drug_seq": "drug_seq",
    "indi_drug_seq": "drug_seq",
}
HEADER = re.compile(r"[\s\ufeff]*(?:isr|primaryid|caseid)\s*\$", re.IGNORECASE)  # of quarters that were joined
TRAILING = re.compile(r"v\d+$")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one FAERS file; raises `Refused` for a header with a column of neither era."""
    if table is FaersDeleted:
        yield from read_delimited(stream, table, delimiter="$", layout=["caseid"], optional_trailing=True)
        return
    yield from read_delimited(
        stream,
        table,
        delimiter="$",
        optional_trailing=True,
        layout_of=lambda line: layout_of(line, table),
        is_header=lambda line: HEADER.match(line) is not None,
    )


def layout_of(head: str, table: type[BronzeTable]) -> list[str]:
    """Column names of a header line, mapped to the later era's; a `v13` at the end stands for the trailing `$`."""
    names = [n.strip().lower() for n in head.lstrip("\ufeff").strip().split("$")]
    while names and (not names[-1] or TRAILING.match(names[-1])):
        names.pop()
    return known_columns([RENAMED.get(n, n) for n in names], table)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines that are not blank, the header left out."""
    return count_lines(stream, header_lines=0 if table is FaersDeleted else 1)
