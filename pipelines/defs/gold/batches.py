"""Batches in families of one product, and the reports that name them: what several tables of batches begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.defs.silver.report.tables import SUSPECT_ROLES
from pipelines.defs.silver.substance.spine import ingredients
from pipelines.formats.batches import batch_key
from pipelines.frames.cache import cache
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

FAMILY = ["family_key", "domain"]


def named_batches(tables: Tables) -> DataFrame:
    """Batches of the register that reports name, of a product with a substance that they suspect."""
    batches = cache(with_family(tables))
    substances = cache(substances_of(tables, batches))
    told = reports_of(tables, substances).filter("batch IS NOT NULL")
    known = batches.join(substances, on=FAMILY, how="inner").select("domain", "batch", "substance_key", "batch_key")
    return told.join(known, on=["domain", "batch", "substance_key"], how="inner")


def with_family(tables: Tables) -> DataFrame:
    """Batches with their family: batch_key, batch, domain, pack_key, establishment_key, n_released, family_key."""
    packs = tables["silver.pack"].filter("is_current").groupBy("pack_key").agg(F.min("product_key").alias("family_key"))
    known = in_few_tasks(tables["silver.batch"]).filter("is_current").select(
        *("batch_key", "batch", "domain", "pack_key", "establishment_key"),
        F.col("n_doses").alias("n_released"),
        F.last_day(F.coalesce("made_date", "valid_from")).alias("made"),
    )  # fmt: skip
    joined = known.join(F.broadcast(packs), on="pack_key", how="left")
    return joined.withColumn("family_key", F.coalesce("family_key", "pack_key"))


def substances_of(tables: Tables, batches: DataFrame) -> DataFrame:
    """Substances of each family: family_key, domain, substance_key."""
    families = batches.select(*FAMILY).distinct()
    held = ingredients(tables).select(F.col("product_key").alias("family_key"), "substance_key").distinct()
    return families.join(held, on="family_key", how="inner")


def reports_of(tables: Tables, substances: DataFrame) -> DataFrame:
    """Reports that suspect a substance of some family: report_key, domain, month, substance_key, batch (or null)."""
    reports = tables["silver.report"].filter("NOT is_retracted AND is_cluster_head").select(
        *("report_key", "report_version", "domain"), F.last_day("received_first_date").alias("month")
    )  # fmt: skip
    suspects = tables["silver.report_product"].filter("is_current").filter(F.col("role").isin(*SUSPECT_ROLES))
    told = suspects.select(
        *("report_key", "report_version"),
        F.explode("substance_keys").alias("substance_key"),
        batch_key("batch").alias("batch"),
    )
    asked = substances.select("domain", "substance_key").distinct()
    return (
        told.join(F.broadcast(asked.select("substance_key").distinct()), on="substance_key", how="left_semi")
        .join(reports, on=["report_key", "report_version"], how="inner")
        .join(F.broadcast(asked), on=["domain", "substance_key"], how="left_semi")
        .distinct()
    )
