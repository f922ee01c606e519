"""Nutrivigilance declarations of the simulated country."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.defs.sources.nutrivigilance.tables import NutrivigilanceDeclaration
from pipelines.simulator.declarations import declared, export
from pipelines.simulator.files import put
from pipelines.simulator.world import World


def write(world: World, out: Path) -> None:
    """Write `nutrivigilance/declarations_2012-12-31.csv`."""
    rows = declared(world, "nutrivigilance").with_columns(
        dose=pl.format("{} a day", pl.col("product_no") % 3 + 1), history=pl.lit("none told")
    )
    columns = NutrivigilanceDeclaration.source_columns()
    put(out / "nutrivigilance" / "declarations_2012-12-31.csv", export(rows, columns))
