"""SPARES to isolates and hospital use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.isolate_count.shape import class_code, week, year
from pipelines.defs.silver.isolate_count.tables import HospitalUse, IsolateCount
from pipelines.frames.columns import iso_date, looked_up, one_line
from pipelines.frames.numbers import number, whole
from pipelines.frames.readings import read

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ISOLATE, BED_DAY, USE, OFFICIAL = (f"bronze.spares_{t}" for t in ("isolate", "bed_day", "use", "incidence"))
ALL = "all"
BACTERIA = {
    **{"e. coli": "Escherichia coli", "k. pneumoniae": "Klebsiella pneumoniae", "s. aureus": "Staphylococcus aureus"},
    **{"e. cloacae": "Enterobacter cloacae complex", "p. aeruginosa": "Pseudomonas aeruginosa"},
    **{"enterobacter cloacae": "Enterobacter cloacae complex", "a. baumannii": "Acinetobacter baumannii"},
}
RESISTANCES = {  # class and criterion
    "ESBL": ("third_generation_cephalosporins", "ESBL"),
    "CR": ("carbapenems", "R"),
    "MRSA": ("meticillin", "R"),
    "SARM": ("meticillin", "R"),
}
REGIONS = {
    **{"ILE-DE-FRANCE": "11", "CENTRE-VAL DE LOIRE": "24", "BOURGOGNE-FRANCHE-COMTE": "27", "NORMANDIE": "28"},
    **{"HAUTS-DE-FRANCE": "32", "GRAND EST": "44", "GRAND-EST": "44", "PAYS DE LA LOIRE": "52", "BRETAGNE": "53"},
    **{"NOUVELLE-AQUITAINE": "75", "OCCITANIE": "76", "AUVERGNE-RHONE-ALPES": "84", "CORSE": "94"},
    **{"PROVENCE-ALPES-COTE D'AZUR": "93", "GUADELOUPE": "01", "MARTINIQUE": "02", "GUYANE": "03"},
    **{"LA REUNION": "04", "MAYOTTE": "06"},
}


@feed(IsolateCount, ISOLATE, OFFICIAL)
def isolate_count(tables: Tables) -> DataFrame:
    """Isolates of weeks, and of years as official reports print them."""
    words = F.split(one_line("bacterie"), " ", 2)
    is_one = F.size(words) == 1  # MRSA alone
    of_name = F.when(is_one, F.lit("Staphylococcus aureus")).otherwise(_bacterium(F.get(words, F.lit(1))))
    weeks = tables[ISOLATE].select(
        *_told("cohort", _level()),
        _setting().alias("setting"),
        F.when(F.lower("file").contains("regions"), _region()).otherwise(F.lit(ALL)).alias("region"),
        of_name.alias("bacterium"),
        *_resistance(F.get(words, F.lit(0))),
        *[c.alias(name) for name, c in week(iso_date("date_week")).items()],
        whole("n_res", "bigint").alias("n_resistant"),
        whole("n_tot", "bigint").alias("n_tested"),
    )
    years = tables[OFFICIAL].select(
        *_told("official", F.lit("official")),
        F.lit("hospital").alias("setting"),
        F.lit(ALL).alias("region"),
        read("bacterie", _bacterium).alias("bacterium"),
        *_resistance(F.trim("phenotype")),
        *[c.alias(name) for name, c in year(whole("qrt")).items()],
        whole("n", "bigint").alias("n_resistant"),
        number("nbhosp").alias("bed_days"),
    )
    both = weeks.unionByName(years, allowMissingColumns=True)
    return both.withColumn("host", F.lit("human"))


@feed(HospitalUse, BED_DAY, USE)
def hospital_use(tables: Tables) -> DataFrame:
    """Bed-days of weeks, doses and bed-days of years; `Total` is class `all`, no class is summed."""
    weeks = tables[BED_DAY].select(
        *_told("cohort", _level()),
        _setting().alias("setting"),
        F.when(F.lower("file").contains("regions"), _region()).otherwise(F.lit(ALL)).alias("region"),
        F.lit("all").alias("class_code"),
        *[c.alias(name) for name, c in week(iso_date("date_week")).items()],
        number("nbjh").alias("bed_days"),
    )
    years = tables[USE].select(
        *_told("use", F.lit("use")),
        F.lit("hospital").alias("setting"),
        _region().alias("region"),
        class_code("atb_class").alias("class_code"),
        *[c.alias(name) for name, c in year(whole("date_year")).items()],
        number("mol_ddd").alias("ddd"),
        number("nbhosp").alias("bed_days"),
        number("nblits").alias("n_beds"),
    )
    return weeks.unionByName(years, allowMissingColumns=True)


def _told(series: str, level: Column) -> list[Column]:
    same = {"series": series, "country": "FR"}
    return [
        *[F.lit(value).alias(name) for name, value in same.items()],
        level.alias("slot"),
        *[F.col(c) for c in ("known_date", "file", "line_number")],
    ]


def _level() -> Column:
    """Name of the file without folder and end: each is a full state of its wards and places."""
    return F.regexp_extract("file", r"([a-z_]+)[^/]*$", 1)


def _setting() -> Column:
    name = F.lower(F.regexp_extract("file", r"([^/]*)$", 1))
    return (
        F.when(name.contains("icu"), "intensive_care")
        .when(name.contains("blood"), "hospital_blood")
        .otherwise(F.lit("hospital"))
    )


def _region() -> Column:
    return F.when(F.trim("region") == "", F.lit(ALL)).otherwise(
        read("region", lambda name: looked_up(F.translate(plain_of(name), "’", "'"), REGIONS))
    )


def plain_of(name: Column) -> Column:
    """Upper case without French accents."""
    return F.translate(F.upper(one_line(name)), "ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜ", "AAACEEEEIIOOUUU")


def _bacterium(name: Column) -> Column:
    """Latin name; short forms of those that SPARES follows are spelled out, others stand."""
    text = one_line(name)
    return F.coalesce(looked_up(F.lower(text), BACTERIA), F.nullif(text, F.lit("")))


def _resistance(word: Column) -> list[Column]:
    upper = F.upper(word)
    return [
        looked_up(upper, {k: v[i] for k, v in RESISTANCES.items()}).alias(name)
        for i, name in enumerate(("class_code", "criterion"))
    ]
