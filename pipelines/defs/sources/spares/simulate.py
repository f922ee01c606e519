"""A year of the simulated country's hospitals: isolates by week, bed-days, antibiotics, official incidences."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.simulator.files import put, put_csv
from pipelines.simulator.resistance import SLOPES, places
from pipelines.simulator.workbooks import workbook
from pipelines.simulator.world import World

YEAR = 2012
WEEKS = [dt.date(2012, 1, 2) + dt.timedelta(days=7 * i) for i in range(52)]
REGIONS = ("Auvergne-Rhône-Alpes", "Bretagne", "Centre-Val de Loire", "Grand-Est", "Île-de-France", "Occitanie")
SMALL = "Bretagne"  # whose weeks are cells too small to be shown
BACTERIA = {
    "CR P. aeruginosa": "carbapenems",
    "ESBL E. coli": "third_generation_cephalosporins",
    "ESBL K. pneumoniae": "third_generation_cephalosporins",
    "MRSA": "meticillin",
}
CLASSES = {
    "carbapenems": "Carbapenems",
    "third_generation_cephalosporins": "Third generation Cephalosporins",
    "quinolones": "Quinolones",
}
OFFICIAL = {"Escherichia coli": "ESBL", "Klebsiella pneumoniae": "ESBL", "Staphylococcus aureus": "SARM"}
BED_DAYS_A_WEEK = 9_000


def write(world: World, out: Path) -> None:
    """Write resistance, bed-days and use of one year; nation and regions agree."""
    random, folder = world.random("spares"), out / "spares" / f"{YEAR + 1}-11-18"
    beds = {name: BED_DAYS_A_WEEK // (4 if name == SMALL else 1) for name in REGIONS}
    used = {c: places(world, c, len(REGIONS), SLOPES[c], 40) for c in CLASSES}
    rows = [row for name, group in BACTERIA.items() for row in _isolates(random, name, used.get(group), beds)]
    regions = pl.DataFrame(rows, schema=["Date_week", "bacterie", "region", "n_res", "n_tot"], orient="row")
    regions = regions.sort("Date_week", "bacterie", "region")
    nation = regions.group_by("Date_week", "bacterie", maintain_order=True).agg(pl.col("n_res", "n_tot").sum())
    put_csv(folder / "res_regions.csv", regions, ",")
    put_csv(folder / "res_hospital.csv", nation, ",")
    put_csv(folder / "res_icu.csv", nation.with_columns(pl.col("n_res", "n_tot") // 6), ",")
    put_csv(folder / "res_blood_hospital.csv", nation.with_columns(pl.col("n_res", "n_tot") // 9), ",")
    days = [(week, name, int(beds[name] + random.integers(-200, 200))) for week in WEEKS for name in REGIONS]
    by_region = pl.DataFrame(days, schema=["Date_week", "region", "nbjh"], orient="row")
    put_csv(folder / "bd_pmsi_regions.csv", by_region, ",")
    whole = by_region.group_by("Date_week", maintain_order=True).agg(pl.col("nbjh").sum())
    put_csv(folder / "bd_pmsi_hospital.csv", whole, ",")
    put_csv(folder / "atb_use_regions.csv", _use(used, beds), ",")
    put(folder / "incidence_density_from_reports.xlsx", _official(nation, by_region))


def _isolates(random: np.random.Generator, name: str, used: Any, beds: dict[str, int]) -> list[tuple[Any, ...]]:
    shares = np.full(len(REGIONS), 0.13) if used is None else used.resistant / used.tested
    return [
        (week, name, region, int(random.binomial(n, share)), n)
        for week in WEEKS
        for region, share in zip(REGIONS, shares, strict=True)
        for n in [int(random.poisson(beds[region] / 400))]
    ]


def _use(used: dict[str, Any], beds: dict[str, int]) -> pl.DataFrame:
    """Doses by class, their `Total` with what no class names, and a class that others hold already."""
    rows = []
    for i, region in enumerate(REGIONS):
        days = float(beds[region] * len(WEEKS))
        ddd = {CLASSES[c]: float(p.used[i]) * days / 1_000 for c, p in used.items()}
        ddd |= {"Cephalosporins": ddd["Third generation Cephalosporins"] * 2, "Total": sum(ddd.values()) * 6}
        rows += [(float(YEAR), name, region, value, days, float(round(days / 300))) for name, value in ddd.items()]
    names = ["Date_year", "atb_class", "region", "molDDD", "Nbhosp", "Nblits"]
    return pl.DataFrame(rows, schema=names, orient="row").sort("atb_class", "region")


def _official(nation: pl.DataFrame, by_region: pl.DataFrame) -> bytes:
    """Official figures are of more hospitals: twice the isolates, over more than twice the days."""
    days = 2.2 * float(by_region["nbjh"].sum())
    short = {name.split(" ", 1)[-1]: name for name in BACTERIA if name.startswith("ESBL")} | {"S. aureus": "MRSA"}
    rows: list[list[Any]] = [["bacterie", "phenotype", "qrt", "n", "Nbhosp", "di", "di_manual", "database"]]
    for bacterium, phenotype in OFFICIAL.items():
        genus, species = bacterium.split(" ")
        n = 2 * int(nation.filter(pl.col("bacterie") == short[f"{genus[0]}. {species}"])["n_res"].sum())
        rows.append([bacterium, phenotype, YEAR, n, int(days), round(n / days * 1_000, 2), None, "SPARES"])
    return workbook(rows)
