"""The substance spine: names, codings, and the moieties they lead to."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.substance.coding import name_coding
from pipelines.defs.silver.substance.spine import composed, only, since, substance_name
from pipelines.defs.silver.substance.tables import Substance
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.frames.history import SPAN, always, meeting, over_time

if TYPE_CHECKING:
    from pipelines.frames.conform import Tables

__all__ = ["name_coding", "substance", "substance_name"]


CODED = {  # tables whose names are coded, and the column of the keys: what they hold stands here, and need not be asked
    "silver.name_coding": "substance_keys",
    "silver.access_authorisation": "substance_keys",
    "silver.environment_parameter": "substance_key",
    "silver.plant": "substance_key",
    "silver.regulatory_event_subject": "substance_key",
    "silver.residue_measurement": "substance_key",
}


@step(Substance, "silver.substance_name", "silver.product", "silver.product_substance", *CODED)
def substance(tables: Tables) -> DataFrame:
    """Versions of each moiety that a product of the registers holds or a name was ever coded to."""
    names = tables["silver.substance_name"].filter("kind <> 'brand'")
    held = cache(_held(tables, names))
    coded = [_coded(tables[address], column) for address, column in CODED.items()]
    used = cache(reduce(DataFrame.unionByName, [held.select("substance_key"), *coded]).distinct())
    order = F.struct(_order().alias("place"), F.length("normalised_name").alias("length"), "normalised_name")
    is_french = F.when(F.col("kind") == "french", F.col("normalised_name"))
    own = names.join(used, on="substance_key", how="left_semi")
    own = own.select("substance_key", *SPAN, order.alias("name"), is_french.alias("own_name"))
    told = always(used).unionByName(own, allowMissingColumns=True).unionByName(held, allowMissingColumns=True)
    known = over_time(told, ["substance_key"], _said)
    is_unii = F.col("substance_key").rlike("^[A-Z0-9]{10}$")
    fallback = F.regexp_replace("substance_key", "^(name|reported):", "")
    shown = known.select(
        "substance_key",
        F.when(is_unii, F.col("substance_key")).alias("unii"),
        F.coalesce("substance_name", fallback).alias("substance_name"),
        F.coalesce("french_name", "own_name").alias("french_name"),
        *("atc_codes", "atcvet_codes", "is_in_human_product", "is_in_veterinary_product", *SPAN, "is_current"),
    )
    return conformed(shown, Substance)


def _coded(rows: DataFrame, column: str) -> DataFrame:
    """Keys in one column, single or listed: substance_key, each once."""
    is_list = column.endswith("s")
    keys = rows.select((F.explode(column) if is_list else F.col(column)).alias("substance_key"))
    return keys.filter("substance_key IS NOT NULL").distinct()


def _said(stands: Column) -> Column:
    """One moiety from all that the names and registers say of it: names first in their order, codes sorted."""

    def least(field: str) -> Column:
        return F.array_min(F.transform(stands, lambda row: row[field]))

    def is_in(domain: str) -> Column:
        return F.exists(stands, lambda row: row["domain"].eqNullSafe(F.lit(domain)))

    def codes(domain: str) -> Column:
        mine = F.filter(stands, lambda row: (row["domain"] == domain) & row["code"].isNotNull())
        listed = F.array_sort(F.array_distinct(F.transform(mine, lambda row: row["code"])))
        return F.when(is_in("human") | is_in("veterinary"), listed)

    return F.struct(
        least("name")["normalised_name"].alias("substance_name"),
        least("own_name").alias("own_name"),
        least("form").alias("french_name"),
        codes("human").alias("atc_codes"),
        codes("veterinary").alias("atcvet_codes"),
        is_in("human").alias("is_in_human_product"),
        is_in("veterinary").alias("is_in_veterinary_product"),
    )


def _held(tables: Tables, names: DataFrame) -> DataFrame:
    """What the registers say of each moiety since when: domain, French name, codes of products that hold nothing else.

    A code is that of the moiety for as long as the product holds no other.
    """
    rows = composed(tables, names)
    products = tables["silver.product"]
    known = since(products, "product_key", "domain")
    codes = since(products.withColumn("code", F.explode("atc_codes")), "product_key", "code")
    seen = meeting(rows, known, ["product_key"]).select("product_key", "substance_key", "domain", "form", *SPAN)
    alone = over_time(rows.select("product_key", "substance_key", *SPAN), ["product_key"], only).drop("is_current")
    own = meeting(meeting(alone, known, ["product_key"]), codes, ["product_key"])
    coded = own.groupBy("substance_key", "domain", "code", "known_to").agg(F.min("known_from").alias("known_from"))
    named = seen.groupBy("substance_key", "domain", "form", "known_to").agg(F.min("known_from").alias("known_from"))
    return named.unionByName(coded, allowMissingColumns=True)


def _order() -> Column:
    """Preferred names first."""
    order = F.lit(9)
    for i, kind in enumerate(("preferred", "official", "french", "synonym", "salt")):
        order = F.when(F.col("kind") == kind, i).otherwise(order)
    return order
