"""Medicines of the simulated country that people got before or beside their marketing: one chain of causes.

A vector product may be released only once its file on a genetically modified organism is decided on; early access
follows, then the market, with the same patients. A medicine for single patients has four of them and two events. A
marketed medicine in another indication does harm: its events are several times those expected, and its alarm is due.
What the writers of registers tell, they take from here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.simulator.world import World

STATES = (dt.date(2024, 6, 30), dt.date(2024, 12, 31))  # days on which the registers were delivered
VISITS = (1, 3, 6, 9, 12)  # months after the first treatment
NEVER = 0.12  # chance that a form never comes
HARM = 6.0  # times the expected rate, for the medicine that does harm
MONTH = dt.timedelta(days=30)
VECTOR, FEW, HARMFUL = "M-001", "M-002", "M-003"


@dataclass(frozen=True)
class Decision:
    """One interval of one kind of access."""

    number: str
    access: str  # AAC, AAP, CPC or AMM
    first_day: dt.date
    last_day: dt.date | None = None


@dataclass(frozen=True)
class Visit:
    """One planned visit with its form; `received` is None for one that never comes."""

    name: str
    due: dt.date
    received: dt.date | None
    events: int


@dataclass(frozen=True)
class Patient:
    """One patient; `decisions` in the order in which they held for them, `gone` the day of death or of being lost."""

    number: str
    age: int
    sex: str
    weight: int
    started: dt.date
    decisions: tuple[Decision, ...]
    visits: tuple[Visit, ...]
    state: str
    gone: dt.date | None


@dataclass(frozen=True)
class Medicine:
    """One medicine under access, with what its protocol makes one expect."""

    number: str
    name: str
    substance: str
    cis: str
    marketed: dt.date | None
    indication: str
    expected: float  # events per 1,000 patient-months
    gmo_number: str
    follow_up_years: int | None
    decisions: tuple[Decision, ...]
    patients: tuple[Patient, ...]


def medicines(world: World) -> list[Medicine]:
    """The three medicines; without planted signals none does harm."""
    random = world.random("access")
    product = world.human_products.row(0, named=True)
    early = Decision("AAP-2023-011", "AAP", dt.date(2023, 5, 15), dt.date(2024, 2, 29))
    market = Decision("AMM-2024-007", "AMM", dt.date(2024, 3, 1))
    both = [_patient(random, f"V{i:03}", _day(early.first_day, 11 * i), (early, market), 5.0) for i in range(20)]
    later = [_patient(random, f"V{i:03}", _day(market.first_day, 9 * (i - 19)), (market,), 5.0) for i in range(20, 24)]
    single = [Decision(f"AAC-2023-{i:03}", "AAC", dt.date(2023, 9, 1 + i), dt.date(2024, 8, 31)) for i in range(4)]
    few = [_patient(random, f"F{i}", _day(d.first_day, 3), (d,), 0.0, told=(i < 2)) for i, d in enumerate(single)]
    frame = Decision("CPC-2023-002", "CPC", dt.date(2023, 10, 2))
    rate = 8.0 * (1.0 if world.human.signals.is_empty() else HARM)
    many = [_patient(random, f"H{i:03}", _day(frame.first_day, 5 * i), (frame,), rate) for i in range(48)]
    return [
        Medicine(VECTOR, "ARVENCEL GT-101", "arvencogene ratuvec", "", market.first_day, "inherited anaemia", 5.0,
                 "B/FR/23/7", 15, (early, market), (*both, *later)),
        Medicine(FEW, "CONFLU-7", "confluximab", "", None, "relapse after two lines", 10.0, "", None,
                 tuple(single), tuple(few)),
        Medicine(HARMFUL, product["brand"], "", product["cis"], dt.date(2010, 1, 1), "juvenile form", 8.0, "", None,
                 (frame,), tuple(many)),
    ]  # fmt: skip


def _day(first: dt.date, days: int) -> dt.date:
    return first + dt.timedelta(days=days)


def _patient(
    random: np.random.Generator,
    number: str,
    started: dt.date,
    decisions: tuple[Decision, ...],
    rate: float,
    told: bool = False,
) -> Patient:
    """One patient whose events come at `rate` per 1,000 months; `told`: one event, on the first form, which comes."""
    gone = _day(started, 75 + int(random.integers(200))) if random.random() < 0.12 else None
    visits, before = [], 0
    for months in VISITS:
        due = started + months * MONTH
        delay = int(random.integers(5, 60))
        events = int(random.poisson(rate * (months - before) / 1000))
        is_first = told and months == VISITS[0]
        received = None if random.random() < NEVER and not is_first else _day(due, delay)
        visits.append(Visit(f"M{months:02}", due, received, events + is_first))
        before = months
    kept = tuple(v if gone is None or v.due <= gone else Visit(v.name, v.due, None, 0) for v in visits)
    state = "treated" if gone is None else ("dead", "lost")[int(random.integers(2))]
    age, weight = int(random.integers(3, 80)), int(random.integers(12, 95))
    return Patient(number, age, "MF"[int(random.integers(2))], weight, started, decisions, kept, state, gone)


def truth(world: World) -> list[dict[str, Any]]:
    """Rows of the truth: each medicine with its patients and events as the last state tells them."""
    last = STATES[-1]
    rows = []
    for one in medicines(world):
        begun = [p for p in one.patients if p.started <= last]
        forms = [v for p in begun for v in p.visits if v.received and v.received <= last]
        rows.append(
            {
                "medicine": one.number,
                "name": one.name,
                "access": " ".join(dict.fromkeys(d.access for d in one.decisions)),
                "first_day": min(d.first_day for d in one.decisions),
                "gmo_number": one.gmo_number,
                "patients": len(begun),
                "patients_of_two_decisions": sum(len(p.decisions) > 1 for p in begun),
                "events": sum(v.events for v in forms),
                "does_harm": one.number == HARMFUL and not world.human.signals.is_empty(),
            }
        )
    return rows
