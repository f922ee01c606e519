"""Open Medic to the common sale tables."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.sale.shape import sold, whole_year, year_of
from pipelines.defs.silver.sale.tables import ALL, UNKNOWN, PatientCount, Sale
from pipelines.formats.cnam import cnam_age, cnam_region, cnam_sex
from pipelines.frames.columns import said
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions
from pipelines.frames.numbers import number, whole

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

CODES = ("cip13", "atc5", "atc4", "atc3", "atc2")


@feed(Sale, "bronze.open_medic_sale")
def sale(tables: Tables) -> DataFrame:
    """Boxes by pack, year and who got them."""
    rows = tables["bronze.open_medic_sale"]
    return sold(
        rows.select(
            "known_date",
            *[F.lit(v).alias(c) for c, v in (("source", "open_medic"), ("series", "open_medic"), ("domain", "human"))],
            *[F.lit(v).alias(c) for c, v in (("channel", "town"), ("species", "human"))],
            *[day.alias(name) for name, day in whole_year(year_of()).items()],
            F.concat(F.lit("CIP13:"), said("cip13")).alias("pack_key"),
            said("l_cip13").alias("product_label"),
            said("atc5").alias("atc_code"),
            *who(),
            number("boites").alias("n_packs"),
            number("rem").alias("amount_eur"),
        ).filter("period_start IS NOT NULL")
    )


@feed(PatientCount, "bronze.open_medic_patient")
def patient_count(tables: Tables) -> DataFrame:
    """Patients by the one code and the one cut that their file is about."""
    rows = tables["bronze.open_medic_patient"]
    level = reduce(lambda level, c: F.when(said(c).isNotNull(), c).otherwise(level), reversed(CODES), F.lit(None))
    told = rows.withColumns({"level": level, "code": F.coalesce(*[said(c) for c in CODES]), "year": year_of()})
    counted = told.select(
        *("known_date", "level", "code", "year"),
        *[F.lit("open_medic").alias(c) for c in ("source", "series")],
        *who(),
        whole("nbc", "bigint").alias("n_patients"),
        whole("boites", "bigint").alias("n_packs"),
        F.col("file").alias("slot"),
    ).filter("code IS NOT NULL AND year IS NOT NULL AND n_patients IS NOT NULL")
    key = ["series", "year", "level", "code", "sex", "age_group", "region", "prescriber"]
    return conformed(
        extracted_versions(counted.withColumn("slot", F.regexp_extract("slot", r"([^/]*)$", 1)), key), PatientCount
    )


def who() -> list[Column]:
    """Age, sex, region and speciality; a column that the file lacks is `all`, a value that says nothing is unknown."""

    def told(column: str, value: Column) -> Column:
        return F.when(F.col(column).isNull(), ALL).otherwise(F.coalesce(value, F.lit(UNKNOWN)))

    return [
        told("age", cnam_age()).alias("age_group"),
        told("sexe", cnam_sex()).alias("sex"),
        told("ben_reg", cnam_region("ben_reg")).alias("region"),
        told("psp_spe", said("psp_spe")).alias("prescriber"),
    ]
