"""A list of inspected laboratories: some of them in the places of firms that recall, their names in other spellings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.simulator.files import put_csv
from pipelines.simulator.firms import firms
from pipelines.simulator.world import World

DAY = dt.date(2012, 12, 31)
RESULTS = ("NAI", "VAI", "NAI", "OAI")
CENTERS = (("CDER", "Bioresearch Monitoring"), ("CVM", "Pre-Approval Eval. of Animal Drugs and Food Additives"))


def write(world: World, out: Path) -> None:
    """Write `fda_bimo/<day>/NonClinical_Labs_Inspections_List.csv`; the first stands twice, for two programmes."""
    rows = []
    for firm in firms(world)[:8]:
        for center, area in CENTERS[: 2 if firm.number == 0 else 1]:
            rows.append(
                {
                    "District": "BLT",
                    "Firm Name": firm.name.upper().replace(",", "") if firm.number % 2 else f"{firm.name} Labs",
                    "City": firm.city,
                    "State": "MD",
                    "Zip": f"2{firm.number:04}-0001",
                    "Country/Area": "United States",
                    "Inspection End Date": f"{firm.recalled.month}/{firm.recalled.day}/{firm.recalled.year - 2}",
                    "Project Area": area,
                    "Center/Program Area": center,
                    "Inspection Classification": RESULTS[firm.number % 4],
                }
            )
    put_csv(out / "fda_bimo" / DAY.isoformat() / "NonClinical_Labs_Inspections_List.csv", pl.DataFrame(rows), ",")
