"""Exports of the atlas: percentages by country and year, a value that is none, a year that is missing."""

from __future__ import annotations

from pathlib import Path

from pipelines.simulator.files import put
from pipelines.simulator.resistance import places
from pipelines.simulator.world import World

POPULATIONS = {
    "STAAUR_meticillin.csv": "Staphylococcus aureus|Meticillin (MRSA)",
    "KLEPNE_carbapenems.csv": "Klebsiella pneumoniae|Carbapenems",
}
YEARS = range(2010, 2016)
COUNTRIES = {"AT": "Austria", "EL": "Greece", "FR": "France", "UK": "United Kingdom"}
MISSING, NO_VALUE = ("FR", 2013), ("EL", 2012)
HEADER = "HealthTopic,Population,Indicator,Unit,Time,RegionCode,RegionName,NumValue,TxtValue"
LINE = '"Antimicrobial resistance","{}","R - resistant isolates, percentage  ","%","{}","{}","{}",{},""'


def write(world: World, out: Path) -> None:
    """Write one export a bacterium."""
    for file, population in POPULATIONS.items():
        lines = [",".join(f'"{name}"' for name in HEADER.split(","))]
        for year in YEARS:
            drawn = places(world, f"{file} {year}", len(COUNTRIES), 0.0, 900)
            for i, (code, name) in enumerate(COUNTRIES.items()):
                if (code, year) == MISSING:
                    continue
                percent = f"{100 * drawn.resistant[i] / drawn.tested[i]:.9f}"
                value = "-" if (code, year) == NO_VALUE else percent
                lines.append(LINE.format(population, year, code, name, value))
        put(out / "ecdc_atlas" / "2016-11-18" / file, ("\n".join(lines) + "\n").encode())
