"""Figures, masks and segments of Arrow batches: the body of a Spark task that holds whole series."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa

from models.disclosure.suppress import PRIMARY, SECONDARY, SHOWN, is_few, suppressed
from models.disclosure.table import PROFILES
from models.rates.exact import poisson_interval
from models.rates.share import exact_share

FEWEST, SMALLEST = 10, PROFILES["snds11"].least
FIGURES_SQL = (
    "indicator string, numerator double, denominator double, denominator_method string, value double, "
    "lower double, upper double, why_none string, segment int"
)
ADDED = [part.split()[0] for part in FIGURES_SQL.split(", ")]
SERIES = ["source", "host", "class_code", "bacterium", "setting", "country"]
"""What a task holds whole: neither a mask nor a segment looks beyond."""
TABLE = [*SERIES, "series", "criterion"]


def figured(rows: pl.DataFrame) -> pl.DataFrame:
    """Turn rows of isolates and of use into figures.

    Rows with an `indicator` are figures of use; the others are isolates, which give a share, and over bed-days an
    incidence. Columns that they need and give: `build.ROWS`, `ADDED`.
    """
    use = rows.filter(pl.col("indicator").is_not_null()).with_columns(
        value=pl.col("numerator") / pl.col("denominator"), lower=None, upper=None, why_none=None
    )
    use = use.with_columns(value=pl.coalesce("value", "numerator"))
    isolates = _masked(rows.filter(pl.col("indicator").is_null()))
    both = [_shares(isolates), _incidences(isolates), use]
    columns = [c for c in rows.columns if c not in ADDED] + [c for c in ADDED if c != "segment"]
    return _segmented(pl.concat([part.select(columns) for part in both], how="vertical_relaxed"))


def _masked(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `mask` to cells of regions: small ones, and those by which a total gives them away."""
    parts = [_masked_table(part) for part in rows.partition_by(TABLE)] if rows.height else []
    return pl.concat(parts) if parts else rows.with_columns(mask=pl.lit(0, pl.Int8))


def _masked_table(rows: pl.DataFrame) -> pl.DataFrame:
    """Mask one table of regions and periods: nation and regions add up in each period, months in each region's year."""
    n = rows["n_tested"].fill_null(0).to_numpy()
    is_region = (rows["region"] != "all").to_numpy()
    is_small = is_region & is_few(n, SMALLEST)
    if not is_small.any():
        return rows.with_columns(mask=pl.lit(0, pl.Int8))
    year = pl.concat_str("region", pl.col("period").str.slice(0, 4), separator=" ")
    sums = [rows.select(e.rank("dense").cast(pl.Int64)).to_series().to_numpy() for e in (pl.col("period"), year)]
    is_growing = is_region & _is_growing(rows, year)
    mask = suppressed(n, is_small, sums)
    while (told := is_growing & (mask == SHOWN) & np.isin(sums[1], sums[1][mask != SHOWN])).any():
        mask = suppressed(n, is_small := is_small | told, sums)
    return rows.with_columns(mask=pl.Series(mask))


def _is_growing(rows: pl.DataFrame, year: pl.Expr) -> np.ndarray:
    """Totals of the last year while months of it are to come: less the total of a report before, they tell a month."""
    is_month = pl.col("n_months") == 1
    n_months = is_month.sum().over(year)
    is_last = pl.col("period").str.slice(0, 4) == pl.col("period").str.slice(0, 4).max()
    return rows.select((pl.col("n_months") == 12) & is_last & (n_months > 0) & (n_months < 12)).to_series().to_numpy()


def _shares(rows: pl.DataFrame) -> pl.DataFrame:
    k, n = (rows[c].cast(pl.Float64).to_numpy() for c in ("n_resistant", "n_tested"))
    lower, upper = exact_share(k, n)
    is_possible = np.isfinite(lower)
    told = rows.with_columns(
        indicator=pl.lit("resistant_share"),
        numerator=pl.col("n_resistant").cast(pl.Float64),
        denominator=pl.col("n_tested").cast(pl.Float64),
        denominator_method=pl.when(pl.col("n_tested").is_not_null()).then(pl.lit("isolates_tested")),
        value=pl.Series(k / np.where(n > 0, n, np.nan)).fill_nan(None),
        lower=pl.Series(lower).fill_nan(None),
        upper=pl.Series(upper).fill_nan(None),
        is_possible=pl.Series(is_possible),
    ).filter(pl.col("bed_days").is_null() | pl.col("n_tested").is_not_null())
    is_printed = pl.col("n_tested").is_null() & pl.col("n_resistant").is_null()
    why = (
        pl.when(_is_masked())
        .then(_mask_name())
        .when(is_printed & pl.col("published_share").is_null())
        .then(pl.lit("not_printed"))
        .when(is_printed)
        .then(None)
        .when(pl.col("n_tested") < FEWEST)
        .then(pl.lit("few"))
        .when(~pl.col("is_possible"))
        .then(pl.lit("impossible"))
    )
    counted = told.with_columns(why_none=why, value=pl.when(is_printed).then("published_share").otherwise("value"))
    return _without(counted)


def _incidences(rows: pl.DataFrame) -> pl.DataFrame:
    told = rows.filter((pl.col("bed_days") > 0) & pl.col("n_resistant").is_not_null())
    days = told["bed_days"].to_numpy() / 1_000
    k = told["n_resistant"].cast(pl.Float64).to_numpy()
    lower, upper = poisson_interval(k)
    counted = told.with_columns(
        indicator=pl.lit("resistant_per_1000_bed_days"),
        numerator=pl.col("n_resistant").cast(pl.Float64),
        denominator=pl.col("bed_days"),
        denominator_method=pl.lit("bed_days"),
        value=pl.Series(k / days),
        lower=pl.Series(lower / days),
        upper=pl.Series(upper / days),
        why_none=pl.when(_is_masked()).then(_mask_name()),
    )
    return _without(counted)


def _is_masked() -> pl.Expr:
    return pl.col("mask") > 0


def _mask_name() -> pl.Expr:
    return pl.col("mask").replace_strict({PRIMARY: "small_cell", SECONDARY: "beside_small_cell"}, default=None)


def _without(rows: pl.DataFrame) -> pl.DataFrame:
    """Take the value and its bounds out where there is a reason; of masked cells the counts too."""
    is_shown = pl.col("why_none").is_null()
    shown = [pl.when(is_shown).then(c).alias(c) for c in ("value", "lower", "upper")]
    counts = [pl.when(~_is_masked()).then(c).alias(c) for c in ("numerator", "denominator")]
    return rows.with_columns(*shown, *counts)


def _segmented(rows: pl.DataFrame) -> pl.DataFrame:
    """Number the stretches of each series that a line may join."""
    line = ["indicator", *SERIES, "region", "n_months"]
    ordered = rows.sort([*line, "period_start", "series", "criterion"], nulls_last=True)
    before = {c: pl.col(c).shift(1).over(line) for c in ("series", "criterion", "denominator_method", "why_none")}
    changed = [pl.col(c).ne_missing(before[c]) for c in ("series", "criterion", "denominator_method")]
    following = pl.col("period_start").shift(1).over(line).dt.offset_by(pl.format("{}mo", pl.col("n_months")))
    is_gap = pl.col("period_start").ne_missing(following)
    is_without = pl.col("why_none").is_not_null() | before["why_none"].is_not_null()
    breaks = pl.any_horizontal(*changed, is_gap, is_without).fill_null(True)
    return ordered.with_columns(segment=breaks.cast(pl.Int32).cum_sum().over(line).clip(lower_bound=1))


def task(columns: list[str]):
    """Return the body of a task that gives these columns of figures."""

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        given = list(batches)
        if given:
            told = figured(pl.DataFrame(pa.Table.from_batches(given))).select(columns)
            yield from told.to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()

    return run
