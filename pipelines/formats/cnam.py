"""Codes of the health insurance's published files (CNAM): ages, sexes, regions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.columns import looked_up

if TYPE_CHECKING:
    from pyspark.sql import Column


def cnam_age(column: str = "age") -> Column:
    """Age band of CNAM's codes; null where not known."""
    return looked_up(F.trim(column), {"0": "0-19", "20": "20-59", "60": "60+"})


def cnam_sex(column: str = "sexe") -> Column:
    """Sex of CNAM's codes; null where not known."""
    return looked_up(F.trim(column), {"1": "male", "2": "female"})


def cnam_region(column: str) -> Column:
    """Region, two digits, of CNAM's codes; null where not known: 0, 99 or blank."""
    return F.lpad(F.when(~F.trim(column).isin("0", "00", "99", ""), F.trim(column)), 2, "0")
