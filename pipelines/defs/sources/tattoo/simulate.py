"""Declarations about tattoos in the simulated country."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.defs.sources.tattoo.tables import TattooDeclaration
from pipelines.simulator.declarations import declared, export
from pipelines.simulator.files import put
from pipelines.simulator.world import World

SITES = ["forearm", "back", "ankle", "eyebrow", "shoulder"]
CONDITIONS = ["professional studio, certificate", "professional studio", "at home"]


def write(world: World, out: Path) -> None:
    """Write `tattoo/declarations_2012-12-31.csv`; a session is months or years before its effects."""
    random = world.random("tattoo")
    rows = declared(world, "tattoo").join(world.inks.select("product_no", "colour"), on="product_no", how="left")
    session = pl.col("first_use_date") - pl.duration(days=pl.lit(pl.Series(random.integers(30, 1500, rows.height))))
    rows = rows.with_columns(
        first_use_date=session,
        body_site=pl.Series(random.choice(SITES, rows.height)),
        session_conditions=pl.Series(random.choice(CONDITIONS, rows.height)),
        misuse=pl.Series(random.choice(["no", "no", "no", "yes"], rows.height)),
    )
    put(out / "tattoo" / "declarations_2012-12-31.csv", export(rows, TattooDeclaration.source_columns()))
