"""Open PHMEV to the common sale table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.sale.shape import sold, whole_year, year_of
from pipelines.defs.silver.sale.tables import UNKNOWN, Sale
from pipelines.formats.cnam import cnam_age, cnam_region, cnam_sex
from pipelines.frames.columns import said
from pipelines.frames.numbers import number

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

HIDDEN = "9999999999999"


@feed(Sale, "bronze.open_phmev_sale")
def sale(tables: Tables) -> DataFrame:
    """Boxes by pack, year, establishment and who got them; a hidden pack keeps its class."""
    rows = tables["bronze.open_phmev_sale"]
    is_hidden = F.trim("cip13") == HIDDEN
    constants = {"source": "open_phmev", "series": "open_phmev", "domain": "human", "channel": "town"}
    return sold(
        rows.select(
            "known_date",
            *[F.lit(value).alias(name) for name, value in (constants | {"species": "human"}).items()],
            *[day.alias(name) for name, day in whole_year(year_of()).items()],
            F.when(~is_hidden, F.concat(F.lit("CIP13:"), said("cip13"))).alias("pack_key"),
            is_hidden.alias("is_suppressed"),
            F.when(~is_hidden, said("l_cip13")).alias("product_label"),
            said("atc5").alias("atc_code"),
            F.coalesce(cnam_age(), F.lit(UNKNOWN)).alias("age_group"),
            F.coalesce(cnam_sex(), F.lit(UNKNOWN)).alias("sex"),
            F.coalesce(cnam_region("region_etb"), F.lit(UNKNOWN)).alias("region"),
            F.coalesce(said("etb_rgt"), F.lit(UNKNOWN)).alias("prescriber"),
            number("boites").alias("n_packs"),
            number("rem").alias("amount_eur"),
        ).filter("period_start IS NOT NULL")
    )
