"""The register to files, steps, sites, samples and its own states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.gmo.tables import (
    PROCEDURES,
    STEPS,
    GmoProcedure,
    GmoSite,
    GmoStep,
    SheddingSample,
)
from pipelines.defs.silver.register_state.states import states
from pipelines.defs.silver.register_state.tables import RegisterState
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.formats.domains import AGENCIES, in_charge
from pipelines.formats.gmo import gmo_key
from pipelines.frames.columns import as_coded, coded, identifier, iso_date, said
from pipelines.frames.numbers import whole

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

FILE, STEP = "bronze.gmo_register_file", "bronze.gmo_register_step"
SITE, SAMPLE = "bronze.gmo_register_site", "bronze.gmo_register_sample"
OUTCOMES = {"FAVOURABLE": "favourable", "UNFAVOURABLE": "unfavourable"}
RESULTS = {"POSITIVE": "positive", "NEGATIVE": "negative"}
PLACE = ("known_date", "file", "line_number")


def _of_file(slot: str) -> list[Column]:
    """What every row says: its file and its place."""
    return [gmo_key("notification_number").alias("gmo_key"), F.lit(slot).alias("slot"), *[F.col(c) for c in PLACE]]


@feed(GmoProcedure, FILE)
def gmo_procedure(tables: Tables) -> DataFrame:
    """Files with what they are about."""
    scheme = F.when(F.col("domain") == "veterinary", "ANMV:").otherwise("CIS:")
    rows = tables[FILE].withColumn("domain", coded("domain", as_coded(KINGDOMS))).select(
        *_of_file("files"),
        said("notification_number").alias("number_printed"),
        "domain",
        in_charge("domain").alias("agency"),
        coded("procedure", as_coded(PROCEDURES)).alias("procedure"),
        F.concat(scheme, identifier("cis")).alias("product_key"),
        said("medicine").alias("product_name"),
        said("vector_family").alias("vector_family"),
        said("insert").alias("insert_printed"),
        whole("gmo_class").alias("gmo_class"),
        said("notifier").alias("notifier"),
    )  # fmt: skip
    return rows.filter("domain IS NOT NULL AND procedure IS NOT NULL")


@feed(GmoStep, STEP)
def gmo_step(tables: Tables) -> DataFrame:
    """Steps of files."""
    rows = tables[STEP].select(
        *_of_file("steps"),
        coded("step", as_coded(STEPS)).alias("step"),
        coded("agency", as_coded(AGENCIES)).alias("agency"),
        iso_date("day").alias("step_date"),
        coded("outcome", OUTCOMES).alias("outcome"),
        said("outcome").alias("outcome_printed"),
        said("document").alias("document"),
    )
    return rows.filter("agency IS NOT NULL AND step_date IS NOT NULL")


@feed(GmoSite, SITE)
def gmo_site(tables: Tables) -> DataFrame:
    """Sites of files."""
    return tables[SITE].select(
        *_of_file("sites"),
        F.upper(identifier("site")).alias("site"),
        said("site").alias("site_printed"),
        said("city").alias("city"),
        F.upper(identifier("department")).alias("department"),
        iso_date("first_day").alias("start_date"),
        iso_date("last_day").alias("end_date"),
    )


@feed(SheddingSample, SAMPLE)
def shedding_sample(tables: Tables) -> DataFrame:
    """Samples that are due or were taken."""
    return tables[SAMPLE].select(
        *_of_file("samples"),
        F.upper(identifier("sample")).alias("sample_id"),
        F.col("patient_number").alias("patient"),
        said("matrix").alias("matrix"),
        iso_date("due").alias("due_date"),
        iso_date("taken").alias("taken_date"),
        coded("result", RESULTS).alias("result"),
        said("result").alias("result_printed"),
    )


@feed(RegisterState, FILE, STEP, SITE, SAMPLE)
def register_state(tables: Tables) -> DataFrame:
    """Days on which each file of the register was delivered."""
    return states(tables, "gmo_register", {"files": FILE, "steps": STEP, "sites": SITE, "samples": SAMPLE})
