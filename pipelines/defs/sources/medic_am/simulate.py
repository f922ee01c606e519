"""Medic'AM of the simulated country: boxes by pack, a column a month."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.exposure import totals
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import HUMAN_MONTHS, World


def write(world: World, out: Path) -> None:
    """Write the half-year as `MEDIC_AM_<year>_S2.csv`."""
    year = HUMAN_MONTHS[0].year
    rows = totals(world, ["cip13", "name", "atc"], is_hospital=False, with_month=True)
    wide = rows.pivot(on="month", index=["cip13", "name", "atc"], values="packs", sort_columns=True)
    months = [m.isoformat() for m in HUMAN_MONTHS if m.isoformat() in wide.columns]
    boxes = [pl.col(m).fill_null(0).alias(f"Nombre de boîtes remboursées {m[:7]}") for m in months]
    amounts = [
        (pl.col(m).fill_null(0) * 3.5)
        .cast(pl.String)
        .str.replace(".", ",", literal=True)
        .alias(f"Montant remboursé {m[:7]}")
        for m in months
    ]
    named = [pl.col(c).alias(n) for c, n in (("cip13", "CIP13"), ("name", "PRODUIT"), ("atc", "Code ATC"))]
    put_csv(out / "medic_am" / f"{year + 1}-04-30" / f"MEDIC_AM_{year}_S2.csv", wide.select(*named, *boxes, *amounts))
