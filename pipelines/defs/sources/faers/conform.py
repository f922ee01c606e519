"""FAERS rows to reports: versions across quarters and eras, units, partial dates, withdrawn cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.identity import FDA_CASE, FDA_ISR, own_number
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.sources.faers import codes
from pipelines.frames.columns import coded, date_precision, identifier, partial_date
from pipelines.frames.conform import conformed
from pipelines.frames.numbers import number
from pipelines.frames.versions import preferred_term, preferred_terms

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

DEMO, DELETED = "bronze.faers_demo", "bronze.faers_deleted"
KEY = ["primaryid", "is_faers", "_case"]
STATE = ["report_key", "report_version"]


def sent(tables: Tables) -> DataFrame:
    """States of all cases: each version once (the last sending wins), in the order they were known, and withdrawals.

    Columns of `faers_demo`, plus `quarter` (the file's quarter, to find the children), `known_from`, `report_version`,
    `is_retracted` and `isrs`, the numbers of the case's safety reports so far. FAERS versions follow LAERS ones; within
    an era the version number, then the date, then the key. A version is a `primaryid` of a case, since two cases can
    share one; an ISR of LAERS is one version by itself.

    A case on a list of deleted ones is withdrawn from the list's date on, with the content that it had. Where a later
    delivery sends it again, as a new version or the same, it stands again: from that version's receipt, or from the
    delivery's date where that is what showed it.
    """
    demo = tables[DEMO].withColumns({c: identifier(c) for c in ("primaryid", "caseid", "caseversion")})
    demo = demo.filter("caseid IS NOT NULL AND primaryid IS NOT NULL").withColumns(
        {"quarter": _quarter(), "is_faers": F.col("caseversion").isNotNull()}
    )
    demo = demo.withColumn("_case", F.when(F.col("is_faers"), F.col("caseid")).otherwise(""))
    last = Window.partitionBy(*KEY).orderBy(F.desc("known_date"), F.desc("file"), "line_number")
    told = demo.withColumns(
        {"_last": F.row_number().over(last), "first_sent": F.min("known_date").over(Window.partitionBy(*KEY))}
    )
    once = told.filter("_last = 1").drop("_last", "_case")
    received = F.least(F.coalesce(partial_date("fda_dt"), F.col("known_date")), F.col("known_date"))
    number = F.coalesce(F.expr("try_cast(caseversion AS int)"), F.expr("try_cast(foll_seq AS int)"), F.lit(0))
    order = [F.col("is_faers"), number, F.col("received"), F.length("primaryid"), F.col("primaryid")]
    by_case = Window.partitionBy("caseid").orderBy(*order)
    versions = once.withColumn("received", received).withColumns(
        {
            "_version": F.row_number().over(by_case),
            "_from": F.col("received"),
            "_at": F.lit(None).cast("date"),
            "is_retracted": F.lit(False),
            "next_sent": F.lead("first_sent").over(by_case),
        }
    )
    return _numbered(versions.unionByName(_withdrawn(demo, versions, tables)))


def _withdrawn(demo: DataFrame, versions: DataFrame, tables: Tables) -> DataFrame:
    """For each deletion the state that withdraws a case, and the one in which the same version stands again."""
    deleted = tables[DELETED].select(identifier("caseid").alias("caseid"), F.col("known_date").alias("deleted"))
    deleted = deleted.filter("caseid IS NOT NULL").distinct()
    sendings = demo.select("caseid", F.col("known_date").alias("sent")).join(F.broadcast(deleted), on="caseid")
    deletions = sendings.groupBy("caseid", "deleted").agg(
        F.max(F.when(F.col("sent") <= F.col("deleted"), F.col("sent"))).alias("before"),
        F.min(F.when(F.col("sent") > F.col("deleted"), F.col("sent"))).alias("after"),
    )
    deletions = deletions.filter("before IS NOT NULL").groupBy("caseid", "before")
    deletions = deletions.agg(F.min("deleted").alias("deleted"), F.min("after").alias("after"))
    latest = Window.partitionBy("caseid", "before").orderBy(F.desc("_version"))
    held = versions.join(deletions, on="caseid").filter("first_sent <= before")
    held = held.withColumn("_n", F.row_number().over(latest)).filter("_n = 1")
    gone = held.withColumns({"_from": F.col("deleted"), "_at": F.col("deleted"), "is_retracted": F.lit(True)})
    again = held.filter("after IS NOT NULL AND NOT next_sent <=> after")
    again = again.withColumns({"_from": F.col("after"), "_at": F.col("after")})
    return gone.unionByName(again).select(versions.columns)


def _numbered(states: DataFrame) -> DataFrame:
    """Number the states of each case and say from when each is the one known."""
    by_case = Window.partitionBy("caseid").orderBy("_version", F.asc_nulls_first("_at"), F.desc("is_retracted"))
    so_far = by_case.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    is_hidden = F.lag("is_retracted").over(by_case) & (F.col("_from") <= F.lag("_from").over(by_case))
    shown = F.when(is_hidden, F.greatest("_from", "first_sent")).otherwise(F.col("_from"))
    isr = F.when(~F.col("is_faers"), own_number(FDA_ISR, "primaryid"))
    return (
        states.withColumns({"report_version": F.row_number().over(by_case), "_shown": shown})
        .withColumn("known_from", F.max("_shown").over(so_far))
        .withColumn("isrs", F.sort_array(F.collect_set(isr).over(so_far)))
        .drop("_version", "_from", "_at", "_shown", "next_sent", "first_sent")
    )


def _quarter() -> Column:
    return F.regexp_extract(F.lower("file"), r"(\d\dq[1-4])[^/]*$", 1)


@feed(ReportHistory, DEMO, DELETED, "bronze.faers_outc", "bronze.faers_rpsr")
def report_history(tables: Tables) -> DataFrame:
    """All versions of all cases, and the states in which a case is withdrawn."""
    states = _described(sent(tables), tables)
    by_case = Window.partitionBy("source_case_id").orderBy("report_version")
    dated = states.withColumn("known_to", F.lead("known_from").over(by_case))
    dated = dated.withColumn("is_latest", F.lead("known_from").over(by_case).isNull())
    so_far = by_case.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    first = F.min(F.least("received_first_date", "received_latest_date")).over(so_far)  # what was said up to then
    return conformed(dated.withColumn("received_first_date", first), ReportHistory)


def _described(demo: DataFrame, tables: Tables) -> DataFrame:
    """One row per version with what DEMO, OUTC and RPSR say of it."""
    outcomes = _with_version(tables["bronze.faers_outc"], demo).groupBy(*STATE)
    outcomes = outcomes.agg(F.collect_set(F.upper(F.trim("outc_cod"))).alias("outcomes"))
    sources = _with_version(tables["bronze.faers_rpsr"], demo).groupBy(*STATE)
    sources = sources.agg(F.collect_set(F.upper(F.trim("rpsr_cod"))).alias("report_sources"))
    joined = demo.withColumn("report_key", _case()).join(outcomes, on=STATE, how="left")
    joined = joined.join(sources, on=STATE, how="left")
    age = number("age") * coded("age_cod", codes.AGE_IN_YEARS)
    weight = number("wt") * coded("wt_cod", codes.WEIGHT_IN_KG)
    country = F.coalesce(_country("occr_country"), _country("reporter_country"))
    return joined.select(
        *STATE,
        F.lit("faers").alias("source"),
        F.col("caseid").alias("source_case_id"),
        *("known_from", "is_retracted"),
        F.lit("human").alias("domain"),
        F.lit("ANSM").alias("agency"),
        F.upper(identifier("mfr_num")).alias("worldwide_case_id"),
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
        age.alias("age_years"),
        weight.alias("weight_kg"),
        F.lit("human").alias("species"),
    )


def _children(frame: DataFrame) -> DataFrame:
    """Child rows with their quarter and case: a version's children are those of the quarter that sent it."""
    named = {"primaryid": identifier("primaryid"), "child_case": F.coalesce(identifier("caseid"), F.lit(""))}
    return frame.withColumns({**named, "quarter": _quarter()})


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


@feed(ProductAsReported, DEMO, DELETED, "bronze.faers_drug", "bronze.faers_ther", "bronze.faers_indi")
def product_as_reported(tables: Tables) -> DataFrame:
    """Drugs with their therapy dates (first start, last end) and indications, for every version."""
    drug_key = ["primaryid", "child_case", "quarter", "drug_seq"]
    therapy = _children(tables["bronze.faers_ther"]).groupBy(*drug_key)
    therapy = therapy.agg(
        F.min(F.when(F.trim("start_dt") != "", F.col("start_dt"))).alias("start_dt"),
        F.max(F.when(F.trim("end_dt") != "", F.col("end_dt"))).alias("end_dt"),
    )
    indication = _children(tables["bronze.faers_indi"]).filter("trim(indi_pt) <> ''").groupBy(*drug_key)
    indication = indication.agg(F.array_join(F.sort_array(F.collect_set(F.trim("indi_pt"))), "; ").alias("indication"))
    drugs = _with_version(tables["bronze.faers_drug"], sent(tables))
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
        ProductAsReported,
    )


@feed(ReportEvent, DEMO, DELETED, "bronze.faers_reac")
def report_event(tables: Tables) -> DataFrame:
    """Reactions of every version; the FDA has coded them, so the text is the key."""
    reactions = _with_version(tables["bronze.faers_reac"], sent(tables)).filter("trim(pt) <> ''")
    order = Window.partitionBy("report_key", "report_version").orderBy("line")
    return conformed(
        reactions.select(
            "report_key",
            "report_version",
            F.row_number().over(order).alias("event_seq"),
            F.lit("faers").alias("source"),
            F.trim("pt").alias("reported_term"),
            preferred_term("pt").alias("term_key"),
            F.lit("exact").alias("coding_method"),
        ),
        ReportEvent,
    )


@feed(Term, "bronze.faers_reac")
def term(tables: Tables) -> DataFrame:
    """Distinct preferred-term texts."""
    return conformed(preferred_terms(tables["bronze.faers_reac"], "pt"), Term)


def _with_version(children: DataFrame, states: DataFrame) -> DataFrame:
    """Children with the key of each state that holds them: by `primaryid`, and by the case where they tell it."""
    kept = states.select("primaryid", "quarter", F.col("caseid").alias("_of"), _case(), "report_version")
    placed = _children(children).withColumn("line", F.struct("file", "line_number")).drop("caseid")
    once = Window.partitionBy("quarter", "primaryid").orderBy(F.desc("known_date"), F.desc("delivery_id"))
    latest = placed.withColumn("_file", F.first("delivery_id").over(once)).filter("delivery_id = _file")
    joined = latest.join(kept, on=["primaryid", "quarter"], how="inner")
    return joined.filter((F.col("child_case") == "") | (F.col("child_case") == F.col("_of"))).drop("_of")


def _case() -> Column:
    return F.concat(F.lit("faers:"), F.col("caseid")).alias("report_key")


def _said(column: str) -> Column:
    return F.when(F.trim(column) != "", F.trim(column))
