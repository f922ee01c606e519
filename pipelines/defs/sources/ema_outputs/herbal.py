"""The herbal inventory to plants and herbal drugs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.plant.tables import Plant, PlantProduct
from pipelines.defs.silver.plant.tasks import NAMED_SQL, named
from pipelines.defs.silver.substance.named import with_substance
from pipelines.frames.columns import french_date, one_line, said

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

HERBAL = "bronze.ema_outputs_herbal"
PLACE = ["known_date", "file", "line_number"]
NAMES = ["printed_plant", "product_name"]


@feed(Plant, HERBAL, "silver.substance_name")
def plant(tables: Tables) -> DataFrame:
    """Every species of the inventory once, with all synonyms that its rows give."""
    read = _read(tables).filter("plant IS NOT NULL")
    one = read.groupBy("plant", "known_date").agg(
        *[F.min(c).alias(c) for c in ("genus", "author", "variety", "file", "line_number")],
        F.array_sort(F.array_distinct(F.flatten(F.collect_list("synonyms")))).alias("synonyms"),
    )
    told = one.withColumn("slot", F.lit("herbal"))
    return with_substance(told, tables["silver.substance_name"], "plant")


@feed(PlantProduct, HERBAL)
def plant_product(tables: Tables) -> DataFrame:
    """Every drug of the inventory, a row a species; one without a species stands too."""
    page = F.regexp_extract(F.trim("herbal_medicine_url"), r"([^/]+)/?$", 1)
    outcome = said("outcome_of_european_assessment")
    return _read(tables).select(
        F.coalesce(F.nullif(page, F.lit("")), F.col("product_name")).alias("product_key"),
        *NAMES,
        said("english_common_name").alias("common_name"),
        F.coalesce("plant", F.lit("none")).alias("plant"),
        "part",
        (F.lower(F.trim("combination")) == "yes").alias("is_combination"),
        F.nullif(F.regexp_extract(F.trim("status"), r"^([A-Z])\b", 1), F.lit("")).alias("status"),
        outcome.alias("outcome"),
        french_date("first_published_date").alias("first_published"),
        french_date("last_updated_date").alias("last_updated"),
        F.lit("herbal").alias("slot"),
        *PLACE,
    )


def _read(tables: Tables) -> DataFrame:
    """Rows of the inventory beside the plants that their names tell."""
    botanical = F.coalesce(one_line("botanical_name"), F.lit(""))
    printed = {"printed_plant": botanical, "product_name": one_line("latin_name")}
    rows = tables[HERBAL].withColumns(printed).filter("product_name <> ''")
    told = rows.select(*NAMES).distinct().mapInArrow(named, NAMED_SQL)
    return rows.join(told, on=NAMES, how="inner")
