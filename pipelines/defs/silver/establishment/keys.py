"""How establishments are named: by identifier, else by name and place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.columns import one_line

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

LEGAL = (
    *("INC", "INCORPORATED", "LLC", "LTD", "LIMITED", "CORP", "CORPORATION", "CO", "COMPANY", "LP", "LLP", "PLC"),
    *("PVT", "PRIVATE", "PTY", "GMBH", "AG", "KG", "SA", "SAS", "SARL", "SPA", "SRL", "BV", "NV", "AB", "OY", "AS"),
    *("THE", "A", "OF", "AND", "FOR"),
)
ALIKE = {r"LABORATOR(Y|IES)|LABS": "LAB", r"PHARMACEUTICALS?|PHARMA": "PHARM", r"RESEARCH": "RES"}


def told(column: str) -> Column:
    """A printed text; null where it is blank or a dash, which the FDA writes for unknown."""
    text = one_line(column)
    return F.when(~text.isin("", "-"), text)


def stem(name: Column) -> Column:
    """Name in upper case without legal forms, marks and what it does business as; null where nothing is left."""
    text = F.regexp_replace(F.upper(name), r"\b(DBA|D/B/A|D\.B\.A\.)(\s.*)?$", "")
    text = F.regexp_replace(F.regexp_replace(text, r"[.'’]", ""), r"[^\p{L}\p{N}]+", " ")
    text = F.regexp_replace(text, rf"\b({'|'.join(LEGAL)})\b", " ")
    for words, one in ALIKE.items():
        text = F.regexp_replace(text, rf"\b({words})\b", one)
    return F.nullif(one_line(text), F.lit(""))


def fei(column: str) -> Column:
    """Identifier of the FDA without leading zeros; null where the text is none, such as a shifted name."""
    digits = F.regexp_replace(F.trim(column), "^0+", "")
    return F.when(digits.rlike(r"^\d{4,11}$"), digits)


def named(name: Column, city: Column, country: Column) -> Column:
    """Key of an establishment without identifier."""
    place = F.upper(F.concat_ws("|", F.coalesce(city, F.lit("")), F.coalesce(country, F.lit(""))))
    return F.concat(F.lit("NAME:"), F.coalesce(stem(name), F.lit("?")), F.lit("|"), place)


def site_key(scheme: str, number: Column, name: Column, city: Column, country: Column) -> Column:
    """Key by the identifier, or by name and place where there is none."""
    return F.coalesce(F.concat(F.lit(f"{scheme}:"), number), named(name, city, country))


def sites(rows: DataFrame) -> DataFrame:
    """What is stated of establishments, of rows with establishment_key, name and place."""
    scheme = F.split("establishment_key", ":")[0]
    return rows.withColumns({"scheme": scheme, "stem": stem(F.col("establishment_name"))})
