"""Exports of documents: between the first two a bad site's certificate is withdrawn, its non-compliance stated."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.defs.sources.eudragmdp.tables import GmpDocument
from pipelines.simulator import sites
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import World

DAYS = (dt.date(2012, 11, 30), dt.date(2012, 12, 31), dt.date(2024, 12, 31))


def write(world: World, out: Path) -> None:
    """Write `eudragmdp/<day>/documents.csv`."""
    inspected = sites.inspections(world)
    withdrawn = {one.site.number: one.withdrawn for one in inspected if one.withdrawn}
    for day in DAYS:
        rows = []
        for one in inspected:
            if one.certified and one.certified <= day and not (one.withdrawn and one.withdrawn <= day):
                rows.append(_document(one, f"FR/GMP/{one.day:%Y}/{one.site.number:03}", one.certified))
            stated = withdrawn.get(one.site.number)
            if one.certified is None and stated and stated <= day:
                nature = {"restrictions": "Sterility assurance", "action_taken": "Certificate withdrawn, recall"}
                rows.append(_document(one, f"FR/NCR/{one.day:%Y}/{one.site.number:03}", stated) | nature)
        frame = pl.DataFrame(rows, schema=dict.fromkeys(GmpDocument.source_columns(), pl.String))
        put_csv(out / "eudragmdp" / day.isoformat() / "documents.csv", frame, ",")


def _document(one: sites.Inspected, reference: str, issued: dt.date) -> dict[str, Any]:
    return {
        "document_reference": reference,
        "authority": "ANSM",
        "site_name": one.site.name,
        "site_address": f"{one.site.number + 1} rue des Essais, {one.site.city}, France",
        "oms_location_id": one.site.oms,
        "operations": sites.OPERATIONS,
        "inspection_date": str(one.day),
        "issue_date": str(issued),
        "restrictions": "",
        "action_taken": "",
    }
