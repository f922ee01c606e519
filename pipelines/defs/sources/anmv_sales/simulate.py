"""Declarations of the simulated holders: somewhat more than what was supplied, shared out between species."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.exposure import supplied
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import VETERINARY_MONTHS, World

SOLD_FOR_ONE_SUPPLIED = 1.25
ALEA = {"Porcs": 0.6, "Bovins": 0.25}


def write(world: World, out: Path) -> None:
    """Write a file of declarations a year, and the figures that the yearly report publishes."""
    lines = supplied(world).filter(~pl.col("is_cascade"))
    years = sorted({m.year for m in VETERINARY_MONTHS})
    year_of = pl.col("month").replace_strict({i: m.year for i, m in enumerate(VETERINARY_MONTHS)})
    by_pack = ["code", "name", "form", "holder", "french_species"]
    for year in years:
        packs = lines.filter(year_of == year).group_by(by_pack).agg(pl.col("n_packs").sum()).sort(by_pack)
        told = packs.select(
            numero_etablissement=pl.col("holder").str.slice(0, 6),
            nom="name",
            forme="form",
            presentation="code",
            unites_vendues=(pl.col("n_packs") * SOLD_FOR_ONE_SUPPLIED).round().cast(pl.Int64),
            repartition_especes_estimee=pl.format("{} 90 %", "french_species"),
        )
        put_csv(out / "anmv_sales" / f"{year + 1}-03-31" / f"declaration_{year}.csv", told)
    rows = [(species, year, str(alea), "simulated") for species, alea in ALEA.items() for year in years]
    figures = pl.DataFrame(rows, schema=["species", "year", "alea", "via"], orient="row")
    put_csv(out / "anmv_sales" / f"{years[-1] + 1}-11-30" / "alea_published.csv", figures, ",")
