"""OMOP drug exposures to dispensings, persons to insured, RxNorm drugs to products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.dispensing.tables import Dispensing, Insured
from pipelines.defs.silver.product.tables import Pack, Product, ProductSubstance
from pipelines.frames.columns import coded, iso_date, said
from pipelines.frames.conform import conformed
from pipelines.frames.numbers import number

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

EXPOSURE, PERSON, CONCEPT = "bronze.omop_drug_exposure", "bronze.omop_person", "bronze.omop_concept"
SEXES = {"8507": "male", "8532": "female"}
DRUGS = ("RxNorm", "RxNorm Extension")
INGREDIENT = r"^[\s{(\d]*([A-Za-z][^\d\[{(/]*?)\s+[\d.,]+\s"


@feed(Dispensing, EXPOSURE, CONCEPT)
def dispensing(tables: Tables) -> DataFrame:
    """Exposures as the last delivery of each has them; a quantity that is none counts as one unit."""
    last = Window.partitionBy("drug_exposure_id").orderBy(F.desc("known_date"), F.desc("delivery_id"))
    rows = tables[EXPOSURE].withColumn("_n", F.row_number().over(last)).filter("_n = 1")
    named = rows.join(_drugs(tables).select("concept_id", "pack_key"), on=_same_concept(rows), how="left")
    code = F.coalesce("pack_key", F.concat(F.lit("SOURCE:"), said("drug_source_value")), F.lit("SOURCE:unknown"))
    quantity = F.round(number("quantity")).try_cast("int")
    told = named.select(
        F.col("known_date").alias("flow_date"),
        F.trim("person_id").alias("insured"),
        code.alias("pack_key"),
        iso_date("drug_exposure_start_date").alias("dispensed_date"),
        F.when(quantity > 0, quantity).otherwise(1).alias("n_units"),
    ).filter("dispensed_date IS NOT NULL AND insured IS NOT NULL")
    summed = told.groupBy("flow_date", "insured", "pack_key", "dispensed_date").agg(
        F.sum("n_units").alias("n_units"), F.count("*").alias("n_lines")
    )
    constants = {"source": F.lit("omop"), "kind": F.lit("recorded"), "pharmacy": F.lit("")}
    return conformed(summed.withColumns({**constants, "n_regularisations": F.lit(0)}), Dispensing)


@feed(Insured, PERSON)
def insured(tables: Tables) -> DataFrame:
    """Persons; each is one."""
    rows = tables[PERSON].filter("trim(person_id) <> ''").groupBy(F.trim("person_id").alias("insured"))
    latest = rows.agg(
        F.max_by(coded("gender_concept_id", SEXES), "known_date").alias("sex"),
        F.max_by(F.col("year_of_birth").try_cast("int"), "known_date").alias("birth_year"),
    )
    return conformed(latest.withColumns({"person": F.col("insured"), "source": F.lit("omop")}), Insured)


@feed(Product, EXPOSURE, CONCEPT)
def product(tables: Tables) -> DataFrame:
    """RxNorm drugs that somebody was exposed to."""
    rows = _drugs(tables).select(
        *_versioned(), F.lit("human").alias("domain"), F.col("concept_name").alias("product_name"), _no("is_orphan")
    )
    return conformed(rows, Product)


@feed(ProductSubstance, EXPOSURE, CONCEPT)
def product_substance(tables: Tables) -> DataFrame:
    """Ingredients that the name of a drug lists: `a 250 MG / b 125 MG Oral Tablet`."""
    parts = _drugs(tables).select(*_versioned(), F.posexplode(F.split("concept_name", " / ")).alias("place", "part"))
    named = parts.withColumn("source_substance_name", F.nullif(F.regexp_extract("part", INGREDIENT, 1), F.lit("")))
    rows = named.filter("source_substance_name IS NOT NULL").withColumn("ingredient_seq", F.col("place") + 1)
    return conformed(rows.drop("place", "part"), ProductSubstance)


@feed(Pack, EXPOSURE, CONCEPT)
def pack(tables: Tables) -> DataFrame:
    """A drug is its own pack: exposures name no other."""
    rows = _drugs(tables).select(*_versioned(), "pack_key", F.col("concept_name").alias("pack_label"))
    return conformed(rows, Pack)


def _drugs(tables: Tables) -> DataFrame:
    """Concepts of drugs that exposures name, each once."""
    used = tables[EXPOSURE].select(F.trim("drug_concept_id").alias("concept_id")).distinct()
    rows = tables[CONCEPT].filter(F.col("vocabulary_id").isin(*DRUGS)).withColumn("concept_id", F.trim("concept_id"))
    first = Window.partitionBy("concept_id").orderBy("known_date", "delivery_id", "line_number")
    once = rows.withColumn("_n", F.row_number().over(first)).filter("_n = 1")
    code = F.concat(F.lit("RXNORM:"), F.trim("concept_code"))
    return once.join(used, on="concept_id", how="left_semi").select(
        "concept_id", "concept_name", "known_date", code.alias("pack_key")
    )


def _same_concept(rows: DataFrame) -> Column:
    return F.trim(rows["drug_concept_id"]) == F.col("concept_id")


def _versioned() -> list[Column]:
    return [
        F.col("pack_key").alias("product_key"),
        F.lit("omop").alias("source"),
        F.col("known_date").alias("valid_from"),
        F.lit(True).alias("is_current"),
    ]


def _no(name: str) -> Column:
    return F.lit(False).alias(name)
