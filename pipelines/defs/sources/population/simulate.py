"""Denominators of the simulated country: inhabitants by place, age and sex, livestock, standard weights."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.formats.departments import DEPARTMENTS, REGIONS
from pipelines.simulator.exposure import WEIGHTS, livestock
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import HUMAN_MONTHS, VETERINARY_MONTHS, World

INHABITANTS_A_PERSON = 20
AGES = {"Y_LT20": 0.24, "Y20T59": 0.49, "Y_GE60": 0.27}


def write(world: World, out: Path) -> None:
    """Write the three files; the last year's inhabitants come twice, first provisional."""
    years = sorted({m.year for m in (*HUMAN_MONTHS, *VETERINARY_MONTHS)})
    folder = out / "population"
    for version, factor in (("2013-03-31", 1.01), ("2025-03-31", 1.0)):
        rows = []
        for year in years:
            for region in DEPARTMENTS:
                n = factor * INHABITANTS_A_PERSON * world.persons / len(DEPARTMENTS)
                cells = [(a, s, round(n * share / 2)) for a, share in AGES.items() for s in "MF"]
                rows += [(region, "REG", a, s, "POP", year, v) for a, s, v in cells]
                rows.append((region, "REG", "_T", "_T", "POP", year, sum(v for *_, v in cells)))
            for department in REGIONS:
                n = round(factor * INHABITANTS_A_PERSON * world.persons / len(REGIONS))
                rows.append((department, "DEP", "_T", "_T", "POP", year, n))
            total = sum(r[-1] for r in rows if r[-2] == year and r[1:3] == ("REG", "_T"))
            rows.append(("FRANCE", "FRANCE", "_T", "_T", "POP", year, total))
        names = ["GEO", "GEO_OBJECT", "AGE", "SEX", "EP_MEASURE", "TIME_PERIOD", "OBS_VALUE"]
        put_csv(folder / version / "estimation_population.csv", pl.DataFrame(rows, schema=names, orient="row"))
    species_of = {category: species for species, category, _ in WEIGHTS}
    heads = [
        ("FR", year, species_of[category], category, n, "simulated census")
        for (year, category), n in livestock(world).items()
    ]
    names = ["country", "year", "species", "animal_category", "heads", "method"]
    put_csv(folder / "2025-03-31" / "livestock.csv", pl.DataFrame(heads, schema=names, orient="row"), ",")
    weights = [(*row, "simulated") for row in WEIGHTS]
    names = ["species", "animal_category", "average_weight_at_treatment_kg", "via"]
    put_csv(folder / "2025-03-31" / "standard_weights.csv", pl.DataFrame(weights, schema=names, orient="row"), ",")
