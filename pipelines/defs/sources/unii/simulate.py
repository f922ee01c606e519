"""The names file of the simulated country."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.files import put
from pipelines.simulator.world import World


def write(world: World, out: Path) -> None:
    """Write `unii/UNII_Names.txt`: bases with official name, code and brand, salts under a UNII of their own."""
    lines = ["Name\tTYPE\tUNII\tDisplay Name"]
    brands = {r["substance_nos"][0]: r["brand"] for r in world.human_products.iter_rows(named=True)}
    for row in world.substances.iter_rows(named=True):
        shown = f"{row['unii']}\t{row['name']}"
        lines += [
            f"{row['name']}\tof\t{shown}",
            f"{row['name']} [INN]\tcn\t{shown}",
            f"SIM-{row['unii'][:5]}\tcd\t{shown}",
        ]
        if row["substance_no"] in brands and row["substance_no"] % 3 == 0:
            lines.append(f"{brands[row['substance_no']]}\tbn\t{shown}")
        if row["salt_name"]:
            lines.append(f"{row['salt_name']}\tof\t{row['salt_unii']}\t{row['salt_name']}")
    known = set(world.substances["unii"])
    for row in world.ingredients.filter(~pl.col("unii").is_in(known)).iter_rows(named=True):
        lines.append(f"{row['name'].upper()}\tof\t{row['unii']}\t{row['name'].upper()}")
    put(out / "unii" / "UNII_Names.txt", ("\n".join(lines) + "\n").encode())
