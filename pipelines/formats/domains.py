"""Vigilances, and which agency is in charge of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

DOMAINS = {
    "human": "Medicines for people",
    "veterinary": "Medicines for animals, people exposed to them included",
    "cosmetic": "Cosmetic products",
    "tattoo": "Tattoo and permanent make-up inks",
    "nutrition": "Food supplements, fortified and novel foods",
}
AGENCIES = {"ANSM": "Human medicines", "ANSES": "Veterinary medicines (ANMV), cosmetics, tattoos, nutrition"}


def agency_of(domain: str) -> str:
    """The agency that is in charge of a vigilance."""
    return "ANSM" if domain == "human" else "ANSES"


def in_charge(domain: str) -> Column:
    """The same of a column of domains."""
    from pyspark.sql import functions as F

    return F.when(F.col(domain) == "human", agency_of("human")).otherwise(agency_of("veterinary"))
