"""The 2x2 table: from reports to pair counts, from pair counts to cells and expected counts.

Belongs here: counting and margins. Does not: any score. Counting conventions change every score after it, so they are
named:

- ``reports``: cell and margins count distinct reports, N is the number of distinct reports (openEBGM, pvda, DiAna,
  UMC).
- ``table``: margins and N are sums over the pair table, for counts that come without report ids (PhViD, vigipy, pvLRT).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from models.disproportionality.strata import StratumMargins

Floats = NDArray[np.float64]
Margins = Literal["reports", "table"]
LARGEST = 2.0**53  # every whole number up to it is a float

_KEYS = ["product", "event"]


@dataclass(frozen=True)
class Cells:
    """The 2x2 table of each pair, arrays of one shape: a both, b product only, c event only, d neither (reports)."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats
    expected: Floats

    @property
    def n_product(self) -> Floats:
        """Reports of the product (a+b)."""
        return self.a + self.b

    @property
    def n_event(self) -> Floats:
        """Reports of the event (a+c)."""
        return self.a + self.c

    @property
    def n_total(self) -> Floats:
        """All reports."""
        return self.a + self.b + self.c + self.d

    def is_table(self) -> NDArray[np.bool_]:
        """Tell which rows form a 2x2 table: four counts, whole, not negative, not beyond what floats count exactly."""
        cells = (self.a, self.b, self.c, self.d)
        return np.logical_and.reduce([(x >= 0) & (x <= LARGEST) & (x == np.floor(x)) for x in cells])

    def where(self, keep: NDArray[np.bool_]) -> Cells:
        """Return the cells of some rows."""
        return Cells(*(x[keep] for x in (self.a, self.b, self.c, self.d, self.expected)))


def from_counts(n11: ArrayLike, n1_: ArrayLike, n_1: ArrayLike, N: ArrayLike) -> Cells:
    """Build the cells from pair count, product margin, event margin and total (broadcast against each other; reports).

    expected = n1_ * n_1 / N, the count under independence (0 where N is 0). Rows that form no table (a count negative
    or not finite, a margin smaller than its cell, more reports in the margins than in all) are NaN in every cell, so
    that one of them stops no other.
    """
    a, row, column, total = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (n11, n1_, n_1, N)))
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        expected = np.where(total == 0, 0.0, row * column / total)
        cells = Cells(a, row - a, column - a, total - row - column + a, expected)
        known = cells.is_table()
    if known.all():
        return cells
    return Cells(*(np.where(known, x, np.nan) for x in (cells.a, cells.b, cells.c, cells.d, cells.expected)))


def long_form(case_ids: Any, products: Any, events: Any, strata: Any = None) -> pl.DataFrame:
    """One row per distinct (case, product, event[, stratum]); null product or event means the case has none on that
    row.

    Raises:
        ValueError: arrays of different lengths, or a null case id or stratum.
    """
    columns = {"case": case_ids, "product": products, "event": events}
    if strata is not None:
        columns["stratum"] = strata
    series = {name: pl.Series(name, values) for name, values in columns.items()}
    if len({len(s) for s in series.values()}) > 1:
        raise ValueError(f"arrays differ in length: { {name: len(s) for name, s in series.items()} }")
    for name in ("case", "stratum"):
        if name in series and series[name].null_count():
            raise ValueError(
                f"{name} is null in {series[name].null_count()} rows; give a missing {name} a code of its own"
            )
    return pl.DataFrame(series).unique()


def count_pairs(
    case_ids: Any, products: Any, events: Any, margins: Margins = "reports", strata: Any = None
) -> pl.DataFrame:
    """Count distinct reports per (product, event) from long-form arrays, one row per product and event of a case.

    Returns one row per observed pair, sorted: product, event, a, n_product, n_event, n_total (Int64, reports),
    expected. A row whose product (event) is null counts in its event's (product's) margin and in N, never in a cell.
    With `strata` the expected count is the sum of the strata's n1.*n.1/N (a missing value should be a stratum of its
    own, as in openEBGM 0.9.1 processRaw); counts and margins stay those of all reports.

    Raises:
        ValueError: see `long_form`; unknown `margins`; `margins="table"` with strata (not defined by any source).
    """
    if margins not in ("reports", "table"):
        raise ValueError(f"unknown margins convention: {margins!r}")
    if strata is not None:
        if margins == "table":
            raise ValueError("strata need report ids; they are not defined for table margins")
        return count_strata(case_ids, products, events, strata)[0]
    rows = long_form(case_ids, products, events)
    return table_margins(_cells(rows)) if margins == "table" else _with_report_margins(_cells(rows), rows)


def count_strata(case_ids: Any, products: Any, events: Any, strata: Any) -> tuple[pl.DataFrame, StratumMargins]:
    """Pairs as `count_pairs` gives them with strata, and the margins by stratum that their expected counts come from.

    A stratum counts for a pair even where the pair itself was not seen in it.
    """
    rows = long_form(case_ids, products, events, strata)
    counted = _with_report_margins(_cells(rows), rows)
    margins = StratumMargins.of(rows)
    return counted.with_columns(expected=pl.Series(margins.expected(*margins.places(counted)))), margins


def _cells(rows: pl.DataFrame) -> pl.DataFrame:
    reports = pl.col("case").n_unique().cast(pl.Int64).alias("a")
    return rows.drop_nulls(_KEYS).group_by(_KEYS).agg(reports).sort(_KEYS)


def table_margins(pairs: pl.DataFrame) -> pl.DataFrame:
    """Add n_product, n_event, n_total, expected to (product, event, a) as sums of the pair table itself."""
    return _with_expected(
        pairs.with_columns(
            n_product=pl.col("a").sum().over("product"),
            n_event=pl.col("a").sum().over("event"),
            n_total=pl.col("a").sum(),
        )
    )


def _margin(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Distinct reports per value of product or event."""
    return rows.drop_nulls(name).group_by(name).agg(pl.col("case").n_unique().cast(pl.Int64).alias(f"n_{name}"))


def _with_report_margins(cells: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    joined = cells
    for name in _KEYS:
        joined = joined.join(_margin(rows, name), on=name, how="left", maintain_order="left")
    return _with_expected(joined.with_columns(n_total=pl.lit(rows["case"].n_unique(), dtype=pl.Int64)))


def _with_expected(pairs: pl.DataFrame) -> pl.DataFrame:
    product, event, total = (pl.col(n).cast(pl.Float64) for n in ("n_product", "n_event", "n_total"))
    return pairs.with_columns(expected=product * event / total)
