"""ESVAC and ASU of the simulated continent: sales by country, their ratio, use by species, defined doses."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.core.countries import NAMES
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import VETERINARY_MONTHS, World

YEARS = range(2018, 2023)
PADDED_FROM = 2019
COUNTRIES = ("FR", "DE", "ES", "DK")
SPECIES = {"cattle": 3, "horses": 5}  # and the days of a course


def write(world: World, out: Path) -> None:
    """Write sales and ratios of all years, the use of the last, and doses of the simulated antibiotics."""
    random = world.random("esvac")
    folder = out / "esvac" / f"{VETERINARY_MONTHS[-1].year + 1}-03-31"
    rows = []
    for year in YEARS:
        tonnes = {c: round(float(random.uniform(80, 900)), 2) for c in COUNTRIES}
        blank = " " if year >= PADDED_FROM else ""
        rows += [(NAMES[c].title() + blank, f"{t}{blank}", year) for c, t in tonnes.items()]
        rows.append((f"Total{blank}", f"{sum(tonnes.values()):.2f}", year))
    names = ["Country", "Antibiotic sales (tonnes)", "Year"]
    put_csv(folder / "esvac_sales_tonnes.csv", pl.DataFrame(rows, schema=names, orient="row"), ",")
    ratios = [(NAMES[c].title(), y, round(float(random.uniform(20, 150)), 1)) for c in COUNTRIES for y in YEARS]
    names = ["Entity", "Year", "mg_per_pcu"]
    put_csv(folder / "esvac_mg_pcu.csv", pl.DataFrame(ratios, schema=names, orient="row"), ",")
    antibiotics = world.substances.filter(pl.col("is_veterinary") & pl.col("atc").str.starts_with("J01"))
    doses = [
        (s, name.lower(), "oral", 10 + i % 7, (10 + i % 7) * days, "simulated")
        for i, name in enumerate(antibiotics["name"])
        for s, days in SPECIES.items()
    ]
    names = ["species", "substance", "route", "dddvet_mg_per_kg_per_day", "dcdvet_mg_per_kg", "via"]
    put_csv(folder / "dddvet.csv", pl.DataFrame(doses, schema=names, orient="row"), ",")
    use = [
        ("FR", VETERINARY_MONTHS[0].year, f"Q{atc}", s, round(float(random.uniform(100, 9000)), 1))
        for atc in antibiotics["atc"]
        for s in SPECIES
    ]
    names = ["country", "year", "atcvet", "species", "use_kg"]
    put_csv(folder / "asu_use.csv", pl.DataFrame(use, schema=names, orient="row"))
