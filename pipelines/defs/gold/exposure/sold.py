"""Exposure from what was sold: quantities, patients where the publisher counted them, animals by estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.defs.gold.exposure.contents import by_class, doses, weights
from pipelines.defs.gold.exposure.grains import CELL, totals
from pipelines.frames.cache import cache

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

READS = ("silver.sale", "silver.patient_count")
KEY = ("source", "substance_key", "month", "n_months", "country", "species")
AMOUNTS = ("n_packs", "n_hospital_units", "mg", "packs_known")


def sold(tables: Tables, packs: DataFrame) -> DataFrame:
    """Quantities of each series by substance, period, place and person or species."""
    counted = totals(cache(_cells(tables, packs)), KEY, AMOUNTS)
    told = ["substance_key", "month", *CELL]
    patients = counted.join(_patients(tables), on=["source", "n_months", *told], how="left")
    dosed = patients.join(F.broadcast(doses(tables, "ddd")), on=["substance_key", "species"], how="left")
    for kind in ("dddvet", "dcdvet"):
        dosed = dosed.join(F.broadcast(doses(tables, kind)), on=["substance_key", "species"], how="left")
    dosed = dosed.join(F.broadcast(weights(tables)), on="species", how="left")
    animals = F.col("mg") / (F.col("dcdvet") * F.col("weight_kg"))
    is_human = F.col("species") == "human"
    daily = F.when(is_human, F.col("mg") / F.col("ddd")).otherwise(F.col("mg") / F.col("dddvet"))
    method = (
        F.when(F.col("n_patients").isNotNull(), "counted_by_publisher")
        .when(~is_human & animals.isNotNull(), "estimated_from_doses")
        .otherwise("sold")
    )
    return dosed.withColumns(
        {
            "method": method,
            "n_treated": F.when(is_human, F.col("n_patients")).otherwise(animals),
            "share_with_content": F.when(
                F.col("n_packs") > 0, F.least(F.col("packs_known") / F.col("n_packs"), F.lit(1.0))
            ),
            "n_daily_doses": daily,
            "treatment_days": F.when(is_human, daily).otherwise(daily / F.col("weight_kg")),
            "is_complete": F.lit(True),
        }
    ).drop("packs_known", "n_patients", "ddd", "dddvet", "dcdvet", "weight_kg")


def _cells(tables: Tables, packs: DataFrame) -> DataFrame:
    """Rows of sales with their substances: by pack, else by a class that one substance alone has."""
    rows = (
        tables["silver.sale"]
        .filter("is_current")
        .withColumns(
            {
                "month": F.last_day("period_end"),
                "n_months": F.round(F.months_between(F.date_add("period_end", 1), "period_start")).cast("int"),
            }
        )
    )
    found = rows.join(F.broadcast(packs), on="pack_key", how="left")
    classes = F.broadcast(by_class(tables).withColumnRenamed("substance_key", "class_key"))
    named = found.join(classes, on="atc_code", how="left")
    named = named.withColumn("substance_key", F.coalesce("substance_key", "class_key"))
    is_hospital = F.col("channel") == "hospital"
    quantity = F.coalesce("n_packs", F.lit(0.0))
    known = F.col("mg_per_pack").isNotNull() & ~is_hospital
    return named.filter("substance_key IS NOT NULL").select(
        F.col("series").alias("source"),
        *("substance_key", "month", "n_months", "country", "species", *CELL),
        F.when(is_hospital, 0.0).otherwise(quantity).alias("n_packs"),
        F.when(is_hospital, quantity).otherwise(0.0).alias("n_hospital_units"),
        F.coalesce("mg", F.when(known, quantity * F.col("mg_per_pack"))).alias("mg"),
        F.when(known, quantity).alias("packs_known"),
    )


def _patients(tables: Tables) -> DataFrame:
    """Patients by substance as the publisher counted them, at the grain that was published."""
    rows = tables["silver.patient_count"].filter("is_current AND level = 'atc5' AND prescriber = 'all'")
    named = rows.join(F.broadcast(by_class(tables)), on=F.col("code") == F.col("atc_code"), how="inner")
    return named.select(
        F.col("series").alias("source"),
        F.lit(12).alias("n_months"),
        "substance_key",
        F.make_date("year", F.lit(12), F.lit(31)).alias("month"),
        *CELL,
        F.col("n_patients").cast("double").alias("n_patients"),
    )
