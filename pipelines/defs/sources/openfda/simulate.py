"""openFDA downloads of the simulated country: two of each endpoint, the second with what came since."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.simulator.files import put, put_zip
from pipelines.simulator.reporting import Reporting
from pipelines.simulator.world import World

KEY = ["case_no", "version"]
HUMAN = [dt.date(2012, 9, 30), dt.date(2012, 12, 31)]
ANIMAL = [dt.date(2024, 3, 31), dt.date(2024, 7, 31)]
SERIOUS = {
    "DE": "seriousnessdeath",
    "LT": "seriousnesslifethreatening",
    "HO": "seriousnesshospitalization",
    "DS": "seriousnessdisabling",
    "OT": "seriousnessother",
}
OUTCOMES = {"DE": "Death", "LT": "Life Threatening", "HO": "Hospitalization", "DS": "Disability", "OT": "Other Serious"}
QUALIFICATIONS = {"physician": "1", "pharmacist": "2", "consumer": "5", "other": "3"}
REPORTERS = {"vet": "Veterinarian", "owner": "Animal Owner", "other": "Other"}
BROKEN = '{"safetyreportid": "1", "safetyreportid": "2"}'


def write(world: World, out: Path) -> None:
    """Write `openfda/<endpoint>/<date>/…`: drug events in an archive, the others plain; each holds a broken record."""
    endpoints = (
        ("drug-event", "human", HUMAN, _drug),
        ("animal-event", "veterinary", ANIMAL, _animal),
        ("cosmetic-event", "cosmetic", HUMAN, _cosmetic),
    )
    for name, domain, days, shape in endpoints:
        sent = world.through("openfda", domain)
        rows = _rows(world, sent)
        for day in days:
            known = rows.filter(pl.col("received_date") <= day)
            latest = known.filter(pl.col("version") == pl.col("version").max().over("case_no"))
            found = [json.dumps(shape(row)) for row in latest.iter_rows(named=True)] + [BROKEN]
            head = json.dumps({"results": {"total": len(found)}})
            data = f'{{"meta": {head}, "results": [\n' + ",\n".join(found) + "\n]}\n"
            folder = out / "openfda" / name / day.isoformat()
            if domain == "human":
                put_zip(folder / "drug-event-0001-of-0001.json.zip", {"drug-event-0001-of-0001.json": data.encode()})
            else:
                put(folder / f"{name}-0001-of-0001.json", data.encode())


def _rows(world: World, sent: Reporting) -> pl.DataFrame:
    terms = world.terms.select("term_no", "human_pt", "llt", "llt_code")
    events = sent.events.join(terms, on="term_no", maintain_order="left").group_by(KEY, maintain_order=True)
    listed = events.agg(events=pl.struct("human_pt", "llt", "llt_code"))
    held = world.ingredients if sent.domain == "cosmetic" else world.substances
    name = dict(
        zip(
            held.to_series(held.columns.index("ingredient_no" if sent.domain == "cosmetic" else "substance_no")),
            held["name"],
            strict=True,
        )
    )
    products = world.products_of(sent.domain)
    named = pl.DataFrame(
        [(p["product_no"], p["brand"], [name[s] for s in p["substance_nos"]]) for p in products.iter_rows(named=True)],
        schema=["product_no", "brand", "substances"],
        orient="row",
    )
    drugs = sent.products.join(named, on="product_no", maintain_order="left").group_by(KEY, maintain_order=True)
    given = drugs.agg(products=pl.struct("seq", "role", "brand", "substances", "batch"))
    cases = sent.cases.join(listed, on=KEY, maintain_order="left").join(given, on=KEY, maintain_order="left")
    return cases.sort("case_no", "version")


def _day(value: dt.date | None, precision: str = "day") -> str | None:
    length = {"day": 8, "month": 6, "year": 4}[precision]
    return f"{value:%Y%m%d}"[:length] if value else None


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v is not None}


def _one_or_many(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def _drug(row: dict[str, Any]) -> dict[str, Any]:
    patient = {
        "patientonsetage": f"{row['age_years']:g}" if row["age_years"] is not None else None,
        "patientonsetageunit": "801" if row["age_years"] is not None else None,
        "patientsex": {"male": "1", "female": "2"}.get(row["sex"] or "", "0"),
        "patientweight": f"{row['weight_kg']:g}" if row["weight_kg"] is not None else None,
        "reaction": _one_or_many(
            [{"reactionmeddrapt": e["human_pt"], "reactionmeddraversionpt": "15.0"} for e in row["events"]]
        ),
        "drug": [
            {
                "drugcharacterization": "2" if p["role"] == "C" else "1",
                "medicinalproduct": p["brand"],
                "drugbatchnumb": p["batch"],
                "activesubstance": {"activesubstancename": "\\".join(p["substances"])},
            }
            for p in row["products"]
        ],
    }
    return _kept(
        {
            "safetyreportid": str(9_000_000 + row["case_no"]),
            "safetyreportversion": str(row["version"]),
            "receivedate": _day(row["first_received_date"]),
            "receiptdate": _day(row["received_date"]),
            "reporttype": "1",
            "serious": "1" if row["outcome"] else "2",
            **({SERIOUS[row["outcome"]]: "1"} if row["outcome"] else {}),
            "companynumb": row["worldwide_no"],
            "occurcountry": row["country"],
            "primarysource": {"qualification": QUALIFICATIONS.get(row["reporter"] or "", "3")},
            "patient": _kept(patient),
        }
    )


def _animal(row: dict[str, Any]) -> dict[str, Any]:
    animal: dict[str, Any] = {"species": row["species"].title(), "gender": (row["sex"] or "Unknown").title()}
    if row["age_years"] is not None:
        animal["age"] = {"min": f"{row['age_years']:.2f}", "unit": "Year", "qualifier": "Measured"}
    if row["breed"]:
        animal["breed"] = {"is_crossbred": "false", "breed_component": row["breed"]}
    return _kept(
        {
            "unique_aer_id_number": row["worldwide_no"],
            "report_id": row["worldwide_no"],
            "original_receive_date": _day(row["first_received_date"]),
            "primary_reporter": REPORTERS.get(row["reporter"] or "", "Other"),
            "serious_ae": str(row["outcome"] is not None).lower(),
            "number_of_animals_affected": str(row["n_affected"]),
            "number_of_animals_treated": str(row["n_affected"]),
            "onset_date": _day(row["onset_date"], row["onset_precision"]),
            "animal": animal,
            "outcome": [{"medical_status": "Died", "number_of_animals_affected": "1"}] if row["n_died"] else None,
            "drug": [
                {
                    "brand_name": p["brand"],
                    "lot_number": p["batch"],
                    "active_ingredients": [{"name": s.title()} for s in p["substances"]],
                }
                for p in row["products"]
            ],
            "reaction": [
                {"veddra_version": "18", "veddra_term_code": str(e["llt_code"]), "veddra_term_name": e["llt"]}
                for e in row["events"]
            ],
        }
    )


def _cosmetic(row: dict[str, Any]) -> dict[str, Any]:
    return _kept(
        {
            "report_number": f"2012-CFS-O{row['case_no']}",
            "report_version": row["version"],
            "legacy_report_id": row["worldwide_no"],
            "report_type": "Voluntary",
            "initial_received_date": _day(row["first_received_date"]),
            "latest_received_date": _day(row["received_date"]),
            "event_date": _day(row["onset_date"], row["onset_precision"]),
            "products": [
                {
                    "product_name": f"{p['substances'][0]} ({p['brand']})",
                    "role": "CONCOMITANT" if p["role"] == "C" else "SUSPECT",
                }
                for p in row["products"]
            ],
            "patient": _kept(
                {"age": row["age_years"], "age_unit": "year(s)", "gender": (row["sex"] or "").title() or None}
            ),
            "reactions": [e["human_pt"] for e in row["events"]],
            "meddra_version": "15.0",
            "outcomes": [OUTCOMES.get(row["outcome"] or "", "Non-Serious Injuries/ Illness")],
        }
    )
