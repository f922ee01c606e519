"""The simulated dictionary in the layout of the EMA's combined list."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from pipelines.simulator.files import put
from pipelines.simulator.world import World

HEADER = ["New Line No.", "New line no.", "Current System Organ Class (SOC) Term", "Current SOC Key"]
HEADER += ["Current High Level Term (HLT)", "Current HLT Key", "Current Preferred Term (PT)", "Current PT Key"]
HEADER += ["Current Low Level Term (LLT)", "Current LLT Key", "Current Term Type"]
COLUMNS = ("soc", "soc_code", "hlt", "hlt_code", "pt", "pt_code", "llt", "llt_code", "term_type")


def write(world: World, out: Path) -> None:
    """Write `veddra/combined_veddra_list.csv`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for number, row in enumerate(world.terms.iter_rows(named=True), start=1):
        writer.writerow([number, 400_000 + row["llt_code"], *(row[c] for c in COLUMNS)])
    put(out / "veddra" / "combined_veddra_list.csv", text.getvalue().encode())
