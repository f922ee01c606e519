"""CAERS files of the simulated country, in the three vintages."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import polars as pl

from pipelines.defs.sources.caers.read import OLD
from pipelines.simulator.files import put
from pipelines.simulator.reporting import Reporting
from pipelines.simulator.world import World

KEY = ["case_no", "version"]
NEW = {
    "report_id": "report_id",
    "date_fda_first_received_report": "created_date",
    "date_event": "event_date",
    "product_type": "product_type",
    "product": "product",
    "product_code": "product_code",
    "description": "industry",
    "patient_age": "patient_age",
    "age_units": "age_units",
    "sex": "sex",
    "case_meddra_preferred_terms": "terms",
    "case_outcome": "outcomes",
}
MIDDLE = {("description" if c == "industry" else c): c for c in NEW.values()}
VINTAGES = [
    ("caers_2012-09-30.csv", dt.date(2012, 9, 30), OLD, "cp1252"),
    ("caers_2012-11-30.csv", dt.date(2012, 11, 30), MIDDLE, "cp1252"),
    ("caers_2012-12-31.csv", dt.date(2012, 12, 31), NEW, "utf-8-sig"),
]
OUTCOMES = {
    "DE": "Death",
    "LT": "Life Threatening",
    "HO": "Hospitalization",
    "DS": "Disability",
    "OT": "Other Serious or Important Medical Event",
}
INDUSTRY = {"cosmetic": ("53", "Cosmetics"), "nutrition": ("54", "Vit/Min/Prot/Unconv Diet(Human/Animal)")}


def write(world: World, out: Path) -> None:
    """Write three states of one listing, each in another vintage; a row of the last has a field too many."""
    parts = [_rows(world, world.through("caers", domain)) for domain in INDUSTRY]
    rows = pl.concat(parts).sort("received_date", "report_id", "version", "seq")
    for name, day, layout, encoding in VINTAGES:
        known = rows.filter(pl.col("received_date") <= day).filter(
            pl.col("retracted_date").is_null() | (pl.col("retracted_date") > day)
        )
        latest = known.filter(pl.col("version") == pl.col("version").max().over("report_id"))
        put(out / "caers" / name, _file(latest, layout, encoding, is_last=layout is NEW))


def _rows(world: World, sent: Reporting) -> pl.DataFrame:
    code, industry = INDUSTRY[sent.domain]
    terms = sent.events.join(world.terms.select("term_no", "human_pt"), on="term_no", maintain_order="left")
    terms = terms.group_by(KEY, maintain_order=True).agg(terms=pl.col("human_pt").unique(maintain_order=True))
    held = world.products_of(sent.domain).select("product_no", ingredient_no=pl.col("substance_nos").list.first())
    main = held.join(world.ingredients.select("ingredient_no", ingredient="name"), on="ingredient_no")
    named = world.products_of(sent.domain).select("product_no", "brand").join(main, on="product_no")
    products = sent.products.join(named, on="product_no", how="left", maintain_order="left")
    rows = sent.cases.join(terms, on=KEY, maintain_order="left").join(products, on=KEY, maintain_order="left")
    is_formula = pl.col("case_no") % 97 == 3
    return rows.select(
        "version",
        "seq",
        "received_date",
        "retracted_date",
        report_id=pl.format("2012-CFS-{}{}", pl.lit(sent.domain[0].upper()), pl.col("case_no")),
        created_date=pl.col("first_received_date").dt.strftime("%m/%d/%Y"),
        event_date=pl.col("onset_date").dt.strftime("%m/%d/%Y"),
        product_type=pl.when(pl.col("role") == "C").then(pl.lit("CONCOMITANT")).otherwise(pl.lit("SUSPECT")),
        product=pl.when(is_formula)
        .then(pl.format("=1+1 {}", pl.col("ingredient")))
        .otherwise(pl.format("{} ({})", pl.col("ingredient"), pl.col("brand"))),
        product_code=pl.lit(code),
        industry=pl.lit(industry),
        patient_age=pl.when(pl.col("seq") == 1).then(pl.col("age_years").cast(pl.Int64).cast(pl.String)),
        age_units=pl.when(pl.col("age_years").is_not_null()).then(pl.lit("year(s)")),
        sex=pl.when(pl.col("seq") == 1).then(pl.col("sex").replace_strict({"female": "F", "male": "M"}, default="U")),
        terms=pl.col("terms").list.join(", "),
        outcomes=pl.col("outcome").replace_strict(OUTCOMES, default="Non-Serious Injuries/ Illness"),
    )


def _file(rows: pl.DataFrame, layout: dict[str, str], encoding: str, is_last: bool) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(layout)
    for row in rows.select([pl.col(c) for c in layout.values()]).iter_rows():
        writer.writerow(["" if v is None else v for v in row])
    if is_last:
        writer.writerow(["stray"] * (len(layout) + 1))
    return out.getvalue().encode(encoding)
