"""From use, husbandry and measurements to concentrations and quotients of risk."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from models.environment.predicted import GUIDELINE
from pipelines.core.step import step
from pipelines.defs.gold.exposure.contents import READS, doses, substances
from pipelines.defs.gold.residue import figures
from pipelines.defs.gold.residue.parameters import held, stated
from pipelines.defs.gold.residue.tables import (
    MeasuredConcentration,
    PredictedConcentration,
    RiskByPlace,
    RiskQuotient,
)
from pipelines.defs.silver.population.tables import DEPARTMENT
from pipelines.frames.cache import cache
from pipelines.frames.columns import looked_up
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

USED = ("silver.dispensing", "silver.insured")
ALL, NONE, UNKNOWN = "all", "none", "unknown"
TOTAL = "region = 'all' AND sex = 'all' AND age_group = 'all' AND mg > 0"
KINDS_OF = {  # species of sales and doses, and the kinds of animals of the guideline that they are
    "pigs": ("fattening_pig", "weaner_pig", "sow_with_litter"),
    "cattle": ("dairy_cow", "cattle_over_half_year"),
    "calves": ("calf_0_6_months",),
    "poultry": ("broiler", "laying_hen", "turkey", "duck"),
    "horse": ("horse",),
    "rabbits": ("rabbit",),
    "sheep and goats": ("dairy_sheep", "dairy_goat"),
}
HUSBANDRY = ("body_weight", "animals_per_place", "nitrogen_per_place", "housing")
MICROGRAMS = {"µg/L": 1.0, "ug/L": 1.0, "mg/L": 1_000.0, "ng/L": 0.001}


@step(PredictedConcentration, "gold.exposure", *USED, "silver.environment_parameter", *READS)
def predicted_concentration(tables: Tables) -> DataFrame:
    """Surface water of the nation and of départements, soil of kinds of animals."""
    both = [_water(tables), _soil(tables)]
    rows = in_few_tasks(reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), both))
    whole = rows.repartition(*figures.SUMMED)
    return conformed(_mapped(whole, figures.predicted, figures.PREDICTED_SQL), PredictedConcentration)


@step(RiskByPlace, *USED, "silver.environment_parameter", *READS)
def risk_by_place(tables: Tables) -> DataFrame:
    """Quotients of all substances of each département added up, where enough persons are behind the sum."""
    used = cache(_used(tables))
    rows = in_few_tasks(_with_parameters(tables, _departments(used)))
    valued = _mapped(rows, figures.waters, figures.WATER_SQL).filter("value IS NOT NULL")
    parameters = tables["silver.environment_parameter"].filter("substance_key IS NOT NULL AND kind LIKE 'pnec%'")
    beside = valued.join(F.broadcast(stated(parameters, "substance_key")), on="substance_key", how="inner")
    told = beside.withColumn("pnec", held("pnec_surface_water", F.col("month"))["value"]).filter("pnec > 0")
    persons = used.join(told.select("substance_key").distinct(), on="substance_key", how="left_semi")
    counted = persons.groupBy("source", "place").agg(F.countDistinct("person").alias("n_persons"))
    summed = told.groupBy("source", "country", "place").agg(
        F.try_divide(exact_sum(F.col("value") / F.col("pnec")), F.countDistinct("month")).alias("quotient"),
        F.countDistinct("substance_key").cast("int").alias("n_substances"),
        F.min("month").alias("first_month"),
        F.max("month").alias("last_month"),
    )
    rows = summed.join(counted, on=["source", "place"], how="inner").coalesce(1)
    return conformed(_mapped(rows, figures.places, figures.PLACES_SQL), RiskByPlace)


@step(MeasuredConcentration, "silver.residue_measurement", "silver.water_station")
def measured_concentration(tables: Tables) -> DataFrame:
    """Means by station and by département, results as a list each."""
    rows = tables["silver.residue_measurement"].filter("is_current AND result IS NOT NULL")
    stations = tables["silver.water_station"].filter("is_current").select("station", "department")
    dated = rows.withColumns({"year": F.year("sampled_date"), "unit": F.coalesce("unit", F.lit("not said"))})
    lying = dated.join(F.broadcast(stations), on="station", how="left")
    places = {"station": "station", "department": "department"}
    group = lying.filter("substance_key IS NOT NULL").withColumns(
        {
            "parameter": F.lit(figures.GROUP),
            "substance_key": F.lit(None).cast("string"),
            "parameter_name": F.lit(None).cast("string"),
        }
    )
    parts = [
        rows.withColumns({"place_kind": F.lit(kind), "place": F.col(column)}).filter("place IS NOT NULL")
        for kind, column in places.items()
        for rows in (lying, group)
    ]
    key = ["source", "place_kind", "place", "parameter", "fraction", "unit", "year"]
    grouped = in_few_tasks(reduce(lambda a, b: a.unionByName(b), parts)).groupBy(*key)
    sample = F.concat_ws(" ", "station", "sampled_date").alias("sample")
    listed = grouped.agg(
        F.max("parameter_name").alias("parameter_name"),
        F.max("substance_key").alias("substance_key"),
        F.array_sort(F.collect_list(F.struct("result", "is_below", sample))).alias("results"),
    )
    return conformed(_mapped(listed, figures.measured, figures.MEASURED_SQL).drop("results"), MeasuredConcentration)


@step(RiskQuotient, "gold.predicted_concentration", "gold.measured_concentration", "silver.environment_parameter")
def risk_quotient(tables: Tables) -> DataFrame:
    """Concentrations of substances that have a PNEC, over the one that held then."""
    water = tables["gold.predicted_concentration"].filter("compartment = 'surface_water' AND value IS NOT NULL")
    predicted = water.select(
        F.lit("predicted").alias("basis"),
        *("source", "country", "place", "substance_key", "month", "n_months"),
        *[F.lit(NONE).alias(c) for c in ("parameter", "fraction")],
        *[F.col("value").alias(c) for c in ("concentration", "lower", "upper")],
    )
    known = tables["gold.measured_concentration"].filter("place_kind = 'department' AND substance_key IS NOT NULL")
    factor = looked_up(F.col("unit"), MICROGRAMS)
    half = F.coalesce("mean", (F.col("lower") + F.col("upper")) / 2)
    measured = known.filter(factor.isNotNull()).select(
        F.lit("measured").alias("basis"),
        *("source", "place", "substance_key", "parameter", "fraction"),
        F.lit("FR").alias("country"),
        F.make_date("year", F.lit(12), F.lit(31)).alias("month"),
        F.lit(12).alias("n_months"),
        (half * factor).alias("concentration"),
        *[(F.col(c) * factor).alias(c) for c in ("lower", "upper")],
    )
    parameters = tables["silver.environment_parameter"].filter("substance_key IS NOT NULL AND kind LIKE 'pnec%'")
    rows = in_few_tasks(predicted.unionByName(measured))
    beside = rows.join(F.broadcast(stated(parameters, "substance_key")), on="substance_key", how="inner")
    told = beside.withColumn("_pnec", held("pnec_surface_water", F.col("month"))).filter("_pnec.value > 0")
    named = told.withColumns(
        {
            "pnec": F.col("_pnec.value"),
            "pnec_from": F.col("_pnec.holds_from"),
            "pnec_reference": F.col("_pnec.reference"),
            "is_pnec_later": F.col("_pnec.holds_from") > F.col("month"),
        }
    ).drop("_pnec", "stated")
    return conformed(_mapped(named, figures.quotients, figures.QUOTIENTS_SQL).drop("lower", "upper"), RiskQuotient)


def _water(tables: Tables) -> DataFrame:
    """Milligrams of the nation by source and of départements by month, with what held of each parameter."""
    nation = tables["gold.exposure"].filter(f"species = 'human' AND {TOTAL}").filter("n_months IN (1, 12)")
    persons = F.col("n_treated").cast("bigint").alias("n_persons")
    about = ("source", "country", F.lit(ALL).alias("place"), "substance_key", "month", "n_months")
    whole = nation.select(*about, "mg", persons)
    return _with_parameters(tables, whole.unionByName(_departments(_used(tables))))


def _with_parameters(tables: Tables, rows: DataFrame) -> DataFrame:
    """Milligrams of places and periods beside their inhabitants and what held of each parameter."""
    people = tables["silver.population"].filter(
        f"is_current AND kind = 'inhabitants' AND sex = 'all' AND age_group = 'all' "
        f"AND (region = 'all' OR region LIKE '{DEPARTMENT}%')"
    )
    lives = people.groupBy(
        "country", "year", F.when(F.col("region") == ALL, ALL).otherwise(F.substring("region", 2, 3)).alias("place")
    ).agg(F.max("value").alias("inhabitants"))
    beside = rows.withColumn("year", F.year("month")).join(
        F.broadcast(lives), on=["country", "year", "place"], how="left"
    )
    parameters = tables["silver.environment_parameter"]
    of_substance = stated(
        parameters.filter("subject_kind = 'substance' AND substance_key IS NOT NULL"), "substance_key"
    )
    of_all = stated(parameters.filter("subject_kind = 'everywhere'"), "subject_kind").select(
        F.col("stated").alias("everywhere")
    )
    told = beside.join(F.broadcast(of_substance), on="substance_key", how="left")
    told = told.join(F.broadcast(of_all), on=F.lit(True), how="left")
    kinds = {"excretion": "stated", "removal": "stated"} | dict.fromkeys(
        ("litres_per_inhabitant_day", "dilution"), "everywhere"
    )
    chosen = {kind: held(kind, F.col("month"), column) for kind, column in kinds.items()}
    return told.select(
        F.lit("surface_water").alias("compartment"),
        *("source", "country", "place", "substance_key", "month", "n_months", "mg", "n_persons"),
        "inhabitants",
        F.lit(NONE).alias("animal_type"),
        *[F.coalesce(c["value"], F.lit(GUIDELINE[kind])).alias(kind) for kind, c in chosen.items()],
        F.array_compact(F.array(*[F.when(c.isNull(), F.lit(k)) for k, c in chosen.items()])).alias("assumed"),
        F.greatest(*[c["holds_from"] for c in chosen.values()]).alias("parameters_from"),
    )


def _used(tables: Tables) -> DataFrame:
    """Milligrams by person, département of residence, month and substance, of packs of one substance alone."""
    persons = tables["silver.insured"].select("source", "insured", "person").distinct()
    packs = tables["silver.dispensing"].groupBy(
        "source",
        F.coalesce("department", F.lit(UNKNOWN)).alias("place"),
        F.last_day("dispensed_date").alias("month"),
        *("pack_key", "insured"),
    )
    sums = packs.agg(F.sum("n_units").alias("n_units"))
    content = substances(tables).filter("mg_per_pack > 0")
    held_in = sums.join(F.broadcast(content), on="pack_key", how="inner")
    by_person = held_in.join(persons, on=["source", "insured"], how="left").groupBy(
        "source", "place", "month", "substance_key", F.coalesce("person", "insured").alias("person")
    )
    return by_person.agg(exact_sum(F.col("n_units") * F.col("mg_per_pack")).alias("mg")).filter("mg <> 0")


def _departments(used: DataFrame) -> DataFrame:
    """The same of départements, and to how many persons."""
    told = used.groupBy("source", "place", "month", "substance_key").agg(
        exact_sum("mg").alias("mg"), F.count("*").alias("n_persons")
    )
    return told.filter("mg > 0").withColumns({"country": F.lit("FR"), "n_months": F.lit(1)})


def _soil(tables: Tables) -> DataFrame:
    """Kinds of animals of the species for which a substance was sold, with its dose, course and their husbandry."""
    sold = tables["gold.exposure"].filter(f"species <> 'human' AND n_months = 12 AND {TOTAL}")
    sold = sold.select("source", "country", "substance_key", "species", "month", "n_months")
    pairs = [(species, kind) for species, kinds in KINDS_OF.items() for kind in kinds]
    kinds = F.explode(
        F.array(*[F.struct(F.lit(s).alias("species"), F.lit(k).alias("animal_type")) for s, k in pairs])
    ).alias("_kind")
    dosed = doses(tables, "dddvet").join(doses(tables, "dcdvet"), on=["substance_key", "species"], how="inner")
    of_species = (
        dosed.select("*", kinds).filter("species = _kind.species").select("*", "_kind.animal_type").drop("_kind")
    )
    parameters = tables["silver.environment_parameter"].filter("subject_kind = 'animal_type'")
    husbandry = stated(parameters, "subject").withColumnRenamed("subject", "animal_type")
    rows = sold.join(F.broadcast(of_species), on=["substance_key", "species"], how="inner")
    told = rows.join(F.broadcast(husbandry), on="animal_type", how="left")
    chosen = {kind: held(kind, F.col("month")) for kind in HUSBANDRY}
    return told.select(
        F.lit("soil").alias("compartment"),
        *("source", "country", "substance_key", "animal_type", "month", "n_months"),
        F.lit(ALL).alias("place"),
        F.col("dddvet").alias("dose_mg_kg_day"),
        (F.col("dcdvet") / F.col("dddvet")).alias("treatment_days"),
        *[c["value"].alias(kind) for kind, c in chosen.items()],
        F.array().cast("array<string>").alias("assumed"),
        F.greatest(*[c["holds_from"] for c in chosen.values()]).alias("parameters_from"),
    )


def _mapped(frame: DataFrame, task: Callable[..., object], added: str) -> DataFrame:
    """Add the columns of a task; columns that it alone needs (`figures.NEEDED`) are left out."""
    kept = [f for f in frame.schema.fields if f.name not in figures.NEEDED]
    schema = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in kept)
    return frame.mapInArrow(task, f"{schema}, {added}")  # type: ignore[arg-type]
