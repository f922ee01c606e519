"""Two exports of the simulated country's neighbour: shortages that it shares, and a few discontinuations."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from pipelines.simulator.acts import Shortage, shortages
from pipelines.simulator.files import put
from pipelines.simulator.world import World

DAYS = (dt.date(2012, 9, 30), dt.date(2012, 12, 31))
COMMON = "Report ID,DIN,Report Type,Brand Name,Company Name,Common or Proper Name,Ingredient Name,Drug Strength,"
COMMON += "Packaging Size,Drug Route,{} Status,Dosage Form,ATC Code,ATC Description,"
SHORTAGES = COMMON.format("Shortage") + "Anticipated Shortage Start Date,Shortage Start Date,"
SHORTAGES += "Estimated Shortage End Date,Actual Shortage End Date,Reason,Date Created,"
STOPS = (
    COMMON.format("Discontinuation") + "Discontinuation Date,Discontinuation Descision Reversal,Reason,Date Created,"
)
STATUSES = {"tension": "anticipated_shortage", "shortage": "active_confirmed", "resupplied": "resolved"}


def write(world: World, out: Path) -> None:
    """Write exports of two days: every second shortage of the country stands there too."""
    names = {r["substance_no"]: r for r in world.substances.iter_rows(named=True)}
    shared = shortages(world)[::2]
    for day in DAYS:
        known = [(lack, state) for lack in shared if (state := lack.at(day))]
        lines = ["Shortage Reports,", SHORTAGES]
        lines += [_line(names, lack, state, day) for lack, state in known if state[1] != "discontinued"]
        lines += ["  Discontinuation Reports,", STOPS]
        lines += [_line(names, lack, state, day) for lack, state in known if state[1] == "discontinued"]
        text = "".join(f"      {line}\n" for line in lines) + "  \n"
        put(out / "canada_shortages" / f"export_{day}.csv", text.encode())


def _line(names: dict[int, dict[str, Any]], lack: Shortage, state: tuple[dt.date, str], day: dt.date) -> str:
    product, began, last = lack.product, lack.states[0][0], lack.states[-1][0]
    held = [names[s] for s in product["substance_nos"]]
    number = 20_000 + 3 * int(product["product_no"])
    is_stop = state[1] == "discontinued"
    head = [number, f"{2_000_000 + number:08}", "Discontinuation" if is_stop else "Shortage", product["brand"]]
    head += [f"{product['holder'].split()[0]} &amp;amp; CO", held[0]["name"], " ".join(h["name"] for h in held)]
    head += [f"{product['strength_mg']}MG", "30", "ORAL", "discontinued" if is_stop else STATUSES[state[1]]]
    head += ["TABLET", held[0]["atc"], "SOME GROUP"]
    reason = "Shortage of an active ingredient." if lack.cause else "Disruption of the manufacture of the drug."
    if is_stop:
        return ",".join(map(str, [*head, last, "No", "Business reasons", began])) + ","
    start = "0201-11-03" if product["product_no"] % 10 == 3 else began
    return ",".join(map(str, [*head, began, start, last, last if last <= day else "", reason, began])) + ","
