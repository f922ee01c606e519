"""Batches of a family against each other: the body of a Spark task."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa

from models.multiplicity.fdr import benjamini_hochberg
from models.rates.exact import above_siblings

ADDED_SQL = "n_siblings int, expected double, ratio double, p_value double, q_value double, not_computed string"
FAMILY = ["family_key", "domain", "month"]
NO_DOSES, NO_SIBLINGS = "no doses are known", "no sibling with doses is known"
NO_REGISTER = "no register of batches holds it"


def watched(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Add what siblings make one expect; a partition holds whole families.

    Columns in: family_key, domain, month, n_reports, n_doses, is_registered, and others that stay.
    """
    parts = list(rows)
    if not parts:
        return
    table = pa.Table.from_batches(parts)
    for name, values in against_siblings(pl.DataFrame(table)).items():
        table = table.append_column(name, values)
    yield from table.combine_chunks().to_batches()


def against_siblings(rows: pl.DataFrame) -> dict[str, pa.Array]:
    """What is added to each row, in the order of `ADDED_SQL`."""
    has_doses = pl.col("n_doses").fill_null(0) > 0
    known = rows.select(
        *FAMILY,
        has_doses=has_doses,
        n=pl.col("n_reports").cast(pl.Float64),
        doses=pl.when(has_doses).then(pl.col("n_doses")).otherwise(0).cast(pl.Float64),
        counted=pl.when(has_doses).then(pl.col("n_reports")).otherwise(0).cast(pl.Float64),
    ).with_columns(
        all_n=pl.col("counted").sum().over(FAMILY),
        all_doses=pl.col("doses").sum().over(FAMILY),
        n_known=pl.col("has_doses").sum().over(FAMILY).cast(pl.Int64),
    )
    own, doses, mask = (known[c].to_numpy() for c in ("n", "doses", "has_doses"))
    others = known["all_n"].to_numpy() - own, known["all_doses"].to_numpy() - doses
    expected, ratio, p = (np.where(mask, x, np.nan) for x in above_siblings(own, doses, *others))
    siblings = known["n_known"].to_numpy() - mask
    reasons = pl.select(
        pl.when(~pl.lit(rows["is_registered"]))
        .then(pl.lit(NO_REGISTER))
        .when(~pl.lit(known["has_doses"]))
        .then(pl.lit(NO_DOSES))
        .when(pl.lit(pl.Series(siblings)) == 0)
        .then(pl.lit(NO_SIBLINGS))
    ).to_series()
    numbers = {"expected": expected, "ratio": ratio, "p_value": p, "q_value": _by_family(rows, p)}
    return {
        "n_siblings": pa.array(siblings, pa.int32()),
        **{name: pa.array(x, pa.float64(), mask=~np.isfinite(x)) for name, x in numbers.items()},
        "not_computed": reasons.to_arrow().cast(pa.string()),
    }


def _by_family(rows: pl.DataFrame, p: np.ndarray) -> np.ndarray:
    """False discovery rate of each p over its family."""
    q = np.full(p.shape, np.nan)
    places = rows.with_row_index("place").group_by(FAMILY).agg("place")["place"]
    for place in places:
        at = place.to_numpy()
        q[at] = benjamini_hochberg(p[at])
    return q
