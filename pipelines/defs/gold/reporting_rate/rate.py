"""Rates, intervals and ratios of Arrow batches: the bodies of Spark tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from models.rates.exact import incidence_class, poisson_interval, rate_ratio

RATES_SQL = "rate double, rate_lower double, rate_upper double, incidence_class string"
RATIOS_SQL = "expected double, ratio double, ratio_lower double, ratio_upper double, p_value double"
Columns = Mapping[str, np.ndarray | list[str | None]]


def rated(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Add rates with exact bounds, and the class of incidence of animals treated."""
    return _added(batches, _rates)


def compared(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Add what siblings make one expect, and the ratio with its exact bounds."""
    return _added(batches, _ratios)


def _rates(rows: pl.DataFrame) -> Columns:
    n, exposed = rows["n_counted"].to_numpy(), rows["exposed"].to_numpy()
    lower, upper = poisson_interval(n)
    is_animal = ((rows["species"] != "human") & (rows["per"] == "treated")).to_list()
    classes = [str(c) if is_own else None for c, is_own in zip(incidence_class(n / exposed), is_animal, strict=True)]
    rates = {"rate": n / exposed, "rate_lower": lower / exposed, "rate_upper": upper / exposed}
    return {**rates, "incidence_class": classes}


def _ratios(rows: pl.DataFrame) -> Columns:
    n, exposed, m, other = (rows[c].to_numpy() for c in ("n_counted", "exposed", "n_others", "exposed_others"))
    ratio, lower, upper, p = rate_ratio(n, exposed, m, other)
    expected = m * exposed / other
    return {"expected": expected, "ratio": ratio, "ratio_lower": lower, "ratio_upper": upper, "p_value": p}


def _added(batches: Iterator[pa.RecordBatch], compute: Callable[[pl.DataFrame], Columns]) -> Iterator[pa.RecordBatch]:
    """Put columns behind those of each batch; a number that is none or without bound is null."""
    for batch in batches:
        table = pa.Table.from_batches([batch])
        for name, values in compute(pl.DataFrame(table)).items():
            if isinstance(values, np.ndarray):
                column = pa.array(values, pa.float64(), mask=~np.isfinite(values))
            else:
                column = pa.array(values, pa.string())
            table = table.append_column(name, column)
        yield from table.to_batches()
