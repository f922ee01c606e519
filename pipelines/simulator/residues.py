"""What becomes of medicines that were dispensed: parameters of some substances, residues that follow their sales."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.simulator.exposure import totals
from pipelines.simulator.world import World

FOLLOWED = 6  # substances, those most dispensed


@dataclass(frozen=True)
class Residues:
    """Followed substances (`substance_no`, `name`, `french`, `packs`), and their packs by département."""

    substances: pl.DataFrame
    loads: pl.DataFrame  # substance_no, department, packs


def residues(world: World) -> Residues:
    """The substances most dispensed, each alone in its products, and where."""
    alone = world.human_products.filter(pl.col("substance_nos").list.len() == 1)
    held = alone.select("product_no", substance_no=pl.col("substance_nos").list.first())
    packs = totals(world, ["department", "product_no"], is_hospital=False).join(held, on="product_no", how="inner")
    loads = packs.group_by("substance_no", "department").agg(pl.col("packs").sum()).sort("substance_no", "department")
    most = loads.group_by("substance_no").agg(pl.col("packs").sum()).sort("packs", "substance_no", descending=True)
    names = world.substances.select("substance_no", "name", "french")
    followed = most.head(FOLLOWED).join(names, on="substance_no", how="left", maintain_order="left")
    wanted = followed["substance_no"].implode()
    return Residues(followed, loads.filter(pl.col("substance_no").is_in(wanted)))
