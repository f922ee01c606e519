"""What the lists of doses share: names of substances and species."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.frames.columns import looked_up
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

SPECIES = {
    **{"pig": "pigs", "swine": "pigs", "porcine": "pigs", "bovine": "cattle", "bovines": "cattle", "cows": "cattle"},
    **{
        "chickens": "poultry",
        "chicken": "poultry",
        "broilers": "poultry",
        "turkeys": "poultry",
        "duck": "poultry",
        "turkey": "poultry",
    },
    **{"ovine/caprine": "sheep and goats", "ovine": "sheep and goats", "sheep": "sheep and goats"},
    **{"goats": "sheep and goats", "rabbit": "rabbits", "equine": "horse", "horses": "horse", "dogs": "dog"},
    **{"cats": "cat", "fishes": "fish", "lapins": "rabbits", "porcs": "pigs", "porcins": "pigs"},
    **{"volailles": "poultry", "ovins-caprins": "sheep and goats", "bovins": "cattle", "veaux": "calves"},
    **{"chiens": "dog", "chats": "cat", "chevaux": "horse", "ovins": "sheep and goats", "caprins": "sheep and goats"},
}


def animal_species(column: str) -> Column:
    """One name for a species, whatever the list's language and number; others stand as they are, in lower case."""
    text = F.lower(F.trim(column))
    return F.coalesce(looked_up(text, SPECIES), text)


def named_dose(doses: DataFrame, names: DataFrame) -> DataFrame:
    """Rows of `silver.daily_dose`: the substance looked up by its name, the delivery a full state of its list."""
    known = names.filter("kind <> 'brand' AND known_to IS NULL").select(
        F.col("normalised_name").alias("name"), "substance_key"
    )
    named = doses.withColumn("name", F.upper("dose_name")).join(known, on="name", how="left").drop("name")
    dated = named.withColumn("slot", F.concat_ws("/", "source", "kind"))
    return conformed(extracted_versions(dated, ["source", "kind", "dose_name", "species", "route"]), DailyDose)
