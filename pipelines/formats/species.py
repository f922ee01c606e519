"""Species of animals, whatever the language and number that lists write them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.columns import looked_up

if TYPE_CHECKING:
    from pyspark.sql import Column

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
