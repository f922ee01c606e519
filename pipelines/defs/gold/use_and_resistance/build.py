"""Isolates by month and year, and use by class, in one shape; odds ratios between places."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.use_and_resistance import figures, ratios
from pipelines.defs.gold.use_and_resistance.tables import UseAndResistance, UseResistanceAssociation
from pipelines.defs.silver.substance.codes import antibiotic_classes
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ALL, NONE, COHORT = "all", "none", "cohort"
CELL = ["source", "series", "host", "country", "region", "setting", "bacterium", "class_code", "criterion"]
PERIOD = ["period", "period_start", "n_months"]
COUNTS = ["n_tested", "n_resistant", "bed_days", "published_share"]
DAY_PER_1000 = "ddd_per_1000_inhabitants_day"
BESIDE = {"ddd_per_1000_inhabitants_day": "human", "mg_per_pcu": "animal"}
BY_CLASS = {
    **{"ddd_per_1000_inhabitants_day": "human", "mg_per_kg_people": "human"},
    **{"mg_per_pcu": "animal", "mg_per_kg_living": "animal"},
}
WEEK = 7


@step(
    UseAndResistance,
    *("silver.isolate_count", "silver.hospital_use", "gold.antimicrobial_use", "silver.substance"),
)
def use_and_resistance(tables: Tables) -> DataFrame:
    """Put all figures in one shape; shares, masks and segments are made where a whole series is."""
    isolates = tables["silver.isolate_count"].filter("is_current")
    parts = [_isolates(tables, isolates), _beside(isolates), _hospital(tables), _classes(tables)]
    rows = in_few_tasks(reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts))
    whole = rows.repartition(*figures.SERIES)
    wanted = list(UseAndResistance.columns)
    types = {f.name: f.dataType.simpleString() for f in whole.schema.fields}
    added = dict(part.split() for part in figures.FIGURES_SQL.split(", "))
    schema = ", ".join(f"{c} {added.get(c) or types[c]}" for c in wanted)
    return conformed(whole.mapInArrow(figures.task(wanted), schema), UseAndResistance)


@step(UseResistanceAssociation, "silver.isolate_count", "silver.hospital_use")
def use_resistance_association(tables: Tables) -> DataFrame:
    """Fit every form by every rule to the places of each bacterium, class, host and period."""
    isolates = tables["silver.isolate_count"].filter("is_current")
    printed = isolates.filter("exposure IS NOT NULL").withColumn("place", F.concat_ws(" ", "country", "region"))
    columns = [*ratios.GROUP, "place", "exposure", "n_resistant", "n_tested"]
    rows = in_few_tasks(printed.select(columns).unionByName(_by_region(tables, isolates).select(columns)))
    fitted = rows.repartition(*ratios.GROUP).mapInArrow(ratios.task, ratios.ANSWER_SQL)
    return conformed(fitted, UseResistanceAssociation)


def _isolates(tables: Tables, isolates: DataFrame) -> DataFrame:
    """Isolates of months and years: weeks added up, years as they are."""
    is_week = F.date_diff("period_end", "period_start") < WEEK
    rows = isolates.withColumn("_span", F.explode(_spans(is_week))).select(*CELL, *COUNTS, "valid_from", "_span.*")
    one = rows.groupBy(*CELL, *PERIOD).agg(
        *[F.sum(c).alias(c) for c in ("n_tested", "n_resistant")],
        exact_sum("bed_days").alias("bed_days"),
        F.max("valid_from").alias("denominator_known_from"),
        F.when(F.count("*") == 1, F.max("published_share")).alias("published_share"),  # never averaged
        F.count("*").alias("n_weeks"),
    )
    days = tables["silver.hospital_use"].filter("is_current AND class_code = 'all' AND ddd IS NULL")
    spans = days.withColumn("_span", F.explode(_spans(F.lit(True)))).select(
        "source", "series", "country", "region", "setting", "bed_days", "valid_from", "_span.*"
    )
    place = ["source", "series", "country", "region", "setting", "period"]
    stays = spans.groupBy(*place).agg(
        exact_sum("bed_days").alias("days"), F.count("*").alias("n_weeks"), F.max("valid_from").alias("days_from")
    )
    beside = one.join(F.broadcast(stays), on=[*place, "n_weeks"], how="left")
    kingdom = F.when(F.col("host") == "human", "human").otherwise("animal")
    told = {
        "bed_days": F.coalesce("bed_days", "days"),
        "kingdom": kingdom,
        "denominator_known_from": F.greatest("denominator_known_from", "days_from"),
    }
    return beside.withColumns(told).drop("days", "days_from", "n_weeks")


def _spans(is_week: Column) -> Column:
    """Periods that a row belongs to: month and year of a week, else its own."""
    month, year = F.trunc("period_start", "month"), F.trunc("period_start", "year")
    whole = F.lit(12)
    of_week = F.array(
        _span(F.date_format(month, "yyyy-MM"), month, F.lit(1)), _span(F.date_format(year, "yyyy"), year, whole)
    )
    own = _span(F.col("period"), F.col("period_start"), F.when(F.col("period_start").isNotNull(), whole))
    return F.when(F.coalesce(is_week, F.lit(False)), of_week).otherwise(F.array(own))


def _span(period: Column, start: Column, n_months: Column) -> Column:
    columns = zip((period, start, n_months), PERIOD, strict=True)
    return F.struct(*[column.alias(name) for column, name in columns])


def _beside(isolates: DataFrame) -> DataFrame:
    """Use that a source prints beside isolates."""
    rows = isolates.filter(F.col("exposure_kind").isin(*BESIDE) & F.col("exposure").isNotNull())
    kingdom = F.when(F.col("exposure_kind") == "mg_per_pcu", "animal").otherwise("human")
    used = rows.select(
        *[c for c in CELL if c not in ("criterion", "setting", "host")],
        *("period", "period_start"),
        F.when(F.col("period_start").isNotNull(), F.lit(12)).alias("n_months"),
        F.when((kingdom == "animal") & (F.col("host") == "human"), "animals").otherwise(F.col("host")).alias("host"),
        kingdom.alias("kingdom"),
        F.col("exposure_kind").alias("indicator"),
        F.col("exposure").alias("numerator"),
    )
    key = [c for c in used.columns if c != "numerator"]
    one = used.groupBy(*key).agg(F.max("numerator").alias("numerator"))
    return one.withColumns({"criterion": F.lit(NONE), "setting": F.lit(NONE)})


def _hospital(tables: Tables) -> DataFrame:
    """DDD per 1,000 bed-days; the source's own total is class `all`."""
    rows = tables["silver.hospital_use"].filter("is_current AND ddd IS NOT NULL AND bed_days > 0")
    return rows.select(
        *("source", "series", "country", "region", "setting", "class_code", "period", "period_start"),
        F.lit(12).alias("n_months"),
        *[F.lit(v).alias(c) for c, v in (("host", "human"), ("kingdom", "human"))],
        *[F.lit(NONE).alias(c) for c in ("bacterium", "criterion")],
        F.lit("ddd_per_1000_bed_days").alias("indicator"),
        F.col("ddd").alias("numerator"),
        (F.col("bed_days") / 1_000).alias("denominator"),
        F.lit("thousand_bed_days").alias("denominator_method"),
        F.col("valid_from").alias("denominator_known_from"),
    )


def _classes(tables: Tables) -> DataFrame:
    """Use of people and animals by class, over the denominators of `gold.antimicrobial_use`; `all` is its own total."""
    known = tables["silver.substance"].filter("known_to IS NULL")
    members = known.select("substance_key", F.explode(antibiotic_classes()).alias("class_code"))
    used = tables["gold.antimicrobial_use"].filter(F.col("indicator").isin(*BY_CLASS))
    whole = used.filter(F.col("substance_key") == ALL).withColumn("class_code", F.lit(ALL))
    each = used.join(F.broadcast(members), on="substance_key", how="inner").unionByName(whole)
    first, after = (F.make_date(F.col("year") + i, F.lit(1), F.lit(1)) for i in (0, 1))
    per_day = F.when(F.col("indicator") == DAY_PER_1000, F.date_diff(after, first) / 1_000).otherwise(1.0)
    summed = each.groupBy("source", "country", "year", "species", "class_code", "indicator", "sector").agg(
        exact_sum("numerator").alias("numerator"),
        (F.max("denominator") * F.max(per_day)).alias("denominator"),
        F.max("denominator_method").alias("denominator_method"),
        F.max("denominator_known_from").alias("denominator_known_from"),
    )
    return summed.select(
        *("source", "country", "class_code", "indicator", "numerator", "denominator", "denominator_method"),
        "denominator_known_from",
        F.col("source").alias("series"),
        F.col("species").alias("host"),
        F.col("sector").alias("kingdom"),
        F.lit(ALL).alias("region"),
        *[F.lit(NONE).alias(c) for c in ("bacterium", "criterion", "setting")],
        F.col("year").cast("string").alias("period"),
        F.make_date("year", F.lit(1), F.lit(1)).alias("period_start"),
        F.lit(12).alias("n_months"),
    )


def _by_region(tables: Tables, isolates: DataFrame) -> DataFrame:
    """Isolates of regions and years beside the DDD per 1,000 bed-days of their class there."""
    year = F.year("period_start").cast("string")
    counted = isolates.filter((F.col("series") == COHORT) & (F.col("region") != ALL))
    cells = ["source", "country", "region", "setting", "class_code", "period"]
    rows = (
        counted.withColumn("period", year)
        .groupBy(*CELL, "period")
        .agg(F.sum("n_resistant").alias("n_resistant"), F.sum("n_tested").alias("n_tested"))
    )
    used = tables["silver.hospital_use"].filter("is_current AND ddd IS NOT NULL AND bed_days > 0")
    rate = (F.col("ddd") / F.col("bed_days") * 1_000).alias("exposure")
    beside = rows.join(F.broadcast(used.select(*cells, rate)), on=cells, how="inner")
    told = {"exposure_kind": F.lit("ddd_per_1000_bed_days"), "place": F.concat_ws(" ", "country", "region")}
    return beside.withColumns(told)
