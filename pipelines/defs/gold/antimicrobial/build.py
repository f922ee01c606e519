"""Denominators and indicators: sums of quantities over sums of heads and weights.

Formulas: mg/PCU and PCU, ESVAC (EMA/238630/2011); DDDvet and DCDvet, EMA/224954/2016; ALEA, ANSES-ANMV yearly report;
DDD per 1,000 inhabitants and day, WHO; 62.5 kg a person, JIACRA.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.antimicrobial.tables import AntimicrobialUse, Denominator
from pipelines.defs.gold.exposure.contents import doses
from pipelines.defs.silver.substance.codes import listed
from pipelines.frames.cache import cache
from pipelines.frames.columns import looked_up
from pipelines.frames.conform import conformed
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

KG_A_PERSON = 62.5
HUMAN_ATC = "^(J01|A07AA|P01AB)"
ANIMAL_ATC = "^Q?(J01|J51|A07AA|G01AA|G01AE|G51AA|G51AG|P51AG)"
ALL = "all"
CHAIN = {"esvac": "europe", "asu": "europe"}
PLACE = ["country", "year", "species"]


@step(Denominator, "silver.population")
def denominator(tables: Tables) -> DataFrame:
    """Biomass of animals by two methods, people by heads and by weight."""
    rows = tables["silver.population"].filter("is_current")
    weight = rows.filter("kind = 'standard_weight'").select("species", "category", F.col("value").alias("weight_kg"))
    animals = rows.filter("kind = 'livestock'").join(F.broadcast(weight), on=["species", "category"], how="left")
    kg = F.when(F.col("unit") == "kg", F.col("value")).otherwise(F.col("value") * F.col("weight_kg"))
    weighed = animals.withColumn("kg", kg).filter("kg IS NOT NULL")
    living = weighed.filter("category LIKE 'living%'")
    parts = [_biomass(weighed, "esvac_pcu"), _biomass(living, "living_biomass")]
    whole = rows.filter("kind = 'inhabitants' AND region = 'all' AND sex = 'all' AND age_group = 'all'")
    people = whole.groupBy("country", "year", "species").agg(
        exact_sum("value").alias("value"),
        F.count("*").cast("int").alias("n_categories"),
        F.max("method").alias("counted_by"),
        F.max("valid_from").alias("known_from"),
    )
    parts.append(people.withColumns({"method": F.lit("inhabitants"), "unit": F.lit("heads")}))
    by_weight = {"method": F.lit("human_biomass"), "unit": F.lit("kg"), "value": F.col("value") * KG_A_PERSON}
    parts.append(people.withColumns(by_weight))
    return conformed(reduce(lambda a, b: a.unionByName(b), parts), Denominator)


def _biomass(weighed: DataFrame, method: str) -> DataFrame:
    """Kilograms by species, and of all animals."""
    both = weighed.unionByName(weighed.withColumn("species", F.lit(ALL)))
    return (
        both.groupBy("country", "year", "species")
        .agg(
            exact_sum("kg").alias("value"),
            F.count("*").cast("int").alias("n_categories"),
            F.max("method").alias("counted_by"),
            F.max("valid_from").alias("known_from"),
        )
        .withColumns({"method": F.lit(method), "unit": F.lit("kg")})
    )


@step(
    AntimicrobialUse,
    *("gold.exposure", "gold.denominator", "silver.sale", "silver.substance"),
    *("silver.daily_dose", "silver.published_indicator"),
)
def antimicrobial_use(tables: Tables) -> DataFrame:
    """Every indicator that a source's quantities and a denominator allow."""
    used = cache(_used(tables))
    bases = tables["gold.denominator"].select(
        *PLACE, "method", F.col("value").alias("denominator"), F.col("known_from").alias("denominator_known_from")
    )
    days = F.date_diff(F.make_date(F.col("year") + 1, F.lit(1), F.lit(1)), F.make_date("year", F.lit(1), F.lit(1)))
    ratio = F.col("numerator") / F.col("denominator")
    animal, human = used.filter("species <> 'human'"), used.filter("species = 'human'")
    made = [
        _indicator(animal, bases, "mg_per_pcu", "mg", "esvac_pcu", ratio),
        _indicator(animal, bases, "mg_per_kg_living", "mg", "living_biomass", ratio),
        _indicator(animal, bases, "dddvet_per_pcu", "kg_days", "esvac_pcu", ratio),
        _indicator(animal, bases, "dcdvet_per_pcu", "kg_courses", "esvac_pcu", ratio),
        _indicator(animal, bases, "alea", "kg_courses", "living_biomass", ratio),
        _indicator(human, bases, "ddd_per_1000_inhabitants_day", "ddd", "inhabitants", ratio * 1000 / days),
        _indicator(human, bases, "mg_per_kg_people", "mg", "human_biomass", ratio),
    ]
    rows = reduce(lambda a, b: a.unionByName(b), made)
    published = (
        tables["silver.published_indicator"]
        .filter("is_current")
        .select(
            *PLACE,
            "indicator",
            "published_by",
            F.col("value").alias("published_value"),
            F.lit(ALL).alias("substance_key"),
        )
    )
    series = Window.partitionBy("chain", "country", "indicator").orderBy("year")
    whole = rows.withColumn("chain", F.coalesce(looked_up(F.col("source"), CHAIN), F.col("source")))
    years = whole.select("chain", "country", "indicator", "year", "source").distinct()
    before = years.withColumn("source_before", F.lag("source").over(series))
    broken = before.groupBy("chain", "country", "indicator", "year", "source").agg(
        F.max(F.coalesce(F.col("source_before") != F.col("source"), F.lit(False))).alias("is_series_break")
    )
    told = whole.join(broken, on=["chain", "country", "indicator", "year", "source"], how="left").drop("chain")
    beside = told.join(F.broadcast(published), on=[*PLACE, "indicator", "substance_key"], how="left")
    sector = F.when(F.col("species") == "human", "human").otherwise("animal")
    return conformed(beside.withColumn("sector", sector), AntimicrobialUse)


def _used(tables: Tables) -> DataFrame:
    """Quantities of antibiotics by source, place, species and substance, and of all of them: mg, DDD, kg treated."""
    human = F.exists(listed("atc_codes"), lambda code: code.rlike(HUMAN_ATC))
    animal = F.exists(listed("atcvet_codes"), lambda code: code.rlike(ANIMAL_ATC))
    substances = tables["silver.substance"].filter("known_to IS NULL")
    antibiotics = substances.select("substance_key", human.alias("is_human"), animal.alias("is_animal"))
    exposure = tables["gold.exposure"].filter(
        "n_months = 12 AND region = 'all' AND sex = 'all' AND age_group = 'all' AND country <> 'ZZ'"
    )
    known = exposure.join(F.broadcast(antibiotics), on="substance_key", how="inner")
    is_human = F.col("species") == "human"
    wanted = known.filter((is_human & F.col("is_human")) | (~is_human & F.col("is_animal")))
    courses = wanted.join(F.broadcast(doses(tables, "dcdvet")), on=["substance_key", "species"], how="left")
    rows = courses.select(
        *("source", "country", F.year("month").alias("year"), "species", "substance_key", "mg"),
        F.when(is_human, F.col("n_daily_doses")).alias("ddd"),
        F.when(~is_human, F.col("n_daily_doses")).alias("kg_days"),
        (F.col("mg") / F.col("dcdvet")).alias("kg_courses"),
    )
    sums = [exact_sum(c).alias(c) for c in ("mg", "ddd", "kg_days", "kg_courses")]
    by_species = rows.groupBy("source", *PLACE).agg(*sums).withColumn("substance_key", F.lit(ALL))
    no_class = tables["silver.sale"].filter("is_current AND pack_key IS NULL AND mg IS NOT NULL")
    totals = no_class.filter("domain = 'veterinary' AND atc_code IS NULL").groupBy(
        F.col("series").alias("source"), "country", F.year("period_end").alias("year"), "species"
    )
    whole = totals.agg(exact_sum("mg").alias("mg")).withColumn("substance_key", F.lit(ALL))
    animals = by_species.filter(f"species NOT IN ('human', '{ALL}')").groupBy("source", "country", "year").agg(*sums)
    rest = by_species.filter(f"species = '{ALL}'")
    every = animals.withColumns({"species": F.lit(ALL), "substance_key": F.lit(ALL)}).unionByName(rest)
    every = every.groupBy("source", *PLACE, "substance_key").agg(*sums)
    parts = [rows, by_species.filter(f"species <> '{ALL}'"), every, whole]
    return reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts)


def _indicator(used: DataFrame, bases: DataFrame, name: str, amount: str, method: str, value: Column) -> DataFrame:
    """One indicator: an amount over a denominator."""
    base = bases.filter((F.col("method") == method) & (F.col("denominator") > 0))
    rows = used.filter(F.col(amount).isNotNull()).join(F.broadcast(base), on=PLACE, how="inner")
    told = rows.withColumn("numerator", F.col(amount)).withColumns({"indicator": F.lit(name), "value": value})
    return told.select(
        *("source", *PLACE, "substance_key", "indicator", "numerator", "denominator"),
        *("denominator_known_from", "value", F.col("method").alias("denominator_method")),
    )
