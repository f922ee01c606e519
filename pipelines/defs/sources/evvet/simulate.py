"""Line listings of the simulated country: one file a year and extraction, as the EMA's public page exports them."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
from pathlib import Path

import polars as pl

from pipelines.simulator.files import put
from pipelines.simulator.world import World

HEADER = ["Case number", "AER form", "Received date", "Reporter", "Country", "Gender", "Species", "Breed", "Drug"]
HEADER += ["Reaction", "Animals affected", "Animals treated", "Animals died"]
REPORTERS = {"vet": "Veterinarian", "owner": "Animal owner", "other": "Other health care professional"}
COUNTRIES = {
    "FR": "France",
    "DE": "Germany",
    "US": "United States",
    "IT": "Italy",
    "ES": "Spain",
    "GB": "United Kingdom",
}
EXTRACTIONS = [dt.date(2024, 3, 31), dt.date(2024, 5, 15), dt.date(2024, 7, 31)]
LINK = '<a target="_blank"  href="/xmlpserver/EVVET3/AER.xdo?AER={}&_xf=pdf"> AER </a>'


def write(world: World, out: Path) -> None:
    """Write `evvet/snapshots/<date>/listing-<year>.csv.gz`: the state of each year at each extraction.

    A later extraction has what came since, shows follow-ups in place of first versions, and lacks what was withdrawn.
    """
    rows = _rows(world)
    for day in EXTRACTIONS:
        known = rows.filter(pl.col("received_date") <= day).filter(
            pl.col("retracted_date").is_null() | (pl.col("retracted_date") > day)
        )
        latest = known.sort("case_no", "version").group_by("case_no", maintain_order=True).last()
        for year in (2023, 2024):
            listed = latest.filter(pl.col("received_date").dt.year() == year).sort("number")
            data = gzip.compress(_csv(listed), mtime=0)
            put(out / "evvet" / "snapshots" / day.isoformat() / f"listing-{year}.csv.gz", data)


def _rows(world: World) -> pl.DataFrame:
    key, sent = ["case_no", "version"], world.through("evvet")
    drugs = sent.products.join(world.veterinary_products.select("product_no", "name"), on="product_no")
    terms = sent.events.join(world.terms.select("term_no", "llt"), on="term_no")
    return (
        sent.cases.join(_joined(drugs, "name"), on=key, how="left", maintain_order="left")
        .join(_joined(terms, "llt"), on=key, how="left", maintain_order="left")
        .with_columns(
            number="worldwide_no",
            reporter=pl.col("reporter").replace_strict(REPORTERS, default=None),
            country=pl.col("country").replace_strict(COUNTRIES, default=None),
            gender=pl.col("sex").str.to_uppercase(),
            species=pl.col("species").str.to_titlecase(),
        )
    )


def _joined(children: pl.DataFrame, name: str) -> pl.DataFrame:
    """Names of a case version, sorted and joined by a comma, as the export does."""
    ordered = children.sort("case_no", "version", name)
    return ordered.group_by("case_no", "version", maintain_order=True).agg(pl.col(name).unique().sort().str.join(", "))


def _csv(rows: pl.DataFrame) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    columns = ["number", "case_no", "received_date", "reporter", "country", "gender", "species", "breed", "name", "llt"]
    for row in rows.select(*columns, "n_affected", "n_died").iter_rows(named=True):
        values = [row[c] for c in ("reporter", "country", "gender", "species", "breed", "name", "llt", "n_affected")]
        shown = ["" if v is None else v for v in (*values, row["n_affected"], row["n_died"] or None)]
        writer.writerow([row["number"], LINK.format(row["case_no"]), f"{row['received_date']} 00:00:00", *shown])
    return "\ufeff".encode() + text.getvalue().encode()
