"""What authorities of the simulated country do about what is planted: from a harm to its label, or to nothing.

A planted harm is discussed some months after it began, recommended on months later, and told by letters, assessments,
referrals and labels; an artefact is discussed without action, as are some pairs of chance. A defective batch makes a
letter and a shortage of its product. What the writers of the registers tell, they take from here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from pipelines.simulator.world import World

RECOGNISED = 0.8  # share of harms that are ever discussed
DISCUSSED, ACTED, LABELLED = (60, 150), (90, 180), (20, 60)  # days since the onset, the discussion, the recommendation
BY_CHANCE = 4  # pairs discussed in each domain though nothing is planted
N_SHORTAGES = 24
KINGDOMS = ("human", "veterinary")


@dataclass(frozen=True)
class Recognition:
    """One pair that was discussed: `acted` and `labelled` are null where nothing came of it."""

    number: int
    domain: str
    substance: dict[str, Any]
    term: dict[str, Any]
    product: dict[str, Any]
    kind: str
    strength: float
    opened: dt.date
    acted: dt.date | None
    labelled: dt.date | None


@dataclass(frozen=True)
class Shortage:
    """One shortage of a human product: its states in time, each from a day, and why."""

    product: dict[str, Any]
    states: tuple[tuple[dt.date, str], ...]  # tension, shortage, discontinued, resupplied
    cause: str

    def at(self, day: dt.date) -> tuple[dt.date, str] | None:
        """The state that stands on a day; None before it began, and from a quarter after its end."""
        known = [state for state in self.states if state[0] <= day]
        if not known or (known[-1][1] in ("resupplied", "discontinued") and known[-1][0] < day - dt.timedelta(days=92)):
            return None
        return known[-1]


def recognitions(world: World) -> list[Recognition]:
    """Pairs that authorities discussed, in the order of the discussion."""
    random = world.random("acts")
    substances = {r["substance_no"]: r for r in world.substances.iter_rows(named=True)}
    terms = list(world.terms.iter_rows(named=True))
    found: list[tuple[str, dict[str, Any], bool, bool]] = []
    for domain in KINGDOMS:
        reporting = world.reporting[domain]
        planted = list(reporting.signals.iter_rows(named=True))
        for row in planted:
            is_harm = row["kind"] != "artefact"
            if not is_harm or random.random() < RECOGNISED:
                found.append((domain, row, is_harm, True))
        taken = {(r["substance_no"], r["term_no"]) for r in planted}
        months = sorted(set(reporting.cases["received_date"].dt.truncate("1mo")))
        held = sorted({s for (s, *_) in world.products_of(domain)["substance_nos"]})
        for _ in range(BY_CHANCE):
            pair = int(random.choice(held)), int(random.integers(len(terms)))
            start = months[int(random.integers(len(months)))]
            if pair not in taken:
                told = {"substance_no": pair[0], "term_no": pair[1], "start_month": start, "kind": "chance"}
                found.append((domain, told | {"strength": 1.0}, False, False))
    made = []
    for domain, row, is_harm, _ in found:
        of_substance = [
            p for p in world.products_of(domain).iter_rows(named=True) if row["substance_no"] in p["substance_nos"]
        ]
        opened = row["start_month"] + dt.timedelta(days=int(random.integers(*DISCUSSED)))
        acted = opened + dt.timedelta(days=int(random.integers(*ACTED))) if is_harm else None
        labelled = acted + dt.timedelta(days=int(random.integers(*LABELLED))) if acted else None
        made.append(
            (
                opened,
                domain,
                substances[row["substance_no"]],
                terms[row["term_no"]],
                of_substance[0],
                row,
                acted,
                labelled,
            )
        )
    made.sort(key=lambda r: (r[0], r[1], r[2]["substance_no"], r[3]["term_no"]))
    return [
        Recognition(18_000 + n, domain, substance, term, product, row["kind"], row["strength"], opened, acted, labelled)
        for n, (opened, domain, substance, term, product, row, acted, labelled) in enumerate(made)
    ]


def shortages(world: World) -> list[Shortage]:
    """Shortages of human products: that of the product with a defective batch first, then some of no cause told."""
    random = world.random("shortages")
    products = list(world.human_products.iter_rows(named=True))
    found = []
    for row in world.human.signals.filter(kind="batch").iter_rows(named=True):
        number = int(row["note"].removeprefix("batch L").split("-")[0])
        found.append((products[number], row["start_month"] + dt.timedelta(days=40), "quality defect"))
    others = random.choice(len(products), min(N_SHORTAGES, len(products)), replace=False)
    first = dt.date(2011, 9, 15)
    found += [(products[int(i)], first + dt.timedelta(days=int(random.integers(450))), "") for i in sorted(others)]
    made: dict[int, Shortage] = {}
    for product, start, cause in found:
        states = [(start, "tension")]
        if random.random() < 0.6:
            states.append((start + dt.timedelta(days=int(random.integers(15, 60))), "shortage"))
        last = states[-1][0] + dt.timedelta(days=int(random.integers(30, 200)))
        states.append((last, "discontinued" if random.random() < 0.1 else "resupplied"))
        made.setdefault(product["product_no"], Shortage(product, tuple(states), cause))
    return list(made.values())


def truth(world: World) -> list[dict[str, Any]]:
    """Rows of the truth: what was discussed and done, by pair."""
    return [
        {
            "domain": r.domain,
            "substance": r.substance["name"],
            "event": r.term["human_pt" if r.domain == "human" else "llt"],
            "kind": r.kind,
            "opened": r.opened,
            "acted": r.acted,
            "labelled": r.labelled,
        }
        for r in recognitions(world)
    ]
