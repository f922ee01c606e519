"""From versions of notices to episodes, and from episodes to days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.shortage_episode.tables import ShortageEpisode, ShortageMonth, ShortageYear
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

OVER = ("resupplied", "discontinued", "avoided")
NOT_SHORT = ("avoided",)  # ends of what never was a shortage


@step(ShortageEpisode, "silver.shortage", "silver.product")
def shortage_episode(tables: Tables) -> DataFrame:
    """Put the versions of each episode together."""
    versions = in_few_tasks(tables["silver.shortage"])
    order = F.struct("valid_from", -F.col("notice_seq"))
    told = F.coalesce("start_date", "valid_from")
    last = {c: F.max_by(c, order) for c in ("status", "start_date", "resupply_date", "valid_from")}
    rows = versions.groupBy("episode_key", "source", "country", "product_key", "pack_key").agg(
        F.max_by("product_name", order).alias("printed"),
        F.min_by(told, F.struct("valid_from", "notice_seq")).alias("began_date"),
        F.bool_or("is_current").alias("is_open"),
        F.max("valid_to").alias("left"),
        F.count("*").cast("int").alias("n_versions"),
        F.countDistinct("start_date").cast("int").alias("n_starts"),
        F.min("valid_from").alias("first_shown"),
        F.max("valid_from").alias("last_changed"),
        *[column.alias(f"last_{name}") for name, column in last.items()],
    )
    names = (
        tables["silver.product"]
        .groupBy("product_key")
        .agg(F.max_by("product_name", "valid_from").alias("register_name"), F.bool_or(_is_major()).alias("major"))
    )
    named = rows.join(names, on="product_key", how="left")
    is_over = F.col("last_status").isin(*OVER)
    basis = F.when(is_over, F.col("last_status")).when(F.col("is_open"), "open").otherwise("vanished")
    told_end = F.coalesce("last_resupply_date", "last_start_date", "last_valid_from")
    end = F.when(is_over, told_end).when(~F.col("is_open"), F.col("left"))
    days = F.datediff(end, "began_date")
    return conformed(
        named.select(
            *("episode_key", "source", "country", "product_key", "pack_key"),
            F.coalesce("printed", "register_name").alias("product_name"),
            F.col("major").alias("is_major_interest"),
            "began_date",
            end.alias("ended_date"),
            basis.alias("end_basis"),
            F.when((days >= 0) & ~basis.isin(*NOT_SHORT), days).alias("days"),
            F.col("last_status").alias("status"),
            *("n_versions", "n_starts", "first_shown", "last_changed"),
        ),
        ShortageEpisode,
    )


@step(ShortageYear, "gold.shortage_episode", "silver.shortage")
def shortage_year(tables: Tables) -> DataFrame:
    """Days short of each product, cut at the ends of years."""
    whole = _united(tables)
    years = F.sequence(F.year("first"), F.year(F.date_sub("until", 1)))
    rows = whole.withColumn("year", F.explode(years))
    start = F.greatest("first", F.make_date("year", F.lit(1), F.lit(1)))
    end = F.least("until", F.make_date(F.col("year") + 1, F.lit(1), F.lit(1)))
    days = rows.groupBy("country", "product_key", "year").agg(F.sum(F.datediff(end, start)).cast("int").alias("n_days"))
    return conformed(days, ShortageYear)


@step(ShortageMonth, "gold.shortage_episode", "silver.shortage", "silver.product")
def shortage_month(tables: Tables) -> DataFrame:
    """Products short at each month end, from the first to the last that a register knows of."""
    whole = _united(tables)
    ends = F.sequence(F.trunc("first", "month"), F.trunc(F.date_sub("until", 1), "month"), F.expr("INTERVAL 1 MONTH"))
    months = whole.withColumn("month", F.explode(F.transform(ends, lambda day: F.last_day(day))))
    short = months.filter("first <= month AND until > month")
    major = tables["silver.product"].filter(_is_major()).select("product_key", "valid_from", "valid_to")
    stands = (F.col("valid_from") <= F.col("month")) & (
        F.col("valid_to").isNull() | (F.col("valid_to") > F.col("month"))
    )
    dated = short.select("country", "month", "product_key").distinct()
    days = dated.filter("country = 'FR'").select("month").distinct()
    listed = days.join(major, on=stands, how="inner").groupBy("month", "product_key").agg(F.lit(True).alias("is_major"))
    counted = listed.groupBy("month").agg(F.count("*").cast("int").alias("n_major")).withColumn("country", F.lit("FR"))
    rows = (
        dated.join(listed, on=["month", "product_key"], how="left")
        .groupBy("country", "month")
        .agg(F.count("*").cast("int").alias("n_short"), F.count("is_major").cast("int").alias("n"))
        .join(counted, on=["country", "month"], how="left")
    )
    has_list = F.col("n_major").isNotNull()
    return conformed(
        rows.withColumns(
            {
                "n_major_short": F.when(has_list, F.col("n")),
                "share_major_short": F.when(has_list, F.col("n") / F.col("n_major")),
            }
        ).drop("n"),
        ShortageMonth,
    )


def _is_major() -> Column:
    """Products of major therapeutic interest: the register gives codes of ATC to these alone."""
    return (F.col("source") == "bdpm") & F.col("atc_codes").isNotNull()


def _united(tables: Tables) -> DataFrame:
    """Days on which each product was short, without overlap: country, product_key, first, until (exclusive)."""
    last = (
        tables["silver.shortage"]
        .groupBy("source")
        .agg(F.greatest(F.max("valid_from"), F.max("valid_to")).alias("last_delivery"))
    )
    episodes = tables["gold.shortage_episode"].filter(~F.col("end_basis").isin(*NOT_SHORT))
    dated = (
        episodes.join(F.broadcast(last), on="source", how="inner")
        .select(
            "country",
            "product_key",
            F.col("began_date").alias("first"),
            F.coalesce("ended_date", "last_delivery").alias("until"),
        )
        .filter("until > first")
    )
    by_product = Window.partitionBy("country", "product_key").orderBy("first", "until")
    reached = F.max("until").over(by_product.rowsBetween(Window.unboundedPreceding, -1))
    is_new = F.coalesce(F.col("first") > reached, F.lit(True)).cast("int")
    numbered = dated.withColumn("_new", is_new).withColumn("_n", F.sum("_new").over(by_product))
    return numbered.groupBy("country", "product_key", "_n").agg(
        F.min("first").alias("first"), F.max("until").alias("until")
    )
