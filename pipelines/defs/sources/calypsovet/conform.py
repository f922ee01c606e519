"""CalypsoVet to supplies for animals, and medicated feed to sales."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.animal_supply.tables import AnimalSupply
from pipelines.defs.silver.sale.shape import sold
from pipelines.defs.silver.sale.tables import Sale
from pipelines.formats.species import animal_species
from pipelines.frames.columns import french_date, said
from pipelines.frames.conform import conformed
from pipelines.frames.numbers import NUMERAL, number, whole

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

LINE = ("numero_ordonnance", "gtin")
HUMAN = r"^34009\d{8}$"  # CIP13: the French prefix of medicines for people
DOSE = rf"({NUMERAL})\s*mg\s*/\s*kg"


@feed(AnimalSupply, "bronze.calypsovet_supply")
def animal_supply(tables: Tables) -> DataFrame:
    """Lines of prescriptions, each as it was declared, from one delivery until one that declares it otherwise."""
    rows = tables["bronze.calypsovet_supply"].filter("trim(numero_ordonnance) <> ''")
    line = [F.trim(c) for c in LINE]
    last = Window.partitionBy(*line, "known_date").orderBy(F.desc("delivery_id"), F.desc("line_number"))
    declared = rows.withColumn("_n", F.row_number().over(last)).filter("_n = 1")
    key = F.sha2(F.concat_ws("|", F.lit("calypsovet"), *[F.trim(c) for c in LINE]), 256)
    dose = number(F.regexp_extract(F.lower("posologie"), DOSE, 1))
    told = declared.select(
        F.substring(key, 1, 32).alias("supply_key"),
        F.lit("calypsovet").alias("source"),
        F.col("known_date").alias("flow_date"),
        french_date("date_cession").alias("supply_date"),
        said("numero_ordre_veterinaire").alias("prescriber"),
        said("identifiant_elevage").alias("farm"),
        F.coalesce(animal_species("categorie_animale"), F.lit("unknown")).alias("species"),
        said("sous_categorie_animale").alias("category"),
        _pack().alias("pack_key"),
        F.trim("gtin").rlike(HUMAN).alias("is_human_medicine"),
        number("quantite").alias("n_packs"),
        whole("nombre_animaux_traites").alias("n_animals"),
        said("posologie").alias("dose_text"),
        dose.alias("dose_mg_per_kg"),
        number("duree_traitement").alias("duration_days"),
    )
    return conformed(_versions(told.filter("supply_date IS NOT NULL")), AnimalSupply)


def _versions(told: DataFrame) -> DataFrame:
    """Leave out what is declared again as it was, and say until when each version stood."""
    by_line = Window.partitionBy("supply_key").orderBy("flow_date")
    content = F.struct(*[c for c in told.columns if c != "flow_date"])
    is_new = ~F.coalesce(F.lag(content).over(by_line).eqNullSafe(content), F.lit(False))
    changed = told.withColumn("_new", is_new).filter("_new").drop("_new")
    following = F.lead("flow_date").over(by_line)
    return changed.withColumns({"flow_to": following, "is_current": following.isNull()})


@feed(Sale, "bronze.calypsovet_feed")
def sale(tables: Tables) -> DataFrame:
    """Premixes that went into feed, by quarter and species; kilograms of premix stand as packs of one kilogram."""
    quarter = F.regexp_extract_all("trimestre", F.lit(r"(\d+)"), 1)
    year, n = (F.try_element_at(quarter, F.lit(i)).try_cast("int") for i in (1, 2))
    first = F.when(n.between(1, 4), F.make_date(year, n * 3 - 2, F.lit(1)))
    constants = {"source": "calypsovet", "series": "medicated_feed", "domain": "veterinary", "channel": "feed"}
    gtin = F.trim("premelange").rlike(r"^\d{13,14}$")
    return sold(
        tables["bronze.calypsovet_feed"]
        .select(
            "known_date",
            *[F.lit(value).alias(name) for name, value in constants.items()],
            first.alias("period_start"),
            F.last_day(F.add_months(first, 2)).alias("period_end"),
            animal_species("espece").alias("species"),
            F.when(gtin, F.concat(F.lit("GTIN:"), F.lpad(F.trim("premelange"), 14, "0"))).alias("pack_key"),
            F.when(~gtin, said("premelange")).alias("product_label"),
            number("quantite_premelange").alias("n_packs"),
        )
        .filter("period_start IS NOT NULL")
    )


def _pack() -> Column:
    code = F.trim("gtin")
    return (
        F.when(code.rlike(HUMAN), F.concat(F.lit("CIP13:"), code))
        .when(code.rlike(r"^\d{13,14}$"), F.concat(F.lit("GTIN:"), F.lpad(code, 14, "0")))
        .otherwise(F.concat(F.lit("LABEL:"), F.coalesce(said("gtin"), F.lit("unknown"))))
    )
