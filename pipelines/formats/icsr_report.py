"""Case safety reports in ICH's elements to the common report tables."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.columns import coded, date_precision, identifier, looked_up, partial_date
from pipelines.frames.history import SPAN, timeline
from pipelines.frames.numbers import number
from pipelines.frames.versions import preferred_term, preferred_terms

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FLAGS = ("death", "life_threatening", "hospitalisation", "disability", "congenital_anomaly", "other")
REPORT_TYPES = {"1": "spontaneous", "2": "study", "3": "other", "4": "other"}
REPORTERS = {"1": "physician", "2": "pharmacist", "3": "other_health_professional", "4": "lawyer", "5": "consumer"}
SEXES = {"1": "male", "2": "female"}
ROLES = {"1": "suspect", "2": "concomitant", "3": "interacting", "4": "not_administered"}
AGE_IN_YEARS = {"10.A": 10.0, "{DECADE}": 10.0, "A": 1.0, "MO": 1 / 12, "WK": 7 / 365.25, "D": 1 / 365.25}
AGE_IN_YEARS |= {"H": 1 / 8766}
OUTCOMES = {
    "1": "recovered",
    "2": "recovering",
    "3": "not recovered",
    "4": "recovered with sequelae",
    "5": "fatal",
    "6": "unknown",
}
RECURRED = {"1": "positive", "2": "negative", "3": "unknown", "4": "not_applicable"}
OFF_LABEL = "11"
REACTION_SQL = (
    "array<struct<code string, text string, translation string, term string, country string, start string, "
    + ", ".join(f"{flag} string" for flag in FLAGS)
    + ", outcome string>>"
)
DRUG_SQL = (
    "array<struct<role string, name string, substances array<struct<name string, code string>>, "
    "doses array<struct<text string, amount string, unit string, start string, end string, route string, "
    "batch string>>, indications array<struct<text string, code string>>, recurrence string, "
    "additional array<string>, causality array<string>>>"
)
REPORTER_SQL = "array<struct<country string, qualification string, is_primary boolean>>"


def parsed(rows: DataFrame) -> DataFrame:
    """Replace the JSON texts of numbered versions by what they hold."""
    return rows.withColumns(
        {
            "reactions": F.from_json("reactions", REACTION_SQL),
            "drugs": F.from_json("drugs", DRUG_SQL),
            "reporters": F.from_json("reporters", REPORTER_SQL),
            "others": F.from_json("other_case_ids", "array<struct<source string, id string>>"),
        }
    )


def report_history(cases: DataFrame) -> DataFrame:
    """Versions of all cases, from parsed rows."""
    primary = F.coalesce(
        F.get(F.filter("reporters", lambda r: r["is_primary"]), F.lit(0)), F.get("reporters", F.lit(0))
    )
    starts = F.transform("reactions", lambda r: F.regexp_extract(r["start"], r"^\d{4,8}", 0))
    cases = cases.withColumns(
        {"onset": F.array_min(F.filter(starts, lambda s: s != "")), "_reporter": primary.getField("qualification")}
    )
    flags = {flag: _is_told(flag) for flag in FLAGS}
    serious = reduce(lambda left, right: left | right, flags.values())
    age = number("age") * coded("age_unit", AGE_IN_YEARS)
    place = F.coalesce(
        F.get(F.filter("reactions", lambda r: r["country"].rlike("^[A-Z]{2}$")), F.lit(0)).getField("country"),
        primary.getField("country"),
    )
    return cases.select(
        *("report_key", "report_version", "source", "source_case_id", "known_from", "known_to", "is_latest"),
        *("is_retracted", "received_first_date", "received_latest_date"),
        F.lit("human").alias("domain"),
        F.lit("ANSM").alias("agency"),
        F.upper(identifier(_value("worldwide_id"))).alias("worldwide_case_id"),
        F.transform("others", lambda o: F.upper(identifier(o["id"]))).alias("other_case_ids"),
        F.from_json("warnings", "array<string>").alias("warnings"),
        coded("report_type", REPORT_TYPES).alias("report_type"),
        partial_date("onset").alias("onset_date"),
        date_precision("onset").alias("onset_precision"),
        F.when(place.rlike("^[A-Z]{2}$"), place).alias("country"),
        coded("_reporter", REPORTERS).alias("reporter"),
        F.when(F.size("reactions") > 0, serious).alias("is_serious"),
        *[flag.alias("is_other_serious" if name == "other" else f"is_{name}") for name, flag in flags.items()],
        coded("sex", SEXES).alias("sex"),
        age.alias("age_years"),
        number("weight_kg").alias("weight_kg"),
        F.lit("human").alias("species"),
    )


def product_as_reported(versions: DataFrame, source: str) -> DataFrame:
    """Drugs of every version: first start, last end and the words of all doses."""
    rows = versions.select("report_key", "report_version", F.posexplode("drugs").alias("place", "drug"))
    starts = F.transform("drug.doses", lambda d: F.regexp_extract(d["start"], r"^\d{4,8}", 0))
    ends = F.transform("drug.doses", lambda d: F.regexp_extract(d["end"], r"^\d{4,8}", 0))
    rows = rows.withColumns(
        {
            "start": F.array_min(F.filter(starts, lambda s: s != "")),
            "end": F.array_max(F.filter(ends, lambda s: s != "")),
            "_role": F.col("drug.role"),
            "_recurrence": F.col("drug.recurrence"),
        }
    )
    names = F.filter(F.transform("drug.substances", lambda s: s["name"]), _is_value)
    return rows.select(
        *("report_key", "report_version"),
        (F.col("place") + 1).alias("product_seq"),
        F.lit(source).alias("source"),
        F.coalesce(coded("_role", ROLES), F.lit("unknown")).alias("role"),
        F.lit("medicine").alias("product_type"),
        F.when(_is_value(F.col("drug.name")), F.col("drug.name")).alias("reported_name"),
        F.nullif(F.array_join(names, ";"), F.lit("")).alias("reported_substance"),
        _joined("drug.doses", lambda d: d["batch"]).alias("batch"),
        _joined("drug.doses", lambda d: F.coalesce(d["text"], F.concat_ws(" ", d["amount"], d["unit"]))).alias(
            "dose_text"
        ),
        _joined("drug.doses", lambda d: d["route"]).alias("route"),
        F.array_contains("drug.additional", OFF_LABEL).alias("is_off_label"),
        partial_date("start").alias("start_date"),
        date_precision("start").alias("start_precision"),
        partial_date("end").alias("end_date"),
        date_precision("end").alias("end_precision"),
        _joined("drug.indications", lambda i: i["text"]).alias("indication"),
        coded("_recurrence", RECURRED).alias("rechallenge"),
        F.nullif(F.array_join("drug.causality", "; "), F.lit("")).alias("causality"),
    )


def report_event(versions: DataFrame, terms: DataFrame, source: str) -> DataFrame:
    """Reactions of every version.

    R2 and openFDA give preferred terms as text. R3 gives codes: the preferred term of a code is that of each MedDRA
    release that has been landed; without one the reaction keeps the sender's words and stays uncoded.
    """
    rows = versions.select("report_key", "report_version", F.posexplode("reactions").alias("place", "reaction"))
    known = terms.filter("pt_name IS NOT NULL AND dictionary IN ('meddra', 'preferred_term')")
    known = timeline(known.select("code", "pt_name", *SPAN), ["code"])
    reaction = F.col("reaction")
    words = F.coalesce(*[F.when(_is_value(reaction[c]), reaction[c]) for c in ("term", "text", "translation", "code")])
    code = F.when(reaction["term"].isNull(), reaction["code"])
    named = rows.withColumns({"code": code, "reported_term": F.coalesce(words, F.lit("not told"))})
    named = named.join(F.broadcast(known), on="code", how="left").withColumn(
        "term_name", F.coalesce(reaction["term"], "pt_name")
    )
    return named.select(
        *("report_key", "report_version"),
        (F.col("place") + 1).alias("event_seq"),
        F.lit(source).alias("source"),
        "reported_term",
        preferred_term("term_name").alias("term_key"),
        F.when(reaction["term"].isNotNull(), "exact")
        .when(F.col("pt_name").isNotNull(), "code")
        .otherwise("uncoded")
        .alias("coding_method"),
        looked_up(reaction["outcome"], OUTCOMES).alias("outcome"),
        F.col("known_from").alias("coded_from"),
        F.col("known_to").alias("coded_to"),
    )


def report_narrative(versions: DataFrame) -> DataFrame:
    """Case narratives."""
    return versions.filter(_is_value(F.col("narrative"))).select("report_key", "report_version", "source", "narrative")


def term(rows: DataFrame) -> DataFrame:
    """Distinct preferred-term texts of bronze rows."""
    reactions = rows.select("known_date", F.explode(F.from_json("reactions", REACTION_SQL)).alias("reaction"))
    return preferred_terms(reactions.select("known_date", F.col("reaction.term").alias("text")), "text")


def _is_told(flag: str) -> Column:
    """Any reaction has the criterion of seriousness."""
    return F.coalesce(F.exists("reactions", lambda r: r[flag] == "true"), F.lit(False))


def digits(column: str) -> Column:
    """Leading digits of a time stamp, from a year to a second."""
    return F.nullif(F.regexp_extract(column, r"^\d{4,14}", 0), F.lit(""))


def _is_value(value: Column) -> Column:
    return value.isNotNull() & ~value.startswith("nullFlavor:") & (F.trim(value) != "")


def _value(column: str) -> Column:
    return F.when(_is_value(F.col(column)), F.trim(column))


def _joined(items: str, part: object) -> Column:
    """Distinct values of a part of the items, joined; null where none has one."""
    said = F.filter(F.transform(items, part), _is_value)  # type: ignore[arg-type]
    return F.nullif(F.array_join(F.array_distinct(said), "; "), F.lit(""))
