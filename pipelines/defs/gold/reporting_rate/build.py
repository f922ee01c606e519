"""Reports over exposure: what is counted, what it is counted over, and what siblings make one expect."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.core.kept import keep
from pipelines.defs.gold.reporting_rate.rate import ADDED_SQL, rated
from pipelines.defs.gold.reporting_rate.tables import ReportingRate
from pipelines.defs.silver.report.tables import SUSPECT_ROLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables

VERSION = ["report_key", "report_version"]
WHOLE_YEAR = "n_months = 12 AND region = 'all' AND sex = 'all' AND age_group = 'all'"
CELL = ["country", "exposure_source", "per", "year", "species", "substance_key"]
ALL = "all"
ATC4 = 5


@reads(
    *("silver.report", "silver.report_product", "silver.report_event"),
    *("gold.exposure", "silver.substance", "silver.term"),
)
def reporting_rate(tables: Tables) -> DataFrame:
    """Rates of every substance that was used in a year, of any event and of each that was reported."""
    exposed = keep(_exposed(tables))
    counted = keep(_counted(tables))
    datings = exposed.crossJoin(F.broadcast(counted.select("dating").distinct()))
    key = ["country", "species", "substance_key", "year", "dating"]
    any_event = datings.join(counted.filter(F.col("term_key") == ALL), on=key, how="left").fillna(
        {"n_reports": 0, "n_counted": 0, "term_key": ALL}
    )
    each = exposed.join(counted.filter(F.col("term_key") != ALL), on=[k for k in key if k != "dating"], how="inner")
    rows = keep(any_event.unionByName(each).filter("exposed > 0"))
    same = ["country", "exposure_source", "per", "year"]
    rows = _with_siblings(rows, exposed, "class", [*same, "species", "class_code"])
    rows = _with_siblings(rows, exposed, "species", [*same, "substance_key"])
    names = tables["silver.term"].select("term_key", "term_name")
    substances = tables["silver.substance"].select("substance_key", "substance_name")
    named = rows.join(F.broadcast(substances), on="substance_key", how="left").join(names, on="term_key", how="left")
    domain = F.when(F.col("species") == "human", "human").otherwise("veterinary")
    told = named.withColumns(
        {
            "domain": domain,
            "substance_name": F.coalesce("substance_name", "substance_key"),
            "term_name": F.coalesce("term_name", F.when(F.col("term_key") == ALL, "any event"), "term_key"),
        }
    )
    schema = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in told.schema.fields)
    return conformed(told.mapInArrow(rated, f"{schema}, {ADDED_SQL}"), ReportingRate)


def _exposed(tables: Tables) -> DataFrame:
    """Exposure of each substance in each whole year, in every unit that its source knows; its subgroup beside it."""
    rows = tables["gold.exposure"].filter(WHOLE_YEAR).filter("country <> 'ZZ'")
    units = {"treated": "n_treated", "daily_dose": "n_daily_doses", "pack": "n_packs"}
    parts = [
        rows.filter(F.col(column) > 0).select(
            *("country", "species", "substance_key", "is_complete"),
            F.col("source").alias("exposure_source"),
            F.year("month").alias("year"),
            F.lit(per).alias("per"),
            F.col(column).alias("exposed"),
        )
        for per, column in units.items()
    ]
    none = F.array().cast("array<string>")
    human, animal = (F.array_sort(F.coalesce(F.col(c), none)) for c in ("atc_codes", "atcvet_codes"))
    first = F.coalesce(F.get(human, F.lit(0)), F.regexp_replace(F.get(animal, F.lit(0)), "^Q", ""))
    classes = tables["silver.substance"].select("substance_key", F.substring(first, 1, ATC4).alias("class_code"))
    united = reduce(lambda a, b: a.unionByName(b), parts)
    return united.join(F.broadcast(classes), on="substance_key", how="left")


def _counted(tables: Tables) -> DataFrame:
    """Reports and animals by country, species, substance, event or any, and year of onset and of receipt."""
    reports = tables["silver.report"].filter("NOT is_retracted AND is_cluster_head AND country IS NOT NULL")
    affected = F.when(F.col("species") == "human", 1).otherwise(F.coalesce("n_animals_affected", F.lit(1)))
    told = reports.select(
        *VERSION,
        *("country", "species"),
        affected.alias("n_affected"),
        F.explode(
            F.create_map(F.lit("onset"), F.year("onset_date"), F.lit("receipt"), F.year("received_first_date"))
        ).alias("dating", "year"),
    ).filter("year IS NOT NULL")
    products = tables["silver.report_product"].filter(F.col("role").isin(*SUSPECT_ROLES))
    suspects = products.select(*VERSION, F.explode("substance_keys").alias("substance_key")).distinct()
    events = tables["silver.report_event"].filter("term_key IS NOT NULL").select(*VERSION, "term_key").distinct()
    named = keep(told.join(suspects, on=VERSION, how="inner"))
    key = ["country", "species", "substance_key", "dating", "year"]
    counts = [F.count("*").alias("n_reports"), F.sum("n_affected").cast("bigint").alias("n_counted")]
    any_event = named.groupBy(*key).agg(*counts).withColumn("term_key", F.lit(ALL))
    each = named.join(events, on=VERSION, how="inner").groupBy(*key, "term_key").agg(*counts)
    return any_event.unionByName(each)


def _with_siblings(rows: DataFrame, exposed: DataFrame, kind: str, group: list[str]) -> DataFrame:
    """Add what the others of a group count and are exposed to; nulls where there is no other."""
    size = (
        exposed.filter("exposed > 0").groupBy(*group).agg(F.sum("exposed").alias("_exposed"), F.count("*").alias("_n"))
    )
    count = rows.groupBy(*group, "dating", "term_key").agg(F.sum("n_counted").alias("_counted"))
    told = rows.join(size, on=group, how="left").join(count, on=[*group, "dating", "term_key"], how="left")
    has_others = F.col("_n") > 1
    return told.withColumns(
        {
            f"n_{kind}": F.when(has_others, F.col("_counted") - F.col("n_counted")),
            f"exposed_{kind}": F.when(has_others, F.col("_exposed") - F.col("exposed")),
        }
    ).drop("_exposed", "_n", "_counted")
