"""Rates, intervals and ratios of Arrow batches: the body of Spark tasks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa

from models.rates.exact import incidence_class, poisson_interval, rate_ratio

SIBLINGS = ("class", "species")
NUMBERS = ("rate", "rate_lower", "rate_upper")
OF_SIBLINGS = ("expected_{}", "ratio_{}", "ratio_{}_lower", "ratio_{}_upper", "p_{}")
ADDED_SQL = ", ".join(
    [f"{name} double" for name in NUMBERS]
    + ["incidence_class string"]
    + [f"{name.format(kind)} double" for kind in SIBLINGS for name in OF_SIBLINGS]
)


def rated(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Add rates and comparisons to rows of counts and exposures."""
    for batch in batches:
        rows = pl.DataFrame(pa.Table.from_batches([batch]))
        n, exposed = rows["n_counted"].to_numpy(), rows["exposed"].to_numpy()
        lower, upper = poisson_interval(n)
        is_animal = (rows["species"] != "human").to_numpy() & (rows["per"] == "treated").to_numpy()
        classes = [c if a else None for c, a in zip(incidence_class(n / exposed), is_animal, strict=True)]
        added = dict(zip(NUMBERS, (n / exposed, lower / exposed, upper / exposed), strict=True))
        columns = [*[_finite(name, v) for name, v in added.items()], pl.Series("incidence_class", classes, pl.String)]
        for kind in SIBLINGS:
            m = rows[f"n_{kind}"].cast(pl.Float64).fill_null(np.nan).to_numpy()
            other = rows[f"exposed_{kind}"].cast(pl.Float64).fill_null(np.nan).to_numpy()
            with np.errstate(divide="ignore", invalid="ignore"):
                numbers = (m * exposed / other, *rate_ratio(n, exposed, m, other))
            named = zip(OF_SIBLINGS, numbers, strict=True)
            columns += [_finite(name.format(kind), v) for name, v in named]
        yield from rows.with_columns(columns).to_arrow(compat_level=pl.CompatLevel.oldest()).to_batches()


def _finite(name: str, values: np.ndarray) -> pl.Series:
    """Numbers as they stand; what is none or without bound is null."""
    series = pl.Series(name, values, pl.Float64)
    return pl.select(pl.when(series.is_finite()).then(series).alias(name))[name]
