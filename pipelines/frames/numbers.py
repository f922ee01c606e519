"""Numbers as people write them: the one rule by which a text becomes a number, for every source."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.frames.readings import read

# Marks between thousands: blank, no-break, narrow no-break, thin and figure space, apostrophes.
_GAPS = " \t\u00a0\u202f\u2009\u2007'\u2019"
_GAP = f"[{_GAPS}]"
_IDLE = rf"^{_GAP}+|{_GAP}+$|(?<=^{_GAP}{{0,9}}[+-]){_GAP}+|(?<=(?<!\d)\d{{1,3}}){_GAP}+(?=\d{{3}}(?!\d))"
_PLAIN = r"^[+-]?(?:\d{1,99}[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d{1,2})?$"
_GROUPED = r"^([+-]?\d{1,3}([.,])\d{3}(?:\2\d{3}){0,30})(?:([.,])(\d*))?$"
_UNITS = "mg|milligrammes?|g|grammes?|microgrammes?|µg|μg|mcg|ug|nanogrammes?|ng"
_MASS = rf"^([\d.,{_GAPS}]*\d){_GAP}*({_UNITS})$"

NUMERAL = rf"(?:\d{{1,3}}(?:{_GAP}\d{{3}})+(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"  # a number inside a text, for patterns


def number(text: str | Column) -> Column:
    """Return the number that a text writes, null where it writes none.

    One comma or one point is the decimal mark, whatever stands behind it: `0,125` is 0.125. Of several marks, those
    that close groups of three part thousands and the last, if it does not or is another one, is the decimal mark:
    `1.250,50` and `1,250.50` are 1250.5, `1,466,29` is 1466.29, `1,466,290` is 1466290. Blanks of any kind and
    apostrophes part groups of three: `1 250,5` is 1250.5. A sign and a power of ten may stand; words may not.
    """
    return read(text, _number)


def _number(text: Column) -> Column:
    bare = F.regexp_replace(F.translate(text, "\u2212", "-"), _IDLE, "")
    grouped = F.concat_ws(
        ".", F.regexp_replace(F.regexp_extract(bare, _GROUPED, 1), "[.,]", ""), F.regexp_extract(bare, _GROUPED, 4)
    )
    written = F.when(bare.rlike(_PLAIN), F.translate(bare, ",", ".")).when(bare.rlike(_GROUPED), grouped)
    return written.try_cast("double")


def whole(text: str | Column, kind: str = "int") -> Column:
    """Return the whole number that a text writes, as `kind`; null where it writes none, a fraction or one too large."""
    return read(text, lambda told: F.when(number(told) % 1 == 0, number(told).try_cast(kind)))


def amount_mg(text: str | Column) -> Column:
    """Amount in mg of a text such as `1,00 mg`, `250 microgrammes` or `1 g`; null for other units and for ranges."""
    return read(
        text, _amount_mg, lambda told: F.coalesce(F.lower(told).rlike(rf"\d{_GAP}*({_UNITS}){_GAP}*$"), F.lit(False))
    )


def _amount_mg(text: Column) -> Column:
    said = F.regexp_replace(F.lower(text), rf"^{_GAP}+|{_GAP}+$", "")
    unit = F.regexp_extract(said, _MASS, 2)
    factor = (
        F.when(unit.startswith("mg") | unit.startswith("milli"), 1.0)
        .when((unit == "g") | unit.startswith("gramme"), 1000.0)
        .when(unit.isin("µg", "μg", "mcg", "ug") | unit.startswith("micro"), 0.001)
        .when((unit == "ng") | unit.startswith("nano"), 0.000001)
    )
    return number(F.regexp_extract(said, _MASS, 1)) * factor
