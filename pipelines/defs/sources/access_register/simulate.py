"""Two states of the register: between them early access becomes marketing, and forms come late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.access_register import tables as t
from pipelines.simulator import access
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import World

Row = dict[str, Any]
FILES: dict[type[BronzeTable], str] = {t.AccessDecision: "decisions", t.AccessPatientRow: "patients"}
FILES |= {t.AccessForm: "forms"}


def write(world: World, out: Path) -> None:
    """Write `access_register/<day>/<file>.csv`: what was known on each day, the whole of each register."""
    medicines = access.medicines(world)
    for day in access.STATES:
        rows = {
            t.AccessDecision: [row for one in medicines for row in _decisions(one, day)],
            t.AccessPatientRow: [row for one in medicines for row in _patients(one, day)],
            t.AccessForm: [row for one in medicines for row in _forms(one, day)],
        }
        for table, told in rows.items():
            schema = dict.fromkeys(table.source_columns(), pl.String)
            texts = [{k: None if v is None else str(v) for k, v in row.items()} for row in told]
            put_csv(out / "access_register" / day.isoformat() / f"{FILES[table]}.csv", pl.DataFrame(texts, schema), ",")


def _decisions(one: access.Medicine, day: dt.date) -> Iterator[Row]:
    for decision in one.decisions:
        if decision.first_day <= day:
            yield {
                "decision_number": decision.number,
                "medicine_number": one.number,
                "access": decision.access,
                "medicine": one.name,
                "substance": one.substance,
                "cis": one.cis if one.marketed and one.marketed <= day else "",
                "indication": one.indication,
                "decision_state": "granted",
                "first_day": decision.first_day,
                "last_day": decision.last_day,
                "published": decision.first_day,
                "gmo_number": one.gmo_number,
                "events_per_1000_patient_months": one.expected,
                "expected_by": "natural history, as the protocol states it (simulated)",
                "follow_up_years": one.follow_up_years,
            }


def _under(patient: access.Patient, day: dt.date) -> list[access.Decision]:
    """Decisions that held for a patient by a day, the last one last."""
    return [d for d in patient.decisions if max(d.first_day, patient.started) <= day]


def _patients(one: access.Medicine, day: dt.date) -> Iterator[Row]:
    for patient in one.patients:
        for decision in _under(patient, day):
            is_gone = patient.gone is not None and patient.gone <= day
            seen = [v.due for v in patient.visits if v.received and v.received <= day]
            news = [patient.started, *seen, *([patient.gone] if is_gone and patient.gone else [])]
            yield {
                "decision_number": decision.number,
                "medicine_number": one.number,
                "patient_number": f"{one.number}-{patient.number}",
                "prescriber": f"RPPS{10_000_000 + 7 * (len(patient.number) + patient.age)}",
                "age_years": patient.age,
                "sex": patient.sex,
                "weight_kg": patient.weight,
                "posology": "one infusion",
                "deferrable": "no",
                "started": patient.started,
                "last_news": max(news),
                "vital_state": patient.state if is_gone else "treated",
                "state_day": patient.gone if is_gone else patient.started,
            }


def _forms(one: access.Medicine, day: dt.date) -> Iterator[Row]:
    """Forms under the first decision of each patient: who moves to another keeps the plan of visits."""
    for patient in one.patients:
        for decision in _under(patient, day)[:1]:
            for visit in patient.visits:
                came = visit.received is not None and visit.received <= day
                yield {
                    "decision_number": decision.number,
                    "medicine_number": one.number,
                    "patient_number": f"{one.number}-{patient.number}",
                    "visit": visit.name,
                    "form": "inclusion" if visit.name == "M01" else "follow_up",
                    "due": visit.due,
                    "visited": visit.due if came else None,
                    "received": visit.received if came else None,
                    "events": visit.events if came else None,
                }
