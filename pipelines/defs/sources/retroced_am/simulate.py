"""Rétrocéd'AM of the simulated country: units that hospitals gave to outpatients."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.exposure import totals
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import HUMAN_MONTHS, World


def write(world: World, out: Path) -> None:
    """Write `RETROCED_AM_<year>.csv`."""
    year = HUMAN_MONTHS[0].year
    rows = totals(world, ["cip7", "name", "atc"], is_hospital=True).select(
        pl.format("9{}", pl.col("cip7").str.slice(1)).alias("Code UCD"),
        pl.col("name").alias("Libellé UCD"),
        pl.col("atc").alias("Code ATC"),
        pl.col("packs").alias("Nombre d'UCD"),
        (pl.col("packs") * 120.5).cast(pl.String).str.replace(".", ",", literal=True).alias("Montant remboursé"),
    )
    put_csv(out / "retroced_am" / f"{year + 1}-06-30" / f"RETROCED_AM_{year}.csv", rows)
