"""The DCIR flattened: lines to their prestations, regularisations netted, each fault said where it stands.

Joins on the nine technical keys, lines summed after the join; filters and dates as the SNDS documentation has them.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.columns import coded, french_date, looked_up, said
from pipelines.core.conform import conformed, reads
from pipelines.core.departments import REGIONS
from pipelines.core.flow import Flow
from pipelines.core.kept import keep
from pipelines.defs.silver.dispensing.tables import Dispensing, DispensingIssue, Insured, LongTermIllness
from pipelines.defs.silver.product.tables import PackContent
from pipelines.defs.sources.snds.tables import KEY

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from pyspark.sql import Column, DataFrame

    from pipelines.core.conform import Tables

PRS, PHA, UCD = "bronze.snds_er_prs_f", "bronze.snds_er_pha_f", "bronze.snds_er_ucd_f"
BEN, IMB, PACKS = "bronze.snds_ir_ben_r", "bronze.snds_ir_imb_r", "bronze.snds_ir_pha_r"
MG = {"MG": 1.0, "G": 1000.0, "MCG": 0.001, "UG": 0.001, "µG": 0.001}
SEXES = {"1": "male", "2": "female"}
NO_CARE = "71"
FIRST_COMPLEMENT = 2
EARLIEST = "1990-01-01"
PLACE = ("table_name", "delivery_id", "line_number")
GIVEN = ("insured", "kind", "pack_key", "dispensed_date", "pharmacy")
PHARMACY = "33"  # natures of prestation that a pharmacy bills


def flow_texts(dates: Iterable[dt.date]) -> list[str]:
    """Spell flow dates as the extraction tools write them: what rows of these flows hold in `flx_dis_dtd`."""
    forms = ("%d/%m/%Y", "%Y-%m-%d", "%Y-%m-%d 00:00:00", "%d%b%Y")
    written = [date.strftime(form) for date in dates for form in forms]
    return sorted({*written, *(text.upper() for text in written)})


@reads(PRS, PHA, UCD)
def dispensing(tables: Tables) -> DataFrame:
    """Sum the sound lines of each flow, insured, pack, day and pharmacy."""
    sound = _dated(tables).filter("issue IS NULL")
    summed = sound.groupBy("flow_date", *GIVEN).agg(
        F.sum("quantity").cast("int").alias("n_units"),
        F.count("*").cast("int").alias("n_lines"),
        F.sum((F.col("quantity") < 0).cast("int")).cast("int").alias("n_regularisations"),
        F.max("speciality").alias("prescriber_speciality"),
        *[F.max(c).alias(c) for c in ("region", "birth_year", "sex")],
    )
    key = F.sha2(F.concat_ws("|", F.lit("snds"), "flow_date", *[F.coalesce(c, F.lit("")) for c in GIVEN]), 256)
    constants = {"dispensing_key": F.substring(key, 1, 32), "source": F.lit("snds")}
    return conformed(summed.withColumns(constants).drop("pharmacy"), Dispensing)


dispensing.flow = Flow("flx_dis_dtd", (PRS, PHA, UCD), lambda name: _date(name), flow_texts)  # type: ignore[attr-defined]


@reads(BEN)
def insured(tables: Tables) -> DataFrame:
    """Pseudonyms with the person behind them, from the latest word on each."""
    named = _people(tables).withColumns({"insured": _pseudonym(), "person": _one_person(), "source": F.lit("snds")})
    return conformed(named.drop("psa", "rank", "identifier", "n_sexes"), Insured)


@reads(BEN, IMB)
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


@reads(PRS, PHA, UCD, BEN, PACKS, "silver.pack")
def dispensing_issue(tables: Tables) -> DataFrame:
    """Every fault of the lines, of the persons and of the packs, at the line that shows it."""
    dated = keep(_dated(tables))
    lines = dated.filter("issue IS NOT NULL").select("issue", *PLACE, F.lit(1).alias("n_lines"))
    every_person = keep(_people(tables))
    people = every_person.filter("n_sexes > 1").select("psa", "rank")
    told = tables[BEN].select(*_person(), "delivery_id", "line_number", F.lit("snds_ir_ben_r").alias("table_name"))
    sexes = told.join(people, on=["psa", "rank"], how="left_semi").withColumn("issue", F.lit("two_sexes"))
    by_table = ["issue", "table_name", "delivery_id"]
    first = [F.min("line_number").alias("line_number"), F.count("*").alias("n_lines")]
    known = every_person.select(_pseudonym().alias("insured"), _one_person().alias("person"))
    sound = keep(dated.filter("issue IS NULL").drop("issue").join(known, on="insured", how="left"))
    one = Window.partitionBy(F.coalesce("person", "insured"), *GIVEN[1:])
    unmatched = sound.withColumn("net", F.sum("quantity").over(one)).filter("net < 0 AND quantity < 0")
    packs = sound.join(_pack_faults(tables, sound), on="pack_key", how="inner")
    every = [
        lines,
        _without_lines(tables).select("issue", *PLACE, F.lit(1).alias("n_lines")),
        sexes.groupBy(*by_table, "psa", "rank").agg(*first).drop("psa", "rank"),
        unmatched.select(F.lit("unmatched_regularisation").alias("issue"), *PLACE, F.lit(1).alias("n_lines")),
        packs.groupBy(*by_table, "pack_key").agg(*first),
    ]
    united = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), every)
    return conformed(united.withColumn("source", F.lit("snds")), DispensingIssue)


@reads(PACKS)
def pack_content(tables: Tables) -> DataFrame:
    """What packs hold, as the latest register says: strength times units, where there is one strength in a mass."""
    latest = tables[PACKS].filter("trim(pha_cip_c13) <> ''").groupBy(F.trim("pha_cip_c13").alias("cip13"))
    columns = ("pha_cip_ucd", "pha_atc_c07", "pha_dos_pra_dses", "pha_dos_unt_dses", "pha_unt_nbr_dses")
    rows = latest.agg(F.max(F.struct("known_date", "delivery_id", "line_number", *columns)).alias("row"))
    rows = rows.select("cip13", *[F.col(f"row.{c}").alias(c) for c in columns])
    strength = F.regexp_replace(F.trim("pha_dos_pra_dses"), ",", ".").try_cast("double")
    units = F.col("pha_unt_nbr_dses").try_cast("int")
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


def _lines(tables: Tables) -> DataFrame:
    """Town and hospital lines alike: keys, kind, pack, signed quantity; each line once, as its last delivery has it."""
    town = _as_last_told(tables[PHA]).select(
        *_keys(),
        F.lit("town").alias("kind"),
        F.concat(F.lit("CIP13:"), said("pha_prs_c13")).alias("pack_key"),
        F.col("pha_act_qsn").try_cast("int").alias("quantity"),
        *_place("snds_er_pha_f"),
    )
    hospital = _as_last_told(tables[UCD]).select(
        *_keys(),
        F.lit("hospital").alias("kind"),
        F.concat(F.lit("UCD7:"), F.substring(F.lpad(said("ucd_ucd_cod"), 13, "0"), 7, 7)).alias("pack_key"),
        F.col("ucd_dlv_nbr").try_cast("int").alias("quantity"),
        *_place("snds_er_ucd_f"),
    )
    return town.unionByName(hospital)


def _as_last_told(rows: DataFrame) -> DataFrame:
    """Rows of a table whose keys several deliveries tell: those of the last of them; few flows are told twice."""
    by_flow = rows.groupBy("flx_dis_dtd").agg(F.min("delivery_id").alias("a"), F.max("delivery_id").alias("b"))
    twice = [r["flx_dis_dtd"] for r in by_flow.filter("a <> b").collect()]
    if not twice:
        return rows
    last = Window.partitionBy(*[F.trim(k) for k in KEY]).orderBy(F.desc("known_date"), F.desc("delivery_id"))
    is_twice = F.coalesce(F.col("flx_dis_dtd").isin(twice), F.lit(False))
    told = rows.filter(is_twice).withColumn("_last", F.first("delivery_id").over(last))
    return rows.filter(~is_twice).unionByName(told.filter("delivery_id = _last").drop("_last"))


def _care(tables: Tables) -> DataFrame:
    """Prestations by their keys, each once: who, when, where, and whether it is care that counts."""
    department = F.regexp_replace(F.upper(F.trim("ben_res_dpt")), r"^0(?=\d\d$|2[AB]$)", "")
    told = {
        "insured": _pseudonym(*_person()),
        "dispensed_date": _date("exe_soi_dtd"),
        "pharmacy": said("pfs_exe_num"),
        "speciality": said("psp_spe_cod"),
        "region": looked_up(department, REGIONS),
        "birth_year": F.col("ben_nai_ann").try_cast("int"),
        "sex": coded("ben_sex_cod", SEXES),
        "is_care": _is_care(),
        "is_pharmacy": F.trim("prs_nat_ref").startswith(PHARMACY),
        "delivery_id": F.col("delivery_id"),
        "line_number": F.col("line_number"),
    }
    rows = _as_last_told(tables[PRS]).select(*_keys(), F.struct(*[c.alias(n) for n, c in told.items()]).alias("care"))
    return rows.groupBy("key", "key_2").agg(F.first("care").alias("care"))


def _dated(tables: Tables) -> DataFrame:
    """Lines with their prestation, and the one fault for which a line is left out; null for a sound one."""
    joined = _lines(tables).join(_care(tables), on=["key", "key_2"], how="left")
    day = F.col("care.dispensed_date")
    is_possible = (day >= F.lit(EARLIEST).cast("date")) & (day <= F.col("flow_date"))
    issue = (
        F.when(F.col("key").isNull() | F.col("pack_key").isNull(), "blank_key")
        .when(F.col("care").isNull(), "orphan_line")
        .when(~F.col("care.is_care"), "not_reimbursed_care")
        .when(~F.coalesce(is_possible, F.lit(False)), "impossible_date")
        .when(F.col("quantity").isNull(), "no_quantity")
    )
    columns = ("insured", "dispensed_date", "pharmacy", "speciality", "region", "birth_year", "sex")
    return joined.select(
        *("kind", "pack_key", "quantity", "flow_date", *PLACE), *[f"care.{c}" for c in columns], issue.alias("issue")
    )


def _without_lines(tables: Tables) -> DataFrame:
    """Prestations of pharmacies that no line belongs to."""
    lines = _lines(tables).filter("key IS NOT NULL").select("key", "key_2")
    alone = _care(tables).filter("care.is_pharmacy AND care.is_care").join(lines, on=["key", "key_2"], how="left_anti")
    place = [F.col(f"care.{c}").alias(c) for c in ("delivery_id", "line_number")]
    return alone.select(F.lit("orphan_prestation").alias("issue"), F.lit("snds_er_prs_f").alias("table_name"), *place)


def _is_care() -> Column:
    """Tell whether the filters of the SNDS documentation keep a prestation."""
    said_none = [F.coalesce(F.trim(c), F.lit("")) == NO_CARE for c in ("dpn_qlf", "prs_dpn_qlp")]
    complement = F.coalesce(F.col("cpl_maj_top").try_cast("int"), F.lit(0)) >= FIRST_COMPLEMENT
    return ~(said_none[0] | said_none[1] | complement)


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


def _pack_faults(tables: Tables, sound: DataFrame) -> DataFrame:
    """Town packs that no register knows, and those that the register gives to several products."""
    packs = sound.filter("kind = 'town'").select("pack_key").distinct()
    products = tables["silver.pack"].groupBy("pack_key").agg(F.countDistinct("product_key").alias("n_products"))
    own = tables[PACKS].select(F.concat(F.lit("CIP13:"), said("pha_cip_c13")).alias("pack_key")).distinct()
    known = packs.join(products, on="pack_key", how="left").join(
        own.withColumn("is_own", F.lit(True)), on="pack_key", how="left"
    )
    issue = F.when(F.col("n_products") > 1, "pack_of_several_products").when(
        F.col("n_products").isNull() & F.col("is_own").isNull(), "unknown_pack"
    )
    return known.select("pack_key", issue.alias("issue")).filter("issue IS NOT NULL")


def _keys() -> list[Column]:
    """The nine keys as two integers of 64 bits, null where one is blank; and the date of the flow.

    Two keys that differ meet in both integers once in 2^128.
    """
    parts = [F.trim(name) for name in KEY]
    is_whole = reduce(lambda a, b: a & b, [F.coalesce(part, F.lit("")) != "" for part in parts])
    key, key_2 = F.xxhash64(*parts), F.xxhash64(F.lit("2"), *parts)
    return [
        F.when(is_whole, key).alias("key"),
        F.when(is_whole, key_2).alias("key_2"),
        _date("flx_dis_dtd").alias("flow_date"),
    ]


def _place(table_name: str) -> list[Column]:
    return [F.lit(table_name).alias("table_name"), F.col("delivery_id"), F.col("line_number")]


def _person() -> list[Column]:
    return [said("ben_nir_psa").alias("psa"), F.coalesce(said("ben_rng_gem"), F.lit("")).alias("rank")]


def _pseudonym(psa: Column | None = None, rank: Column | None = None) -> Column:
    """Pseudonym as the tables of the lake spell it: number and rank."""
    parts = ("psa", "rank") if psa is None or rank is None else (psa, rank)
    return F.concat_ws("/", *parts)


def _one_person() -> Column:
    """The person over all pseudonyms; one whose identifier is not certain is each pseudonym's own."""
    return F.coalesce(F.col("identifier"), _pseudonym())


def _date(column: str) -> Column:
    """Date written DD/MM/YYYY, YYYY-MM-DD or DDMONYYYY as the extraction tools write it; null where it is none."""
    text = F.trim(column)
    month = F.initcap(F.substring(text, 3, 3))
    sas = F.concat(F.substring(text, 1, 2), month, F.substring(text, 6, 4))
    return F.coalesce(
        F.when(text.rlike(r"^\d{2}/\d{2}/\d{4}$"), french_date(column)),
        F.try_to_date(F.when(text.rlike(r"^\d{4}-\d{2}-\d{2}"), F.substring(text, 1, 10)), "yyyy-MM-dd"),
        F.try_to_date(F.when(text.rlike(r"^\d{2}[A-Za-z]{3}\d{4}"), sas), "ddMMMyyyy"),
    )
