"""From the world to files: every source's own writer, found by looking, and the truth beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl

from pipelines.core.catalog import sources
from pipelines.intake.simulated import marking
from pipelines.simulator import access, acts, gmo, resistance, sites
from pipelines.simulator.world import build, write_truth
from pipelines.simulator.years.families import Families


def simulate(
    out: Path,
    reports: int,
    seed: int,
    say: Callable[[str], None],
    persons: int | None = None,
    null: bool = False,
    families: Families | None = None,
) -> None:
    """Write the files of all sources into `out/<source>/`, marked as simulated, and the truth into `out/truth/`.

    `families` are planted in place of what is built in, and stand beside the truth.
    """
    say(f"simulating {reports:,} reports (seed {seed})")
    world = build(reports, seed, persons, null, families)
    with marking(str(out), sources()):
        for source in sources().values():
            writer = source.module("simulate")
            if writer is None:
                say(f"{source.name}: has no simulator, left out")
                continue
            writer.write(world, out)
            files = [f for f in (out / source.name).rglob("*") if f.is_file()]
            say(f"{source.name}: {len(files)} files, {sum(f.stat().st_size for f in files):,} bytes")
    write_truth(world, out)
    pl.DataFrame(access.truth(world)).write_csv(out / "truth" / "access.csv")
    pl.DataFrame(gmo.truth(world)).write_csv(out / "truth" / "gmo.csv")
    pl.DataFrame(acts.truth(world)).write_csv(out / "truth" / "acts.csv")
    pl.DataFrame(sites.truth(world)).write_csv(out / "truth" / "sites.csv")
    pl.DataFrame(resistance.truth()).write_csv(out / "truth" / "resistance.csv")
    if families is not None:
        told = {name: family.model_dump(by_alias=True) for name, family in families.items()}
        (out / "truth" / "families.json").write_text(json.dumps({"families": told}, indent=1), encoding="utf-8")
