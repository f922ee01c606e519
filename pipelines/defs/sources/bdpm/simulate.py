"""Two extractions of the simulated register, and its shortages of days between: its encodings, its ways of writing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipelines.simulator.acts import Shortage, shortages
from pipelines.simulator.files import put
from pipelines.simulator.world import World

CODES = {"shortage": 1, "tension": 2, "discontinued": 3, "resupplied": 4}
LABELS = {
    "shortage": "Rupture de stock",
    "tension": "Tension d'approvisionnement",
    "discontinued": "Arrêt de commercialisation",
    "resupplied": "Remise à disposition",
}
BETWEEN = (dt.date(2012, 5, 31), dt.date(2012, 8, 31), dt.date(2012, 10, 31))  # of shortages alone


def write(world: World, out: Path) -> None:
    """Write `bdpm/raw_2011/` (all Windows-1252, a tab more at the end) and `bdpm/raw_2012/` (encodings mixed).

    Between them, `bdpm/shortages/` has the shortages of some days.
    """
    products = list(world.human_products.iter_rows(named=True))
    substances = {r["substance_no"]: r for r in world.substances.iter_rows(named=True)}
    lacks = shortages(world)
    for year, kept, end in ((2011, 0.9, "\t"), (2012, 1.0, "")):
        listed = [p for p in products if p["product_no"] % 10 < kept * 10 or not end]
        standing = [p for p in listed if not (p["is_withdrawn"] and year == 2012)]
        folder = out / "bdpm" / f"raw_{year}"
        put(folder / "CIS_bdpm.txt", _text(_cis(standing, year), "cp1252", "\r\n"))
        put(folder / "CIS_CIP_bdpm.txt", _text(_cip(listed, year), "cp1252" if end else "utf-8", "\n"))
        put(folder / "CIS_COMPO_bdpm.txt", _text(_compo(listed, substances), "cp1252", f"{end}\r\n"))
        put(folder / "CIS_GENER_bdpm.txt", _text(_gener(listed, substances), "cp1252", f"{end}\r\n"))
        put(folder / "CIS_CPD_bdpm.txt", _text(_cpd(listed), "cp1252", "\r\n") + b"\r\r\n")
        put(folder / "CIS_MITM.txt", _text(_mitm(listed, substances), "cp1252", "\r\n"))
        put(folder / "CIS_CIP_Dispo_Spec.txt", _text(_dispo(lacks, dt.date(year, 12, 31)), "latin-1", "\r\n"))
    for n, day in enumerate(BETWEEN):
        told = _text(_dispo(lacks, day), "latin-1" if n else "utf-8", "\n" if n else "\r\n")
        put(out / "bdpm" / "shortages" / f"CIS_CIP_Dispo_Spec_{day}.txt", told)


def _text(rows: Iterable[Iterable[Any]], encoding: str, end: str) -> bytes:
    return "".join("\t".join(str(v) for v in row) + end for row in rows).encode(encoding)


def _cis(products: list[dict[str, Any]], year: int) -> Iterator[list[Any]]:
    for p in products:
        status = "Commercialisée" if (p["product_no"] + year) % 9 else "Non commercialisée"
        date = p["authorised"].strftime("%d/%m/%Y")
        approved = ["Autorisation active", "Procédure nationale", status, date]
        yield [p["cis"], p["name"], p["form"], p["route"], *approved, "", "", f" {p['holder']}", "Non"]


def _cip(products: list[dict[str, Any]], year: int) -> Iterator[list[Any]]:
    for p in products:
        price = _price(p["price_eur"] * (1 if year == 2012 else 1.05))
        date, rate = p["authorised"].strftime("%d/%m/%Y"), "65%" if p["product_no"] % 2 else "30 %;65 %"
        label = ["plaquette(s) de 30 comprimé(s)", "Présentation active", "Déclaration de commercialisation"]
        yield [p["cis"], p["cip7"], *label, date, p["cip13"], "oui", rate, price, price, "1,02", ""]


def _price(euros: float) -> str:
    text = f"{euros:,.2f}"
    return text.replace(".", ",")


def _compo(products: list[dict[str, Any]], substances: dict[int, dict[str, Any]]) -> Iterator[list[Any]]:
    for p in products:
        for link, number in enumerate(p["substance_nos"], start=1):
            held = substances[number]
            amount = f"{p['strength_mg']},00 mg"
            unit = "un comprimé"
            if held["french_salt"]:
                yield [p["cis"], p["form"], f"{number:05}", held["french_salt"], amount, unit, "SA", link]
                yield [p["cis"], p["form"], f"{number + 500:05}", held["french"], amount, unit, "FT", link]
            else:
                yield [p["cis"], p["form"], f"{number + 500:05}", held["french"], amount, unit, "SA", link]


def _gener(products: list[dict[str, Any]], substances: dict[int, dict[str, Any]]) -> Iterator[list[Any]]:
    for n, p in enumerate(products):
        label = f"{substances[p['substance_nos'][0]]['french']} {p['strength_mg']} mg, comprimé"
        yield [p["substance_nos"][0], label, p["cis"], 0 if n % 3 == 0 else 1, n % 7]


def _cpd(products: list[dict[str, Any]]) -> Iterator[list[Any]]:
    for p in products[::2]:
        yield [p["cis"], "réservé à l'usage HOSPITALIER" if p["product_no"] % 4 else "liste I"]


def _mitm(products: list[dict[str, Any]], substances: dict[int, dict[str, Any]]) -> Iterator[list[Any]]:
    for p in products:
        if len(p["substance_nos"]) == 1:
            yield [p["cis"], substances[p["substance_nos"][0]]["atc"], p["name"], f"http://register.example/{p['cis']}"]


def _dispo(lacks: list[Shortage], day: dt.date) -> Iterator[list[Any]]:
    """Shortages as a day's file tells them: the start is that of the state, and overwrites the one before."""
    for n, lack in enumerate(lacks):
        state = lack.at(day)
        if state is None:
            continue
        since, status = state
        pack = lack.product["cip13"] if n % 9 == 4 else ""
        label = LABELS[status].lower() if n % 11 == 5 else LABELS[status]
        dates = [since, min(day, since + dt.timedelta(days=20)), since if status == "resupplied" else None]
        told = [d.strftime("%d/%m/%Y") if d else "" for d in dates]
        yield [
            lack.product["cis"],
            pack,
            CODES[status],
            label,
            *told,
            f"https://shortage.example/{lack.product['cis']}",
        ]
