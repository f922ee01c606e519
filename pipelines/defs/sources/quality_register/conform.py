"""Registers to establishments, inspections, batches, defects, results and recalls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.batch.tables import (
    DEFECT_STATES,
    VERDICTS,
    Batch,
    BatchDistribution,
    LaboratoryResult,
    QualityDefect,
)
from pipelines.defs.silver.establishment.keys import named, site_key, sites, told
from pipelines.defs.silver.establishment.tables import (
    GRADES,
    PRACTICES,
    Establishment,
    Inspection,
    InspectionDeficiency,
)
from pipelines.defs.silver.recall.tables import Recall
from pipelines.formats.batches import batch_key
from pipelines.formats.domains import in_charge
from pipelines.frames.columns import as_coded, coded, identifier, iso_date
from pipelines.frames.numbers import whole

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

INSPECTION, BATCH = "bronze.quality_register_inspection", "bronze.quality_register_batch"
DISTRIBUTION, DEFECT = "bronze.quality_register_distribution", "bronze.quality_register_defect"
RESULT, RECALL = "bronze.quality_register_result", "bronze.quality_register_recall"
KINGDOMS = {"HUMAN": "human", "VETERINARY": "veterinary"}
PLACE = ("known_date", "file", "line_number")


def _slot(name: str) -> Column:
    return F.lit(name).alias("slot")


def _site() -> Column:
    return site_key("OMS", F.upper(identifier("oms_location_id")), told("site_name"), told("city"), told("country"))


def _laboratory() -> Column:
    return named(told("laboratory"), told("laboratory_city"), told("laboratory_country"))


def _pack() -> Column:
    """Key of the pack: a CIP13 is of people, a GTIN of animals."""
    scheme = F.when(F.col("kingdom") == "veterinary", "GTIN:").otherwise("CIP13:")
    return F.concat(scheme, identifier("pack_code"))


def _of_batch(rows: DataFrame) -> DataFrame:
    """Rows of a register with kingdom, agency, pack_key and batch_key; those without pack or batch are none."""
    keyed = _of_domain(rows).withColumns({"pack_key": _pack(), "number": batch_key("batch")})
    return keyed.withColumn("batch_key", F.concat("pack_key", F.lit("|"), "number")).filter("batch_key IS NOT NULL")


def _of_domain(rows: DataFrame) -> DataFrame:
    known = rows.withColumn("kingdom", F.coalesce(coded("domain", KINGDOMS), F.lit("human")))
    return known.withColumn("agency", in_charge("kingdom"))


@feed(Establishment, INSPECTION, RESULT)
def establishment(tables: Tables) -> DataFrame:
    """Sites that were inspected, and laboratories that tested, which have no identifier."""
    inspected = tables[INSPECTION].select(
        _site().alias("establishment_key"),
        told("site_name").alias("establishment_name"),
        *[told(c).alias(c) for c in ("street_address", "city", "country")],
        F.split(told("activities"), r"\s*\|\s*").alias("activities"),
        *[whole(c).alias(c) for c in ("complexity", "criticality")],
        _slot("inspections"),
        *PLACE,
    )
    tested = tables[RESULT].select(
        _laboratory().alias("establishment_key"),
        told("laboratory").alias("establishment_name"),
        told("laboratory_city").alias("city"),
        told("laboratory_country").alias("country"),
        F.array(F.lit("quality control laboratory")).alias("activities"),
        _slot("results"),
        *PLACE,
    )
    return sites(inspected.unionByName(tested, allowMissingColumns=True))


@feed(Inspection, INSPECTION)
def inspection(tables: Tables) -> DataFrame:
    """Each inspection with its deficiencies counted by grade."""
    rows = _of_domain(tables[INSPECTION]).withColumn("grade", coded("grade", as_coded(GRADES)))
    by_inspection = Window.partitionBy("known_date", "file", F.trim("inspection_number"))
    counts = {f"n_{grade}": F.count_if(F.col("grade") == grade).over(by_inspection).cast("int") for grade in GRADES}
    return rows.withColumns(counts).select(
        identifier("inspection_number").alias("inspection_id"),
        _site().alias("establishment_key"),
        "agency",
        F.coalesce(coded("practice", as_coded(PRACTICES)), F.lit("gmp")).alias("practice"),
        iso_date("last_day").alias("inspection_date"),
        *counts,
        _slot("inspections"),
        *PLACE,
    )


@feed(InspectionDeficiency, INSPECTION)
def inspection_deficiency(tables: Tables) -> DataFrame:
    """Each deficiency with a grade."""
    rows = _of_domain(tables[INSPECTION]).withColumn("grade", coded("grade", as_coded(GRADES)))
    told_of = rows.select(
        identifier("inspection_number").alias("inspection_id"),
        whole("deficiency_number").alias("deficiency_seq"),
        _site().alias("establishment_key"),
        *("agency", "grade"),
        told("deficiency").alias("deficiency"),
        iso_date("last_day").alias("_day"),
        _slot("inspections"),
        *PLACE,
    )
    return told_of.filter("deficiency_seq >= 1 AND grade IS NOT NULL")


@feed(Batch, BATCH)
def batch(tables: Tables) -> DataFrame:
    """Batches that holders declare."""
    return _of_batch(tables[BATCH]).select(
        *("batch_key", "pack_key", "agency"),
        F.col("number").alias("batch"),
        told("batch").alias("batch_printed"),
        F.col("kingdom").alias("domain"),
        F.concat(F.lit("OMS:"), F.upper(identifier("oms_location_id"))).alias("establishment_key"),
        iso_date("made").alias("made_date"),
        iso_date("expiry").alias("expiry_date"),
        whole("doses", "bigint").alias("n_doses"),
        _slot("batches"),
        *PLACE,
    )


@feed(BatchDistribution, DISTRIBUTION)
def batch_distribution(tables: Tables) -> DataFrame:
    """What of each batch went where, by month."""
    return _of_batch(tables[DISTRIBUTION]).select(
        *("batch_key", "agency"),
        F.upper(identifier("department")).alias("department"),
        F.last_day(iso_date("month")).alias("month"),
        whole("packs", "bigint").alias("n_packs"),
        whole("doses", "bigint").alias("n_doses"),
        _slot("distribution"),
        *PLACE,
    )


@feed(QualityDefect, DEFECT)
def quality_defect(tables: Tables) -> DataFrame:
    """Defects that were notified."""
    return _of_batch(tables[DEFECT]).select(
        identifier("defect_number").alias("defect_id"),
        *("batch_key", "agency"),
        told("defect").alias("defect"),
        iso_date("notified").alias("notified_date"),
        F.upper(identifier("department")).alias("department"),
        F.coalesce(coded("state", as_coded(DEFECT_STATES)), F.lit("open")).alias("state"),
        _slot("defects"),
        *PLACE,
    )


@feed(LaboratoryResult, RESULT)
def laboratory_result(tables: Tables) -> DataFrame:
    """Tests of samples."""
    return _of_batch(tables[RESULT]).select(
        identifier("sample").alias("sample_id"),
        told("test").alias("test"),
        *("batch_key", "agency"),
        _laboratory().alias("establishment_key"),
        iso_date("sampled").alias("sampled_date"),
        *[told(c).alias(c) for c in ("result", "specification", "method")],
        F.coalesce(coded("verdict", as_coded(VERDICTS)), F.lit("not_concluded")).alias("verdict"),
        _slot("results"),
        *PLACE,
    )


@feed(Recall, RECALL)
def recall(tables: Tables) -> DataFrame:
    """Recalls of the agency itself."""
    return _of_domain(tables[RECALL]).select(
        identifier("recall_number").alias("event_id"),
        identifier("pack_code").alias("product_id"),
        F.lit("FR").alias("country"),
        F.col("kingdom").alias("domain"),
        "agency",
        F.concat(F.lit("OMS:"), F.upper(identifier("oms_location_id"))).alias("establishment_key"),
        told("product").alias("product_name"),
        _pack().alias("pack_key"),
        F.coalesce(coded("recall_class", {c: c for c in "123"}), F.lit("not_stated")).alias("recall_class"),
        told("recall_class").alias("class_printed"),
        iso_date("day").alias("recall_date"),
        iso_date("day").alias("published_date"),
        told("batches").alias("scope_printed"),
        told("stated_reason").alias("reason"),
        _slot("recalls"),
        *PLACE,
    )
