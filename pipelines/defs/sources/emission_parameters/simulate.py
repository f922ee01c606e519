"""Parameters of the simulated country's substances and animals, a PNEC that is lowered once."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.files import put, put_csv
from pipelines.simulator.residues import residues
from pipelines.simulator.world import World

FOLDER = "2012-06-30"
LOWERED, LATER = 0, "2012-11-01"  # which substance's PNEC is stated anew, a tenth, and when
HUSBANDRY = [
    ("fattening_pig", 3, 65, 7.5, 12.2, 9.9, 1, 65),
    ("dairy_cow", 1, 550, 60, 91, 75.5, 0.5, 425),
    ("broiler", 9, 1, 0.23, 0.39, 0.3, 1, 1),
    ("horse", 1, 400, 35, 53.6, 44.3, 0.5, 400),
]
NAMES = [
    *("animal_type", "animals_per_place_year_updated", "body_weight_kg_updated", "n_kg_place_year_vmp_guideline"),
    *("n_kg_place_year_nrw", "n_kg_place_year_suggested", "housing_factor", "body_weight_kg_guideline_GK"),
]
GUIDELINE = "EMEA/CHMP/SWP/4447/00"


def write(world: World, out: Path) -> None:
    """Write own parameters, husbandry, excretion in percent, and statements with a PNEC."""
    random, folder = world.random("emission_parameters"), out / "emission_parameters" / FOLDER
    followed = residues(world).substances
    names = [str(n).lower() for n in followed["name"]]
    own = [
        ("everywhere", "all", "litres_per_inhabitant_day", 200.0, 150.0, 250.0, "all", GUIDELINE, "2006-06-01"),
        ("everywhere", "all", "dilution", 10.0, 3.0, 30.0, "all", GUIDELINE, "2006-06-01"),
    ]
    for name in names[:-1]:  # of the last one nobody states it
        value = round(float(random.uniform(0.2, 0.8)), 2)
        low, high = round(value / 2, 2), round((1 + value) / 2, 2)
        own.append(("substance", name, "removal", value, low, high, "all", "simulated survey of works", "2010-01-01"))
    lowered = ("substance", names[LOWERED], "pnec_surface_water", 0.0002, None, None, "all", "simulated agency", LATER)
    columns = ["subject_kind", "subject", "kind", "value", "low", "high", "conditions", "reference", "stated_on"]
    frame = pl.DataFrame([*own, lowered], schema=columns, orient="row", infer_schema_length=None)
    put_csv(folder / "environment_parameters.csv", frame, ",")
    put_csv(folder / "vmp_husbandry_defaults.csv", pl.DataFrame(HUSBANDRY, schema=NAMES, orient="row"), ",")
    excreted = [f"{i + 1},{n},oral,{int(random.integers(5, 95))}\n" for i, n in enumerate(names)]
    header = ",Pharmaceutical,Administration_Route,Excretion_percentage\n"  # the first column has no name
    put(folder / "pharmuse.csv", (header + "".join(excreted)).encode())
    stated = [(n, "A01AA01", 0.002 if i == LOWERED else 0.01, "2011-01-31") for i, n in enumerate(names[:4])]
    titles = ["substance", "atc_code", "pnec_ug_per_l", "statement_dated"]
    put_csv(folder / "pnec_statements.csv", pl.DataFrame(stated, schema=titles, orient="row"), ",")
