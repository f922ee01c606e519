"""Daily doses of the simulated substances: invented, in the layout of a user's copy."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.files import put_csv
from pipelines.simulator.world import HUMAN_MONTHS, World


def write(world: World, out: Path) -> None:
    """Write `ddd.csv`."""
    held = world.substances.filter("is_human").with_row_index("n")
    is_gram = pl.col("n") % 3 == 0
    rows = held.select(
        ATC="atc",
        substance="name",
        DDD=pl.when(is_gram).then(pl.lit("0,5")).otherwise((10 + pl.col("n") % 5 * 40).cast(pl.String)),
        Unit=pl.when(is_gram).then(pl.lit("g")).otherwise(pl.lit("mg")),
        Route=pl.lit("O"),
    )
    put_csv(out / "atc_ddd" / f"{HUMAN_MONTHS[0].year}-01-01" / "ddd.csv", rows)
