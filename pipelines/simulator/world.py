"""The world as the writers see it: vocabularies, products, reports of both domains, and the truth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulator import products, vocabulary
from pipelines.simulator.cases import report
from pipelines.simulator.planted import Kin
from pipelines.simulator.reporting import CHANNELS, Reporting
from pipelines.simulator.years.families import Families

SHARES = {"human": 0.53, "veterinary": 0.34, "cosmetic": 0.06, "nutrition": 0.05, "tattoo": 0.02}
FEWEST = 60
FEWEST_PERSONS = 200
HUMAN_MONTHS = [dt.date(2012, m, 1) for m in range(7, 13)]
VETERINARY_MONTHS = [dt.date(2023 + (m > 12), (m - 1) % 12 + 1, 1) for m in range(7, 19)]


@dataclass(frozen=True)
class World:
    """One simulated country, the same for the same seed.

    persons: people who take medicines, see `exposure`.
    terms, substances, ingredients: see `vocabulary`. human_products, veterinary_products, whose `substance_nos` point
    into substances, and cosmetics, inks, supplements, whose point into ingredients: see `products`. reporting: all
    reports by domain, whose `product_no` and `term_no` point into those tables.
    """

    seed: int
    persons: int
    terms: pl.DataFrame
    substances: pl.DataFrame
    human_products: pl.DataFrame
    veterinary_products: pl.DataFrame
    ingredients: pl.DataFrame
    cosmetics: pl.DataFrame
    inks: pl.DataFrame
    supplements: pl.DataFrame
    reporting: dict[str, Reporting]

    @property
    def human(self) -> Reporting:
        """All reports on medicines for people."""
        return self.reporting["human"]

    @property
    def veterinary(self) -> Reporting:
        """All reports on medicines for animals."""
        return self.reporting["veterinary"]

    def through(self, channel: str, domain: str | None = None) -> Reporting:
        """Return the reports that reach a source; name the domain where it receives several."""
        domains = [d for d, channels in CHANNELS.items() if channel in channels and domain in (None, d)]
        if len(domains) != 1:
            raise ValueError(f"{channel} receives {', '.join(domains) or 'nothing'}: name one domain")
        return self.reporting[domains[0]].through(channel)

    def products_of(self, domain: str) -> pl.DataFrame:
        """Return the product frame of a domain."""
        return {
            "human": self.human_products,
            "veterinary": self.veterinary_products,
            "cosmetic": self.cosmetics,
            "tattoo": self.inks,
            "nutrition": self.supplements,
        }[domain]

    def random(self, purpose: str) -> np.random.Generator:
        """Return a generator for one writer's own small choices, independent of all others."""
        return np.random.default_rng([self.seed, *purpose.encode()])


def build(
    reports: int, seed: int, persons: int | None = None, null: bool = False, families: Families | None = None
) -> World:
    """Build the world with about this many reports, shared out between the vigilances as `SHARES` says.

    `null`: a country without signals or artefacts of reporting; duplicates and retractions stay. `families` are planted
    in place of what is built in; with `null`, their artefacts alone.

    People who take medicines are as many as `persons`, else as the reports.
    """
    random = np.random.default_rng(seed)
    terms = vocabulary.terms()
    ingredients = vocabulary.ingredients(np.random.default_rng([seed, 1]))
    substances = vocabulary.with_plants(vocabulary.substances(random), ingredients)
    frames = {
        "human": products.human(substances, random),
        "veterinary": products.veterinary(substances, random),
        "cosmetic": products.cosmetics(ingredients, random),
        "tattoo": products.inks(ingredients, random),
        "nutrition": products.supplements(ingredients, random),
    }
    frames["veterinary"] = products.cascade(frames["human"], frames["veterinary"])
    if families is not None and null:
        families = {name: family for name, family in families.items() if not family.is_harm}
    reporting: dict[str, Reporting] = {}
    for domain, share in SHARES.items():
        held = substances if domain in ("human", "veterinary") else ingredients
        elsewhere = reporting["human"].plants if domain == "veterinary" else ()
        reporting[domain] = report(
            max(int(reports * share), FEWEST),
            VETERINARY_MONTHS if domain == "veterinary" else HUMAN_MONTHS,
            frames[domain],
            terms.height,
            random,
            domain,
            null,
            families,
            Kin(_classes(held), terms["hlt_code"].to_numpy(), elsewhere),
        )
    return World(
        seed,
        max(reports if persons is None else persons, FEWEST_PERSONS),
        terms,
        substances,
        frames["human"],
        frames["veterinary"],
        ingredients,
        frames["cosmetic"],
        frames["tattoo"],
        frames["nutrition"],
        reporting,
    )


def _classes(held: pl.DataFrame) -> np.ndarray:
    """Code of the class of each substance by its number: the ATC group of a medicine, an ingredient's first word."""
    word = pl.col("atc").str.slice(0, 3) if "atc" in held.columns else pl.col("name").str.split(" ").list.first()
    return held.select(word.rank("dense").cast(pl.Int64)).to_series().to_numpy()


def write_truth(world: World, out: Path) -> None:
    """Write what is true in `out/truth/`: signals.csv, duplicates.csv and retractions.csv."""
    folder = out / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    signals, duplicates, retractions = [], [], []
    for domain, reporting in world.reporting.items():
        name = "llt" if domain == "veterinary" else "human_pt"
        held = world.substances if domain in ("human", "veterinary") else world.ingredients
        held = held.rename({held.columns[0]: "substance_no"}) if "substance_no" not in held.columns else held
        told = reporting.signals.join(held, on="substance_no", maintain_order="left")
        told = told.join(world.terms, on="term_no", maintain_order="left")
        signals.append(
            told.select(
                pl.lit(domain).alias("domain"),
                pl.col("name").str.to_uppercase().alias("substance"),
                "unii",
                pl.col(name).alias("event"),
                "start_month",
                "strength",
                "kind",
                "note",
                "family",
                "end_month",
            )
        )
        first = reporting.cases.filter(pl.col("version") == 1)
        pairs = first.filter(pl.col("duplicate_of").is_not_null())
        originals = first.select("case_no", original_channel="channel", original_no="worldwide_no")
        pairs = pairs.join(originals, left_on="duplicate_of", right_on="case_no", how="left", maintain_order="left")
        duplicates.append(
            pairs.select(
                pl.lit(domain).alias("domain"),
                "case_no",
                "duplicate_of",
                "channel",
                "original_channel",
                "worldwide_no",
                "original_no",
                is_same_number=pl.col("worldwide_no") == pl.col("original_no"),
            )
        )
        gone = first.filter(pl.col("retracted_date").is_not_null())
        retractions.append(gone.select(pl.lit(domain).alias("domain"), "case_no", "retracted_date"))
    pl.concat(signals).write_csv(folder / "signals.csv")
    pl.concat(duplicates).write_csv(folder / "duplicates.csv")
    pl.concat(retractions).write_csv(folder / "retractions.csv")
