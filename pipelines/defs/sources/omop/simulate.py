"""A small OMOP database of some of the simulated people, tabs between fields as one tool writes them."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.simulator.exposure import dispensed, people
from pipelines.simulator.files import put_csv
from pipelines.simulator.world import HUMAN_MONTHS, World

PERSONS = 200
FIRST_CONCEPT = 19_000_000


def write(world: World, out: Path) -> None:
    """Write the tables of persons, drug exposures and concepts of the first people."""
    persons = next(people(world)).head(PERSONS)
    folder = out / "omop" / "2013-01-31"
    put_csv(
        folder / "PERSON.csv",
        persons.select(
            person_id="person_no",
            gender_concept_id=pl.col("sex").replace_strict({1: "8507", 2: "8532"}, return_dtype=pl.String),
            year_of_birth="birth_year",
        ),
        "\t",
    )
    lines = pl.concat(
        [
            dispensed(world, persons, month).with_columns(date=pl.lit(first.strftime("%Y-%m-")) + _two("day"))
            for month, first in enumerate(HUMAN_MONTHS)
        ]
    ).with_row_index("number")
    put_csv(
        folder / "DRUG_EXPOSURE.csv",
        lines.select(
            drug_exposure_id="number",
            person_id="person_no",
            drug_concept_id=pl.col("product_no") + FIRST_CONCEPT,
            drug_exposure_start_date="date",
            drug_exposure_end_date="date",
            quantity=pl.col("packs") * 30,
            days_supply=pl.lit(30),
            drug_source_value="cip13",
        ),
        "\t",
    )
    names = world.substances.select("substance_no", substance=pl.col("name").str.to_lowercase())
    held = world.human_products.with_columns(substance_no=pl.col("substance_nos").list.first())
    drugs = held.join(names, on="substance_no", how="left", maintain_order="left")
    put_csv(
        folder / "CONCEPT.csv",
        drugs.select(
            concept_id=pl.col("product_no") + FIRST_CONCEPT,
            concept_name=pl.format("{} {} MG Oral Tablet", "substance", "strength_mg"),
            domain_id=pl.lit("Drug"),
            vocabulary_id=pl.lit("RxNorm"),
            concept_class_id=pl.lit("Clinical Drug"),
            concept_code=pl.col("product_no") + 100_000,
        ),
        "\t",
    )


def _two(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).str.zfill(2)
