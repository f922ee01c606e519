"""From a source's rows to rows of the sale tables: what is not said is `all`, equal rows are summed, versions dated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.defs.silver.sale.tables import ALL, Sale
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

WHO = ("region", "species", "sex", "age_group", "prescriber")
IDENTITY = (
    *("source", "series", "domain", "channel", "period_start", "period_end", "country", *WHO),
    *("pack_key", "product_label", "atc_code", "is_suppressed"),
)
AMOUNTS = ("n_packs", "mg", "amount_eur")


def sold(rows: DataFrame) -> DataFrame:
    """Rows of `silver.sale` with their versions; each delivery of a series and period is its full state.

    `rows` has `known_date` and what it knows of the table's columns; `source` and `series` must be there.
    """
    given = set(rows.columns)
    absent = [c for c in (*IDENTITY, *AMOUNTS) if c not in given and c not in WHO]
    rows = rows.withColumns(
        {
            **{c: F.coalesce(F.col(c), F.lit(ALL)) if c in given else F.lit(ALL) for c in WHO},
            **{c: F.lit(None).cast(Sale.columns[c].type) for c in absent},
            "country": F.col("country") if "country" in given else F.lit("FR"),
            "is_suppressed": F.col("is_suppressed") if "is_suppressed" in given else F.lit(False),
        }
    )
    summed = rows.groupBy(*IDENTITY, "known_date").agg(*[exact_sum(c).alias(c) for c in AMOUNTS])
    key = F.sha2(F.concat_ws("|", *[F.coalesce(F.col(c).cast("string"), F.lit("")) for c in IDENTITY]), 256)
    keyed = summed.withColumns(
        {"sale_key": F.substring(key, 1, 32), "slot": F.concat_ws("/", "series", "period_start", "country")}
    )
    return conformed(extracted_versions(keyed, ["sale_key"]), Sale)


def year_of(column: str = "file") -> Column:
    """Year that a file's own name states: the last four digits from 2000 on."""
    name = F.regexp_extract(column, r"([^/]*)$", 1)
    return F.nullif(F.regexp_extract(name, r"(20\d\d)(?!.*20\d\d)", 1), F.lit("")).cast("int")


def whole_year(year: Column) -> dict[str, Column]:
    """First and last day of a year."""
    return {
        "period_start": F.make_date(year, F.lit(1), F.lit(1)),
        "period_end": F.make_date(year, F.lit(12), F.lit(31)),
    }
