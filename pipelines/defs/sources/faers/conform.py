"""FAERS rows to reports: versions across quarters and eras, units, partial dates, withdrawn cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.columns import coded, date_precision, partial_date
from pipelines.core.conform import conformed, reads
from pipelines.defs.silver.report.identity import FDA_CASE, FDA_ISR, own_number
from pipelines.defs.silver.report.tables import ReportedProduct, ReportEvent, ReportHistory
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.sources.faers import codes

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.conform import Tables

PARENT = ["primaryid", "delivery_id"]
DEMO, DELETED = "bronze.faers_demo", "bronze.faers_deleted"


def sent(tables: Tables) -> DataFrame:
    """Case versions as they count: each version once (the last sending wins), numbered in the order they were known.

    Columns of `faers_demo`, plus `quarter` (the file's quarter, to find the children), `known_from`, `report_version`
    and `isrs`, the numbers of the case's safety reports so far. FAERS versions follow LAERS ones; within an era the
    version number, then the date, then the key.
    """
    demo = tables[DEMO].filter("caseid IS NOT NULL AND caseid <> '' AND primaryid IS NOT NULL AND primaryid <> ''")
    demo = demo.withColumn("quarter", _quarter()).withColumn("is_faers", F.coalesce("caseversion", F.lit("")) != "")
    last = Window.partitionBy("primaryid", "is_faers").orderBy(F.desc("known_date"), F.desc("file"), "line_number")
    once = demo.withColumn("_last", F.row_number().over(last)).filter("_last = 1").drop("_last")
    received = F.least(F.coalesce(partial_date("fda_dt"), F.col("known_date")), F.col("known_date"))
    number = F.coalesce(F.expr("try_cast(caseversion AS int)"), F.expr("try_cast(foll_seq AS int)"), F.lit(0))
    order = [F.col("is_faers"), number, F.col("received"), F.length("primaryid"), F.col("primaryid")]
    by_case = Window.partitionBy("caseid").orderBy(*order)
    isr = F.when(~F.col("is_faers"), own_number(FDA_ISR, "primaryid"))
    so_far = by_case.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return (
        once.withColumn("received", received)
        .withColumn("report_version", F.row_number().over(by_case))
        .withColumn("known_from", F.max("received").over(so_far))
        .withColumn("isrs", F.sort_array(F.collect_set(isr).over(so_far)))
    )


def _quarter() -> Column:
    return F.regexp_extract(F.lower("file"), r"(\d\dq[1-4])[^/]*$", 1)


@reads(DEMO, DELETED, "bronze.faers_outc", "bronze.faers_rpsr")
def report_history(tables: Tables) -> DataFrame:
    """All versions of all cases, and a last, retracted one for each withdrawn case."""
    versions = _described(sent(tables), tables)
    by_case = Window.partitionBy("source_case_id").orderBy("report_version")
    deleted = tables[DELETED].filter("caseid IS NOT NULL AND trim(caseid) <> ''")
    deleted = deleted.groupBy(F.trim("caseid").alias("source_case_id")).agg(F.min("known_date").alias("deleted_from"))
    last = F.max("report_version").over(Window.partitionBy("source_case_id"))
    withdrawn = (
        versions.withColumn("_last", last)
        .filter("report_version = _last")
        .join(deleted, on="source_case_id", how="inner")
        .withColumn("report_version", F.col("report_version") + 1)
        .withColumn("known_from", F.greatest("known_from", "deleted_from"))
        .withColumn("is_retracted", F.lit(True))
        .drop("_last", "deleted_from")
    )
    all_versions = versions.unionByName(withdrawn)
    dated = all_versions.withColumn("known_to", F.lead("known_from").over(by_case))
    dated = dated.withColumn("is_latest", F.lead("known_from").over(by_case).isNull())
    so_far = by_case.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    first = F.min(F.least("received_first_date", "received_latest_date")).over(so_far)  # what was said up to then
    return conformed(dated.withColumn("received_first_date", first), ReportHistory)


def _described(demo: DataFrame, tables: Tables) -> DataFrame:
    """One row per version with what DEMO, OUTC and RPSR say of it."""
    outcomes = _children(tables["bronze.faers_outc"]).groupBy("primaryid", "quarter")
    outcomes = outcomes.agg(F.collect_set(F.upper(F.trim("outc_cod"))).alias("outcomes"))
    sources = _children(tables["bronze.faers_rpsr"]).groupBy("primaryid", "quarter")
    sources = sources.agg(F.collect_set(F.upper(F.trim("rpsr_cod"))).alias("report_sources"))
    joined = demo.join(outcomes, on=["primaryid", "quarter"], how="left")
    joined = joined.join(sources, on=["primaryid", "quarter"], how="left")
    age = F.expr("try_cast(age AS double)") * coded("age_cod", codes.AGE_IN_YEARS)
    weight = F.expr("try_cast(wt AS double)") * coded("wt_cod", codes.WEIGHT_IN_KG)
    country = F.coalesce(_country("occr_country"), _country("reporter_country"))
    return joined.select(
        _case(),
        F.col("report_version"),
        F.lit("faers").alias("source"),
        F.col("caseid").alias("source_case_id"),
        "known_from",
        F.lit(False).alias("is_retracted"),
        F.lit("human").alias("domain"),
        F.lit("ANSM").alias("agency"),
        F.when(F.trim("mfr_num") != "", F.upper(F.trim("mfr_num"))).alias("worldwide_case_id"),
        F.array_append(F.col("isrs"), own_number(FDA_CASE, "caseid")).alias("other_case_ids"),
        _report_type().alias("report_type"),
        partial_date("init_fda_dt").alias("received_first_date"),
        F.col("received").alias("received_latest_date"),
        partial_date("event_dt").alias("onset_date"),
        date_precision("event_dt").alias("onset_precision"),
        country.alias("country"),
        coded("occp_cod", codes.REPORTERS).alias("reporter"),
        *_seriousness(),
        coded("sex", codes.SEXES).alias("sex"),
        F.when(age >= 0, age).alias("age_years"),
        F.when(weight > 0, weight).alias("weight_kg"),
        F.lit("human").alias("species"),
    )


def _children(frame: DataFrame) -> DataFrame:
    """Child rows with their quarter: a version's children are those of the quarter that sent it."""
    return frame.withColumn("quarter", _quarter())


def _seriousness() -> list[Column]:
    flags = {
        "is_death": ["DE"],
        "is_life_threatening": ["LT"],
        "is_hospitalisation": ["HO"],
        "is_disability": ["DS"],
        "is_congenital_anomaly": ["CA"],
        "is_other_serious": ["RI", "OT"],
    }
    given = F.col("outcomes").isNotNull()
    one_of = [
        F.when(given, F.arrays_overlap("outcomes", F.array(*map(F.lit, found)))).alias(name)
        for name, found in flags.items()
    ]
    return [F.when(given, F.size("outcomes") > 0).alias("is_serious"), *one_of]


def _report_type() -> Column:
    """Study or literature where a report source says so; a report without such a source counts as spontaneous."""
    kind = F.lit("spontaneous")
    for code, report_type in codes.REPORT_SOURCES.items():
        kind = F.when(F.array_contains("report_sources", code), report_type).otherwise(kind)
    return kind


def _country(column: str) -> Column:
    text = F.upper(F.trim(column))
    return F.when(text.rlike("^[A-Z]{2}$"), text).otherwise(coded(column, codes.COUNTRIES))


@reads(DEMO, DELETED, "bronze.faers_drug", "bronze.faers_ther", "bronze.faers_indi")
def reported_product(tables: Tables) -> DataFrame:
    """Drugs with their therapy dates (first start, last end) and indications, for every version."""
    drug_key = ["primaryid", "quarter", "drug_seq"]
    therapy = _children(tables["bronze.faers_ther"]).groupBy(*drug_key)
    therapy = therapy.agg(
        F.min(F.when(F.trim("start_dt") != "", F.col("start_dt"))).alias("start_dt"),
        F.max(F.when(F.trim("end_dt") != "", F.col("end_dt"))).alias("end_dt"),
    )
    indication = _children(tables["bronze.faers_indi"]).filter("trim(indi_pt) <> ''").groupBy(*drug_key)
    indication = indication.agg(F.array_join(F.sort_array(F.collect_set(F.trim("indi_pt"))), "; ").alias("indication"))
    drugs = _with_version(tables["bronze.faers_drug"], tables)
    drugs = drugs.join(therapy, on=drug_key, how="left").join(indication, on=drug_key, how="left")
    order = Window.partitionBy("report_key", "report_version").orderBy(F.expr("try_cast(drug_seq AS bigint)"), "line")
    return conformed(
        drugs.select(
            "report_key",
            "report_version",
            F.row_number().over(order).alias("product_seq"),
            F.lit("faers").alias("source"),
            F.coalesce(coded("role_cod", codes.ROLES), F.lit("unknown")).alias("role"),
            _said("drugname").alias("reported_name"),
            _said("prod_ai").alias("reported_substance"),
            _said("lot_num").alias("batch"),
            _said("dose_vbm").alias("dose_text"),
            _said("route").alias("route"),
            partial_date("start_dt").alias("start_date"),
            date_precision("start_dt").alias("start_precision"),
            partial_date("end_dt").alias("end_date"),
            date_precision("end_dt").alias("end_precision"),
            "indication",
            coded("dechal", codes.CHALLENGES).alias("dechallenge"),
            coded("rechal", codes.CHALLENGES).alias("rechallenge"),
        ),
        ReportedProduct,
    )


@reads(DEMO, DELETED, "bronze.faers_reac")
def report_event(tables: Tables) -> DataFrame:
    """Reactions of every version; the FDA has coded them, so the text is the key."""
    reactions = _with_version(tables["bronze.faers_reac"], tables).filter("trim(pt) <> ''")
    order = Window.partitionBy("report_key", "report_version").orderBy("line")
    return conformed(
        reactions.select(
            "report_key",
            "report_version",
            F.row_number().over(order).alias("event_seq"),
            F.lit("faers").alias("source"),
            F.trim("pt").alias("reported_term"),
            _term_key().alias("term_key"),
            F.lit("exact").alias("coding_method"),
        ),
        ReportEvent,
    )


@reads("bronze.faers_reac")
def term(tables: Tables) -> DataFrame:
    """Distinct preferred-term texts."""
    texts = tables["bronze.faers_reac"].filter("trim(pt) <> ''")
    named = texts.groupBy(_term_key().alias("term_key")).agg(F.min(F.trim("pt")).alias("term_name"))
    return conformed(named.withColumn("dictionary", F.lit("preferred_term")), Term)


def _term_key() -> Column:
    return F.concat(F.lit("preferred_term:"), F.upper(F.regexp_replace(F.trim("pt"), r"\s+", " ")))


def _with_version(children: DataFrame, tables: Tables) -> DataFrame:
    """Children of the versions that count, with the version's key; a withdrawn case keeps those of its last version."""
    versions = sent(tables).select("primaryid", "quarter", _case(), "caseid", "report_version")
    deleted = tables[DELETED].select(F.trim("caseid").alias("caseid")).distinct().withColumn("is_deleted", F.lit(True))
    last = F.max("report_version").over(Window.partitionBy("report_key"))
    marked = versions.join(deleted, on="caseid", how="left").withColumn("_last", last)
    again = marked.filter("is_deleted AND report_version = _last").withColumn(
        "report_version", F.col("report_version") + 1
    )
    kept = marked.unionByName(again).select("primaryid", "quarter", "report_key", "report_version")
    placed = _children(children).withColumn("line", F.struct("file", "line_number")).drop("caseid")
    once = Window.partitionBy("quarter", "primaryid").orderBy(F.desc("known_date"), F.desc("delivery_id"))
    latest = placed.withColumn("_file", F.first("delivery_id").over(once)).filter("delivery_id = _file")
    return latest.join(kept, on=["primaryid", "quarter"], how="inner")


def _case() -> Column:
    return F.concat(F.lit("faers:"), F.col("caseid")).alias("report_key")


def _said(column: str) -> Column:
    return F.when(F.trim(column) != "", F.trim(column))
