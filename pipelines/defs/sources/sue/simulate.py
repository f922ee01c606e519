"""Reports of serious undesirable effects of cosmetics in the simulated country."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.defs.sources.sue.tables import SueReport
from pipelines.simulator.declarations import declared, export
from pipelines.simulator.files import put
from pipelines.simulator.world import World


def write(world: World, out: Path) -> None:
    """Write `sue/reports_2012-12-31.csv`."""
    random = world.random("sue")
    rows = declared(world, "sue").join(world.cosmetics.select("product_no", "cpnp"), on="product_no", how="left")
    rows = rows.with_columns(
        report_type=pl.when(pl.col("version") == 1).then(pl.lit("Initial")).otherwise(pl.lit("Follow-up")),
        use=pl.lit("as the label says"),
        re_exposure=pl.Series(random.choice(["positive", "negative", "unknown", ""], rows.height)),
    )
    put(out / "sue" / "reports_2012-12-31.csv", export(rows, SueReport.source_columns()))
