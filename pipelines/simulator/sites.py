"""Where medicines of the simulated country are made, and what follows where one batch is bad: one chain of causes.

Each holder has sites; each product is made at one of them, a batch a month. The site of a defective batch was badly
rated and not inspected again in time. The batch is distributed to a few départements, complained of, tested, recalled;
the site is inspected for that, its certificate withdrawn; a shortage of the product follows (`acts.shortages`). What
the writers of registers tell, they take from here.
"""

from __future__ import annotations

import calendar
import datetime as dt
from dataclasses import dataclass
from typing import Any

from pipelines.formats.departments import REGIONS
from pipelines.simulator.products import HOLDERS
from pipelines.simulator.reporting import batch_name
from pipelines.simulator.world import HUMAN_MONTHS, VETERINARY_MONTHS, World

PLACES = [("Lyon", "69"), ("Grenoble", "38"), ("Dijon", "21"), ("Nantes", "44"), ("Lille", "59"), ("Tours", "37")]
PLACES += [("Rouen", "76"), ("Metz", "57"), ("Pau", "64"), ("Albi", "81")]
OPERATIONS = "Human medicinal products: 1.1 sterile, 1.2 non-sterile; Veterinary medicinal products: 1.2 non-sterile"
GRADES = ("critical", "major", "other")
DOSES = 2_000_000  # of all products in a month
SMALL = 0.03  # of its usual doses: the defective batch, so that its reports stand out
ONE_IN = 29  # of so many products the holder declares no doses
ROUNDS = (2014, 2017, 2020, 2023)  # years of later routine inspections
SPREAD = 3  # départements that a batch goes to
Findings = tuple[int, int, int]  # critical, major, other


@dataclass(frozen=True)
class Site:
    """One site of a holder, with what the inspectorate says of it."""

    number: int
    holder: str
    city: str
    department: str
    complexity: int
    criticality: int

    @property
    def oms(self) -> str:
        """Location in the organisation management service."""
        return f"LOC-1000{self.number:05}"

    @property
    def name(self) -> str:
        """Name of the site."""
        return f"{self.holder}, site de {self.city}"


@dataclass(frozen=True)
class Lot:
    """One batch of one product: made at a site, sold in a month. `doses` is None where the holder declares none."""

    domain: str
    product: dict[str, Any]
    batch: str
    month: dt.date
    site: Site
    doses: int | None

    @property
    def made(self) -> dt.date:
        """Day of manufacture."""
        return self.month - dt.timedelta(days=60)

    @property
    def last_day(self) -> dt.date:
        """Last day of the month in which it is sold."""
        return self.month.replace(day=calendar.monthrange(self.month.year, self.month.month)[1])

    @property
    def code(self) -> str:
        """Code of the pack."""
        return str(self.product["cip13"] if self.domain == "human" else self.product["gtin"])

    @property
    def shares(self) -> list[tuple[str, int | None]]:
        """Départements that it goes to, with the doses of each."""
        known = sorted(REGIONS)
        first = (self.product["product_no"] * 7 + self.month.month * 3) % len(known)
        chosen = [known[(first + 11 * i) % len(known)] for i in range(SPREAD)]
        if self.doses is None:
            return [(department, None) for department in chosen]
        part, left = divmod(self.doses, SPREAD)
        return [(department, part + (left if i == 0 else 0)) for i, department in enumerate(chosen)]


@dataclass(frozen=True)
class Inspected:
    """One inspection of one site; `certified` is when its certificate was issued, None for non-compliance."""

    number: str
    site: Site
    day: dt.date
    findings: Findings
    certified: dt.date | None
    withdrawn: dt.date | None = None  # a certificate that left the register then


@dataclass(frozen=True)
class Chain:
    """What followed from one defective batch, day by day."""

    lot: Lot
    notified: dt.date
    sampled: dt.date
    recalled: dt.date
    inspected: dt.date
    withdrawn: dt.date


def defective(world: World) -> dict[tuple[int, str], dt.date]:
    """Batches of human products that are bad, as product and name, with the month from which."""
    found = {}
    for row in world.human.signals.filter(kind="batch").iter_rows(named=True):
        name = row["note"].removeprefix("batch ")
        found[int(name.removeprefix("L").split("-")[0]), name] = row["start_month"]
    return found


def sites(world: World) -> list[Site]:
    """Two sites a holder; the first of each that makes a bad batch is complex and critical."""
    return [
        Site(2 * i + j, holder, *PLACES[2 * i + j], complexity=3 if j == 0 else 1 + i % 3, criticality=3 - j)
        for i, holder in enumerate(HOLDERS)
        for j in (0, 1)
    ]


def lots(world: World) -> list[Lot]:
    """Batches of all medicines, a month each, by domain, product and month."""
    own = {(s.holder, s.number % 2): s for s in sites(world)}
    bad = defective(world)
    found = []
    for domain, months in (("human", HUMAN_MONTHS), ("veterinary", VETERINARY_MONTHS)):
        share = dict(world.reporting[domain].popularity.select("product_no", "share").iter_rows())
        of_product = {number for number, _ in bad} if domain == "human" else set()
        for product in world.products_of(domain).iter_rows(named=True):
            number = product["product_no"]
            if domain == "veterinary" and not product["gtin"]:
                continue
            site = own[product["holder"], 0 if number in of_product else (number % 3 > 0) + 0]
            for place, month in enumerate(months):
                name = batch_name(number, place)
                is_bad = domain == "human" and (number, name) in bad
                doses = round(DOSES * share.get(number, 0.0) * (SMALL if is_bad else 1)) + 60
                told = None if number % ONE_IN == ONE_IN - 1 else doses
                found.append(Lot(domain, product, name, month, site, told))
    return found


def chains(world: World) -> list[Chain]:
    """What followed from each bad batch."""
    named = {(lot.product["product_no"], lot.batch): lot for lot in lots(world) if lot.domain == "human"}
    days = (14, 20, 26, 33, 54)  # the shortage begins on day 40, see `acts.shortages`
    return [
        Chain(named[bad], *[since + dt.timedelta(days=n) for n in days])
        for bad, since in defective(world).items()
        if bad in named
    ]


def inspections(world: World) -> list[Inspected]:
    """Routine inspections of all sites, and those for cause: a bad site had a critical deficiency before.

    Later rounds find less: a site that was bad is better from then on.
    """
    random = world.random("sites")
    bad = {chain.lot.site.number: chain for chain in chains(world)}
    found = []
    for site in sites(world):
        day = dt.date(2010, 3, 1) + dt.timedelta(days=int(random.integers(600)))
        findings = (0, int(random.integers(0, 4)) * site.criticality // 2, int(random.integers(2, 9)))
        chain = bad.get(site.number)
        if chain:
            day, findings = chain.inspected - dt.timedelta(days=560), (1, 4, 6)
        certified = day + dt.timedelta(days=int(random.integers(45, 125)))
        withdrawn = chain.withdrawn if chain else None
        found.append(Inspected(f"INS-{day.year}-{site.number:03}", site, day, findings, certified, withdrawn))
        if chain:
            number = f"INS-{chain.inspected.year}-{site.number:03}-C"
            found.append(Inspected(number, site, chain.inspected, (1, 7, 3), None))
        for year in ROUNDS:
            day = dt.date(year, 2, 1) + dt.timedelta(days=int(random.integers(250)))
            findings = (0, int(random.integers(0, 3)), int(random.integers(1, 5)))
            certified = day + dt.timedelta(days=int(random.integers(45, 100)))
            found.append(Inspected(f"INS-{year}-{site.number:03}", site, day, findings, certified))
    return found


def truth(world: World) -> list[dict[str, Any]]:
    """Rows of the truth: each bad batch with what followed."""
    return [
        {
            "product": chain.lot.product["name"],
            "pack": chain.lot.code,
            "batch": chain.lot.batch,
            "site": chain.lot.site.oms,
            "departments": " ".join(department for department, _ in chain.lot.shares),
            "doses": chain.lot.doses,
            **{name: getattr(chain, name) for name in ("notified", "sampled", "recalled", "inspected", "withdrawn")},
        }
        for chain in chains(world)
    ]
