"""What E2B messages tell around the case, to the common tables: from parsed, numbered versions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.columns import date_precision, partial_date

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

CONDITION_SQL = (
    "array<struct<code string, text string, start string, end string, is_continuing string, comments string, "
    "is_family string>>"
)
PAST_DRUG_SQL = "array<struct<name string, code string, start string, end string, indication string, reaction string>>"
GROUP_SQL = "array<struct<code string, text string>>"
REGISTRATION_SQL = "array<struct<number string, country string>>"
DEVICE_SQL = (
    "array<struct<devices array<struct<code string, brand string, common_name string, manufacturer string, lot string, "
    "malfunction string, problems array<string>, usage string>>>>"
)
FIELDS = ("kind", "name", "code", "start", "end", "is_continuing", "indication", "reaction", "note")


def report_background(versions: DataFrame) -> DataFrame:
    """One row per condition, earlier medicine, group, study, diagnosis."""
    study = F.struct(_value(F.col("study_name")).alias("name"), _value(F.col("study_number")).alias("number"))
    history = _value(F.col("medical_history_text"))
    told = [
        _each(
            F.from_json("medical_history", CONDITION_SQL),
            lambda c: {
                "kind": F.when(c["is_family"] == "true", "family_condition").otherwise("condition"),
                "name": c["text"],
                "code": c["code"],
                "start": c["start"],
                "end": c["end"],
                "is_continuing": c["is_continuing"],
                "note": c["comments"],
            },
        ),
        _each(F.array(history), lambda text: {"kind": F.lit("history"), "note": text}),
        _each(
            F.from_json("drug_history", PAST_DRUG_SQL),
            lambda d: {"kind": F.lit("past_drug"), **{f: d[f] for f in (*FIELDS[1:5], "indication", "reaction")}},
        ),
        _each(F.from_json("races", GROUP_SQL), lambda g: {"kind": F.lit("race"), "name": g["text"], "code": g["code"]}),
        _each(
            F.from_json("ethnicities", GROUP_SQL),
            lambda g: {"kind": F.lit("ethnicity"), "name": g["text"], "code": g["code"]},
        ),
        _each(F.array(study), lambda s: {"kind": F.lit("study"), "name": s["name"], "code": s["number"]}),
        _each(
            F.from_json("study_registrations", REGISTRATION_SQL),
            lambda r: {"kind": F.lit("study_registration"), "code": r["number"], "note": r["country"]},
        ),
        _each(
            F.from_json("sender_diagnoses", GROUP_SQL),
            lambda g: {"kind": F.lit("diagnosis"), "name": g["text"], "code": g["code"]},
        ),
    ]
    # what has neither name, code nor words says nothing
    items = F.filter(F.concat(*told), lambda i: F.coalesce(i["name"], i["code"], i["note"]).isNotNull())
    rows = versions.select("report_key", "report_version", "source", F.posexplode(items).alias("place", "item"))
    rows = rows.withColumns({c: F.regexp_extract(F.col("item")[c], r"^\d{4,8}", 0) for c in ("start", "end")})
    item = F.col("item")
    return rows.select(
        *("report_key", "report_version", "source"),
        (F.col("place") + 1).alias("background_seq"),
        item["kind"].alias("kind"),
        item["name"].alias("reported_name"),
        item["code"].alias("code"),
        partial_date("start").alias("start_date"),
        date_precision("start").alias("start_precision"),
        partial_date("end").alias("end_date"),
        date_precision("end").alias("end_precision"),
        _truth(item["is_continuing"]).alias("is_continuing"),
        item["indication"].alias("indication_code"),
        item["reaction"].alias("reaction_code"),
        item["note"].alias("note"),
    )


def report_device(versions: DataFrame) -> DataFrame:
    """One row per device of a product. `drugs` is parsed again: the common shape holds no devices."""
    products = versions.select(
        *("report_key", "report_version", "source"),
        F.posexplode(F.from_json("sent_drugs", DEVICE_SQL)).alias("product", "drug"),
    )
    rows = products.select(
        *("report_key", "report_version", "source", "product"), F.posexplode("drug.devices").alias("place", "device")
    )
    device = F.col("device")
    return rows.select(
        *("report_key", "report_version", "source"),
        (F.col("product") + 1).alias("product_seq"),
        (F.col("place") + 1).alias("device_seq"),
        _value(device["brand"]).alias("brand_name"),
        _value(device["common_name"]).alias("common_name"),
        _value(device["code"]).alias("device_code"),
        _value(device["manufacturer"]).alias("manufacturer"),
        _value(device["lot"]).alias("lot"),
        _truth(device["malfunction"]).alias("is_malfunction"),
        F.filter(device["problems"], lambda p: _value(p).isNotNull()).alias("problem_codes"),
        _value(device["usage"]).alias("usage"),
    )


def report_narrative(versions: DataFrame) -> DataFrame:
    """Narratives and the comments on them."""
    texts = ("narrative", "reporter_comments", "sender_comments")
    told = versions.withColumns({c: _value(F.col(c)) for c in texts}).filter(F.coalesce(*texts).isNotNull())
    return told.select("report_key", "report_version", "source", *texts)


def _each(items: Column, fields: Callable[[Column], dict[str, Column]]) -> Column:
    """Items as structs of the same fields, those that are no value null; an empty list where there are none."""

    def item(one: Column) -> Column:
        given = fields(one)
        return F.struct(*[_value(given.get(f, F.lit(None).cast("string"))).alias(f) for f in FIELDS])

    empty = F.array().cast("array<struct<" + ", ".join(f"{f}: string" for f in FIELDS) + ">>")
    return F.coalesce(F.transform(items, item), empty)


def _value(text: Column) -> Column:
    return F.when(~text.startswith("nullFlavor:") & (F.trim(text) != ""), F.trim(text))


def _truth(text: Column) -> Column:
    return F.when(text == "true", True).when(text == "false", False)
