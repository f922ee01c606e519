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
from pipelines.core.kept import keep
from pipelines.defs.silver.dispensing.tables import Dispensing, DispensingIssue
from pipelines.defs.silver.product.tables import PackContent
from pipelines.defs.sources.snds.departments import REGIONS
from pipelines.defs.sources.snds.tables import KEY

if TYPE_CHECKING:
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
NETTED = ("person", "kind", "pack_key", "dispensed_date", "pharmacy")


@reads(PRS, PHA, UCD, BEN, IMB)
def dispensing(tables: Tables) -> DataFrame:
    """Sum the sound lines of each person, pack, day and pharmacy."""
    sound = _sound(tables, _dated(tables))
    negative = F.col("quantity") < 0
    netted = sound.groupBy(*NETTED).agg(
        F.sum("quantity").cast("int").alias("n_units"),
        F.count("*").cast("int").alias("n_lines"),
        F.sum(negative.cast("int")).cast("int").alias("n_regularisations"),
        F.min("flow_date").alias("flow_first_date"),
        F.max("flow_date").alias("flow_last_date"),
        F.max_by("speciality", F.struct("flow_date", *PLACE)).alias("prescriber_speciality"),
        F.max_by("region", F.struct("flow_date", *PLACE)).alias("region"),
        F.max("birth_year").alias("birth_year"),
        F.max("sex").alias("sex"),
    )
    ill = _illnesses(tables).withColumnRenamed("person", "ill_person")
    on_that_day = (F.col("person") == F.col("ill_person")) & F.col("dispensed_date").between(
        F.col("ill_from"), F.col("ill_to")
    )
    exempt = netted.join(ill, on=on_that_day, how="left_semi").select(*NETTED).distinct()
    flagged = netted.join(exempt.withColumn("is_long_term_ill", F.lit(True)), on=list(NETTED), how="left")
    return conformed(
        flagged.withColumns(
            {
                "dispensing_key": F.substring(F.sha2(F.concat_ws("|", *NETTED), 256), 1, 32),
                "source": F.lit("snds"),
                "netting": _netting(),
                "is_long_term_ill": F.coalesce("is_long_term_ill", F.lit(False)),
            }
        ).drop("pharmacy"),
        Dispensing,
    )


@reads(PRS, PHA, UCD, BEN, IMB, PACKS, "silver.pack")
def dispensing_issue(tables: Tables) -> DataFrame:
    """Every fault of the lines, of the persons and of the packs, at the line that shows it."""
    dated = keep(_dated(tables))
    lines = dated.filter("issue IS NOT NULL").select("issue", *PLACE, F.lit(1).alias("n_lines"))
    people = _people(tables).filter("n_sexes > 1").select("psa", "rank")
    told = tables[BEN].select(*_person(), "delivery_id", "line_number", F.lit("snds_ir_ben_r").alias("table_name"))
    sexes = told.join(people, on=["psa", "rank"], how="left_semi").withColumn("issue", F.lit("two_sexes"))
    by_table = ["issue", "table_name", "delivery_id"]
    first = [F.min("line_number").alias("line_number"), F.count("*").alias("n_lines")]
    sound = keep(_sound(tables, dated))
    net = sound.withColumn("net", F.sum("quantity").over(Window.partitionBy(*NETTED)))
    unmatched = net.filter("net < 0 AND quantity < 0").withColumn("issue", F.lit("unmatched_regularisation"))
    packs = sound.join(_pack_faults(tables, sound), on="pack_key", how="inner")
    every = [
        lines,
        sexes.groupBy(*by_table, "psa", "rank").agg(*first).drop("psa", "rank"),
        unmatched.select("issue", *PLACE, F.lit(1).alias("n_lines")),
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
            F.concat(F.lit("UCD7:"), said("pha_cip_ucd")).alias("ucd_key"),
            said("pha_atc_c07").alias("atc_code"),
            F.concat_ws(" ", said("pha_dos_pra_dses"), said("pha_dos_unt_dses")).alias("strength_text"),
            units.alias("units_per_pack"),
            F.when((strength > 0) & (units > 0), strength * in_mg * units).alias("mg_per_pack"),
        ),
        PackContent,
    )


def _sound(tables: Tables, dated: DataFrame) -> DataFrame:
    """Lines without fault, with their person: as the table of persons knows them, else as the prestation says."""
    joined = dated.filter("issue IS NULL").join(_people(tables), on=["psa", "rank"], how="left")
    return joined.withColumns(
        {
            "person": _one_person(),
            "sex": F.when(F.col("n_sexes").isNull(), F.col("prs_sex")).otherwise(F.col("sex")),
            "birth_year": F.coalesce("birth_year", "prs_birth_year"),
        }
    ).drop("issue")


def _netting() -> Column:
    return (
        F.when(F.col("n_units") < 0, "unmatched")
        .when(F.col("n_regularisations") == 0, "as_sent")
        .when(F.col("n_units") == 0, "cancelled")
        .otherwise("netted")
    )


def _lines(tables: Tables) -> DataFrame:
    """Town and hospital lines alike: keys, kind, pack, signed quantity; each line once, as its last delivery has it."""
    town = tables[PHA].select(
        *_keys(),
        F.lit("town").alias("kind"),
        F.concat(F.lit("CIP13:"), said("pha_prs_c13")).alias("pack_key"),
        F.col("pha_act_qsn").try_cast("int").alias("quantity"),
        F.lit("snds_er_pha_f").alias("table_name"),
        *("delivery_id", "line_number", "known_date"),
    )
    hospital = tables[UCD].select(
        *_keys(),
        F.lit("hospital").alias("kind"),
        F.concat(F.lit("UCD7:"), F.substring(F.lpad(said("ucd_ucd_cod"), 13, "0"), 7, 7)).alias("pack_key"),
        F.col("ucd_dlv_nbr").try_cast("int").alias("quantity"),
        F.lit("snds_er_ucd_f").alias("table_name"),
        *("delivery_id", "line_number", "known_date"),
    )
    both = town.unionByName(hospital)
    last = Window.partitionBy(*KEY, "kind").orderBy(F.desc("known_date"), F.desc("delivery_id"))
    return both.withColumn("_last", F.first("delivery_id").over(last)).filter("delivery_id = _last").drop("_last")


def _dated(tables: Tables) -> DataFrame:
    """Lines with their prestation, and the one fault for which a line is left out; null for a sound one."""
    care = F.struct(
        F.col("known_date"),
        F.col("delivery_id"),
        F.col("line_number"),
        *[c.alias(n) for n, c in zip(("psa", "rank"), _person(), strict=True)],
        _date("exe_soi_dtd").alias("dispensed_date"),
        said("pfs_exe_num").alias("pharmacy"),
        said("psp_spe_cod").alias("speciality"),
        looked_up(F.regexp_replace(F.upper(F.trim("ben_res_dpt")), r"^0(?=\d\d$|2[AB]$)", ""), REGIONS).alias("region"),
        F.col("ben_nai_ann").try_cast("int").alias("prs_birth_year"),
        coded("ben_sex_cod", SEXES).alias("prs_sex"),
        _is_care().alias("is_care"),
    )
    prestations = tables[PRS].groupBy(*_keys()).agg(F.max(care).alias("care"))
    joined = _lines(tables).join(prestations, on=list(KEY), how="left").withColumn("flow_date", _date("flx_dis_dtd"))
    day = F.col("care.dispensed_date")
    is_possible = (day >= F.lit(EARLIEST).cast("date")) & (day <= F.col("flow_date"))
    blank = reduce(lambda a, b: a | b, [F.coalesce(F.col(k), F.lit("")) == "" for k in KEY])
    issue = (
        F.when(blank | F.col("pack_key").isNull(), "blank_key")
        .when(F.col("care").isNull(), "orphan_line")
        .when(~F.col("care.is_care"), "not_reimbursed_care")
        .when(~F.coalesce(is_possible, F.lit(False)), "impossible_date")
        .when(F.col("quantity").isNull(), "no_quantity")
    )
    columns = ("psa", "rank", "dispensed_date", "pharmacy", "speciality", "region", "prs_birth_year", "prs_sex")
    return joined.select(
        *("kind", "pack_key", "quantity", "flow_date", *PLACE), *[f"care.{c}" for c in columns], issue.alias("issue")
    )


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


def _illnesses(tables: Tables) -> DataFrame:
    """Periods of long-term illness by person; one without an end goes on."""
    rows = (
        tables[IMB]
        .filter("trim(imb_ald_num) <> ''")
        .select(
            *_person(),
            _date("imb_ald_dtd").alias("ill_from"),
            F.coalesce(_date("imb_ald_dtf"), F.lit("9999-12-31").cast("date")).alias("ill_to"),
        )
    )
    named = rows.join(_people(tables).select("psa", "rank", "identifier"), on=["psa", "rank"], how="left")
    return named.select(_one_person().alias("person"), "ill_from", "ill_to").distinct()


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
    return [F.trim(name).alias(name) for name in KEY]


def _person() -> list[Column]:
    return [said("ben_nir_psa").alias("psa"), F.coalesce(said("ben_rng_gem"), F.lit("")).alias("rank")]


def _one_person() -> Column:
    """The person over all pseudonyms; one whose identifier is not certain is each pseudonym's own."""
    return F.coalesce("identifier", F.concat_ws("/", "psa", "rank"))


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
