"""The register's records to products, compositions and packs, codes replaced by their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.product.tables import Pack, PackContent, Product, ProductSubstance
from pipelines.frames.columns import iso_date, looked_up, said
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions
from pipelines.frames.numbers import NUMERAL, number

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

PRODUCT, COMPOSITION, REFERENCE = "bronze.anmv_product", "bronze.anmv_composition", "bronze.anmv_reference"
ADMINISTRATION, PACK, GTIN, ATCVET = (f"bronze.anmv_{name}" for name in ("administration", "pack", "gtin", "atcvet"))
IN_MG = {"mg": 1.0, "g": 1000.0, "µg": 0.001, "ug": 0.001, "mcg": 0.001, "kg": 1_000_000.0, "ng": 0.000001}
SENDING = ["src_id", "delivery_id"]


def _product_key() -> Column:
    return F.concat(F.lit("ANMV:"), F.trim("src_id")).alias("product_key")


def _slot() -> Column:
    """A full file and each extract are slots of their own: what an extract lacks still stands."""
    return F.when(F.lower("file").contains("extract"), F.col("file")).otherwise("full").alias("slot")


def _labels(tables: Tables, list_name: str, column: str, label: str) -> DataFrame:
    """Latest label of each code of a list, named to be joined on `column`."""
    rows = tables[REFERENCE].filter(F.col("list_name") == list_name)
    last = Window.partitionBy("source_code").orderBy(F.desc("known_date"), F.desc("delivery_id"))
    latest = rows.withColumn("_n", F.row_number().over(last)).filter("_n = 1")
    return latest.select(F.col("source_code").alias(column), F.trim("source_desc").alias(label))


def _versions(rows: DataFrame, key: list[str]) -> DataFrame:
    return extracted_versions(rows, key).withColumn("source", F.lit("anmv"))


@feed(Product, PRODUCT, ADMINISTRATION, ATCVET, REFERENCE)
def product(tables: Tables) -> DataFrame:
    """Products with routes, target species and ATCvet codes."""
    told = tables[ADMINISTRATION].join(_labels(tables, "term-va", "term_va", "route"), on="term_va", how="left")
    told = told.join(_labels(tables, "term-esp", "term_esp", "kind"), on="term_esp", how="left")
    told = told.groupBy(*SENDING).agg(
        F.sort_array(F.collect_set("route")).alias("routes"), F.sort_array(F.collect_set("kind")).alias("species")
    )
    atc = tables[ATCVET].groupBy(*SENDING).agg(F.sort_array(F.collect_set(F.trim("code_atcvet"))).alias("atc_codes"))
    rows = tables[PRODUCT].filter("trim(src_id) <> ''").join(told, on=SENDING, how="left")
    rows = rows.join(atc, on=SENDING, how="left")
    for list_name, column, label in (
        ("term-tit", "term_tit", "holder"),
        ("term-fp", "term_fp", "form"),
        ("term-stat-auto", "term_stat_auto", "authorisation_status"),
    ):
        rows = rows.join(_labels(tables, list_name, column, label), on=column, how="left")
    listed = rows.select(
        _product_key(),
        _slot(),
        "known_date",
        said("nom").alias("product_name"),
        *("form", "routes", "species", "holder", "authorisation_status", "atc_codes"),
        said("num_amm").alias("authorisation_number"),
        iso_date("date_amm").alias("authorisation_date"),
    )
    constants = {"domain": F.lit("veterinary"), "is_orphan": F.lit(False)}
    return conformed(_versions(listed, ["product_key"]).withColumns(constants), Product)


@feed(ProductSubstance, COMPOSITION, REFERENCE)
def product_substance(tables: Tables) -> DataFrame:
    """Substances and their therapeutic fractions, linked by the ingredient they stand in."""
    rows = tables[COMPOSITION].join(_labels(tables, "term-sa", "term_sa", "substance"), on="term_sa", how="left")
    rows = rows.join(_labels(tables, "term-unite", "term_unite", "unit"), on="term_unite", how="left")
    order = Window.partitionBy(*SENDING).orderBy("line_number")
    factor = F.lit(None).cast("double")
    for unit, value in IN_MG.items():
        factor = F.when(F.lower("unit") == unit, value).otherwise(factor)
    listed = rows.filter("trim(src_id) <> ''").select(
        _product_key(),
        F.row_number().over(order).alias("ingredient_seq"),
        _slot(),
        "known_date",
        F.col("term_sa").alias("source_substance_code"),
        F.coalesce("substance", F.concat(F.lit("code "), F.col("term_sa"))).alias("source_substance_name"),
        F.when(F.col("nature") == "fraction", "FT").otherwise("SA").alias("nature"),
        F.expr("try_cast(compo AS int)").alias("link_number"),
        F.concat_ws(" ", F.trim("quantite"), "unit").alias("amount_text"),
        (number("quantite") * factor).alias("amount_mg"),
    )
    return conformed(_versions(listed, ["product_key", "ingredient_seq"]), ProductSubstance)


@feed(Pack, PACK, GTIN)
def pack(tables: Tables) -> DataFrame:
    """Packs by GTIN where there is one, else by product and label."""
    label = F.trim("lib_mod").alias("pack_label")
    coded = tables[GTIN].groupBy(*SENDING, label).agg(F.min(F.trim("code_gtin")).alias("gtin"))
    rows = tables[PACK].filter("trim(lib_mod) <> ''").withColumn("pack_label", label)
    joined = rows.join(coded, on=[*SENDING, "pack_label"], how="left")
    own = F.concat(F.lit("ANMV:"), F.trim("src_id"), F.lit(":"), F.col("pack_label"))
    keyed = joined.select(
        F.when(F.col("gtin") != "", F.concat(F.lit("GTIN:"), F.col("gtin"))).otherwise(own).alias("pack_key"),
        _product_key(),
        "pack_label",
        _slot(),
        *("known_date", "delivery_id", "line_number"),
    )
    first = Window.partitionBy("pack_key", "product_key", "delivery_id").orderBy("line_number")
    once = keyed.withColumn("_n", F.row_number().over(first)).filter("_n = 1")
    return conformed(_versions(once.drop("_n", "line_number", "delivery_id"), ["pack_key", "product_key"]), Pack)


VOLUME = rf"(?i)de\s+({NUMERAL})\s*(ml|cl|l|g|kg)\b"
PIECES = rf"(?i)({NUMERAL})\s+(?:comprim|g[ée]lule|capsule|oblet|bolus)"
MULTIPLE = rf"(?i)\b(?:bo[iî]te|carton|[ée]tui)\s+de\s+({NUMERAL})\s+(?!comprim|g[ée]lule|capsule|oblet|bolus)"
IN_ML_OR_G = {"ml": 1.0, "cl": 10.0, "l": 1000.0, "g": 1.0, "kg": 1000.0}


@feed(PackContent, PACK, GTIN, COMPOSITION, REFERENCE)
def pack_content(tables: Tables) -> DataFrame:
    """What a pack of one substance holds: the register's amount times the millilitres, grams or pieces of its label.

    The register does not say what its amount is for; that it is one millilitre, gram or piece is an assumption.
    """
    held = product_substance(tables).filter("is_current AND amount_mg > 0")
    fraction = F.max(F.when(F.col("nature") == "FT", F.col("amount_mg")))
    amounts = held.groupBy("product_key").agg(
        F.coalesce(fraction, F.max("amount_mg")).alias("amount_mg"),
        F.sum((F.col("nature") == "SA").cast("int")).alias("n_substances"),
    )
    label = F.col("pack_label")
    size = number(F.regexp_extract(label, VOLUME, 1)) * looked_up(
        F.lower(F.regexp_extract(label, VOLUME, 2)), IN_ML_OR_G
    )
    pieces = number(F.regexp_extract(label, PIECES, 1))
    multiple = F.coalesce(number(F.regexp_extract(label, MULTIPLE, 1)), F.lit(1.0))
    packs = pack(tables).filter("is_current").join(amounts.filter("n_substances = 1"), on="product_key", how="inner")
    rows = packs.withColumn("mg_per_pack", F.col("amount_mg") * F.coalesce(pieces, size * multiple))
    one = rows.groupBy("pack_key").agg(F.max("mg_per_pack").alias("mg_per_pack"), F.max("pack_label").alias("label"))
    told = one.select(
        "pack_key",
        F.lit("anmv").alias("source"),
        F.col("label").alias("strength_text"),
        "mg_per_pack",
        F.lit("per_unit_assumed").alias("basis"),
    )
    return conformed(told.filter("mg_per_pack > 0"), PackContent)
