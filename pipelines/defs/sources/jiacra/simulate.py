"""The four inputs of JIACRA's univariate models, of a simulated continent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipelines.simulator.files import put_csv
from pipelines.simulator.resistance import SLOPES, places
from pipelines.simulator.world import World

FOLDER = "2024-02-21"
YEARS = (2020, 2021)
STATES = 14
CLASSES = {"CEPH": "third_generation_cephalosporins", "QALL": "quinolones"}
TITLES = {"CEPH": "third- and fourth-generation cephalosporins ", "QALL": "fluoroquinolones and other quinolones"}


def write(world: World, out: Path) -> None:
    """Write consumption and resistance of people and animals, in both kingdoms and across."""
    for file, exposure in (("AMCh_AMRh", "DID_TOTAL"), ("AMCa_AMRh", "PCU_ANIMALS")):
        _put(out, file, [_people(world, file, exposure, year, code) for year in YEARS for code in CLASSES])
    for file, isolates in (("AMCa_AMRa", 170), ("AMRa_AMRh", 170)):
        _put(out, file, [_animals(world, file, year, code, isolates) for year in YEARS for code in CLASSES])


def _put(out: Path, file: str, parts: list[pl.DataFrame]) -> None:
    put_csv(out / "jiacra" / FOLDER / f"{file}.csv", pl.concat(parts), ",")


def _head(year: int, code: str) -> dict[str, Any]:
    numbers = range(1, STATES + 1)
    states = {"ReportingCountry": [f"MS{i}" for i in numbers], "country_name": [f"Member State {i}" for i in numbers]}
    return {**states, "Year": year, "Pathogen": "ESCCOL", "Class": code}


def _tail(code: str) -> dict[str, Any]:
    return {"pathogen_name": "E. coli", "class_name": TITLES[code]}


def _people(world: World, file: str, exposure: str, year: int, code: str) -> pl.DataFrame:
    drawn = places(world, f"{file} {year} {code}", STATES, SLOPES[CLASSES[code]], 2_500)
    counts = {exposure: drawn.used, "NS": drawn.resistant, "Tested": drawn.tested}
    return pl.DataFrame({**_head(year, code), **counts, "PR_h": drawn.resistant / drawn.tested, **_tail(code)})


def _animals(world: World, file: str, year: int, code: str, isolates: int) -> pl.DataFrame:
    """Isolates of pigs beside their use, or beside those of people, one of whose states tested nine."""
    drawn = places(world, f"{file} {year} {code}", STATES, SLOPES[CLASSES[code]], isolates)
    head = {**_head(year, code), "Animal": "pigs"}
    counts = {"NS_a": drawn.resistant, "Tested_a": drawn.tested, "PR_a": drawn.resistant / drawn.tested}
    if file == "AMCa_AMRa":
        return pl.DataFrame({**head, "PCU_ANIMALS": drawn.used, **counts, **_tail(code)})
    people = places(world, f"people {file} {year} {code}", STATES, 0.0, 2_500)
    tested = people.tested.copy()
    tested[0] = 9
    resistant = people.resistant.copy()
    resistant[0] = 1
    beside = {"NS": resistant, "Tested": tested, "PR_h": resistant / tested}
    return pl.DataFrame({**head, **counts, **beside, **_tail(code)})
