"""JIACRA files to rows: CSV with a header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

COLUMNS = {
    **{"ReportingCountry": "reporting_country", "country_name": "country_name", "Year": "year"},
    **{"Pathogen": "pathogen", "Class": "antibiotic_class", "pathogen_name": "pathogen_name"},
    **{"class_name": "class_name", "Animal": "animal", "PCU_ANIMALS": "pcu_animals", "DID_TOTAL": "did_total"},
    **{"NS": "ns", "Tested": "tested", "PR_h": "pr_h", "NS_a": "ns_a", "Tested_a": "tested_a", "PR_a": "pr_a"},
}
REQUIRED = {
    "jiacra_human": ("ReportingCountry", "Year", "Pathogen", "Class", "NS", "Tested"),
    "jiacra_animal": ("ReportingCountry", "Year", "Pathogen", "Class", "Animal", "NS_a", "Tested_a"),
}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file. Raises `Refused` where the header is another."""
    own = {title: c for title, c in COLUMNS.items() if c in table.source_columns()}
    optional = [title for title in own if title not in REQUIRED[table.name]]
    yield from read_quoted_csv(stream, table, columns=own, delimiter=",;", optional=optional)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter=",;")
