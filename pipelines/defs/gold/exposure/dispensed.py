"""Exposure from dispensed lines: a person counts once in each month and once in each year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.kept import keep
from pipelines.defs.gold.exposure.contents import doses, substances
from pipelines.defs.gold.exposure.grains import CELL, totals
from pipelines.defs.silver.coded_report.conform import age_group

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.conform import Tables

READS = ("silver.dispensing", "silver.insured")
FLOWS_TO_COMPLETE = 6
NATIONAL = {"snds": "FR"}
KEY = ("source", "substance_key", "month", "n_months")
AMOUNTS = ("n_treated", "n_packs", "n_hospital_units", "mg", "packs_known")


def dispensed(tables: Tables) -> DataFrame:
    """Persons with a positive net quantity, and quantities, by month and by year."""
    lines = _by_person(tables)
    year_end = F.make_date(F.year("month"), F.lit(12), F.lit(31))
    cells = _cells(lines, F.col("month"), 1).unionByName(_cells(lines, year_end, 12))
    counted = totals(keep(cells), KEY, AMOUNTS)
    last = tables["silver.dispensing"].groupBy("source").agg(F.max("flow_date").alias("last_flow"))
    dated = counted.join(F.broadcast(last), on="source", how="inner")
    dose = doses(tables, "ddd").drop("species")
    known = dated.join(F.broadcast(dose), on="substance_key", how="left")
    is_complete = F.months_between(F.trunc("last_flow", "month"), F.trunc("month", "month")) >= FLOWS_TO_COMPLETE
    country = F.create_map(*[F.lit(x) for pair in NATIONAL.items() for x in pair])
    daily = F.col("mg") / F.col("ddd")
    return known.withColumns(
        {
            "country": F.coalesce(F.try_element_at(country, F.col("source")), F.lit("ZZ")),
            "species": F.lit("human"),
            "method": F.lit("dispensed"),
            "is_complete": is_complete,
            "share_with_content": F.when(F.col("n_packs") > 0, F.col("packs_known") / F.col("n_packs")),
            "n_daily_doses": daily,
            "treatment_days": daily,
        }
    ).drop("packs_known", "last_flow", "ddd")


def _by_person(tables: Tables) -> DataFrame:
    """What each person got of a substance in a month; parted by person once, for months and years alike."""
    lines = tables["silver.dispensing"]
    named = lines.join(F.broadcast(substances(tables)), on="pack_key", how="inner")
    known = tables["silver.insured"].select(
        "source", "insured", "person", F.col("sex").alias("own_sex"), F.col("birth_year").alias("own_birth_year")
    )
    told = named.join(known, on=["source", "insured"], how="left")
    is_town = F.col("kind") == "town"
    packs = F.when(is_town, F.col("n_units"))
    rows = told.select(
        "source",
        F.coalesce("person", "insured").alias("person"),
        "substance_key",
        F.last_day("dispensed_date").alias("month"),
        F.coalesce("region", F.lit("unknown")).alias("region"),
        F.coalesce(F.when(F.col("person").isNull(), F.col("sex")).otherwise(F.col("own_sex")), F.lit("unknown")).alias(
            "sex"
        ),
        F.coalesce("own_birth_year", "birth_year").alias("birth_year"),
        F.col("n_units").alias("net"),
        packs.alias("n_packs"),
        F.when(F.col("kind") == "hospital", F.col("n_units")).alias("n_hospital_units"),
        (packs * F.col("mg_per_pack")).alias("mg"),
        F.when(F.col("mg_per_pack").isNotNull(), packs).alias("packs_known"),
    )
    return rows.repartition("person")


def _cells(lines: DataFrame, month: Column, n_months: int) -> DataFrame:
    """Persons and quantities of one kind of period: each person is in one cell of it."""
    age = F.year("month") - F.col("birth_year")
    one = lines.withColumns({"month": month, "n_months": F.lit(n_months)}).groupBy("person", *KEY)
    quantities = ("net", "n_packs", "n_hospital_units", "mg", "packs_known")
    people = one.agg(
        *[F.max(c).alias(c) for c in ("region", "sex", "birth_year")], *[F.sum(c).alias(c) for c in quantities]
    ).withColumn("age_group", F.coalesce(age_group(age), F.lit("unknown")))
    return people.groupBy(*KEY, *CELL).agg(
        F.count(F.when(F.col("net") > 0, 1)).cast("double").alias("n_treated"),
        *[F.coalesce(F.sum(c), F.lit(0)).cast("double").alias(c) for c in ("n_packs", "n_hospital_units")],
        F.sum("mg").alias("mg"),
        F.sum("packs_known").cast("double").alias("packs_known"),
    )
