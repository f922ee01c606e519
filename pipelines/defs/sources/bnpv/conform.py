"""BNPV sheets to the common report tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.sources.bnpv import codes
from pipelines.frames.columns import (
    coded,
    date_precision,
    french_date,
    french_partial,
    identifier,
    looked_up,
    partial_date,
    plain,
    said,
)
from pipelines.frames.conform import conformed
from pipelines.frames.numbers import number
from pipelines.frames.versions import preferred_term, preferred_terms, sent_last, stated_versions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

CASES, EFFECTS = "bronze.bnpv_case", "bronze.bnpv_effect"
PRODUCTS, REPORTERS = "bronze.bnpv_product", "bronze.bnpv_reporter"
VERSION = ["source_case_id", "number"]
FLAGS = {
    "is_serious": "grave",
    "is_death": "deces",
    "is_life_threatening": "pro_v",
    "is_hospitalisation": "hospi",
    "is_disability": "incap",
    "is_congenital_anomaly": "ano_c",
    "is_other_serious": "autre",
}


def _sheet(tables: Tables, address: str) -> DataFrame:
    """Rows of a sheet with the case and the number of its version; those without a number are left out."""
    rows = (
        tables[address]
        .withColumn("aer_id", identifier("aer_id"))
        .filter("aer_id IS NOT NULL")
        .withColumns(
            {
                "source_case_id": F.concat_ws("/", "aer_id", identifier("cas")),
                "number": F.coalesce(F.expr("try_cast(ver AS int)"), F.lit(1)),
            }
        )
    )
    return sent_last(rows, VERSION)


def _versions(tables: Tables) -> DataFrame:
    once = Window.partitionBy(*VERSION).orderBy("line_number")
    cases = _sheet(tables, CASES).withColumn("_n", F.row_number().over(once)).filter("_n = 1")
    stated = cases.withColumns({"received": french_date("notif"), "is_retracted": F.lit(False)})
    return stated_versions(stated, "bnpv", [F.col("number")])


def _with_version(children: DataFrame, tables: Tables) -> DataFrame:
    return children.join(_versions(tables).select(*VERSION, "report_key", "report_version"), on=VERSION, how="inner")


@feed(ReportHistory, CASES, EFFECTS, REPORTERS)
def report_history(tables: Tables) -> DataFrame:
    """Versions of all cases."""
    first = _sheet(tables, REPORTERS).groupBy(*VERSION)
    notifier = first.agg(F.min_by(plain("type_notificateur"), "line_number").alias("notifier"))
    onset = _sheet(tables, EFFECTS).groupBy(*VERSION).agg(F.min(french_partial("date_deb")).alias("onset"))
    cases = _versions(tables).join(notifier, on=VERSION, how="left").join(onset, on=VERSION, how="left")
    age = number("age") * coded("u_age", codes.AGE_IN_YEARS)
    return conformed(
        cases.select(
            *("report_key", "report_version", "source", "source_case_id", "known_from", "known_to", "is_latest"),
            *("is_retracted", "received_first_date", "received_latest_date"),
            F.lit("human").alias("domain"),
            F.lit("ANSM").alias("agency"),
            F.upper(F.trim("aer_id")).alias("worldwide_case_id"),
            looked_up(plain("typ_notif"), codes.REPORT_TYPES).alias("report_type"),
            partial_date("onset").alias("onset_date"),
            date_precision("onset").alias("onset_precision"),
            F.coalesce(_country("pays_survenue"), _country("pays_cas")).alias("country"),
            looked_up(F.col("notifier"), codes.REPORTERS).alias("reporter"),
            *[_is_yes(column).alias(flag) for flag, column in FLAGS.items()],
            looked_up(plain("sexe"), codes.SEXES).alias("sex"),
            age.alias("age_years"),
            F.lit("human").alias("species"),
        ),
        ReportHistory,
    )


@feed(ProductAsReported, CASES, PRODUCTS)
def product_as_reported(tables: Tables) -> DataFrame:
    """Products of every version, at the level of their name; a name stands once in a case."""
    rows = _with_version(_sheet(tables, PRODUCTS).filter("trim(medicament) <> ''"), tables)
    level = plain("type")
    named = rows.withColumn("_is_substance", level == "SUBSTANCE").groupBy(
        "report_key", "report_version", said("medicament").alias("name"), "_is_substance"
    )
    once = named.agg(F.min("line_number").alias("line_number"))
    place = Window.partitionBy("report_key", "report_version").orderBy("line_number")
    return conformed(
        once.select(
            *("report_key", "report_version"),
            F.row_number().over(place).alias("product_seq"),
            F.lit("bnpv").alias("source"),
            F.lit("unknown").alias("role"),
            F.lit("medicine").alias("product_type"),
            F.when(F.col("_is_substance"), F.lit(None)).otherwise(F.col("name")).alias("reported_name"),
            F.when(F.col("_is_substance"), F.col("name")).alias("reported_substance"),
        ),
        ProductAsReported,
    )


@feed(ReportEvent, CASES, EFFECTS)
def report_event(tables: Tables) -> DataFrame:
    """Effects of every version, each preferred term once."""
    rows = _with_version(_sheet(tables, EFFECTS).filter("trim(pt) <> ''"), tables)
    once = rows.groupBy("report_key", "report_version", preferred_term("pt").alias("term_key"))
    place = Window.partitionBy("report_key", "report_version").orderBy("line_number")
    named = once.agg(F.min(F.trim("pt")).alias("reported_term"), F.min("line_number").alias("line_number"))
    return conformed(
        named.withColumns(
            {"event_seq": F.row_number().over(place), "source": F.lit("bnpv"), "coding_method": F.lit("exact")}
        ).drop("line_number"),
        ReportEvent,
    )


@feed(Term, EFFECTS)
def term(tables: Tables) -> DataFrame:
    """Distinct preferred-term texts."""
    return conformed(preferred_terms(tables[EFFECTS], "pt"), Term)


def _is_yes(column: str) -> Column:
    text = F.nullif(F.upper(F.trim(column)), F.lit(""))
    return text.isin(*codes.YES)


def _country(column: str) -> Column:
    text = plain(column)
    return F.when(text.rlike("^[A-Z]{2}$"), text).otherwise(looked_up(text, codes.COUNTRIES))
