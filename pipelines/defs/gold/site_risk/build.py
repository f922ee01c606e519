"""From inspections and what else is known of a site to its rating over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.site_risk.events import happened
from pipelines.defs.gold.site_risk.matrix import CERTIFICATE_DAYS, MATRICES, NOT_READ, Matrix
from pipelines.defs.gold.site_risk.tables import SiteRisk, SiteRiskReason
from pipelines.frames.cache import cache
from pipelines.frames.columns import looked_up
from pipelines.frames.conform import conformed
from pipelines.frames.history import FOREVER
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

SITE = "establishment_key"
READS = (
    *("silver.establishment", "silver.inspection", "silver.gmp_certificate", "silver.enforcement_action"),
    *("silver.recall", "silver.batch", "silver.quality_defect", "silver.laboratory_result", "gold.batch_watch"),
)
RULE_90 = "CSP R5313-5, R5146-3: 90 days from the inspection"


@step(SiteRisk, *READS)
def site_risk(tables: Tables) -> DataFrame:
    """Rate every site over time by the versions of the matrix that are shipped."""
    return rated(tables, MATRICES)


def rated(tables: Tables, matrices: Sequence[Matrix]) -> DataFrame:
    """Rate every site over time by versions of the matrix, the earliest first."""
    sites = cache(_sites(tables["silver.establishment"]))
    inspections = cache(in_few_tasks(tables["silver.inspection"]).filter("is_current"))
    graded = inspections.filter("n_critical IS NOT NULL AND n_major IS NOT NULL AND inspection_date IS NOT NULL")
    periods = _periods(sites, graded, matrices)
    events = cache(happened(tables))
    known = _counted(_last_inspection(periods, graded), events)
    certified = _certified(known, tables["silver.gmp_certificate"])
    last_day = inspections.agg(F.max("valid_from").alias("last_day"))
    told = certified.crossJoin(F.broadcast(last_day))
    return conformed(_judged(told, matrices), SiteRisk)


def _sites(establishments: DataFrame) -> DataFrame:
    """Each site once, with what its sources say; what an inspectorate assessed is taken before what others print."""
    current = in_few_tasks(establishments)
    told = ("establishment_name", "city", "country", "complexity", "criticality")
    newest = {c: F.max_by(c, F.when(F.col(c).isNotNull(), F.col("valid_from"))).alias(c) for c in told}
    return current.groupBy(SITE).agg(*newest.values(), F.min("valid_from").alias("known_from"))


def _periods(sites: DataFrame, graded: DataFrame, matrices: Sequence[Matrix]) -> DataFrame:
    """Periods of each site: establishment_key, rated_from, rated_to, matrix (its place, null before the first)."""
    starts = graded.groupBy(SITE).agg(F.collect_set("known_from").alias("days"), F.min("known_from").alias("first"))
    counts = F.array(*[F.lit(m.valid_from) for m in matrices])
    all_days = F.array_union("days", F.filter(counts, lambda day: day > F.col("first")))
    dated = sites.join(starts, on=SITE, how="left").withColumn(
        "rated_from", F.explode(F.coalesce(all_days, F.array("known_from")))
    )
    following = F.lead("rated_from").over(Window.partitionBy(SITE).orderBy("rated_from"))
    place = F.lit(None).cast("int")
    for i, matrix in enumerate(matrices):
        place = F.when(F.col("rated_from") >= F.lit(matrix.valid_from), i).otherwise(place)
    return dated.withColumns({"rated_to": following, "matrix": place}).drop("days", "first", "known_from")


def _last_inspection(periods: DataFrame, graded: DataFrame) -> DataFrame:
    """Periods with the last inspection that was known when they began."""
    told = ("inspection_id", "inspection_date", "n_critical", "n_major", "n_other")
    one = F.struct("inspection_date", *[c for c in told if c != "inspection_date"])
    known = graded.select(SITE, F.col("known_from").alias("_known"), one.alias("_told"))
    joined = periods.join(known, on=SITE, how="left")
    seen = F.when(F.col("_known") <= F.col("rated_from"), F.col("_told"))
    last = joined.groupBy(*periods.columns).agg(F.max(seen).alias("_last"))
    return last.select(*periods.columns, "_last.*")


def _counted(periods: DataFrame, events: DataFrame) -> DataFrame:
    """Periods with what happened at the site until their end."""
    end = F.coalesce("rated_to", F.lit(FOREVER).cast("date"))
    names = ("n_non_compliance", "n_actions", "n_recalls", "n_defects", "n_failed_tests")
    joined = periods.join(events.withColumnRenamed("known_from", "_known"), on=SITE, how="left")
    is_seen = F.col("_known") < end
    counts = [
        F.count_if(is_seen & (F.col("kind") == name.removeprefix("n_"))).cast("int").alias(name) for name in names
    ]
    sums = [F.sum(F.when(is_seen, F.col(name))).alias(name) for name in ("n_reports", "n_doses")]
    return joined.groupBy(*periods.columns).agg(*counts, *sums, F.min(F.when(is_seen, F.col("q"))).alias("least_q"))


def _certified(periods: DataFrame, certificates: DataFrame) -> DataFrame:
    """Periods with the day on which the certificate, or refusal, of their inspection was issued."""
    issued = in_few_tasks(certificates).filter("issue_date >= inspection_date")
    first = issued.groupBy(SITE, "inspection_date").agg(F.min("issue_date").alias("issue_date"))
    return periods.join(first, on=[SITE, "inspection_date"], how="left")


def _judged(told: DataFrame, matrices: Sequence[Matrix]) -> DataFrame:
    """Risks, rating, what is due and what is late, by the matrix of each period."""
    with_risks = told.withColumns(
        {
            "intrinsic": _by_matrix(matrices, lambda m: looked_up(_score(), {str(k): v for k, v in m.bands.items()})),
            "compliance": _by_matrix(matrices, _compliance),
        }
    )
    cell = F.concat_ws("|", "intrinsic", "compliance")
    is_known = F.col("intrinsic").isNotNull() & F.col("compliance").isNotNull()
    rating = _by_matrix(matrices, lambda m: looked_up(cell, {"|".join(k): v for k, v in m.cells.items()}))
    rated_ = with_risks.withColumn("rating", F.when(is_known, rating))
    months = _by_matrix(matrices, lambda m: looked_up(F.col("rating"), {k: float(v) for k, v in m.months.items()}))
    end = F.coalesce("rated_to", F.greatest("last_day", "rated_from"))
    dated = rated_.withColumn("due_date", F.add_months("inspection_date", months.cast("int")))
    waited = F.datediff(F.coalesce("issue_date", end), "inspection_date")
    missing = F.when(F.col("inspection_id").isNull(), "no inspection with graded deficiencies is known")
    missing = missing.when(F.col("complexity").isNull() | F.col("criticality").isNull(), "no inspectorate assessed it")
    return dated.withColumns(
        {
            "is_current": F.col("rated_to").isNull(),
            "overdue_days": F.greatest(F.datediff(end, "due_date"), F.when(F.col("due_date").isNotNull(), 0)),
            "certificate_days": F.datediff("issue_date", "inspection_date"),
            "is_certificate_late": waited > CERTIFICATE_DAYS,
            "matrix_version": _by_matrix(matrices, lambda m: F.lit(m.version)),
            "not_rated": missing.when(F.col("matrix").isNull(), "no version of the matrix counted yet"),
        }
    ).drop("matrix", "issue_date", "last_day")


def _score() -> Column:
    return (F.col("complexity") * F.col("criticality")).cast("string")


def _compliance(matrix: Matrix) -> Column:
    high = (F.col("n_critical") >= 1) | (F.col("n_major") > matrix.most_major)
    risk = F.when(high, "high").when(F.col("n_major") >= 1, "medium").otherwise("low")
    return F.when(F.col("inspection_id").isNotNull(), risk)


def _by_matrix(matrices: Sequence[Matrix], says: Callable[[Matrix], Column]) -> Column:
    """What the version of each period says; null where none counted."""
    told = F.lit(None)
    for i, matrix in enumerate(matrices):
        told = F.when(F.col("matrix") == i, says(matrix)).otherwise(told)
    return told


@step(SiteRiskReason, "gold.site_risk")
def site_risk_reason(tables: Tables) -> DataFrame:
    """One row a reason that reaches its limit."""
    bands = MATRICES[-1].bands_source
    rank = looked_up(F.col("rating"), {"A": 1.0, "B": 2.0, "C": 3.0})
    late = F.coalesce("certificate_days", F.lit(CERTIFICATE_DAYS + 1))
    told: dict[str, tuple[Column, float, str]] = {
        "intrinsic": (F.col("complexity") * F.col("criticality"), 3, bands),
        "critical": (F.col("n_critical"), 1, bands),
        "major": (F.col("n_major"), 1, bands),
        "rating": (rank, 2, NOT_READ),
        "overdue": (F.col("overdue_days"), 1, NOT_READ),
        "certificate_late": (F.when(F.col("is_certificate_late"), late), CERTIFICATE_DAYS + 1, RULE_90),
        "non_compliance": (F.col("n_non_compliance"), 1, "EudraGMDP"),
        "actions": (F.col("n_actions"), 1, "registers of measures"),
        "recalls": (F.col("n_recalls"), 1, "registers of recalls"),
        "defects": (F.col("n_defects"), 1, "register of quality defects"),
        "failed_tests": (F.col("n_failed_tests"), 1, "laboratory results"),
    }
    each = [_reason(name, value, F.lit(above), source) for name, (value, above, source) in told.items()]
    q = F.col("least_q")
    each.append(_reason("batch_excess", F.when(q <= 0.05, q), F.lit(0.0), "q of gold.batch_watch up to 0.05"))
    reached = F.explode(F.filter(F.array(*each), lambda r: r["value"] >= r["above"])).alias("_r")
    rows = in_few_tasks(tables["gold.site_risk"]).select(SITE, "rated_from", "is_current", reached)
    return conformed(rows.select(SITE, "rated_from", "is_current", "_r.*"), SiteRiskReason)


def _reason(name: str, value: Column, above: Column, source: str) -> Column:
    return F.struct(
        F.lit(name).alias("reason"),
        value.cast("double").alias("value"),
        above.cast("double").alias("above"),
        F.lit(source).alias("source"),
    )
