"""Supplies of human medicines to animals, and what was reported after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.cascade.reserved import RESERVED
from pipelines.defs.gold.cascade.tables import Cascade
from pipelines.defs.gold.exposure.contents import substances
from pipelines.defs.silver.report.tables import SUSPECT_ROLES
from pipelines.defs.silver.substance.codes import atc_codes
from pipelines.defs.silver.substance.spine import name_stems
from pipelines.formats.species import animal_species
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

VERSION = ["report_key", "report_version"]
KEY = ["year", "species", "substance_key"]
ATC4 = 5
PER = 1000


@step(
    Cascade,
    *(
        "silver.animal_supply",
        "silver.pack",
        "silver.pack_content",
        "silver.product_substance",
        "silver.substance_name",
    ),
    *("silver.substance", "silver.product", "silver.report", "silver.report_product"),
)
def cascade(tables: Tables) -> DataFrame:
    """Unite supplies and reports by year, species and substance."""
    supplies = _supplies(tables)
    both = supplies.join(_reports(tables), on=KEY, how="full").fillna(0)
    every = (
        tables["silver.animal_supply"].filter("flow_to IS NULL").groupBy(F.year("supply_date").alias("year"), "species")
    )
    of_species = every.agg(F.count("*").alias("n_supplies_species"))
    told = both.join(of_species, on=["year", "species"], how="left").fillna(0, subset=["n_supplies_species"])
    substances_now = tables["silver.substance"].filter("known_to IS NULL")
    classes = substances_now.select(
        *("substance_key", "substance_name"),
        atc_codes().alias("codes"),
        F.substring(F.get(F.array_sort(atc_codes()), F.lit(0)), 1, ATC4).alias("class_code"),
    )
    named = told.join(F.broadcast(classes), on="substance_key", how="left")
    one = F.col("n_supplies")
    group = _reserved_group()
    return conformed(
        named.withColumns(
            {
                "substance_name": F.coalesce("substance_name", "substance_key"),
                "share": F.when(F.col("n_supplies_all") > 0, one / F.col("n_supplies_all")),
                "share_species": F.when(F.col("n_supplies_species") > 0, one / F.col("n_supplies_species")),
                "reserved_group": group,
                "is_reserved": group.isNotNull(),
                "rate_per_1000": F.when(F.col("n_animals") > 0, F.col("n_reports") * PER / F.col("n_animals")),
            }
        ).drop("codes"),
        Cascade,
    )


def _supplies(tables: Tables) -> DataFrame:
    """Lines of human medicines and all lines, of substances that were supplied as a human medicine at least once."""
    held = F.broadcast(substances(tables).drop("mg_per_pack"))
    lines = tables["silver.animal_supply"].filter("flow_to IS NULL").join(held, on="pack_key", how="inner")
    by = lines.groupBy(F.year("supply_date").alias("year"), "species", "substance_key")
    is_human = F.col("is_human_medicine")
    counted = by.agg(
        F.count(F.when(is_human, 1)).alias("n_supplies"),
        F.coalesce(F.sum(F.when(is_human, F.col("n_animals"))), F.lit(0)).alias("n_animals"),
        F.count("*").alias("n_supplies_all"),
    )
    return counted.filter("n_supplies > 0")


def _reports(tables: Tables) -> DataFrame:
    """Reports of animals after a product whose name only human products bear."""
    names = tables["silver.product"].filter("product_name IS NOT NULL")
    human, animal = (
        name_stems(names.filter(F.col("domain") == domain), "product_key", "product_name").select("stem").distinct()
        for domain in ("human", "veterinary")
    )
    only_human = human.join(animal, on="stem", how="left_anti").filter("length(stem) > 2")
    reports = tables["silver.report"].filter("domain = 'veterinary' AND NOT is_retracted AND is_cluster_head")
    told = reports.filter("species <> 'human'").select(
        *VERSION, animal_species("species").alias("species"), "is_serious", F.year("received_first_date").alias("year")
    )
    suspects = tables["silver.report_product"].filter("coded_to IS NULL").filter(F.col("role").isin(*SUSPECT_ROLES))
    products = suspects.join(told.select(*VERSION), on=VERSION, how="left_semi").filter("reported_name IS NOT NULL")
    bearing = name_stems(products, "reported_name", "reported_name").join(only_human, on="stem", how="left_semi")
    given = products.join(bearing.select("reported_name").distinct(), on="reported_name", how="left_semi")
    each = given.select(*VERSION, F.explode("substance_keys").alias("substance_key")).distinct()
    return (
        each.join(told, on=VERSION, how="inner")
        .groupBy(*KEY)
        .agg(F.count("*").alias("n_reports"), F.count(F.when(F.col("is_serious"), 1)).alias("n_reports_serious"))
    )


def _reserved_group() -> Column:
    """Group of the regulation that one of the codes belongs to; null for none."""
    group = F.lit(None).cast("string")
    for name, prefixes in RESERVED.items():
        group = F.when(_has_code(f"^({'|'.join(prefixes)})"), name).otherwise(group)
    return group


def _has_code(pattern: str) -> Column:
    return F.exists("codes", lambda code: code.rlike(pattern))
