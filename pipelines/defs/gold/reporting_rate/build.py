"""Reports over exposure: what is counted, what it is counted over, and what siblings make one expect."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.exposure.contents import substances
from pipelines.defs.gold.reporting_rate.rate import RATES_SQL, RATIOS_SQL, compared, rated
from pipelines.defs.gold.reporting_rate.tables import RateComparison, ReportingRate
from pipelines.defs.silver.report.tables import SUSPECT_ROLES
from pipelines.defs.silver.substance.codes import listed
from pipelines.defs.silver.substance.spine import name_stems
from pipelines.formats.species import animal_species
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

VERSION = ["report_key", "report_version"]
WHOLE_YEAR = "n_months = 12 AND region = 'all' AND sex = 'all' AND age_group = 'all'"
KEY = ["country", "species", "substance_key", "brand", "year"]
ALL = "all"
ATC4 = 5
BRANDED = ("open_medic", "anmv_declaration")  # yearly series by pack that overlap with no other of these
RATE = ["country", "exposure_source", "per", "dating", "year", "species", "substance_key"]
GROUPS = {
    "brand": (f"brand <> '{ALL}'", RATE),
    "class": (f"brand = '{ALL}' AND class_code IS NOT NULL", [*RATE[:-1], "class_code"]),
    "species": (f"brand = '{ALL}' AND species <> 'human'", [c for c in RATE if c != "species"]),
    "country": (f"brand = '{ALL}'", [c for c in RATE if c != "country"]),
}


@step(
    ReportingRate,
    *("silver.report", "silver.report_product", "silver.report_event", "silver.substance", "silver.term"),
    *("gold.exposure", "silver.sale", "silver.product", "silver.pack", "silver.pack_content"),
    *("silver.product_substance", "silver.substance_name"),
)
def reporting_rate(tables: Tables) -> DataFrame:
    """Rates of every substance and brand that was used in a year, of any event and of each that was reported."""
    brands = cache(_brands(tables))
    exposed = cache(_exposed(tables).unionByName(_exposed_brands(tables, brands)).filter("exposed > 0"))
    counted = cache(_counted(tables, brands))
    datings = exposed.crossJoin(F.broadcast(counted.select("dating").distinct()))
    any_event = datings.join(counted.filter(F.col("term_key") == ALL), on=[*KEY, "dating"], how="left").fillna(
        {"n_reports": 0, "n_counted": 0, "term_key": ALL}
    )
    each = exposed.join(counted.filter(F.col("term_key") != ALL), on=KEY, how="inner")
    rows = any_event.unionByName(each)
    names = tables["silver.term"].filter("known_to IS NULL").select("term_key", "term_name")
    human, animal = (F.array_sort(listed(c)) for c in ("atc_codes", "atcvet_codes"))
    first = F.coalesce(F.get(human, F.lit(0)), F.regexp_replace(F.get(animal, F.lit(0)), "^Q", ""))
    substance = tables["silver.substance"].filter("known_to IS NULL")
    substance = substance.select("substance_key", "substance_name", F.substring(first, 1, ATC4).alias("class_code"))
    named = rows.join(F.broadcast(substance), on="substance_key", how="left").join(names, on="term_key", how="left")
    told = named.withColumns(
        {
            "domain": F.when(F.col("species") == "human", "human").otherwise("veterinary"),
            "substance_name": F.coalesce("substance_name", "substance_key"),
            "term_name": F.coalesce("term_name", F.when(F.col("term_key") == ALL, "any event"), "term_key"),
        }
    )
    return conformed(_mapped(told, rated, RATES_SQL), ReportingRate)


@step(RateComparison, "gold.reporting_rate")
def rate_comparison(tables: Tables) -> DataFrame:
    """Hold every rate against those of its siblings of each kind."""
    rows = tables["gold.reporting_rate"]
    same = [c for c in RateComparison.columns if c in ReportingRate.columns]
    parts = [_beside(rows.filter(wanted), group, kind, same) for kind, (wanted, group) in GROUPS.items()]
    united = reduce(lambda a, b: a.unionByName(b), parts)
    return conformed(_mapped(united, compared, RATIOS_SQL), RateComparison)


def _beside(rows: DataFrame, group: list[str], kind: str, same: list[str]) -> DataFrame:
    """Cells that are not alone in their group, with what the others count and are exposed to."""
    members = rows.filter(F.col("term_key") == ALL).groupBy(*group)
    whole = members.agg(exact_sum("exposed").alias("all_exposed"), F.count("*").cast("int").alias("n"))
    counts = rows.groupBy(*group, "term_key").agg(F.sum("n_counted").alias("all_counted"))
    told = rows.join(whole.filter("n > 1"), on=group, how="inner").join(counts, on=[*group, "term_key"], how="inner")
    return told.select(
        *same,
        F.lit(kind).alias("sibling"),
        (F.col("n") - 1).alias("n_siblings"),
        (F.col("all_counted") - F.col("n_counted")).alias("n_others"),
        (F.col("all_exposed") - F.col("exposed")).alias("exposed_others"),
    ).filter("exposed_others > 0")


def _mapped(frame: DataFrame, task: Callable[..., object], added: str) -> DataFrame:
    schema = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in frame.schema.fields)
    return frame.mapInArrow(task, f"{schema}, {added}")  # type: ignore[arg-type]


def _exposed(tables: Tables) -> DataFrame:
    """Exposure of each substance in each whole year, in every unit that its source knows.

    What is sold for animals of no species in particular is left out: no report is of them.
    """
    rows = tables["gold.exposure"].filter(WHOLE_YEAR).filter(f"country <> 'ZZ' AND species <> '{ALL}'")
    units = {"treated": "n_treated", "daily_dose": "n_daily_doses", "pack": "n_packs"}
    parts = [
        rows.filter(F.col(column) > 0).select(
            *("country", "species", "substance_key", "is_complete"),
            F.col("source").alias("exposure_source"),
            F.year("month").alias("year"),
            F.lit(ALL).alias("brand"),
            F.lit(per).alias("per"),
            F.col(column).alias("exposed"),
        )
        for per, column in units.items()
    ]
    return reduce(lambda a, b: a.unionByName(b), parts)


def _brands(tables: Tables) -> DataFrame:
    """Brands of each pack: pack_key, brand, the stem of the product's name."""
    named = tables["silver.product"].filter("is_current AND product_name IS NOT NULL")
    stem = name_stems(named, "product_key", "product_name").filter("stem <> ''")
    packs = tables["silver.pack"].select("pack_key", "product_key").distinct()
    one = packs.join(stem, on="product_key", how="inner").groupBy("pack_key")
    return one.agg(F.min("stem").alias("brand"), F.countDistinct("stem").alias("n")).filter("n = 1").drop("n")


def _exposed_brands(tables: Tables, brands: DataFrame) -> DataFrame:
    """Packs of each brand of a substance in each whole year."""
    sales = tables["silver.sale"].filter("is_current AND pack_key IS NOT NULL")
    sales = sales.filter(F.col("series").isin(*BRANDED)).filter(f"species <> '{ALL}'")
    held = F.broadcast(substances(tables).select("pack_key", "substance_key"))
    rows = sales.join(held, on="pack_key", how="inner").join(F.broadcast(brands), on="pack_key", how="inner")
    summed = rows.groupBy(
        *("country", "species", "substance_key", "brand"),
        F.col("series").alias("exposure_source"),
        F.year("period_end").alias("year"),
    ).agg(exact_sum("n_packs").alias("exposed"))
    return summed.withColumns({"per": F.lit("pack"), "is_complete": F.lit(True)})


def _counted(tables: Tables, brands: DataFrame) -> DataFrame:
    """Reports and animals by country, species, substance, brand or all, event or any, and year of onset and receipt."""
    reports = tables["silver.report"].filter("NOT is_retracted AND is_cluster_head AND country IS NOT NULL")
    affected = F.when(F.col("species") == "human", 1).otherwise(F.coalesce("n_animals_affected", F.lit(1)))
    years = F.create_map(F.lit("onset"), F.year("onset_date"), F.lit("receipt"), F.year("received_first_date"))
    told = reports.select(
        *VERSION,
        "country",
        animal_species("species").alias("species"),
        affected.alias("n_affected"),
        F.explode(years).alias("dating", "year"),
    ).filter("year IS NOT NULL")
    products = tables["silver.report_product"].filter("coded_to IS NULL").filter(F.col("role").isin(*SUSPECT_ROLES))
    suspects = products.select(*VERSION, "reported_name", F.explode("substance_keys").alias("substance_key"))
    own = name_stems(suspects.filter("reported_name IS NOT NULL"), "reported_name", "reported_name")
    own = own.withColumnRenamed("stem", "brand")
    own = own.join(brands.select("brand").distinct(), on="brand", how="left_semi")
    of_brands = suspects.join(own, on="reported_name", how="inner")
    each = suspects.withColumn("brand", F.lit(ALL)).unionByName(of_brands).drop("reported_name").distinct()
    named = cache(told.join(each, on=VERSION, how="inner"))
    events = (
        tables["silver.report_event"]
        .filter("term_key IS NOT NULL AND coded_to IS NULL")
        .select(*VERSION, "term_key")
        .distinct()
    )
    counts = [F.count("*").alias("n_reports"), F.sum("n_affected").cast("bigint").alias("n_counted")]
    any_event = named.groupBy(*KEY, "dating").agg(*counts).withColumn("term_key", F.lit(ALL))
    of_events = named.join(events, on=VERSION, how="inner").groupBy(*KEY, "dating", "term_key").agg(*counts)
    return any_event.unionByName(of_events)
