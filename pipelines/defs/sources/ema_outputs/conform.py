"""The tables of outputs to acts: one row an act, dated by what its table states."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.product.episodes import notices
from pipelines.defs.silver.product.tables import Shortage
from pipelines.defs.silver.regulatory_event.acts import act, acts_of, kingdom, listed
from pipelines.defs.silver.regulatory_event.tables import RegulatoryEvent
from pipelines.defs.sources.ema_outputs import herbal
from pipelines.formats.domains import in_charge
from pipelines.frames.columns import french_date, one_line

if TYPE_CHECKING:
    from pyspark.sql import Column

    from pipelines.frames.conform import Tables

REFERRAL, DHPC, PSUSA = "bronze.ema_outputs_referral", "bronze.ema_outputs_dhpc", "bronze.ema_outputs_psusa"
SHORTAGE, OPINION = "bronze.ema_outputs_shortage", "bronze.ema_outputs_post_authorisation"
OUTSIDE = "bronze.ema_outputs_opinion_outside_eu"
INN = "international_non_proprietary_name"
plant, plant_product = herbal.plant, herbal.plant_product
NO_ACTION = ("Maintenance", "No further action")


@feed(Shortage, SHORTAGE)
def shortage(tables: Tables) -> DataFrame:
    """Shortages that the EMA follows: its page is the notice."""
    page = F.regexp_extract(F.trim("shortage_url"), r"([^/]+)/?$", 1)
    status = F.when(F.lower(F.trim("supply_shortage_status")) == "ongoing", "shortage").when(
        F.lower(F.trim("supply_shortage_status")) == "resolved", "resupplied"
    )
    rows = (
        tables[SHORTAGE]
        .filter("trim(shortage_url) <> ''")
        .select(
            F.concat(F.lit("EMA:"), page).alias("product_key"),
            F.lit("").alias("pack_key"),
            F.lit("").alias("notice_id"),
            F.lit(1).alias("notice_seq"),
            F.lit("EU").alias("country"),
            _said("medicine_affected").alias("product_name"),
            listed(f"{INN}_inn_or_common_name").alias("substances"),
            status.alias("status"),
            F.coalesce(french_date("start_of_shortage_date"), french_date("first_published_date")).alias("start_date"),
            french_date("last_updated_date").alias("updated_date"),
            french_date("expected_resolution_date").alias("expected_end_date"),
            _said("expected_resolution").alias("expected_end_text"),
            F.trim("shortage_url").alias("link"),
            F.lit("shortage").alias("slot"),
            *("known_date", "file", "line_number"),
        )
    )
    return notices(rows.filter("status IS NOT NULL"), "ema_outputs")


@feed(RegulatoryEvent, REFERRAL, DHPC, PSUSA, SHORTAGE, OPINION, OUTSIDE)
def regulatory_event(tables: Tables) -> DataFrame:
    """Acts of all tables."""
    parts = [
        _referrals(tables[REFERRAL]),
        _letters(tables[DHPC]),
        _assessments(tables[PSUSA]),
        _shortages(tables[SHORTAGE]),
        _opinions(tables[OPINION]),
        _outside(tables[OUTSIDE]),
    ]
    every = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), parts)
    return every.withColumn("agency", in_charge("domain"))


def _records(rows: DataFrame, slot: str, address: str, **told: Column) -> DataFrame:
    """Records with an address, under the names of the acts' table; each table of the EMA is one slot."""
    return rows.filter(F.trim(address) != "").select(
        F.regexp_replace(F.trim(address), r"^https?://[^/]+/(en/)?", "").alias("event_id"),
        *[column.alias(name) for name, column in told.items()],
        french_date("first_published_date").alias("published_date"),
        french_date("last_updated_date").alias("updated_date"),
        F.trim(address).alias("link"),
        F.lit(slot).alias("slot"),
        *("known_date", "file", "line_number"),
    )


def _said(column: str) -> Column:
    return F.nullif(one_line(column), F.lit(""))


def _is_action(outcome: Column) -> Column:
    """Whether an outcome asks for anything; null where none is said."""
    return F.when(outcome.isNotNull(), ~outcome.isin(*NO_ACTION))


def _referrals(rows: DataFrame) -> DataFrame:
    days = (
        "procedure_start",
        "prac_recommendation",
        "cmdh_position",
        "chmp_cvmp_opinion",
        "european_commission_decision",
    )
    records = _records(
        rows,
        "referral",
        "referral_url",
        domain=kingdom("category"),
        reference=_said("reference_number"),
        title=_said("referral_name"),
        status=_said("current_status"),
        outcome=_said("prac_recommendation"),
        class_name=_said("class_of_substances"),
        substances=listed(f"{INN}_inn_common_name"),
        products=F.coalesce(
            listed("associated_names_centrally_authorised_medicines"),
            listed("associated_names_non_centrally_authorised_medicines"),
        ),
        **{f"{name}_day": french_date(f"{name}_date") for name in days},
    )
    committee = F.when(F.col("domain") == "veterinary", "CVMP").otherwise("CHMP")
    start, prac, cmdh, opinion, decision = (F.col(f"{name}_day") for name in days)
    recommended = _is_action(F.col("outcome"))
    return acts_of(
        records,
        [
            act("referral_start", start, "EMA"),
            act("prac_recommendation", prac, "PRAC", is_action=recommended),
            act("cmdh_position", cmdh, "CMDh"),
            act("committee_opinion", opinion, committee),
            act("commission_decision", decision, "European Commission"),
        ],
        act("referral_start", F.col("published_date"), "EMA", "publication"),
    ).drop(*(f"{name}_day" for name in days))


def _letters(rows: DataFrame) -> DataFrame:
    records = _records(
        rows,
        "dhpc",
        "dhpc_url",
        domain=kingdom("category"),
        reference=_said("procedure_number"),
        title=_said("dhpc_type"),
        outcome=_said("regulatory_outcome"),
        substances=listed("active_substances"),
        products=listed("name_of_medicine"),
        species=listed("species"),
        sent=french_date("dissemination_date"),
    )
    kind = "direct_healthcare_communication"
    sent = act(kind, F.col("sent"), "EMA", is_action=F.lit(True))
    return acts_of(
        records, [sent], act(kind, F.col("published_date"), "EMA", "publication", is_action=F.lit(True))
    ).drop("sent")


def _assessments(rows: DataFrame) -> DataFrame:
    records = _records(
        rows,
        "psusa",
        "psusa_url",
        domain=kingdom("category"),
        reference=_said("procedure_number"),
        title=_said("active_substances_in_scope_of_procedure"),
        outcome=_said("regulatory_outcome"),
        substances=listed("active_substance"),
        products=listed("related_medicines"),
    )
    published = act(
        "psusa_outcome", F.col("published_date"), "PRAC", "publication", is_action=_is_action(F.col("outcome"))
    )
    return acts_of(records, [], published)


def _shortages(rows: DataFrame) -> DataFrame:
    records = _records(
        rows,
        "shortage",
        "shortage_url",
        domain=kingdom("category"),
        title=_said("medicine_affected"),
        status=_said("supply_shortage_status"),
        substances=listed(f"{INN}_inn_or_common_name"),
        products=listed("medicine_affected"),
        began=french_date("start_of_shortage_date"),
    )
    start = acts_of(
        records,
        [act("shortage_start", F.col("began"), "EMA")],
        act("shortage_start", F.col("published_date"), "EMA", "publication"),
    )
    over = records.filter("lower(status) = 'resolved'")
    end = acts_of(over, [], act("shortage_end", F.col("updated_date"), "EMA", "update"))
    return start.unionByName(end).drop("began")


def _opinions(rows: DataFrame) -> DataFrame:
    records = _records(
        rows,
        "post_authorisation",
        "medicine_url",
        domain=kingdom("category"),
        reference=_said("ema_product_number"),
        title=_said("name_of_medicine"),
        status=_said("post_authorisation_procedure_status"),
        outcome=_said("post_authorisation_opinion_status"),
        substances=F.coalesce(listed(f"{INN}_common_name"), listed("active_substance")),
        products=listed("name_of_medicine"),
        species=listed("species_veterinary"),
        opinion=french_date("post_authorisation_opinion_date"),
        withdrawn=french_date("withdrawal_of_application_date"),
    )
    committee = F.when(F.col("domain") == "veterinary", "CVMP").otherwise("CHMP")
    return acts_of(
        records,
        [act("committee_opinion", F.col("opinion"), committee), act("withdrawal", F.col("withdrawn"), "EMA")],
        act("committee_opinion", F.col("published_date"), committee, "publication"),
    ).drop("opinion", "withdrawn")


def _outside(rows: DataFrame) -> DataFrame:
    records = _records(
        rows,
        "opinion_outside_eu",
        "opinion_on_medicines_for_use_outside_eu_url",
        domain=F.lit("human"),
        reference=_said("ema_opinion_number"),
        title=_said("name_of_medicine"),
        status=_said("ema_opinion_status"),
        substances=F.coalesce(listed(f"{INN}_inn_common_name"), listed("active_substance")),
        products=listed("name_of_medicine"),
        opinion=french_date("date_of_opinion"),
        left=french_date("date_of_outcome"),
    )
    gone = F.when(F.lower("status").startswith("withdrawn"), F.col("left"))
    return acts_of(
        records,
        [act("committee_opinion", F.col("opinion"), "CHMP"), act("withdrawal", gone, "EMA")],
        act("committee_opinion", F.col("published_date"), "CHMP", "publication"),
    ).drop("opinion", "left")
