"""ESVAC and ASU of the simulated continent: sales by country, their ratio, use by species, defined doses."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.formats.countries import NAMES
from pipelines.simulator.exposure import WEIGHTS, livestock, supplied_kg
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import VETERINARY_MONTHS, World

YEARS = range(2018, 2023)
PADDED_FROM = 2019
COUNTRIES = ("FR", "DE", "ES", "DK")
ASU = {"FR": 1.1, "DE": 2.0}
KG_A_TONNE, MG_A_TONNE = 1e3, 1e9
FRENCH = {"Bovins": "cattle", "Chevaux": "horses"}
SPECIES = {"cattle": 3, "horses": 5}  # and the days of a course


def write(world: World, out: Path) -> None:
    """Write sales and ratios of all years, the use of the last, and doses of the simulated antibiotics."""
    random = world.random("esvac")
    folder = out / "esvac" / f"{VETERINARY_MONTHS[-1].year + 1}-03-31"
    antibiotics = world.substances.filter(pl.col("is_veterinary") & pl.col("atc").str.starts_with("J01"))
    used = supplied_kg(world).filter(pl.col("atc").is_in(antibiotics["atc"].implode()))
    whole = float(used["kg"].sum())
    rows: list[tuple[str, str, int]] = []
    ratios: list[tuple[str, int, str]] = []
    for year in YEARS:
        tonnes = {c: float(random.uniform(0.5, 3.0)) * whole / KG_A_TONNE for c in COUNTRIES}
        blank = " " if year >= PADDED_FROM else ""
        rows += [(NAMES[c].title() + blank, f"{t:.9f}{blank}", year) for c, t in tonnes.items()]
        rows.append((f"Total{blank}", f"{sum(tonnes.values()):.9f}", year))
        ratios.append(("France", year, f"{round(tonnes['FR'], 9) * MG_A_TONNE / _pcu(world, year):.6f}"))
    names = ["Country", "Antibiotic sales (tonnes)", "Year"]
    put_csv(folder / "esvac_sales_tonnes.csv", pl.DataFrame(rows, schema=names, orient="row"), ",")
    names = ["Entity", "Year", "mg_per_pcu"]
    put_csv(folder / "esvac_mg_pcu.csv", pl.DataFrame(ratios, schema=names, orient="row"), ",")
    doses = [
        (s, name.lower(), "oral", 10 + i % 7, (10 + i % 7) * days, "simulated")
        for i, name in enumerate(antibiotics["name"])
        for s, days in SPECIES.items()
    ]
    names = ["species", "substance", "route", "dddvet_mg_per_kg_per_day", "dcdvet_mg_per_kg", "via"]
    put_csv(folder / "dddvet.csv", pl.DataFrame(doses, schema=names, orient="row"), ",")
    use = [
        (
            country,
            VETERINARY_MONTHS[0].year,
            f"Q{row['atc']}",
            FRENCH[row["french_species"]],
            round(row["kg"] * share, 6),
        )
        for country, share in ASU.items()
        for row in used.iter_rows(named=True)
        if row["french_species"] in FRENCH
    ]
    names = ["country", "year", "atcvet", "species", "use_kg"]
    put_csv(folder / "asu_use.csv", pl.DataFrame(use, schema=names, orient="row"))


def _pcu(world: World, year: int) -> float:
    """Population correction unit of the simulated country, kg."""
    weight = {category: kg for _, category, kg in WEIGHTS}
    return float(sum(n * weight[category] for (y, category), n in livestock(world).items() if y == year))
