"""The register to decisions, patients, forms and its own states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.access.tables import (
    FORMS,
    STATES,
    VITAL_STATES,
    AccessAuthorisation,
    AccessPatient,
    FollowUpVisit,
)
from pipelines.defs.silver.register_state.states import states
from pipelines.defs.silver.register_state.tables import RegisterState
from pipelines.defs.silver.regulatory_event.acts import listed
from pipelines.defs.silver.regulatory_event.tables import RegulatoryEvent
from pipelines.defs.silver.substance.printed import with_substances
from pipelines.formats.domains import agency_of
from pipelines.formats.gmo import gmo_key
from pipelines.frames.columns import as_coded, coded, identifier, iso_date, said
from pipelines.frames.numbers import number, whole

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

DECISION, PATIENT = "bronze.access_register_decision", "bronze.access_register_patient"
FORM = "bronze.access_register_form"
KINDS = {"AAC": "compassionate", "AAP": "early", "CPC": "prescription_framework", "AMM": "marketing"}
FOR_ALL = ("early", "prescription_framework")
SEXES = {"M": "male", "F": "female"}
YES = {"YES": "yes", "NO": "no"}
PLACE = ("known_date", "file", "line_number")


def _of_medicine(slot: str) -> list[Column]:
    """What every row says: its decision, medicine, field and place."""
    return [
        F.upper(identifier("decision_number")).alias("decision_id"),
        F.upper(identifier("medicine_number")).alias("medicine_key"),
        F.lit("human").alias("domain"),
        F.lit(agency_of("human")).alias("agency"),
        F.lit(slot).alias("slot"),
        *[F.col(c) for c in PLACE],
    ]


@feed(AccessAuthorisation, DECISION, "silver.substance_name")
def access_authorisation(tables: Tables) -> DataFrame:
    """Decisions as intervals, their medicines coded."""
    rows = tables[DECISION].select(
        *_of_medicine("decisions"),
        coded("access", KINDS).alias("access"),
        said("access").alias("access_printed"),
        F.concat(F.lit("CIS:"), identifier("cis")).alias("product_key"),
        said("medicine").alias("product_name"),
        said("substance").alias("substance_name"),
        said("indication").alias("indication"),
        coded("decision_state", as_coded(STATES)).alias("state"),
        iso_date("first_day").alias("start_date"),
        iso_date("last_day").alias("end_date"),
        iso_date("published").alias("published_date"),
        gmo_key("gmo_number").alias("gmo_key"),
        said("gmo_number").alias("gmo_number_printed"),
        number("events_per_1000_patient_months").alias("reference_per_1000_person_months"),
        said("expected_by").alias("reference_source"),
        whole("follow_up_years").alias("follow_up_years"),
    )
    placed = rows.filter(
        "access IS NOT NULL AND state IS NOT NULL AND start_date IS NOT NULL AND medicine_key IS NOT NULL"
    )
    return with_substances(placed, tables["silver.substance_name"], "substance_name", "product_name")


@feed(RegulatoryEvent, DECISION)
def regulatory_event(tables: Tables) -> DataFrame:
    """Decisions that open a medicine to all who need it; one for a patient by name is no act to be passed on."""
    kind, state = coded("access", KINDS), coded("decision_state", as_coded(STATES))
    rows = tables[DECISION].select(
        F.upper(identifier("decision_number")).alias("event_id"),
        F.lit("access_decision").alias("act_kind"),
        iso_date("first_day").alias("act_date"),
        F.lit("act").alias("dated_by"),
        *[F.lit(agency_of("human")).alias(c) for c in ("authority", "agency")],
        F.lit("human").alias("domain"),
        iso_date("published").alias("published_date"),
        F.concat_ws(", ", said("medicine"), F.translate(kind, "_", " ")).alias("title"),
        said("indication").alias("outcome"),
        state.alias("status"),
        (state == "granted").alias("is_action"),
        listed("substance").alias("substances"),
        listed("medicine").alias("products"),
        kind.alias("kind"),
        F.lit("decisions").alias("slot"),
        *PLACE,
    )
    return rows.filter(F.col("kind").isin(*FOR_ALL) & F.col("act_date").isNotNull()).drop("kind")


@feed(AccessPatient, PATIENT)
def access_patient(tables: Tables) -> DataFrame:
    """Patients under each decision."""
    rows = tables[PATIENT].select(
        *_of_medicine("patients"),
        F.col("patient_number").alias("patient"),
        F.col("prescriber").alias("prescriber"),
        number("age_years").alias("age_years"),
        coded("sex", SEXES).alias("sex"),
        number("weight_kg").alias("weight_kg"),
        said("posology").alias("posology"),
        (coded("deferrable", YES) == "yes").alias("is_deferrable"),
        iso_date("started").alias("start_date"),
        iso_date("last_news").alias("last_news_date"),
        coded("vital_state", as_coded(VITAL_STATES)).alias("vital_state"),
        iso_date("state_day").alias("state_date"),
    )
    return rows.filter("medicine_key IS NOT NULL")


@feed(FollowUpVisit, FORM)
def follow_up_visit(tables: Tables) -> DataFrame:
    """Forms that are due or came."""
    rows = tables[FORM].select(
        *_of_medicine("forms"),
        F.col("patient_number").alias("patient"),
        F.upper(identifier("visit")).alias("visit"),
        coded("form", as_coded(FORMS)).alias("form"),
        iso_date("due").alias("due_date"),
        iso_date("visited").alias("visit_date"),
        iso_date("received").alias("received_date"),
        whole("events").alias("n_events"),
    )
    return rows.filter("medicine_key IS NOT NULL")


@feed(RegisterState, DECISION, PATIENT, FORM)
def register_state(tables: Tables) -> DataFrame:
    """Days on which each file of the register was delivered."""
    return states(tables, "access_register", {"decisions": DECISION, "patients": PATIENT, "forms": FORM})
