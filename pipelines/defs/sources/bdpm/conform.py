"""The register's files to products, compositions, packs and shortages, each with its validity in time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.product.episodes import notices
from pipelines.defs.silver.product.tables import Pack, Product, ProductSubstance, Shortage
from pipelines.frames.columns import french_date, said
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions
from pipelines.frames.numbers import amount_mg, number

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

CIS, CIP, COMPO = "bronze.bdpm_cis", "bronze.bdpm_cip", "bronze.bdpm_compo"
GENER, MITM, DISPO = "bronze.bdpm_gener", "bronze.bdpm_mitm", "bronze.bdpm_dispo"
SMR, ASMR = "bronze.bdpm_has_smr", "bronze.bdpm_has_asmr"
PLACE = ("file", "line_number")
STATUSES = {"1": "shortage", "2": "tension", "3": "discontinued", "4": "resupplied"}


def _product_key() -> Column:
    return F.concat(F.lit("CIS:"), F.trim("cis")).alias("product_key")


def _versions(rows: DataFrame, key: list[str], kind: str, first: Sequence[str] = ()) -> DataFrame:
    """Versions of keyed rows; each file of the register is one slot, and each extraction its full state."""
    of_kind = rows.withColumns({"slot": F.lit(kind), "source": F.lit("bdpm")})
    return extracted_versions(of_kind, key, first=first)


@feed(Product, CIS, CIP, COMPO, GENER, MITM, SMR, ASMR)
def product(tables: Tables) -> DataFrame:
    """Products, and orphans: CIS that other files name and no product file does."""
    atc = tables[MITM].filter("trim(atc) <> ''").groupBy(F.trim("cis").alias("cis"))
    atc = atc.agg(F.sort_array(F.collect_set(F.trim("atc"))).alias("atc_codes"))
    rows = (
        tables[CIS]
        .filter("trim(cis) <> ''")
        .select(
            F.trim("cis").alias("cis"),
            _product_key(),
            said("denomination").alias("product_name"),
            said("forme").alias("form"),
            _listed("voies").alias("routes"),
            said("titulaires").alias("holder"),
            said("num_autorisation_eu").alias("authorisation_number"),
            french_date("date_amm").alias("authorisation_date"),
            said("statut_amm").alias("authorisation_status"),
            said("etat_commercialisation").alias("marketing_status"),
            *("known_date", "file", "line_number"),
        )
    )
    coded = rows.join(atc, on="cis", how="left")
    known = _versions(coded.drop("cis"), ["product_key"], "CIS", PLACE)
    named = [
        tables[name].filter("trim(cis) <> ''").select(F.trim("cis").alias("cis"), _product_key(), "known_date")
        for name in (CIP, COMPO, GENER, SMR, ASMR)
    ]
    elsewhere = (
        reduce(lambda a, b: a.unionByName(b), named).groupBy("product_key").agg(F.min("known_date").alias("valid_from"))
    )
    orphans = elsewhere.join(rows.select("product_key"), on="product_key", how="left_anti").withColumns(
        {"source": F.lit("bdpm"), "is_current": F.lit(True), "is_orphan": F.lit(True)}
    )
    both = known.withColumn("is_orphan", F.lit(False)).unionByName(orphans, allowMissingColumns=True)
    return conformed(both.withColumn("domain", F.lit("human")), Product)


@feed(ProductSubstance, COMPO)
def product_substance(tables: Tables) -> DataFrame:
    """Compositions: the ingredients of a product in the order of the file."""
    rows = tables[COMPO].filter("trim(cis) <> '' AND trim(denomination_substance) <> ''")
    order = Window.partitionBy("cis", "known_date").orderBy("file", "line_number")
    listed = rows.select(
        _product_key(),
        F.row_number().over(order).alias("ingredient_seq"),
        said("designation_element").alias("element"),
        said("code_substance").alias("source_substance_code"),
        said("denomination_substance").alias("source_substance_name"),
        F.when(F.upper(F.trim("nature")) == "ST", "FT").otherwise(said("nature")).alias("nature"),
        F.expr("try_cast(trim(numero_liaison) AS int)").alias("link_number"),
        said("dosage").alias("amount_text"),
        amount_mg("dosage").alias("amount_mg"),
        said("reference_dosage").alias("reference_text"),
        "known_date",
    )
    return conformed(_versions(listed, ["product_key", "ingredient_seq"], "COMPO"), ProductSubstance)


@feed(Pack, CIP)
def pack(tables: Tables) -> DataFrame:
    """Packs with price and reimbursement."""
    rows = (
        tables[CIP]
        .filter("trim(cip13) <> '' AND trim(cis) <> ''")
        .select(
            F.concat(F.lit("CIP13:"), F.trim("cip13")).alias("pack_key"),
            _product_key(),
            said("libelle").alias("pack_label"),
            F.lpad(F.trim("cip7"), 7, "0").alias("cip7"),
            said("etat_commercialisation").alias("marketing_status"),
            french_date("date_declaration").alias("declaration_date"),
            number("prix_public").alias("price_eur"),
            _highest_rate("taux_remboursement").alias("reimbursement_percent"),
            *("known_date", "file", "line_number"),
        )
    )
    key = ["pack_key", "product_key"]
    return conformed(_versions(rows, key, "CIP", PLACE), Pack)


@feed(Shortage, DISPO)
def shortage(tables: Tables) -> DataFrame:
    """Declared shortages, of a product or of one of its packs.

    A file may tell of one twice, in the same words or with two states: of several the last line is the first notice.
    """
    status = F.lit(None).cast("string")
    for code, name in STATUSES.items():
        status = F.when(F.trim("code_statut") == code, name).otherwise(status)
    rows = (
        tables[DISPO]
        .filter("trim(cis) <> ''")
        .select(
            _product_key(),
            F.when(F.trim("cip13") != "", F.concat(F.lit("CIP13:"), F.trim("cip13"))).otherwise("").alias("pack_key"),
            status.alias("status"),
            french_date("date_debut").alias("start_date"),
            french_date("date_maj").alias("updated_date"),
            french_date("date_remise_dispo").alias("resupply_date"),
            said("lien").alias("link"),
            *("known_date", "file", "line_number"),
        )
    )
    told = rows.filter("status IS NOT NULL")
    key = ["product_key", "pack_key"]
    last_first = [F.desc("file"), F.desc("line_number")]
    same = Window.partitionBy(*key, "known_date", "status", "start_date").orderBy(*last_first)
    once = told.withColumn("_n", F.row_number().over(same)).filter("_n = 1")
    place = F.row_number().over(Window.partitionBy(*key, "known_date").orderBy(*last_first))
    placed = once.withColumns(
        {"notice_id": F.lit(""), "notice_seq": place, "country": F.lit("FR"), "slot": F.lit("DISPO")}
    )
    return notices(placed.drop("_n"), "bdpm")


def _listed(column: str) -> Column:
    parts = F.transform(F.split(column, ";"), lambda part: F.trim(part))
    return F.filter(parts, lambda part: part != "")


def _highest_rate(column: str) -> Column:
    return F.array_max(F.transform(F.split(F.regexp_replace(column, "[% ]", ""), ";"), number))
