"""Two states of the register: between them a file moves on, another is taken back, a number is printed otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.gmo_register import tables as t
from pipelines.simulator import access, gmo
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import World

Rows = list[dict[str, Any]]
NAMES: dict[type[BronzeTable], str] = {t.GmoFile: "files", t.GmoFileStep: "steps", t.GmoFileSite: "sites"}
NAMES |= {t.GmoFileSample: "samples"}


def write(world: World, out: Path) -> None:
    """Write `gmo_register/<day>/<file>.csv`: what was known on each day, the whole of each register."""
    files, samples = gmo.files(world), gmo.samples(world)
    for place, day in enumerate(gmo.STATES):
        known = [one for one in files if one.steps["filed"].day <= day]
        rows: dict[type[BronzeTable], Rows] = {}
        rows[t.GmoFile] = [_file(one, place) for one in known]
        rows[t.GmoFileStep] = [
            {"notification_number": one.numbers[place], "step": name, "agency": step.agency, "day": step.day}
            | {"outcome": step.outcome, "document": f"{step.agency}-{step.day:%Y}-{one.numbers[0][-2:]}-{name}"}
            for one in known
            for name, step in one.steps.items()
            if step.day <= day
        ]
        rows[t.GmoFileSite] = [
            {"notification_number": one.numbers[place], "site": site, "city": city, "department": department}
            | {"first_day": one.steps["decision"].day}
            for one in known
            for site, city, department in one.sites
            if "decision" in one.steps and one.steps["decision"].day <= day
        ]
        rows[t.GmoFileSample] = [_sample(one, files[0].numbers[place], day) for one in samples]
        for table, told in rows.items():
            schema = dict.fromkeys(table.source_columns(), pl.String)
            texts = [{k: None if v is None else str(v) for k, v in row.items()} for row in told]
            put_csv(out / "gmo_register" / day.isoformat() / f"{NAMES[table]}.csv", pl.DataFrame(texts, schema), ",")


def _file(one: gmo.File, place: int) -> dict[str, Any]:
    return {
        "notification_number": one.numbers[place],
        "domain": one.domain,
        "procedure": one.procedure,
        "medicine": one.medicine,
        "vector_family": one.vector,
        "insert": one.insert,
        "gmo_class": one.gmo_class,
        "notifier": "ARVENCEL SAS",
    }


def _sample(one: gmo.Sample, number: str, day: Any) -> dict[str, Any]:
    is_taken = one.taken is not None and one.taken <= day
    return {
        "notification_number": number,
        "sample": one.name,
        "patient_number": f"{access.VECTOR}-{one.patient}",
        "matrix": "blood",
        "due": one.due,
        "taken": one.taken if is_taken else None,
        "result": ("positive" if one.is_positive else "negative") if is_taken else None,
    }
