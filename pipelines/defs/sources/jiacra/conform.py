"""JIACRA to isolates of people and animals, each with the exposure that its file sets beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.isolate_count.shape import year
from pipelines.defs.silver.isolate_count.tables import IsolateCount
from pipelines.frames.columns import coded, one_line
from pipelines.frames.numbers import number, whole

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

HUMAN, ANIMAL = "bronze.jiacra_human", "bronze.jiacra_animal"
BACTERIA = {
    **{"ESCCOL": "Escherichia coli", "KLEPNE": "Klebsiella pneumoniae", "STAAUR": "Staphylococcus aureus"},
    **{"CAMJEJ": "Campylobacter jejuni", "CAMCOL": "Campylobacter coli", "SLMSPP": "Salmonella spp."},
    **{"SENTER": "Salmonella Enteritidis", "STYPHM": "Salmonella Typhimurium"},
    "ST_MON": "Salmonella Typhimurium and its monophasic variant",
}
CLASSES = {
    **{"AMP": "aminopenicillins", "CEPH": "third_fourth_generation_cephalosporins", "CAR": "carbapenems"},
    **{"QALL": "quinolones", "FQ": "fluoroquinolones", "TET": "tetracyclines", "MAC": "macrolides"},
    **{"POL": "polymyxins", "MRSA": "meticillin", "CS": "all"},
}


@feed(IsolateCount, HUMAN, ANIMAL)
def isolate_count(tables: Tables) -> DataFrame:
    """Isolates of people by file; of animals by file and animal, where people stand beside them as a series too."""
    file = F.regexp_extract("file", r"(AM[CR][ah]_AMR[ah])[^/]*$", 1)
    human = tables[HUMAN]
    people = human.select(
        *_told(file),
        F.lit("human").alias("host"),
        *_counts("ns", "tested"),
        F.when(file == "AMCh_AMRh", "ddd_per_1000_inhabitants_day").otherwise("mg_per_pcu").alias("exposure_kind"),
        F.when(file == "AMCh_AMRh", number("did_total")).otherwise(number("pcu_animals")).alias("exposure"),
    )
    animal = tables[ANIMAL]
    species = F.lower(one_line("animal"))
    is_beside_use = file == "AMCa_AMRa"
    by_animal = F.concat(file, F.lit(" "), species)
    animals = animal.select(
        *_told(by_animal),
        species.alias("host"),
        *_counts("ns_a", "tested_a"),
        F.when(is_beside_use, "mg_per_pcu").alias("exposure_kind"),
        F.when(is_beside_use, number("pcu_animals")).alias("exposure"),
    )
    beside = animal.filter(~is_beside_use).select(
        *_told(by_animal),
        F.lit("human").alias("host"),
        *_counts("ns", "tested"),
        F.lit("resistant_share_of_animals").alias("exposure_kind"),
        number("pr_a").alias("exposure"),
    )
    return people.unionByName(animals).unionByName(beside)


def _told(series: Column) -> list[Column]:
    periods = year(whole("year"))
    return [
        *[F.lit(v).alias(c) for c, v in (("region", "all"), ("setting", "monitoring"))],
        series.alias("series"),
        series.alias("slot"),
        F.upper(F.trim("reporting_country")).alias("country"),
        coded("pathogen", BACTERIA).alias("bacterium"),
        coded("antibiotic_class", CLASSES).alias("class_code"),
        F.when(F.upper(F.trim("antibiotic_class")) == "CS", "susceptible").otherwise("NS").alias("criterion"),
        *[c.alias(name) for name, c in periods.items()],
        *[F.col(c) for c in ("known_date", "file", "line_number")],
    ]


def _counts(resistant: str, tested: str) -> list[Column]:
    return [whole(tested, "bigint").alias("n_tested"), whole(resistant, "bigint").alias("n_resistant")]
