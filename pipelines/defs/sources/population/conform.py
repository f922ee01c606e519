"""Inhabitants, livestock and weights to the common table of denominators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.population.tables import DEPARTMENT, IDENTITY, Population
from pipelines.defs.silver.sale.tables import ALL
from pipelines.formats.species import animal_species
from pipelines.frames.columns import looked_up, said
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions
from pipelines.frames.numbers import number

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

AGES = {"Y_LT20": "0-19", "Y20T59": "20-59", "Y_GE60": "60+", "_T": ALL}
SEXES = {"M": "male", "F": "female", "_T": ALL}


@feed(Population, "bronze.population_inhabitant", "bronze.population_livestock", "bronze.population_weight")
def population(tables: Tables) -> DataFrame:
    """Every denominator as a row with its method; each delivery is the full state of its kind."""
    people = tables["bronze.population_inhabitant"].select(
        "known_date",
        F.lit("inhabitants").alias("kind"),
        F.lit("FR").alias("country"),
        F.when(F.trim("geo_object") == "REG", F.lpad(F.trim("geo"), 2, "0"))
        .when(F.trim("geo_object") == "DEP", F.concat(F.lit(DEPARTMENT), F.lpad(F.trim("geo"), 2, "0")))
        .otherwise(ALL)
        .alias("region"),
        F.trim("time_period").try_cast("int").alias("year"),
        F.lit("human").alias("species"),
        F.lit(ALL).alias("category"),
        F.coalesce(looked_up(F.trim("age"), AGES), F.trim("age")).alias("age_group"),
        F.coalesce(looked_up(F.trim("sex"), SEXES), F.trim("sex")).alias("sex"),
        F.lit("INSEE, estimate of 1 January").alias("method"),
        number("obs_value").alias("value"),
        F.lit("heads").alias("unit"),
        (F.trim("geo_object").isin("REG", "FRANCE") | _is_whole_department()).alias("is_wanted"),
    )
    animals = tables["bronze.population_livestock"].select(
        "known_date",
        F.lit("livestock").alias("kind"),
        F.upper(F.trim("country")).alias("country"),
        F.trim("year").try_cast("int").alias("year"),
        animal_species("species").alias("species"),
        F.lower(F.trim("animal_category")).alias("category"),
        F.coalesce(said("method"), F.lit("not said")).alias("method"),
        number("heads").alias("value"),
        F.when(F.lower("species") == "fish", "kg").otherwise("heads").alias("unit"),
    )
    weights = tables["bronze.population_weight"].select(
        "known_date",
        F.lit("standard_weight").alias("kind"),
        F.lit("EU").alias("country"),
        animal_species("species").alias("species"),
        F.lower(F.trim("animal_category")).alias("category"),
        F.lit("ESVAC 2011, weight at treatment").alias("method"),
        number("average_weight_at_treatment_kg").alias("value"),
        F.lit("kg").alias("unit"),
    )
    both = people.filter("is_wanted").drop("is_wanted")
    for part in (animals, weights):
        both = both.unionByName(part, allowMissingColumns=True)
    every = both.withColumns(
        {
            **{c: F.coalesce(F.col(c), F.lit(ALL)) for c in ("region", "age_group", "sex")},
            "source": F.lit("population"),
            "year": F.coalesce("year", F.when(F.col("kind") == "standard_weight", 0)),
            "slot": F.concat_ws("/", "kind", "country", "year"),
        }
    ).filter("value IS NOT NULL AND year IS NOT NULL")
    once = every.groupBy(*IDENTITY, "known_date", "slot").agg(
        F.max("value").alias("value"), F.max("unit").alias("unit")
    )
    return conformed(extracted_versions(once, list(IDENTITY)), Population)


def _is_whole_department() -> Column:
    """Totals of départements: their ages and sexes are left to the regions."""
    return (F.trim("geo_object") == "DEP") & (F.trim("age") == "_T") & (F.trim("sex") == "_T")
