"""Veterinary reports in the shape that VICH's elements have at openFDA, to the common report tables.

For sources whose bronze rows hold those elements, what repeats as JSON text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.columns import date_precision, looked_up, partial_date
from pipelines.frames.history import SPAN, timeline
from pipelines.frames.numbers import number, whole

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

RANGE = "struct<min string, max string, unit string>"
ANIMAL_SQL = f"struct<species string, gender string, age {RANGE}, weight {RANGE}, breed struct<breed_component string>>"
OUTCOME_SQL = "array<struct<medical_status string, number_of_animals_affected string>>"
REACTION_SQL = "array<struct<veddra_term_code string, veddra_term_name string>>"
DRUG_SQL = (
    "array<struct<first_exposure_date string, last_exposure_date string, route string, "
    "dose struct<numerator string, numerator_unit string>, used_according_to_label string, "
    "ae_abated_after_stopping_drug string, ae_reappeared_after_resuming_drug string, lot_number string, "
    "brand_name string, active_ingredients array<struct<name string>>>>"
)
REPORTERS = {
    "veterinarian": "veterinarian",
    "animal owner": "consumer",
    "patient": "consumer",
    "physician": "physician",
    "pharmacist": "pharmacist",
    "nurse": "nurse",
    "other health care professional": "other_health_professional",
    "other": "other",
}
SEXES = {"male": "male", "female": "female", "mixed": "mixed"}
AGE_IN_YEARS = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25, "hour": 1 / 8766}
WEIGHT_IN_KG = {"kilogram": 1.0, "gram": 0.001, "pound": 0.45359237}
CHALLENGES = {"true": "positive", "false": "negative"}
COUNTRIES = {
    **{"AUS": "AU", "AUT": "AT", "BEL": "BE", "BGR": "BG", "BRA": "BR", "CAN": "CA", "CHE": "CH", "CHN": "CN"},
    **{"CYP": "CY", "CZE": "CZ", "DEU": "DE", "DNK": "DK", "ESP": "ES", "EST": "EE", "FIN": "FI", "FRA": "FR"},
    **{"GBR": "GB", "GRC": "GR", "HRV": "HR", "HUN": "HU", "IND": "IN", "IRL": "IE", "ISL": "IS", "ISR": "IL"},
    **{"ITA": "IT", "JPN": "JP", "KOR": "KR", "LTU": "LT", "LUX": "LU", "LVA": "LV", "MEX": "MX", "MLT": "MT"},
    **{"NLD": "NL", "NOR": "NO", "NZL": "NZ", "POL": "PL", "PRT": "PT", "ROU": "RO", "SVK": "SK", "SVN": "SI"},
    **{"SWE": "SE", "TUR": "TR", "USA": "US", "ZAF": "ZA"},
}


def parsed(rows: DataFrame) -> DataFrame:
    """Replace the JSON texts `animal`, `outcome`, `reaction` and `drug` by what they hold."""
    schemas = {"animal": ANIMAL_SQL, "outcome": OUTCOME_SQL, "reaction": REACTION_SQL, "drug": DRUG_SQL}
    return rows.withColumns({name: F.from_json(name, schema) for name, schema in schemas.items()})


def described() -> dict[str, Column]:
    """Columns of a report version, from the columns of a parsed row."""
    status = F.transform("outcome", lambda o: F.lower(o["medical_status"]))
    fatal = F.filter("outcome", lambda o: F.lower(o["medical_status"]).rlike("^(died|euthanized)"))
    died = F.aggregate(
        F.transform(fatal, lambda o: F.coalesce(whole(o["number_of_animals_affected"]), F.lit(0))),
        F.lit(0),
        lambda total, n: total + n,
    )
    is_death = F.coalesce(F.exists(status, lambda s: s.rlike("^(died|euthanized)")), F.lit(False))
    age = number("animal.age.min") * looked_up(F.lower("animal.age.unit"), AGE_IN_YEARS)
    weight = number("animal.weight.min") * looked_up(F.lower("animal.weight.unit"), WEIGHT_IN_KG)
    country = F.upper(F.trim("reporter_country"))
    return {
        "onset_precision": date_precision("onset_date"),
        "onset_date": partial_date("onset_date"),
        "country": F.when(country.rlike("^[A-Z]{2}$"), country).otherwise(looked_up(country, COUNTRIES)),
        "reporter": looked_up(F.lower(F.trim("primary_reporter")), REPORTERS),
        "is_serious": F.when(F.lower("serious_ae").isin("true", "false"), F.lower("serious_ae") == "true"),
        "is_death": is_death,
        "sex": looked_up(F.lower("animal.gender"), SEXES),
        "age_years": age,
        "weight_kg": weight,
        "species": F.coalesce(F.nullif(F.lower(F.trim("animal.species")), F.lit("")), F.lit("unknown")),
        "breed": F.nullif(F.trim("animal.breed.breed_component"), F.lit("")),
        "n_animals_affected": whole("number_of_animals_affected"),
        "n_animals_treated": whole("number_of_animals_treated"),
        "n_animals_died": F.when(is_death, died),
    }


def products(versions: DataFrame, source: str) -> DataFrame:
    """Products of every version, from `drug`."""
    rows = versions.select("report_key", "report_version", F.posexplode("drug").alias("place", "drug"))
    rows = rows.withColumns({"start": F.col("drug.first_exposure_date"), "end": F.col("drug.last_exposure_date")})
    label = F.lower("drug.used_according_to_label")
    dose = F.concat_ws(" ", "drug.dose.numerator", "drug.dose.numerator_unit")
    return rows.select(
        *("report_key", "report_version"),
        (F.col("place") + 1).alias("product_seq"),
        F.lit(source).alias("source"),
        F.lit("suspect").alias("role"),
        F.lit("veterinary_medicine").alias("product_type"),
        F.col("drug.brand_name").alias("reported_name"),
        F.nullif(F.array_join(F.col("drug.active_ingredients.name"), ";"), F.lit("")).alias("reported_substance"),
        F.col("drug.lot_number").alias("batch"),
        F.nullif(dose, F.lit("")).alias("dose_text"),
        F.col("drug.route").alias("route"),
        F.when(label == "false", True).when(label == "true", False).alias("is_off_label"),
        partial_date("start").alias("start_date"),
        date_precision("start").alias("start_precision"),
        partial_date("end").alias("end_date"),
        date_precision("end").alias("end_precision"),
        looked_up(F.lower("drug.ae_abated_after_stopping_drug"), CHALLENGES).alias("dechallenge"),
        looked_up(F.lower("drug.ae_reappeared_after_resuming_drug"), CHALLENGES).alias("rechallenge"),
    )


def events(versions: DataFrame, terms: DataFrame, source: str) -> DataFrame:
    """Reactions of every version, by their VeDDRA codes; a code that VeDDRA does not hold (yet) stays uncoded."""
    rows = versions.select("report_key", "report_version", F.posexplode("reaction").alias("place", "reaction"))
    known = timeline(terms.filter("dictionary = 'veddra'").select("code", "term_key", *SPAN), ["code"])
    named = rows.withColumn("code", F.trim("reaction.veddra_term_code")).join(F.broadcast(known), on="code", how="left")
    text = F.coalesce("reaction.veddra_term_name", "code")
    return named.filter(text.isNotNull()).select(
        *("report_key", "report_version"),
        (F.col("place") + 1).alias("event_seq"),
        F.lit(source).alias("source"),
        text.alias("reported_term"),
        "term_key",
        F.when(F.col("term_key").isNotNull(), "code").otherwise("uncoded").alias("coding_method"),
        F.col("known_from").alias("coded_from"),
        F.col("known_to").alias("coded_to"),
    )
