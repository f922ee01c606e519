"""Parameters of all layouts to one shape."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.environment.tables import KINDS, SUBJECTS, EnvironmentParameter
from pipelines.defs.silver.substance.named import with_substance
from pipelines.frames.columns import iso_date, one_line, said
from pipelines.frames.history import BEGINNING
from pipelines.frames.numbers import number
from pipelines.frames.readings import read

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

OWN, HUSBANDRY, EXCRETION, STATEMENT = (
    f"bronze.emission_parameters_{t}" for t in ("value", "husbandry", "excretion", "statement")
)
PLACE = ["known_date", "file", "line_number"]
GUIDELINE, UPDATED = "EMA/CVMP/ERA/418282/2005", "Haupt et al. 2021, Environ Sci Eur, table 3"
HUSBANDRY_COLUMNS = {
    "animals_per_place_year_updated": ("animals_per_place", "all", UPDATED),
    "housing_factor": ("housing", "all", UPDATED),
    "body_weight_kg_guideline": ("body_weight", "guideline", GUIDELINE),
    "body_weight_kg_updated": ("body_weight", "updated", UPDATED),
    "n_kg_place_year_vmp_guideline": ("nitrogen_per_place", "guideline", GUIDELINE),
    "n_kg_place_year_suggested": ("nitrogen_per_place", "updated", UPDATED),
}


@feed(EnvironmentParameter, OWN, HUSBANDRY, EXCRETION, STATEMENT, "silver.substance_name")
def environment_parameter(tables: Tables) -> DataFrame:
    """Every value that can be read, with who states it."""
    own = tables[OWN].select(
        _coded("subject_kind", SUBJECTS).alias("subject_kind"),
        F.lower(one_line("subject")).alias("subject"),
        _coded("kind", KINDS).alias("kind"),
        F.coalesce(said("conditions"), F.lit("all")).alias("conditions"),
        F.coalesce(said("reference"), F.lit("not said")).alias("reference"),
        F.coalesce(iso_date("stated_on"), F.lit(BEGINNING)).alias("holds_from"),
        *[number(c).alias(c) for c in ("value", "low", "high")],
        *PLACE,
    )
    parts = [own, *_husbandry(tables[HUSBANDRY])]
    parts.append(
        tables[EXCRETION].select(
            *_of_substance("pharmaceutical", "excretion"),
            F.coalesce(F.lower(said("administration_route")), F.lit("all")).alias("conditions"),
            F.lit("PharmUse").alias("reference"),
            F.lit(BEGINNING).alias("holds_from"),
            (number("excretion_percentage") / 100).alias("value"),
            *PLACE,
        )
    )
    parts.append(
        tables[STATEMENT].select(
            *_of_substance("substance", "pnec_surface_water"),
            F.lit("all").alias("conditions"),
            F.lit("Environmental statement of the holder").alias("reference"),
            F.coalesce(iso_date("statement_dated"), F.lit(BEGINNING)).alias("holds_from"),
            number("pnec_ug_per_l").alias("value"),
            *PLACE,
        )
    )
    rows = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts).filter("value IS NOT NULL")
    named = with_substance(rows, tables["silver.substance_name"], "subject")
    is_substance = F.col("subject_kind") == "substance"
    told = {"slot": F.concat_ws("/", "reference", "kind", "conditions")}
    return named.withColumns(told | {"substance_key": F.when(is_substance, F.col("substance_key"))})


def _husbandry(rows: DataFrame) -> list[DataFrame]:
    return [
        rows.select(
            F.lit("animal_type").alias("subject_kind"),
            F.lower(one_line("animal_type")).alias("subject"),
            *[F.lit(v).alias(c) for c, v in (("kind", kind), ("conditions", conditions), ("reference", reference))],
            F.lit(BEGINNING).alias("holds_from"),
            number(column).alias("value"),
            *PLACE,
        )
        for column, (kind, conditions, reference) in HUSBANDRY_COLUMNS.items()
    ]


def _of_substance(column: str, kind: str) -> list[Column]:
    return [
        F.lit("substance").alias("subject_kind"),
        F.nullif(F.lower(one_line(column)), F.lit("")).alias("subject"),
        F.lit(kind).alias("kind"),
    ]


def _coded(column: str, codes: dict[str, str]) -> Column:
    return read(column, lambda text: F.when(F.lower(F.trim(text)).isin(*codes), F.lower(F.trim(text))))
