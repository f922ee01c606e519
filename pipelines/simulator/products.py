"""Invented products: human ones as a French register knows them, veterinary ones as the European one does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from pipelines.simulator.vocabulary import brand

HUMAN_FORMS = [("comprimé pelliculé", "orale"), ("gélule", "orale"), ("solution injectable", "intraveineuse")]
HUMAN_FORMS += [("pommade", "cutanée")]
VETERINARY_FORMS = ["Solution for injection", "Oral suspension", "Chewable tablet", "Spot-on solution"]
SPECIES = {"Dog": "Chiens", "Cat": "Chats", "Horse": "Chevaux", "Cattle": "Bovins"}
HOLDERS = ["LABORATOIRES ARVENNE", "PHARMA DU RHONE", "SANTALIA", "VETALPES", "BIOLYRE"]
COSMETICS = ["Shampoo", "Hair straightener", "Face cream", "Body powder", "Nail varnish", "Deodorant"]
COLOURS = ["red", "black", "blue", "green", "yellow"]
SUPPLEMENT_FORMS = ["capsules", "tablets", "tea", "drops"]
COMPANIES = ["COSMELYS", "ATELIER RHONE", "NATURAVAL", "ENCRES DU SUD", "VITALYON"]
N_CASCADE = 8
STRENGTHS = [5, 10, 20, 50, 100, 250, 500]


def human(substances: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Human products: one to three per substance, some of two substances, with pack, price and dates."""
    pool = substances.filter("is_human")["substance_no"].to_list()
    rows: list[dict[str, Any]] = []
    for substance in pool:
        name = brand(random)
        for _ in range(int(random.integers(1, 4))):
            form, route = HUMAN_FORMS[random.integers(len(HUMAN_FORMS))]
            strength = STRENGTHS[random.integers(len(STRENGTHS))]
            partner = int(random.choice(pool)) if random.random() < 0.08 else None
            held = [substance] + ([partner] if partner not in (None, substance) else [])
            number = len(rows)
            label = f"{name} DUO" if len(held) > 1 else name
            rows.append(
                {
                    "product_no": number,
                    "brand": label,
                    "name": f"{label} {strength} mg, {form}",
                    "form": form,
                    "route": route,
                    "strength_mg": strength,
                    "substance_nos": held,
                    "holder": HOLDERS[random.integers(len(HOLDERS))],
                    "cis": f"{60_000_000 + number * 37}",
                    "cip7": f"{3_000_000 + number * 11}",
                    "cip13": cip13(3_000_000 + number * 11),
                    "price_eur": round(float(random.lognormal(2.5, 1.6)), 2) if number % 17 else 1466.29,
                    "authorised": dt.date(1995, 1, 1) + dt.timedelta(days=int(random.integers(9000))),
                    "is_withdrawn": bool(random.random() < 0.05),
                }
            )
    return pl.DataFrame(rows)


def veterinary(substances: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Veterinary products: one or two per substance and a species; a third of the names hold a comma."""
    rows: list[dict[str, Any]] = []
    for substance in substances.filter("is_veterinary")["substance_no"].to_list():
        name = brand(random).capitalize()
        for _ in range(int(random.integers(1, 3))):
            species = list(SPECIES)[random.integers(len(SPECIES))]
            strength = STRENGTHS[random.integers(len(STRENGTHS))]
            form = VETERINARY_FORMS[random.integers(len(VETERINARY_FORMS))]
            number = len(rows)
            remark = f" ({species.lower()}s, rabbits)" if number % 3 == 0 else ""
            rows.append(
                {
                    "product_no": number,
                    "brand": name,
                    "name": f"{name} {strength} mg/ml - {form}{remark}",
                    "form": form,
                    "strength_mg": strength,
                    "species": species,
                    "french_species": SPECIES[species],
                    "substance_nos": [substance],
                    "holder": HOLDERS[random.integers(len(HOLDERS))],
                    "register_no": 9000 + number,
                    "gtin": gtin(359_713_000_000 + number * 7),
                    "authorised": dt.date(2000, 1, 1) + dt.timedelta(days=int(random.integers(8000))),
                    "is_cascade": False,
                }
            )
    return pl.DataFrame(rows)


def cascade(human_products: pl.DataFrame, animal_products: pl.DataFrame) -> pl.DataFrame:
    """Add some human medicines to those given to animals: dogs get them, no veterinary register knows them."""
    given = human_products.filter(pl.col("substance_nos").list.len() == 1).head(N_CASCADE)
    rows = given.select(
        product_no=pl.int_range(animal_products.height, animal_products.height + given.height, dtype=pl.Int64),
        brand="brand",
        name="name",
        form="form",
        strength_mg="strength_mg",
        species=pl.lit("Dog"),
        french_species=pl.lit("Chiens"),
        substance_nos="substance_nos",
        holder="holder",
        register_no=pl.lit(None, pl.Int64),
        gtin=pl.lit(None, pl.String),
        authorised=pl.lit(None, pl.Date),
        is_cascade=pl.lit(True),
    )
    return pl.concat([animal_products, rows.select(animal_products.columns)])


def cosmetics(ingredients: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Cosmetic products: two per INCI ingredient or plant, with category, company and notification number (CPNP)."""
    pool = ingredients.filter(pl.col("kind") != "pigment")["ingredient_no"].to_list()
    rows: list[dict[str, Any]] = []
    for main in pool:
        for _ in range(2):
            number, name = len(rows), brand(random).capitalize()
            category = COSMETICS[random.integers(len(COSMETICS))]
            rows.append(
                {
                    "product_no": number,
                    "brand": name,
                    "name": f"{name} {category.lower()}",
                    "category": category,
                    "company": COMPANIES[random.integers(len(COMPANIES))],
                    "cpnp": f"{1_000_000 + number * 31}",
                    "substance_nos": _held(main, pool, random),
                }
            )
    return pl.DataFrame(rows)


def inks(ingredients: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Tattoo inks: two per pigment, some of two pigments."""
    pool = ingredients.filter(kind="pigment")["ingredient_no"].to_list()
    rows: list[dict[str, Any]] = []
    for main in pool:
        for _ in range(2):
            number, name, colour = len(rows), brand(random).capitalize(), COLOURS[random.integers(len(COLOURS))]
            rows.append(
                {
                    "product_no": number,
                    "brand": name,
                    "name": f"{name} {colour} {number}",
                    "colour": colour,
                    "company": COMPANIES[random.integers(len(COMPANIES))],
                    "substance_nos": _held(main, pool, random),
                }
            )
    return pl.DataFrame(rows)


def supplements(ingredients: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Food supplements: three per plant, some of two plants."""
    pool = ingredients.filter(kind="plant")["ingredient_no"].to_list()
    rows: list[dict[str, Any]] = []
    for main in pool:
        for _ in range(3):
            number, name = len(rows), brand(random).capitalize()
            form = SUPPLEMENT_FORMS[random.integers(len(SUPPLEMENT_FORMS))]
            rows.append(
                {
                    "product_no": number,
                    "brand": name,
                    "name": f"{name} {form}",
                    "form": form,
                    "company": COMPANIES[random.integers(len(COMPANIES))],
                    "substance_nos": _held(main, pool, random),
                }
            )
    return pl.DataFrame(rows)


def _held(main: int, pool: list[int], random: np.random.Generator) -> list[int]:
    """The main ingredient, and another in one product of four."""
    other = int(random.choice(pool))
    return [main, other] if random.random() < 0.25 and other != main else [main]


def cip13(cip7: int) -> str:
    """CIP13 of a CIP7: `34009`, the CIP7, and the EAN-13 check digit."""
    return _checked(f"34009{cip7:07}")


def gtin(number: int) -> str:
    """GTIN-14 of a number of twelve digits: a leading zero, the digits and the check digit."""
    return "0" + _checked(f"{number:012}")


def _checked(digits: str) -> str:
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits))
    return digits + str(-total % 10)
