"""Exports of the atlas to isolates: shares as printed, and counts where an export holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.isolate_count.shape import year
from pipelines.defs.silver.isolate_count.tables import IsolateCount
from pipelines.formats.antibiotics import NAMES
from pipelines.formats.countries import EUROSTAT
from pipelines.frames.columns import looked_up, one_line
from pipelines.frames.numbers import number, whole
from pipelines.frames.readings import read

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

INDICATOR = "bronze.ecdc_atlas_indicator"
KEY = ("bacterium", "class_code", "criterion", "country", "year", "known_date", "slot")


@feed(IsolateCount, INDICATOR)
def isolate_count(tables: Tables) -> DataFrame:
    """Shares of resistant isolates; a country-year that the export names without a value stands with none."""
    told = F.lower(one_line("indicator"))
    is_count = told.contains("tested isolates") | ~told.rlike("percentage|proportion")
    value = read("num_value", number, _is_value)
    meant = tables[INDICATOR].filter(_is_resistance(told))
    rows = meant.select(
        one_line(F.get(F.split("population", r"\|"), F.lit(0))).alias("bacterium"),
        read("population", _class).alias("class_code"),
        F.when(F.lower("population").contains("combined"), "combined")
        .when(told.rlike("non-susceptible|i and r"), "I+R")
        .when(told.contains("non-wild"), "ECOFF")
        .otherwise("R")
        .alias("criterion"),
        read("region_code", _country).alias("country"),
        whole("time").alias("year"),
        "known_date",
        F.lower(one_line("population")).alias("slot"),
        F.when(~is_count, value / 100).alias("published_share"),
        F.when(told.contains("tested isolates"), value).cast("bigint").alias("n_tested"),
        F.when(is_count & told.rlike("resistant|susceptible") & ~told.contains("tested"), value)
        .cast("bigint")
        .alias("n_resistant"),
        *("file", "line_number"),
    )
    figures = [F.max(c).alias(c) for c in ("published_share", "n_tested", "n_resistant")]
    one = rows.groupBy(*KEY).agg(*figures, F.min("file").alias("file"), F.min("line_number").alias("line_number"))
    same = {"series": "ears_net", "host": "human", "region": "all", "setting": "invasive"}
    periods = year(F.col("year"))
    return one.withColumns({**{c: F.lit(v) for c, v in same.items()}, **periods}).drop("year")


def _is_resistance(indicator: Column) -> Column:
    """Resistant isolates or isolates tested: the atlas has ages, sexes and completeness too."""
    return indicator.rlike(r"^(r - )?resistant|non-susceptible|non-wild|tested isolates")


def _class(population: Column) -> Column:
    group = F.lower(one_line(F.get(F.split(population, r"\|"), F.lit(1))))
    return F.when(group.startswith("combined"), "several").otherwise(looked_up(group, NAMES))


def _country(code: Column) -> Column:
    upper = F.upper(F.trim(code))
    is_whole, is_country = upper.rlike("^EU"), upper.rlike("^[A-Z]{2}$")
    return F.coalesce(looked_up(upper, EUROSTAT), F.when(is_whole, "EU"), F.when(is_country, upper))


def _is_value(text: Column) -> Column:
    return ~F.trim(text).isin("-", "")
