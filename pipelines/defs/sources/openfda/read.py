"""openFDA files to rows: one report, one row; numbers as texts, lists where something can repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
from pydantic_core import to_json

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.openfda.tables import OpenfdaAnimalEvent, OpenfdaCosmeticEvent, OpenfdaDrugEvent
from pipelines.files.counting_json import count_objects
from pipelines.files.json import listed, parsed, records, texts
from pipelines.files.reading import batches
from pipelines.formats.icsr import R2_AGE_UNITS, R2_SERIOUS, R2_YES

Values = dict[str, Any]


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read a bulk file, an answer of the interface, or JSON lines."""
    yield from batches(table, _records(stream, table))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count the records byte by byte, without cutting or parsing them."""
    return count_objects(stream)


def _records(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[tuple[int, Sequence[str | None] | None, str, str]]:
    shape, key = SHAPES[table]
    columns = table.source_columns()
    for number, (data, problem) in enumerate(records(stream), start=1):
        try:
            if problem:
                yield number, None, problem, data.decode("utf-8", "replace")
                continue
            values = shape(texts(parsed(data)))
            if not values.get(key):
                raise ValueError(f"has no {key}")
            yield number, [_text(values.get(c)) for c in columns], "", ""
        except (AttributeError, TypeError):
            yield number, None, "has another structure than the endpoint's", ""
        except ValueError as error:
            yield number, None, str(error), ""


def _text(value: Any) -> str | None:
    if value in (None, "", [], {}):
        return None
    return value if isinstance(value, str) else to_json(value).decode()


def drug_event(record: Values) -> Values:
    """One record of `drug/event` under the names of the ICH elements."""
    patient = record.get("patient", {})
    flags = {name: R2_YES.get(record.get(tag, "")) for name, tag in R2_SERIOUS.items()}
    source = record.get("primarysource") or {}
    unit = patient.get("patientonsetageunit", "")
    return {
        "safety_report_id": record.get("safetyreportid"),
        "version": record.get("safetyreportversion"),
        "created": record.get("transmissiondate"),
        "report_type": record.get("reporttype"),
        "first_received": record.get("receivedate"),
        "most_recent": record.get("receiptdate"),
        "is_expedited": R2_YES.get(record.get("fulfillexpeditecriteria", "")),
        "worldwide_id": record.get("companynumb") or record.get("authoritynumb"),
        "other_case_ids": [
            {"source": d.get("duplicatesource"), "id": d.get("duplicatenumb")}
            for d in listed(record.get("reportduplicate"))
        ],
        "reporters": [
            {
                "country": source.get("reportercountry") or record.get("primarysourcecountry"),
                "qualification": source.get("qualification"),
                "is_primary": True,
            }
        ],
        "age": patient.get("patientonsetage"),
        "age_unit": R2_AGE_UNITS.get(unit, unit),
        "weight_kg": patient.get("patientweight"),
        "sex": patient.get("patientsex"),
        "reactions": [
            {
                "term": r.get("reactionmeddrapt"),
                "outcome": r.get("reactionoutcome"),
                "country": record.get("occurcountry"),
                **flags,
            }
            for r in listed(patient.get("reaction"))
        ],
        "drugs": [_drug(d) for d in listed(patient.get("drug"))],
        "narrative": (patient.get("summary") or {}).get("narrativeincludeclinical"),
    }


def _drug(drug: Values) -> Values:
    substance = drug.get("activesubstance") or {}
    return {
        "role": drug.get("drugcharacterization"),
        "name": drug.get("medicinalproduct"),
        "substances": [{"name": s.get("activesubstancename"), "code": None} for s in listed(substance)],
        "doses": [
            {
                "text": drug.get("drugdosagetext"),
                "amount": drug.get("drugstructuredosagenumb"),
                "unit": drug.get("drugstructuredosageunit"),
                "start": drug.get("drugstartdate"),
                "end": drug.get("drugenddate"),
                "route": drug.get("drugadministrationroute"),
                "batch": drug.get("drugbatchnumb"),
            }
        ],
        "indications": [{"text": t, "code": None} for t in listed(drug.get("drugindication"))],
        "recurrence": drug.get("drugrecurreadministration"),
    }


def animal_event(record: Values) -> Values:
    """One record of `animalandveterinary/event`, with lists where something can repeat."""
    drugs = [{**d, "active_ingredients": listed(d.get("active_ingredients"))} for d in listed(record.get("drug"))]
    lists = {name: listed(record.get(name)) for name in ("outcome", "reaction")}
    return {**record, **lists, "drug": drugs, "reporter_country": record.get("primary_reporter_country")}


def cosmetic_event(record: Values) -> Values:
    """One record of `cosmetic/event`."""
    patient = record.get("patient") or {}
    lists = {name: listed(record.get(name)) for name in ("products", "reactions", "outcomes")}
    return {
        **record,
        **lists,
        "age": patient.get("age"),
        "age_unit": patient.get("age_unit"),
        "gender": patient.get("gender"),
    }


SHAPES: dict[type[BronzeTable], tuple[Callable[[Values], Values], str]] = {
    OpenfdaDrugEvent: (drug_event, "safety_report_id"),
    OpenfdaAnimalEvent: (animal_event, "unique_aer_id_number"),
    OpenfdaCosmeticEvent: (cosmetic_event, "report_number"),
}
