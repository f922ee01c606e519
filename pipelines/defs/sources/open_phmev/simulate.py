"""Open PHMEV of the simulated country: what specialists of hospitals prescribed, small packs hidden."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.exposure import totals
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import HUMAN_MONTHS, World

SPECIALIST, FEWEST = "3", 3
HIDDEN = "9999999999999"


def write(world: World, out: Path) -> None:
    """Write `OPEN_PHMEV_<year>.CSV`."""
    year = HUMAN_MONTHS[0].year
    rows = totals(world, ["atc", "cip13", "name", "age", "sex", "region", "speciality"], is_hospital=False)
    is_small = pl.col("packs") < FEWEST
    amount = (pl.col("packs") * 3.5).round(2).cast(pl.String).str.replace(".", ",", literal=True)
    told = rows.filter(speciality=SPECIALIST).select(
        ATC5="atc",
        L_ATC5=pl.format("CLASSE {}", "atc"),
        CIP13=pl.when(is_small).then(pl.lit(HIDDEN)).otherwise("cip13"),
        l_cip13=pl.when(is_small).then(pl.lit("Non restitué")).otherwise(pl.col("name").str.replace_all(";", ",")),
        TOP_GEN=pl.lit("0"),
        GEN_NUM=pl.lit("0"),
        age="age",
        SEXE="sex",
        etb_rgt=pl.format("{}0780001", pl.col("region")),
        categorie_jur=pl.lit("chr"),
        code_postal=pl.format("{}000", pl.col("region").str.strip_chars_start("0")),
        nom_etb=pl.format("CH DE LA REGION {}", "region"),
        nom_ville=pl.lit("VILLE"),
        region_etb="region",
        BOITES="packs",
        REM=amount,
        BSE=amount,
    )
    put_csv(out / "open_phmev" / f"{year + 1}-06-30" / f"OPEN_PHMEV_{year}.CSV", told, encoding="latin-1")
