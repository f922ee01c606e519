"""Declaration forms of the simulated country: what the writers of several vigilances share."""

from __future__ import annotations

import csv
import io

import polars as pl

from pipelines.simulator.world import World

KEY = ["case_no", "version"]
CRITERIA = {
    "DE": "death",
    "LT": "immediate vital risk",
    "HO": "hospitalisation",
    "DS": "disability",
    "OT": "medically important",
}
ROLES = {"PS": "suspect", "SS": "suspect", "C": "concomitant"}
NOTIFIERS = {"physician": "physician", "pharmacist": "pharmacist", "consumer": "consumer", "other": "other"}


def declared(world: World, source: str) -> pl.DataFrame:
    """One row per declaration, version and product that reaches a source, in the columns that all forms share.

    Withdrawn declarations come again as a last version that says so. Sorted as they arrive.
    """
    sent = world.through(source)
    effects = sent.events.join(world.terms.select("term_no", "human_pt"), on="term_no", maintain_order="left")
    effects = effects.group_by(KEY, maintain_order=True).agg(effects=pl.col("human_pt").unique(maintain_order=True))
    cases = sent.cases.join(effects, on=KEY, how="left", maintain_order="left").with_columns(is_withdrawn=pl.lit("no"))
    last = cases.sort(KEY).group_by("case_no", maintain_order=True).last()
    gone = last.filter(pl.col("retracted_date").is_not_null()).with_columns(
        sold=pl.col("version"),
        version=pl.col("version") + 1,
        received_date=pl.max_horizontal("retracted_date", "received_date"),
        is_withdrawn=pl.lit("yes"),
    )
    states = pl.concat([cases.with_columns(sold=pl.col("version")), gone.select(*cases.columns, "sold")])
    products = sent.products.rename({"version": "sold"}).join(_named(world, sent.domain), on="product_no", how="left")
    rows = states.join(products, on=["case_no", "sold"], how="inner", maintain_order="left")
    first_use = pl.col("onset_date") - pl.duration(days=pl.col("case_no") % 40 + 1)
    return rows.sort("received_date", "case_no", "version", "seq").select(
        declaration_number=pl.format("{}-{}", pl.lit(source[:3].upper()), pl.col("case_no")),
        version=pl.col("version"),
        received_date=pl.col("received_date"),
        is_withdrawn="is_withdrawn",
        other_numbers="worldwide_no",
        notifier=pl.col("reporter").replace_strict(NOTIFIERS, default=None),
        country="country",
        person=pl.format("P{}", pl.col("case_no")),
        sex="sex",
        age_years=pl.col("age_years"),
        product_name="product_name",
        role=pl.col("role").replace_strict(ROLES),
        company="company",
        batch="batch",
        ingredients="ingredients",
        first_use_date=pl.when(pl.col("case_no") % 3 > 0).then(first_use),
        last_use_date=pl.when(pl.col("case_no") % 4 == 0).then(pl.col("onset_date")),
        effects=pl.col("effects").list.join("|"),
        onset_date=pl.when(pl.col("onset_precision") == "year")
        .then(pl.col("onset_date").dt.strftime("%Y"))
        .when(pl.col("onset_precision") == "month")
        .then(pl.col("onset_date").dt.strftime("%Y-%m"))
        .otherwise(pl.col("onset_date").dt.strftime("%Y-%m-%d")),
        seriousness=pl.col("outcome").replace_strict(CRITERIA, default="not serious"),
        outcome=pl.when(pl.col("outcome") == "DE").then(pl.lit("fatal")).otherwise(pl.lit("recovered")),
        causality=pl.lit("likely"),
        narrative=pl.format(
            "After {} the person told of: {}.", pl.col("product_name"), pl.col("effects").list.join(", ")
        ),
        product_no="product_no",
        case_no="case_no",
    )


def _named(world: World, domain: str) -> pl.DataFrame:
    """Name, company and joined ingredients of a domain's products; a plant with its part, as labels write it."""
    name = (
        pl.when(pl.col("kind") == "plant").then(pl.format("{} L., {}", "name", "plant_part")).otherwise(pl.col("name"))
    )
    labels = world.ingredients.select("ingredient_no", label=name)
    held = world.products_of(domain).select("product_no", ingredient_no="substance_nos").explode("ingredient_no")
    joined = held.join(labels, on="ingredient_no", maintain_order="left").group_by("product_no", maintain_order=True)
    ingredients = joined.agg(ingredients=pl.col("label").str.join("|"))
    return (
        world.products_of(domain)
        .select("product_no", "company", product_name="name")
        .join(ingredients, on="product_no", maintain_order="left")
    )


def export(rows: pl.DataFrame, columns: list[str]) -> bytes:
    """Write an export with `;`, quoted where needed; the third line has a field too many."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(columns)
    for n, row in enumerate(rows.select(columns).iter_rows()):
        if n == 1:
            writer.writerow([*row, "stray"])
        writer.writerow(["" if v is None else v for v in row])
    return out.getvalue().encode()
