"""Exports of the dashboard: measures and published forms at the firms that recall in the simulated country."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.simulator.files import put_csv
from pipelines.simulator.firms import Firm, firms
from pipelines.simulator.world import World

DAY = dt.date(2012, 12, 31)


def write(world: World, out: Path) -> None:
    """Write `fda_compliance/<day>/fda_compliance_actions.csv` and `fda_483s.csv`, with the faults of the real ones."""
    folder = out / "fda_compliance" / DAY.isoformat()
    known = firms(world)
    put_csv(folder / "fda_compliance_actions.csv", pl.DataFrame([_action(f) for f in known[::2]]), ",")
    forms = [_form(f, i) for i, f in enumerate(known[::3])]
    shifted = forms[0] | {"FEI Number": forms[0]["Legal Name"], "Record ID": "899"}
    blank = forms[1] | {"FEI Number": "", "Record Date": "", "Record ID": "898"}
    put_csv(folder / "fda_483s.csv", pl.DataFrame([*forms, shifted, blank]), ",")


def _action(firm: Firm) -> dict[str, str]:
    return {
        "FEI Number": firm.fei,
        "Legal Name": firm.name,
        "State": firm.state if firm.number % 4 else "-",
        "Country/Area": "United States",
        "Product Type": "Drugs",
        "Action Taken Date": str(firm.recalled + dt.timedelta(days=40)),
        "Action Type": "Warning Letter",
        "Case/Injunction ID": f"{600_000 + firm.number // 2}",
    }


def _form(firm: Firm, place: int) -> dict[str, str]:
    return {
        "Record Date": str(firm.recalled - dt.timedelta(days=90)),
        "FEI Number": firm.fei,
        "Legal Name": firm.name,
        "Record Type": "483",
        "Date Posted": str(firm.recalled - dt.timedelta(days=20)),
        "Download": f"https://www.fda.gov/media/{90_000 + place}/download",
        "Record ID": f"{800 + place}",
    }
