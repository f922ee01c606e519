"""Who takes what: people with a product each, dispensed month by month; animals treated farm by farm.

Drawn in chunks, each from its own seed, so that a country of any size needs the memory of one chunk.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import polars as pl

from pipelines.formats.departments import REGIONS
from pipelines.simulator.world import HUMAN_MONTHS, VETERINARY_MONTHS, World

LAGS = {1: 0.70, 2: 0.19, 3: 0.06, 4: 0.03, 5: 0.01, 6: 0.01}  # months from care to flow
TAKEN_BACK, IN_HOSPITAL, IS_ILL, SECOND_PSEUDONYM = 0.02, 0.03, 0.2, 0.05
IS_TAKEN = 0.9
SPECIALITIES = ["1", "3", "22", "32"]
CHUNK = 250_000
SUPPLIES_A_MONTH = 2
ML_A_PACK = 100
LIVESTOCK_YEARS = range(2018, 2023)
WEIGHTS = [
    ("bovine", "slaughter cow", 425),
    ("bovine", "living dairy cow", 425),
    ("porcine", "slaughter pig", 65),
    ("porcine", "living sow", 240),
    ("equine", "living horse", 400),
]


def people(world: World) -> Iterator[pl.DataFrame]:
    """All persons, chunk by chunk: who they are, what they take, whether they have a second pseudonym."""
    for first in range(0, world.persons, CHUNK):
        yield _people(world, first, min(CHUNK, world.persons - first))


def _people(world: World, first: int, n: int) -> pl.DataFrame:
    random = world.random(f"people {first}")
    taken = world.human.popularity
    departments = np.array([d.zfill(3) for d in REGIONS])
    drawn = pl.DataFrame(
        {
            "person_no": np.arange(first, first + n),
            "birth_year": random.integers(1925, 2012, n),
            "sex": random.integers(1, 3, n),
            "department": random.choice(departments, n),
            "product_no": random.choice(taken["product_no"].to_numpy(), n, p=taken["share"].to_numpy()),
            "is_ill": random.random(n) < IS_ILL,
            "is_listed": random.random(n) > 0.01,
            "has_two": random.random(n) < SECOND_PSEUDONYM,
        }
    )
    region = pl.col("department").str.strip_chars_start("0").str.zfill(2).replace_strict(REGIONS, default=None)
    return drawn.with_columns(region=region)


def dispensed(world: World, persons: pl.DataFrame, month: int) -> pl.DataFrame:
    """What a chunk of people gets in a month of care: day, packs, the lag of its flow, whether it is taken back."""
    random, n = world.random(f"dispensed {month} {int(persons['person_no'][0])}"), persons.height
    is_care = 0 <= month < len(HUMAN_MONTHS)
    lines = persons.with_columns(
        day=pl.Series(random.integers(1, 29, n)),
        packs=pl.Series(random.integers(1, 4, n)),
        lag=pl.Series(random.choice(list(LAGS), n, p=list(LAGS.values()))),
        is_taken=pl.Series(random.random(n) < IS_TAKEN * is_care),
        is_back=pl.Series(random.random(n) < TAKEN_BACK),
        in_hospital=pl.Series(random.random(n) < IN_HOSPITAL),
        uses_second=pl.col("has_two") & pl.Series(random.random(n) < 0.5),
        speciality=pl.Series(random.choice(SPECIALITIES, n)),
    ).filter("is_taken")
    named = world.human_products.select("product_no", "cip13", "cip7", "name", "substance_nos")
    return lines.join(named, on="product_no", how="left", maintain_order="left")


def year_of_care(world: World) -> Iterator[tuple[dt.date, pl.DataFrame]]:
    """What was dispensed for good, by month of care, chunk by chunk, with age band and ATC code."""
    codes = world.substances.select("substance_no", "atc")
    for persons in people(world):
        for month, first in enumerate(HUMAN_MONTHS):
            lines = dispensed(world, persons, month).filter(~pl.col("is_back"))
            age = first.year - pl.col("birth_year")
            band = pl.when(age < 20).then(pl.lit("0")).when(age < 60).then(pl.lit("20")).otherwise(pl.lit("60"))
            held = lines.with_columns(substance_no=pl.col("substance_nos").list.first(), age=band)
            yield first, held.join(codes, on="substance_no", how="left", maintain_order="left")


def totals(world: World, by: list[str], is_hospital: bool, with_month: bool = False) -> pl.DataFrame:
    """Packs of the year, of town or hospital pharmacies, by some columns and perhaps the month."""
    key = [*by, "month"] if with_month else by
    parts = []
    for month, lines in year_of_care(world):
        own = lines.filter(pl.col("in_hospital") == is_hospital).with_columns(month=pl.lit(month))
        parts.append(own.group_by(key).agg(pl.col("packs").sum()))
    return pl.concat(parts).group_by(key).agg(pl.col("packs").sum()).sort(by)


def patients(world: World, by: list[str]) -> pl.DataFrame:
    """Persons with at least one dispensing of the year, by some columns."""
    seen: dict[int, list[pl.DataFrame]] = {}
    for _, lines in year_of_care(world):
        own = lines.filter(~pl.col("in_hospital"))
        seen.setdefault(int(lines["person_no"][0]) // CHUNK, []).append(own.select(*by, "person_no", "packs"))
    counted = [
        pl.concat(parts).group_by(by).agg(pl.col("person_no").n_unique().alias("n"), pl.col("packs").sum())
        for parts in seen.values()
    ]
    return pl.concat(counted).group_by(by).agg(pl.col("n").sum(), pl.col("packs").sum()).sort(by)


def supplied(world: World) -> pl.DataFrame:
    """Lines of prescriptions for animals over all months: product, day, farm, animals, packs, dose, days."""
    products = world.veterinary_products
    drawn = pl.concat([_supplied_in(world, month) for month in range(len(VETERINARY_MONTHS))])
    codes = world.human_products.group_by("name").agg(pl.col("cip13").first())
    named = products.join(codes, on="name", how="left").with_columns(
        code=pl.when("is_cascade").then("cip13").otherwise("gtin")
    )
    told = named.select("product_no", "code", "french_species", "is_cascade", "name", "form", "holder", "substance_nos")
    return drawn.join(told, on="product_no", how="left", maintain_order="left")


def _supplied_in(world: World, month: int) -> pl.DataFrame:
    """Lines of one month, drawn from its own seed: no other month plays a part."""
    random = world.random(f"supplied {month}")
    products = world.veterinary_products["product_no"].to_numpy()
    n = SUPPLIES_A_MONTH * len(products)
    return pl.DataFrame(
        {
            "month": np.full(n, month),
            "product_no": np.tile(products, SUPPLIES_A_MONTH),
            "day": random.integers(1, 29, n),
            "farm": random.integers(0, 400, n),
            "vet": random.integers(0, 60, n),
            "n_animals": 5 + random.poisson(40, n),
            "n_packs": 1 + random.poisson(3, n),
            "dose": random.choice([5, 10, 20], n),
            "days": random.integers(1, 8, n),
            "number": np.arange(month * n, (month + 1) * n),
        }
    )


def livestock(world: World) -> dict[tuple[int, str], int]:
    """Heads by year and category of animals."""
    years = sorted({*LIVESTOCK_YEARS, *(m.year for m in (*HUMAN_MONTHS, *VETERINARY_MONTHS))})
    random = world.random("livestock")
    return {(year, category): int(random.integers(1_000, 9_000)) for year in years for _, category, _ in WEIGHTS}


def supplied_kg(world: World) -> pl.DataFrame:
    """Active substance supplied by ATC code and species, kg: strength is a millilitre's, a pack is 100 of them."""
    strength = world.veterinary_products.select("product_no", "strength_mg")
    lines = supplied(world).join(strength, on="product_no", how="left", maintain_order="left")
    held = lines.with_columns(substance_no=pl.col("substance_nos").list.first())
    named = held.join(world.substances.select("substance_no", "atc"), on="substance_no", how="left")
    kg = pl.col("strength_mg") * ML_A_PACK * pl.col("n_packs") / 1e6
    return named.group_by("atc", "french_species").agg(kg.sum().alias("kg")).sort("atc", "french_species")
