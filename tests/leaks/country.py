"""A tiny country that reports to one register, quarter by quarter, and what later quarters can do to it.

A delivery is what the register publishes at a quarter's end. `until` removes what came after a date; `with_noise` puts
something else in its place: new reports, follow-ups that contradict, duplicates, retractions, new words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

D = dt.date
ENDS = [D(2023, 3, 31), D(2023, 6, 30), D(2023, 9, 30), D(2023, 12, 31), D(2024, 3, 31)]
SUBSTANCES, EVENTS, PER_QUARTER = 6, 9, 28
NAMES = {5: "BRANDF"}  # a product that is told without its substance
DEMO = "primaryid$caseid$caseversion$event_dt$init_fda_dt$fda_dt$mfr_num$age$age_cod$sex$occp_cod$occr_country"


@dataclass(frozen=True)
class Case:
    """One version of a case, with what is told in it."""

    case: int
    version: int
    received: D
    onset: D
    number: str
    age: int
    sex: str
    country: str
    drugs: tuple[str, ...]
    events: tuple[str, ...]
    first_received: D | None = None

    def demo(self) -> str:
        """Line of DEMO."""
        first = (self.first_received or self.received).strftime("%Y%m%d")
        told = (f"{self.case}{self.version}", self.case, self.version, self.onset.strftime("%Y%m%d"), first)
        person = (self.received.strftime("%Y%m%d"), self.number, self.age, "YR", self.sex, "MD", self.country)
        return "$".join(map(str, (*told, *person)))


@dataclass(frozen=True)
class Delivery:
    """What the register publishes on a date: versions, and the numbers of withdrawn cases."""

    known: D
    versions: tuple[Case, ...]
    withdrawn: tuple[int, ...]


def country(seed: int = 1) -> list[Delivery]:
    """All deliveries: reports, then follow-ups, duplicates and retractions of them."""
    deliveries: list[Delivery] = []
    for at, end in enumerate(ENDS):
        deliveries.append(_quarter(np.random.default_rng([seed, at]), end, 1000 * (at + 1), deliveries))
    return deliveries


def until(deliveries: Iterable[Delivery], day: D) -> list[Delivery]:
    """What was known on a date: of the delivery of a quarter that was still running, what had been received."""
    kept = []
    for delivery in deliveries:
        versions = tuple(v for v in delivery.versions if v.received <= day)
        if versions:
            withdrawn = delivery.withdrawn if delivery.known <= day else ()
            kept.append(Delivery(min(delivery.known, day), versions, withdrawn))
    return kept


def with_noise(deliveries: list[Delivery], day: D, seed: int = 7) -> list[Delivery]:
    """The same up to a date, and then something else: more, stranger and in contradiction to what was told."""
    made = until(deliveries, day)
    for at, end in enumerate([day + dt.timedelta(90), day + dt.timedelta(180)]):
        random = np.random.default_rng([seed, at])
        made.append(_quarter(random, end, 50_000 * (at + 1), made, noise=True))
    return made


def _quarter(random: np.random.Generator, end: D, first: int, before: list[Delivery], noise: bool = False) -> Delivery:
    """New reports of a quarter, and follow-ups, copies and retractions of those before."""
    new = [_case(random, first + i, end, noise) for i in range(PER_QUARTER * (2 if noise else 1))]
    known = {v.case: v for d in before for v in d.versions}
    known = {c: v for c, v in known.items() if all(c not in d.withdrawn for d in before)}
    old = [known[c] for c in sorted(known)]
    share = 3 if noise else 6
    changed = [_follow_up(random, v, end, noise) for v in old if random.integers(share) == 0]
    copies = [_copy(random, v, first + 500 + i, end) for i, v in enumerate([*old, *new]) if random.integers(share) == 0]
    gone = tuple(v.case for v in old if random.integers(share * 3) == 0)
    return Delivery(end, (*new, *(v for v in changed if v.case not in gone), *copies), gone)


def _day(random: np.random.Generator, end: D) -> D:
    return end - dt.timedelta(int(random.integers(80)))


def _case(random: np.random.Generator, number: int, end: D, noise: bool) -> Case:
    received = _day(random, end)
    substances, events = (SUBSTANCES * 2, EVENTS * 2) if noise else (SUBSTANCES, EVENTS)
    return Case(
        number,
        1,
        received,
        received - dt.timedelta(int(random.integers(5, 60))),
        f"US-MAKER-{number}",
        int(random.integers(1, 90)),
        str(random.choice(["F", "M"])),
        str(random.choice(["US", "FR", "DE"])),
        tuple(sorted({NAMES.get(int(i), f"SUBSTANCE {chr(65 + int(i))}") for i in random.integers(0, substances, 2)})),
        tuple(sorted({f"Event {int(i)}" for i in random.integers(0, events, 3)})),
    )


def _follow_up(random: np.random.Generator, told: Case, end: D, noise: bool) -> Case:
    """The next version: another event, an age; of noise, another sex and a receipt before the first one told."""
    later = replace(
        told, version=told.version + 1, received=_day(random, end), events=(*told.events, f"Event {random.integers(9)}")
    )
    if not noise:
        return later
    return replace(later, sex="F" if told.sex == "M" else "M", age=1, first_received=told.received - dt.timedelta(200))


def _copy(random: np.random.Generator, told: Case, number: int, end: D) -> Case:
    """The same case under another number: half with the maker's number, half only alike; perhaps received earlier."""
    own = told.number if random.integers(2) else f"FR-AGENCY-{number}"
    received = max(_day(random, end), told.received)
    first = told.received - dt.timedelta(int(random.integers(0, 40)))
    return replace(told, case=number, version=1, number=own, received=received, first_received=first)


def files(deliveries: Iterable[Delivery]) -> dict[str, dict[str, tuple[bytes, D]]]:
    """The deliveries as the register's files: table -> path -> (bytes, known date)."""
    tables: dict[str, dict[str, tuple[bytes, D]]] = {name: {} for name in ("demo", "drug", "reac", "deleted")}
    for n, delivery in enumerate(deliveries):
        stamp = f"{20 + n // 4}q{n % 4 + 1}"
        drug = ["primaryid$caseid$drug_seq$role_cod$drugname$prod_ai"]
        reac = ["primaryid$caseid$pt"]
        for v in delivery.versions:
            key = f"{v.case}{v.version}${v.case}"
            drug += [f"{key}${i}$PS${name}${name if ' ' in name else ''}" for i, name in enumerate(v.drugs, 1)]
            reac += [f"{key}${event}" for event in v.events]
        texts = {
            "demo": [DEMO, *(v.demo() for v in delivery.versions)],
            "drug": drug,
            "reac": reac,
            "deleted": [str(c) for c in delivery.withdrawn],
        }
        for name, lines in texts.items():
            data = "\n".join([*lines, ""]).encode()
            if name != "deleted" or lines:
                tables[name][f"faers/faers_ascii_20{stamp}/{name.upper()}{stamp.upper()}.txt"] = (data, delivery.known)
    return tables
