"""Isolates of the simulated continent beside the use of their class, once, without a year."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.formats.countries import ALPHA3
from pipelines.simulator.files import put_csv
from pipelines.simulator.resistance import SLOPES, places
from pipelines.simulator.world import World

COUNTRIES = list(ALPHA3)[:14]


def write(world: World, out: Path) -> None:
    """Write one file of one bacterium and class."""
    drawn = places(world, "ears", len(COUNTRIES), SLOPES["quinolones"], 3_000)
    columns = {"country": COUNTRIES, "bug": "Escherichia coli", "drug": "quinolone"}
    counts = {"n_resistant": drawn.resistant, "n_isolates": drawn.tested, "did": drawn.used}
    frame = pl.DataFrame(columns | counts)
    put_csv(out / "ears" / "2018-12-18" / "ecdc_use_resistance.tsv", frame, "\t")
