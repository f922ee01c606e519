"""The DCIR to the common tables: what was dispensed, to whom, who was ill, and each fault where it stands.

The rules of the lines are in `flatten`, how they are given out to tasks in `spread`.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import polars as pl
from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed, flow_feed
from pipelines.defs.silver.dispensing.tables import Dispensing, DispensingIssue, Insured, LongTermIllness
from pipelines.defs.silver.product.tables import PackContent
from pipelines.defs.sources.snds.flatten import GIVEN, SEXES
from pipelines.defs.sources.snds.spread import dispensed, faults, flows
from pipelines.frames.cache import cache
from pipelines.frames.columns import coded, looked_up, said
from pipelines.frames.conform import conformed
from pipelines.frames.numbers import number, whole

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables
    from pipelines.lake.lake import Lake

PRS, PHA, UCD = "bronze.snds_er_prs_f", "bronze.snds_er_pha_f", "bronze.snds_er_ucd_f"
BEN, IMB, PACKS = "bronze.snds_ir_ben_r", "bronze.snds_ir_imb_r", "bronze.snds_ir_pha_r"
MG = {"MG": 1.0, "G": 1000.0, "MCG": 0.001, "UG": 0.001, "µG": 0.001}
NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTHS = {name: f"{number:02}" for number, name in enumerate(NAMES, start=1)}


@flow_feed(Dispensing, PRS, PHA, UCD)
def dispensing(lake: Lake, before: Mapping[str, str] | None) -> tuple[list[dict[str, Any]], list[dt.date] | None]:
    """Write the flows that came since `before` (address: version), else all of them, as files of the table.

    Returns the files that were written and the dates of the flows they stand for; None for all.
    """
    new = [lake.new_partitions(a, before[a], "delivery_id") for a in (PRS, PHA, UCD)] if before else [None]
    found = flows(lake)
    dates: list[dt.date] | None = None
    if all(part is not None for part in new):
        came = found.filter(pl.col("delivery_id").is_in([d for part in new if part for d in part]))
        dates = came["flow_date"].drop_nulls().unique().sort().to_list()
        if not dates:
            return [], []
    added = dispensed(lake, found, dates, lake.prepared(Dispensing))
    return [row.asDict() for row in added.collect()], dates


@feed(Insured, BEN)
def insured(tables: Tables) -> DataFrame:
    """Pseudonyms with the person behind them, from the latest word on each."""
    named = _people(tables).withColumns({"insured": _pseudonym(), "person": _one_person(), "source": F.lit("snds")})
    return conformed(named.drop("psa", "rank", "identifier", "n_sexes"), Insured)


@feed(LongTermIllness, BEN, IMB)
def long_term_illness(tables: Tables) -> DataFrame:
    """Periods of long-term illness, of the person over all pseudonyms."""
    rows = tables[IMB].filter("trim(imb_ald_num) <> ''")
    told = rows.select(
        *_person(),
        F.trim("imb_ald_num").alias("illness"),
        _date("imb_ald_dtd").alias("start_date"),
        _date("imb_ald_dtf").alias("end_date"),
        F.when(F.trim("med_ncl_idt") == "CIM10", said("med_mtf_cod")).alias("icd10_code"),
    )
    named = told.join(_people(tables).select("psa", "rank", "identifier"), on=["psa", "rank"], how="left")
    one = named.filter("start_date IS NOT NULL").withColumn("person", _one_person())
    key = ("person", "illness", "start_date")
    once = one.groupBy(*key).agg(F.max("end_date").alias("end_date"), F.max("icd10_code").alias("icd10_code"))
    return conformed(once.withColumn("source", F.lit("snds")), LongTermIllness)


@feed(DispensingIssue, PRS, PHA, UCD, BEN, PACKS, "silver.pack", "silver.dispensing", "silver.insured")
def dispensing_issue(lake: Lake) -> DataFrame:
    """Every fault of the lines, of the persons and of the packs, at the line that shows it."""
    said_of = cache(faults(lake, flows(lake)))
    place = ("issue", "table_name", "delivery_id", "line_number", "pack_key", "n_lines")
    people = _people(lake).filter("n_sexes > 1").select("psa", "rank")
    rows = lake[BEN].select(*_person(), "delivery_id", "line_number", F.lit("snds_ir_ben_r").alias("table_name"))
    by_person = ["table_name", "delivery_id", "psa", "rank"]
    first = [F.min("line_number").alias("line_number"), F.count("*").alias("n_lines")]
    sexes = rows.join(people, on=["psa", "rank"], how="left_semi").groupBy(*by_person).agg(*first)
    by_pack = said_of.filter("what = 'pack'").groupBy("pack_key", "kind", "table_name", "delivery_id")
    packs = by_pack.agg(F.min("line_number").alias("line_number"), F.sum("n_lines").alias("n_lines"))
    parts = [
        said_of.filter("what = 'issue'").withColumn("pack_key", F.lit(None).cast("string")),
        sexes.withColumns({"issue": F.lit("two_sexes"), "pack_key": F.lit(None).cast("string")}),
        _unmatched(lake, said_of.filter("what = 'negative'")),
        packs.join(_pack_faults(lake, packs), on="pack_key", how="inner"),
    ]
    united = reduce(lambda a, b: a.unionByName(b), [part.select(*place) for part in parts])
    return conformed(united.withColumn("source", F.lit("snds")), DispensingIssue)


def _unmatched(lake: Lake, negative: DataFrame) -> DataFrame:
    """Regularisations of what, over all flows, comes to less than nothing."""
    known = lake["silver.insured"].filter("source = 'snds'").select("insured", "person")
    person = F.coalesce("person", "insured")
    one = ("person", *GIVEN[1:])
    lines = lake["silver.dispensing"].filter("source = 'snds'").join(known, on="insured", how="left")
    net = lines.withColumn("person", person).groupBy(*one).agg(F.sum("n_units").alias("net")).filter("net < 0")
    told = negative.join(known, on="insured", how="left").withColumn("person", person)
    found = told.join(net, on=list(one), how="left_semi")
    return found.withColumns({"issue": F.lit("unmatched_regularisation"), "pack_key": F.lit(None).cast("string")})


@feed(PackContent, PACKS)
def pack_content(tables: Tables) -> DataFrame:
    """What packs hold, as the latest register says: strength times units, where there is one strength in a mass."""
    latest = tables[PACKS].filter("trim(pha_cip_c13) <> ''").groupBy(F.trim("pha_cip_c13").alias("cip13"))
    columns = ("pha_cip_ucd", "pha_atc_c07", "pha_dos_pra_dses", "pha_dos_unt_dses", "pha_unt_nbr_dses")
    rows = latest.agg(F.max(F.struct("known_date", "delivery_id", "line_number", *columns)).alias("row"))
    rows = rows.select("cip13", *[F.col(f"row.{c}").alias(c) for c in columns])
    strength = number("pha_dos_pra_dses")
    units = whole("pha_unt_nbr_dses")
    in_mg = coded("pha_dos_unt_dses", MG)
    return conformed(
        rows.select(
            F.concat(F.lit("CIP13:"), "cip13").alias("pack_key"),
            F.lit("snds").alias("source"),
            F.lit("stated").alias("basis"),
            F.concat(F.lit("UCD7:"), said("pha_cip_ucd")).alias("ucd_key"),
            said("pha_atc_c07").alias("atc_code"),
            F.concat_ws(" ", said("pha_dos_pra_dses"), said("pha_dos_unt_dses")).alias("strength_text"),
            units.alias("units_per_pack"),
            F.when((strength > 0) & (units > 0), strength * in_mg * units).alias("mg_per_pack"),
        ),
        PackContent,
    )


def _people(tables: Tables) -> DataFrame:
    """One row a pseudonym: the person it belongs to, and what all pseudonyms of that person agree on."""
    certain = F.when(F.trim("ben_idt_top") == "1", said("ben_idt_ano"))
    said_of = tables[BEN].select(*_person(), certain.alias("identifier"), "ben_sex_cod", "ben_nai_ann", "known_date")
    rows = said_of.groupBy("psa", "rank").agg(
        F.max_by("identifier", "known_date").alias("identifier"),
        F.collect_set(coded("ben_sex_cod", SEXES)).alias("sexes"),
        F.max_by(F.col("ben_nai_ann").try_cast("int"), "known_date").alias("birth_year"),
    )
    pseudonyms = Window.partitionBy(_one_person())
    sexes = F.array_distinct(F.flatten(F.collect_list("sexes").over(pseudonyms)))
    return rows.withColumn("every_sex", sexes).select(
        *("psa", "rank", "identifier", "birth_year"),
        F.size("every_sex").alias("n_sexes"),
        F.when(F.size("every_sex") == 1, F.get("every_sex", F.lit(0))).alias("sex"),
    )


def _pack_faults(tables: Tables, lines: DataFrame) -> DataFrame:
    """Town packs that no register knows, and those that the register gives to several products."""
    packs = lines.filter("kind = 'town'").select("pack_key").distinct()
    products = tables["silver.pack"].groupBy("pack_key").agg(F.countDistinct("product_key").alias("n_products"))
    own = tables[PACKS].select(F.concat(F.lit("CIP13:"), said("pha_cip_c13")).alias("pack_key")).distinct()
    known = packs.join(products, on="pack_key", how="left").join(
        own.withColumn("is_own", F.lit(True)), on="pack_key", how="left"
    )
    issue = F.when(F.col("n_products") > 1, "pack_of_several_products").when(
        F.col("n_products").isNull() & F.col("is_own").isNull(), "unknown_pack"
    )
    return known.select("pack_key", issue.alias("issue")).filter("issue IS NOT NULL")


def _person() -> list[Column]:
    return [said("ben_nir_psa").alias("psa"), F.coalesce(said("ben_rng_gem"), F.lit("")).alias("rank")]


def _pseudonym() -> Column:
    """Pseudonym as the tables of the lake spell it: number and rank."""
    return F.concat_ws("/", "psa", "rank")


def _one_person() -> Column:
    """The person over all pseudonyms; one whose identifier is not certain is each pseudonym's own."""
    return F.coalesce(F.col("identifier"), _pseudonym())


def _date(column: str) -> Column:
    """Date written DD/MM/YYYY, YYYY-MM-DD or DDMONYYYY as the extraction tools write it; null where it is none.

    Put into the order that a cast reads, which costs a fraction of a parse by pattern.
    """
    text = F.trim(column)
    slashed = F.concat_ws("-", F.substring(text, 7, 4), F.substring(text, 4, 2), F.substring(text, 1, 2))
    named = F.concat_ws(
        "-", F.substring(text, 6, 4), looked_up(F.upper(F.substring(text, 3, 3)), MONTHS), F.substring(text, 1, 2)
    )
    written = (
        F.when((F.length(text) == 10) & (F.substring(text, 3, 1) == "/"), slashed)
        .when(F.substring(text, 5, 1) == "-", F.substring(text, 1, 10))
        .when(F.length(text) >= 9, named)
    )
    return F.when(F.length(written) == 10, written.try_cast("date"))
