"""Listings written in a test: cases as changes to one plain case."""

from __future__ import annotations

import csv
import datetime as dt
import io

from pipelines.defs.sources.evvet.read import COLUMNS, read
from pipelines.defs.sources.evvet.tables import EvvetCase
from tests.sources.bronze import bronze_frame

CASE = {
    "Case number": "FRA-TEST-1",
    "AER form": '<a href="/AER.xdo?AER%20Id=1"> AER </a>',
    "Received date": "2024-01-05 00:00:00",
    "Reporter": "Veterinarian",
    "Country": "France",
    "Gender": "MALE",
    "Species": "Dog",
    "Breed": "Retriever - Golden",
    "Drug": "Librela 10 mg - Solution for injection, Metacam 0.5 mg/ml - Oral suspension (cats, guinea pigs)",
    "Reaction": "Anorexia, Cough, hacking",
    "Animals affected": "1",
    "Animals treated": "2",
    "Animals died": "",
}


def listing(*cases: dict[str, str], header: tuple[str, ...] = tuple(COLUMNS)) -> bytes:
    """A listing as EVVet sends it; each case says only what differs from `CASE`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([(CASE | case)[c] for c in COLUMNS] for case in cases)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def bronze(spark, *extractions):
    """Bronze frame of (file stem, ISO date, cases) in the order given."""
    files = {
        f"evvet/snapshots/{date}/{stem}.csv.gz": (listing(*cases), dt.date.fromisoformat(date))
        for stem, date, cases in extractions
    }
    return {"bronze.evvet_case": bronze_frame(spark, EvvetCase, read, files)}
