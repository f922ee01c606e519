"""Open Medic of the simulated country: what its people got in the year, as the publisher lays it out."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.exposure import patients, totals
from pipelines.simulator.files import put
from pipelines.simulator.world import HUMAN_MONTHS, World

WHO = ["atc", "cip13", "name", "age", "sex", "region", "speciality"]


def write(world: World, out: Path) -> None:
    """Write `OPEN_MEDIC_<year>.CSV` and the counts of patients by pack and by class."""
    year = HUMAN_MONTHS[0].year
    folder = out / "open_medic" / f"{year + 1}-06-30"
    rows = totals(world, WHO, is_hospital=False)
    base = pl.col("packs") * 3.5
    amount = base.round(2).cast(pl.String).str.replace(".", ",", literal=True)
    atc = {f"ATC{n}": pl.col("atc").str.slice(0, length) for n, length in enumerate((1, 3, 4, 5, 7), start=1)}
    sold = rows.select(
        **{
            k: v
            for level, code in atc.items()
            for k, v in ((level, code), (f"l_{level}", pl.format("CLASSE {}", code)))
        },
        CIP13="cip13",
        l_cip13=pl.col("name").str.to_uppercase().str.replace_all(";", ","),
        TOP_GEN=pl.lit("0"),
        GEN_NUM=pl.lit("0"),
        AGE="age",
        sexe="sex",
        BEN_REG=pl.col("region").str.strip_chars_start("0"),
        PSP_SPE="speciality",
        BOITES="packs",
        REM=amount,
        BSE=amount,
    )
    _put(folder / f"OPEN_MEDIC_{year}.CSV", sold)
    by_pack = patients(world, ["cip13", "name"])
    _put(folder / f"NB_{year}_cip13.CSV", by_pack.select(CIP13="cip13", l_cip13="name", nbc="n", BOITES="packs"))
    whole = patients(world, ["atc"])
    _put(folder / f"NB_{year}_atc5.CSV", whole.select(ATC5="atc", nbc="n", BOITES="packs"))
    by_class = patients(world, ["atc", "age", "sex"])
    cut = by_class.select(ATC5="atc", age="age", sexe="sex", nbc="n", BOITES="packs")
    _put(folder / f"NB_{year}_atc5_age_sexe.CSV", cut)


def _put(path: Path, rows: pl.DataFrame) -> None:
    text = rows.write_csv(separator=";", quote_style="never", line_terminator="\r\n")
    put(path, text.encode("latin-1", errors="replace"))
