"""CAERS files to rows: three vintages, and the two listings that the statistical literature works on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

OLD = {
    "RA_Report #": "report_id",
    "RA_CAERS Created Date": "created_date",
    "AEC_Event Start Date": "event_date",
    "PRI_Product Role": "product_type",
    "PRI_Reported Brand/Product Name": "product",
    "PRI_FDA Industry Code": "product_code",
    "PRI_FDA Industry Name": "industry",
    "CI_Age at Adverse Event": "patient_age",
    "CI_Age Unit": "age_units",
    "CI_Gender": "sex",
    "AEC_One Row Outcomes": "outcomes",
    "SYM_One Row Coded Symptoms": "terms",
}
NAMES = {
    **{c: c for c in ("report_id", "created_date", "event_date", "product_type", "product", "product_code")},
    **{c: c for c in ("patient_age", "age_units", "sex", "terms", "outcomes")},
    "description": "industry",
    "date_fda_first_received_report": "created_date",
    "date_event": "event_date",
    "case_meddra_preferred_terms": "terms",
    "case_outcome": "outcomes",
    **OLD,
    "RA_Report..": "report_id",
    "PRI_Reported.Brand.Product.Name": "product",
    "CI_Age.at.Adverse.Event": "patient_age",
    "CI_Age.Unit": "age_units",
    "CI_Gender": "sex",
    "SYM_One.Row.Coded.Symptoms": "terms",
    "id": "report_id",
    "var1": "product",
    "var2": "terms",
    "strat1": "sex",
}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read a file of any vintage; raises `Refused` for a header with a name of none."""
    yield from read_quoted_csv(stream, table, columns=NAMES, optional=list(NAMES))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream)
