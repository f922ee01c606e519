"""The world as the writers see it: vocabularies, products, reports of both domains, and the truth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulator import products, vocabulary
from pipelines.simulator.cases import Reporting, report

HUMAN_SHARE = 0.6
HUMAN_MONTHS = [dt.date(2012, m, 1) for m in range(7, 13)]
VETERINARY_MONTHS = [dt.date(2023 + (m > 12), (m - 1) % 12 + 1, 1) for m in range(7, 19)]


@dataclass(frozen=True)
class World:
    """One simulated country, the same for the same seed.

    terms: see `vocabulary.terms`. substances: see `vocabulary.substances`. human_products, veterinary_products: see
    `products`. human, veterinary: `Reporting`, whose `product_no` and `term_no` point into those tables.
    """

    seed: int
    terms: pl.DataFrame
    substances: pl.DataFrame
    human_products: pl.DataFrame
    veterinary_products: pl.DataFrame
    human: Reporting
    veterinary: Reporting

    def random(self, purpose: str) -> np.random.Generator:
        """Return a generator for one writer's own small choices, independent of all others."""
        return np.random.default_rng([self.seed, *purpose.encode()])


def build(reports: int, seed: int) -> World:
    """Build the world with about this many reports, three in five of them human."""
    random = np.random.default_rng(seed)
    terms = vocabulary.terms()
    substances = vocabulary.substances(random)
    human_products = products.human(substances, random)
    veterinary_products = products.veterinary(substances, random)
    n_human = int(reports * HUMAN_SHARE)
    human = report(n_human, HUMAN_MONTHS, human_products, terms.height, random, True)
    animals = report(reports - n_human, VETERINARY_MONTHS, veterinary_products, terms.height, random, False)
    return World(seed, terms, substances, human_products, veterinary_products, human, animals)


def write_truth(world: World, out: Path) -> None:
    """Write what is true in `out/truth/`: signals.csv, duplicates.csv and retractions.csv."""
    folder = out / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    named = {"human": (world.human, "human_pt"), "veterinary": (world.veterinary, "llt")}
    signals, duplicates, retractions = [], [], []
    for domain, (reporting, name) in named.items():
        told = reporting.signals.join(world.substances, on="substance_no").join(world.terms, on="term_no")
        signals.append(
            told.select(
                pl.lit(domain).alias("domain"),
                pl.col("name").alias("substance"),
                "unii",
                pl.col(name).alias("event"),
                "start_month",
                "strength",
                "kind",
            )
        )
        first = reporting.cases.filter(pl.col("version") == 1)
        pairs = first.filter(pl.col("duplicate_of").is_not_null())
        duplicates.append(pairs.select(pl.lit(domain).alias("domain"), "case_no", "duplicate_of"))
        gone = first.filter(pl.col("retracted_date").is_not_null())
        retractions.append(gone.select(pl.lit(domain).alias("domain"), "case_no", "retracted_date"))
    pl.concat(signals).write_csv(folder / "signals.csv")
    pl.concat(duplicates).write_csv(folder / "duplicates.csv")
    pl.concat(retractions).write_csv(folder / "retractions.csv")
