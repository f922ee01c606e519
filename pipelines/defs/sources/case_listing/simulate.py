"""A small listing of a few hundred other cases of the simulated country."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.files import put
from pipelines.simulator.world import World

N_CASES = 400


def write(world: World, out: Path) -> None:
    """Write `case_listing/hospital_2012-12-31.csv`: every fiftieth-odd human case under a number of the team's own."""
    key = ["case_no", "version"]
    cases = world.human.cases.filter(pl.col("version") == 1).filter(pl.col("case_no") % 29 == 3).head(N_CASES)
    names = world.human_products.select("product_no", product="brand")
    rows = (
        cases.select(*key, "received_date")
        .join(world.human.products.select(*key, "product_no"), on=key, how="inner", maintain_order="left")
        .join(names, on="product_no", how="left", maintain_order="left")
        .join(world.human.events.select(*key, "term_no"), on=key, how="inner", maintain_order="left")
        .join(world.terms.select("term_no", event="human_pt"), on="term_no", how="left", maintain_order="left")
    )
    listing = rows.select(pl.format("H-{}", pl.col("case_no")).alias("case_id"), "product", "event", "received_date")
    put(out / "case_listing" / "hospital_2012-12-31.csv", listing.write_csv().encode())
