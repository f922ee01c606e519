"""A release of the simulated country's own dictionary: invented terms under invented codes."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.files import put
from pipelines.simulator.vocabulary import meddra_codes
from pipelines.simulator.world import World


def write(world: World, out: Path) -> None:
    """Write `meddra/2012-06-30/llt.asc` and `mdhier.asc`; every term is also its own lowest level term."""
    terms = meddra_codes(world.terms)
    blank = [pl.lit("")] * 6
    llt = terms.select(
        llt_code="llt_meddra", llt_name="human_pt", pt_code="pt_meddra", **{f"b{i}": b for i, b in enumerate(blank)}
    ).with_columns(currency=pl.lit("Y"), jart=pl.lit(""))
    paths = terms.unique("pt_meddra", maintain_order=True).select(
        "pt_meddra",
        pl.col("hlt_code") + 20_000_000,
        (pl.col("soc_code") + 30_000_000).alias("hlgt"),
        (pl.col("soc_code") + 40_000_000).alias("soc_at"),
        pl.col("human_pt"),
        "hlt",
        pl.format("{} group", "soc").alias("hlgt_name"),
        "soc",
        pl.col("soc").str.slice(0, 4).alias("abbreviation"),
        pl.lit("").alias("empty"),
        (pl.col("soc_code") + 40_000_000).alias("primary"),
        pl.lit("Y").alias("flag"),
    )
    folder = out / "meddra" / "2012-06-30"
    for name, rows in (("llt.asc", llt), ("mdhier.asc", paths)):
        lines = ["$".join("" if v is None else str(v) for v in row) + "$" for row in rows.iter_rows()]
        put(folder / name, ("\r\n".join(lines) + "\r\n").encode())
