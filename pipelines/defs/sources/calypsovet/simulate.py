"""CalypsoVet of the simulated country: lines of prescriptions month by month, some sent again, and medicated feed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from pipelines.simulator.exposure import supplied
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import VETERINARY_MONTHS, World

CORRECTED = 50  # every so many lines is sent again with one animal more


def write(world: World, out: Path) -> None:
    """Write a file of prescriptions a month, known at the end of the next one, and a file of feed a quarter."""
    lines = supplied(world)
    for month, first in enumerate(VETERINARY_MONTHS):
        known = _end_of_next(first)
        own = lines.filter(month=month)
        again = lines.filter((pl.col("month") == month - 1) & (pl.col("number") % CORRECTED == 0))
        again = again.with_columns(n_animals=pl.col("n_animals") + 1)
        folder = out / "calypsovet" / known.isoformat()
        put_csv(folder / "ordonnances.csv", pl.concat([_as_declared(own, first), _as_declared(again, _before(first))]))
        if first.month % 3 == 0:
            put_csv(folder / "aliments.csv", _feed(lines, first))


def _as_declared(lines: pl.DataFrame, month: dt.date) -> pl.DataFrame:
    return lines.select(
        numero_ordonnance=pl.format("ORD{}", pl.col("number").cast(pl.String).str.zfill(7)),
        numero_ordre_veterinaire=pl.format("V{}", "vet"),
        date_cession=pl.col("day").cast(pl.String).str.zfill(2) + pl.lit(month.strftime("/%m/%Y")),
        identifiant_elevage=pl.format("FR{}", pl.col("farm").cast(pl.String).str.zfill(8)),
        categorie_animale="french_species",
        sous_categorie_animale=pl.lit("Adultes"),
        **{"GTIN/presentation": pl.col("code")},
        quantite="n_packs",
        nombre_animaux_traites="n_animals",
        posologie=pl.format("{} mg/kg/j", "dose"),
        duree_traitement="days",
    )


def _feed(lines: pl.DataFrame, first: dt.date) -> pl.DataFrame:
    one = lines.filter((pl.col("month") == 0) & ~pl.col("is_cascade")).head(4)
    return one.select(
        etablissement=pl.lit("FAB001"),
        premelange="code",
        quantite_premelange=pl.col("n_packs") * 25,
        taux_incorporation=pl.lit("2,5"),
        tonnage_aliment=pl.col("n_packs") * 10,
        espece="french_species",
        trimestre=pl.lit(f"{first.year}-T{first.month // 3}"),
    )


def _end_of_next(first: dt.date) -> dt.date:
    months = first.year * 12 + first.month + 1
    return dt.date(months // 12, months % 12 + 1, 1) - dt.timedelta(days=1)


def _before(first: dt.date) -> dt.date:
    return (first - dt.timedelta(days=1)).replace(day=1)
