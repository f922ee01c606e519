"""Files on genetically modified organisms of the simulated country, whose decisions come before access.

The vector product of `access` has its file decided on before its early access. A second file lies with the agency that
gives the opinion when the registers are delivered first. One of a medicine for animals is taken back. One of a trial
has a step that is dated before the one that it follows: a slip, which is to be refused and told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.simulator import access
from pipelines.simulator.world import World

D = dt.date
STATES = access.STATES
SAMPLED = (30, 90, 180)  # days after treatment on which shedding is looked for


@dataclass(frozen=True)
class Step:
    """One step; `agency` is where the file lies from that day on."""

    day: dt.date
    agency: str
    outcome: str = ""


@dataclass(frozen=True)
class File:
    """One file; `numbers` are the ways in which each state of the register prints its number."""

    numbers: tuple[str, str]
    domain: str
    procedure: str
    medicine: str
    vector: str
    insert: str
    gmo_class: int
    steps: Mapping[str, Step]
    sites: tuple[tuple[str, str, str], ...] = ()  # site, city, département


@dataclass(frozen=True)
class Sample:
    """One sample of shedding of one patient; `taken` is None for one that is never taken."""

    name: str
    patient: str
    due: dt.date
    taken: dt.date | None
    is_positive: bool


def _steps(days: list[dt.date], first: str = "ANSM", other: str = "ANSES") -> dict[str, Step]:
    agencies = (first, first, other, first, first)
    outcomes = ("", "", "", "favourable", "favourable")
    names = ("filed", "complete", "sent", "opinion", "decision")
    return {n: Step(day, a, o) for n, day, a, o in zip(names, days, agencies, outcomes, strict=False)}


def files(world: World) -> list[File]:
    """All files."""
    vector = access.medicines(world)[0]
    hospitals = (("CHU de Lyon", "Lyon", "69"), ("CHU de Nantes", "Nantes", "44"), ("CHU de Lille", "Lille", "59"))
    decided = [D(2023, 1, 10), D(2023, 2, 1), D(2023, 2, 3), D(2023, 3, 30), D(2023, 4, 20)]
    lasting = [D(2024, 4, 2), D(2024, 5, 10), D(2024, 5, 16), D(2024, 7, 25), D(2024, 8, 30)]
    animals = _steps([D(2024, 6, 3), D(2024, 6, 28)], "ANSES") | {"withdrawn": Step(D(2024, 9, 2), "ANSES")}
    slip = _steps([D(2023, 9, 4), D(2023, 9, 25), D(2023, 10, 2), D(2023, 8, 30)])
    return [
        File((vector.gmo_number, "b/fr/2023/07"), "human", "release", vector.name, "AAV", "HBB", 1, _steps(decided),
             hospitals),
        File(("B/FR/24/2", "B/FR/24/02"), "human", "release", "ARVENCEL GT-202", "lentivirus", "WAS", 2,
             _steps(lasting), hospitals[:1]),
        File(("B/FR/24/11", "B/FR/24/11"), "veterinary", "release", "VETVAX R", "canarypox", "rabies G", 1, animals),
        File(("B/FR/23/19", "B/FR/23/19"), "human", "contained", "ARVENCEL GT-303", "AAV", "F9", 1, slip),
    ]  # fmt: skip


def samples(world: World) -> list[Sample]:
    """Samples of the vector product's patients: the later the fewer positive."""
    random = world.random("gmo")
    found = []
    for patient in access.medicines(world)[0].patients:
        for n, days in enumerate(SAMPLED):
            due = patient.started + dt.timedelta(days=days)
            is_kept = random.random() >= 0.15 and (patient.gone is None or due <= patient.gone)
            taken = due + dt.timedelta(days=int(random.integers(6))) if is_kept else None
            is_positive = bool(random.random() < (0.5, 0.2, 0.03)[n])
            found.append(Sample(f"S-{patient.number}-{days:03}", patient.number, due, taken, is_positive))
    return found


def truth(world: World) -> list[dict[str, Any]]:
    """Rows of the truth: each file with its steps, and the access that its decision lets begin."""
    vector = access.medicines(world)[0]
    rows = []
    for one in files(world):
        days = {f"{name}_date": one.steps[name].day if name in one.steps else None for name in
                ("filed", "complete", "sent", "opinion", "decision", "withdrawn")}  # fmt: skip
        begins = min(d.first_day for d in vector.decisions) if one.medicine == vector.name else None
        is_slip = one.procedure == "contained"
        rows.append(
            {"number": one.numbers[0], "medicine": one.medicine, "procedure": one.procedure, "domain": one.domain}
            | days
            | {"access_begins": begins, "step_out_of_order": "opinion" if is_slip else None}
        )
    return rows
