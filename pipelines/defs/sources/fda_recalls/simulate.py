"""An export of recalls: each firm recalls up to three products in one event."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.simulator.files import put_csv
from pipelines.simulator.firms import firms
from pipelines.simulator.world import World

DAY = dt.date(2012, 12, 31)
CLASSES = ("Class I", "Class II", "Class III")


def write(world: World, out: Path) -> None:
    """Write `fda_recalls/<day>/fda_drug_recalls.csv`."""
    names = world.human_products["name"].to_list()
    rows = []
    for firm in firms(world):
        own = names[firm.number * 3 : firm.number * 3 + 1 + firm.number % 3]
        for i, name in enumerate(own):
            place = (firm.number + i) % 3
            rows.append(
                {
                    "FEI Number": firm.fei if firm.number else "-",
                    "Recalling Firm Name": firm.name,
                    "Product Type": "Drugs",
                    "Product Classification": CLASSES[place],
                    "Status": "Terminated",
                    "Distribution Pattern": "Nationwide",
                    "Recalling Firm City": firm.city,
                    "Recalling Firm State": firm.state,
                    "Recalling Firm Country": "United States",
                    "Center Classification Date": str(firm.recalled),
                    "Reason for Recall": 'Labeling: "Not Elsewhere Classified"',
                    "Product Description": f"{name}, 30-count bottle",
                    "Event ID": f"{61_000 + firm.number}",
                    "Event Classification": CLASSES[min((firm.number + j) % 3 for j in range(len(own)))],
                    "Product ID": f"{109_000 + firm.number * 3 + i}",
                    "Center": "CDER",
                    "Recall Details": f"https://www.accessdata.fda.gov/scripts/ires/?Product={109_000 + firm.number}",
                }
            )
    put_csv(out / "fda_recalls" / DAY.isoformat() / "fda_drug_recalls.csv", pl.DataFrame(rows), ",")
