"""The four sheets of the simulated country."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl

from pipelines.defs.sources.bnpv.tables import BnpvCase, BnpvEffect, BnpvProduct, BnpvReporter
from pipelines.simulator.files import put
from pipelines.simulator.world import World

KEY = ["case_no", "version"]
PROFESSIONS = {"physician": "Médecin", "pharmacist": "Pharmacien", "consumer": "Patient", "other": "Autre"}
OUTCOMES = {"DE": "deces", "LT": "pro_v", "HO": "hospi", "DS": "incap", "OT": "autre"}


def write(world: World, out: Path) -> None:
    """Write `bnpv/2012-12-31/` with its four sheets; each ends in a row with a field too many."""
    random, sent = world.random("bnpv"), world.through("bnpv")
    ids = sent.cases.select(*KEY, aer_id="worldwide_no", cas=pl.lit("1"), ver="version")
    onset = pl.col("onset_date").dt
    in_months = pl.Series(random.random(sent.cases.height) < 0.05)
    age = pl.when(in_months).then(pl.col("age_years") * 12).otherwise(pl.col("age_years"))
    cases = sent.cases.join(ids, on=KEY, maintain_order="left").with_columns(
        notif=pl.col("received_date").dt.strftime("%d/%m/%Y"),
        sexe=pl.col("sex").replace_strict({"female": "F", "male": "M"}, default=None),
        age=pl.when(pl.col("case_no") % 211 == 5).then(pl.lit("702")).otherwise(age.round(1).cast(pl.String)),
        u_age=pl.when(in_months).then(pl.lit("MOIS")).otherwise(pl.lit("ANS")),
        typ_notif=pl.lit("Spontané"),
        typ_effet=pl.lit("Effet indésirable"),
        grave=pl.when(pl.col("outcome").is_null()).then(pl.lit("Non")).otherwise(pl.lit("Oui")),
        pays_survenue="country",
        **{
            column: pl.when(pl.col("outcome") == outcome).then(pl.lit("Oui")).otherwise(pl.lit("Non"))
            for outcome, column in OUTCOMES.items()
        },
    )
    told = cases.with_columns(age=pl.col("age").str.replace(".", ",", literal=True))
    dates = sent.cases.select(
        *KEY,
        date_deb=pl.when(pl.col("onset_precision") == "year")
        .then(onset.strftime("//%Y"))
        .when(pl.col("onset_precision") == "month")
        .then(onset.strftime("/%m/%Y"))
        .otherwise(onset.strftime("%d/%m/%Y")),
    )
    effects = sent.events.join(world.terms.select("term_no", pt="human_pt"), on="term_no", maintain_order="left")
    effects = effects.join(dates, on=KEY, maintain_order="left").join(ids, on=KEY, maintain_order="left")
    products = sent.products.join(_names(world), on="product_no", maintain_order="left")
    products = products.join(ids, on=KEY, maintain_order="left")
    reporters = cases.filter(pl.col("reporter").is_not_null()).with_columns(
        type_notificateur=pl.col("reporter").replace_strict(PROFESSIONS, default="Autre")
    )
    sheets = {
        "Cas-Patients": (told, BnpvCase),
        "Effets": (effects, BnpvEffect),
        "Medicaments": (products, BnpvProduct),
        "Notificateurs": (reporters, BnpvReporter),
    }
    for name, (rows, table) in sheets.items():
        put(out / "bnpv" / "2012-12-31" / f"{name}.csv", _sheet(rows, table.source_columns()))


def _names(world: World) -> pl.DataFrame:
    """Products at one of the three levels of the sheet."""
    names = {r["substance_no"]: r["name"] for r in world.substances.iter_rows(named=True)}
    rows = []
    for product in world.human_products.iter_rows(named=True):
        many = len(product["substance_nos"]) > 1
        level = 0 if many else product["product_no"] % 3
        name = (product["brand"], product["name"], names[product["substance_nos"][0]])[level]
        rows.append((product["product_no"], name, ("Produit", "Spécialité", "Substance")[level]))
    return pl.DataFrame(rows, schema=["product_no", "medicament", "type"], orient="row")


def _sheet(rows: pl.DataFrame, columns: list[str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow([c.upper() for c in columns])
    present = [pl.col(c) if c in rows.columns else pl.lit(None).alias(c) for c in columns]
    last: tuple[object, ...] = ()
    for row in rows.select(present).iter_rows():
        last = row
        writer.writerow(["" if v is None else v for v in row])
    writer.writerow([*("" if v is None else v for v in last), "stray"])
    return out.getvalue().encode("cp1252")
