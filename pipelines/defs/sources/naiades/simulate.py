"""Analyses of the simulated country's rivers: residues that follow what was dispensed around each station."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipelines.formats.departments import REGIONS
from pipelines.simulator.files import put_csv
from pipelines.simulator.residues import residues
from pipelines.simulator.world import HUMAN_MONTHS, World

FOLDER = "2013-06-30"
DEPARTMENTS = [d for d in REGIONS if len(d) == 2 and d != "20"][::4]
BASINS = {"01": "Artois-Picardie", "03": "Seine-Normandie", "04": "Loire-Bretagne", "06": "Rhône-Méditerranée"}
LIMIT = 0.01  # µg/L, of quantification
CONCENTRATION = 0.02  # µg/L where as much is dispensed as on the mean
FIRST_PARAMETER = 5_296
STATION = ["code_station", "libelle_station", "code_departement", "nom_cours_eau", "code_bassin", "nom_bassin"]
ANALYSIS = [
    *("code_station", "libelle_station", "code_fraction", "date_prelevement", "heure_prelevement", "code_parametre"),
    *("libelle_parametre", "resultat", "symbole_unite", "code_remarque", "limite_detection", "limite_quantification"),
    *("code_qualification", "code_laboratoire", "code_analyse", "longitude", "latitude"),
]


def write(world: World, out: Path) -> None:
    """Write the list of stations, and analyses of two months in two pages, which share an analysis."""
    folder, stations = out / "naiades" / FOLDER, _stations()
    table = pl.DataFrame(stations, schema=[*STATION, "longitude", "latitude"], orient="row")
    put_csv(folder / "stations.csv", table, ",")
    rows = _analyses(world, stations)
    half = len(rows) // 2
    for page, part in enumerate((rows[: half + 1], rows[half:]), start=1):
        put_csv(folder / f"analyse_pc_{page}.csv", pl.DataFrame(part, schema=ANALYSIS, orient="row"), ",")


def _stations() -> list[tuple[Any, ...]]:
    basins = list(BASINS.items())
    return [
        (f"{code}{i:06}", f"LA RIVIERE A {d}", d, "La Rivière", code, name, round(-1 + i / 4, 4), round(43 + i / 4, 4))
        for i, d in enumerate(DEPARTMENTS)
        for code, name in [basins[i % len(basins)]]
    ]


def _analyses(world: World, stations: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    random, told = world.random("naiades"), residues(world)
    packs = {(r[0], str(r[1]).lstrip("0").zfill(2)): r[2] for r in told.loads.iter_rows()}
    rows: list[tuple[Any, ...]] = []
    for n, (number, french) in enumerate(told.substances.select("substance_no", "french").iter_rows()):
        own = [v for (s, _), v in packs.items() if s == number]
        mean = sum(own) / len(own)
        for code, name, department, *_, longitude, latitude in stations:
            for month in HUMAN_MONTHS[::3]:
                level = packs.get((number, department), 0) / mean / 2 ** (n % 3)
                value = CONCENTRATION * level * float(random.lognormal(0, 0.5))
                is_below = value < LIMIT
                result = LIMIT if is_below else round(value, 4)
                day, place = f"{month:%Y-%m}-{int(random.integers(1, 28)):02}", (longitude, latitude)
                what = (str(FIRST_PARAMETER + n), french.capitalize(), result, "µg/L", "10" if is_below else "1")
                rows.append(
                    (code, name, "3", day, "00:00:00", *what, None, LIMIT, "1", "0", str(9_000 + len(rows)), *place)
                )
    return rows
