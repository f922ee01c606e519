"""Concentrations, means and quotients of Arrow batches: the bodies of Spark tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from models.disclosure.suppress import PRIMARY, SECONDARY, SHOWN, is_few, suppressed
from models.disclosure.table import PROFILES
from models.environment.censored import CensoredMean, censored_mean, mean_of_sums
from models.environment.predicted import SOIL_LIMIT, WATER_LIMIT, risk_class, soil, water_from_sales

PLACES_SQL = "quotient double, why_none string"
PREDICTED_SQL = "mg double, value double, is_above_limit boolean, why_none string"
MEASURED_SQL = (
    "n int, n_quantified int, share_detected double, lower double, mean double, upper double, largest_limit double, "
    "reported string"
)
QUOTIENTS_SQL = "quotient double, quotient_lower double, quotient_upper double, risk string"
SUMMED = ["compartment", "source", "country", "substance_key", "month", "n_months"]
"""What loads of places add up within: a task holds it whole."""
WATER_SQL = "value double"
PARAMETERS = ("excretion", "removal", "litres_per_inhabitant_day", "dilution")
NEEDED = ("mg", "quotient", "body_weight", "animals_per_place", "nitrogen_per_place", "housing", "results")
GROUP = "sum"  # parameter of rows that add the substances of a sample up
Batches = Iterator[pa.RecordBatch]


def predicted(batches: Batches) -> Batches:
    """Add concentrations in water and soil, and take away what may not leave; a task holds sums whole (`SUMMED`)."""
    return _added(_together(batches), _predicted)


def waters(batches: Batches) -> Batches:
    """Add concentrations in water as they stay in the house, for sums of which enough persons are behind."""
    return _added(batches, lambda rows: rows.select(value=pl.Series(_water(rows)).fill_nan(None)))


def places(batches: Batches) -> Batches:
    """Take away what few persons are behind, and what would give it away; the task holds all places."""
    return _added(_together(batches), _places)


def measured(batches: Batches) -> Batches:
    """Add means of lists of results."""
    return _added(batches, _measured)


def quotients(batches: Batches) -> Batches:
    """Add quotients of risk and their class."""
    return _added(batches, _quotients)


def _together(batches: Batches) -> Batches:
    given = [batch for batch in batches if batch.num_rows]
    yield from pa.Table.from_batches(given).combine_chunks().to_batches() if given else []


def _predicted(rows: pl.DataFrame) -> pl.DataFrame:
    x = {c: _floats(rows, c) for c in rows.columns if rows[c].dtype.is_numeric()}
    ground = soil(
        x["dose_mg_kg_day"],
        x["treatment_days"],
        x["body_weight"],
        x["animals_per_place"],
        x["nitrogen_per_place"],
        x["housing"],
    )
    is_water = (rows["compartment"] == "surface_water").to_numpy()
    value = np.where(is_water, _water(rows), ground)
    is_none = pl.Series(~np.isfinite(value))
    mask = pl.Series(_masked(rows))
    why = (
        _why_hidden(mask)
        .when(is_none & pl.Series(is_water))
        .then(pl.lit("no_inhabitants"))
        .when(is_none)
        .then(pl.lit("no_husbandry"))
    )
    is_shown = mask == SHOWN
    return rows.select(
        mg=pl.when(is_shown).then("mg"),
        value=pl.when(is_shown).then(pl.Series(value).fill_nan(None)),
        is_above_limit=pl.when(is_shown & ~is_none).then(
            pl.Series(value > np.where(is_water, WATER_LIMIT, SOIL_LIMIT))
        ),
        why_none=why,
    )


def _water(rows: pl.DataFrame) -> np.ndarray:
    """Concentrations in surface water, µg/L; not a number where an input is missing."""
    months, month = rows["n_months"].to_numpy(), rows["month"]
    first = rows.select(pl.col("month").dt.month_start().dt.offset_by(pl.format("-{}mo", pl.col("n_months") - 1)))
    days = ((month - first.to_series()).dt.total_days() + 1).to_numpy() if months.size else months
    mg, inhabitants, *parameters = (_floats(rows, c) for c in ("mg", "inhabitants", *PARAMETERS))
    return water_from_sales(mg / 1e6, inhabitants, days, *parameters)


def _why_hidden(mask: pl.Series) -> pl.expr.whenthen.ChainedThen:
    return pl.when(mask == PRIMARY).then(pl.lit("small_cell")).when(mask == SECONDARY).then(pl.lit("beside_small_cell"))


def _places(rows: pl.DataFrame) -> pl.DataFrame:
    labels = rows.select(pl.struct("source", "country").rank("dense").cast(pl.Int64)).to_series().to_numpy()
    few = is_few(rows["n_persons"].to_numpy(), PROFILES["snds11"].least)
    mask = pl.Series(suppressed(rows["quotient"].to_numpy(), few, [labels]))
    return rows.select(quotient=pl.when(mask == SHOWN).then("quotient"), why_none=_why_hidden(mask).otherwise(None))


def _masked(rows: pl.DataFrame) -> np.ndarray:
    """Loads of few persons, and those by which the nation's would give them away, as `models.disclosure.suppress` says.

    Loads of places add up to the nation's, all of one substance, source and month.
    """
    few = rows.select(is_few(pl.col("n_persons"), PROFILES["snds11"].least).fill_null(False)).to_series().to_numpy()
    labels = rows.select(pl.struct(SUMMED).rank("dense").cast(pl.Int64)).to_series().to_numpy()
    return suppressed(rows["mg"].fill_null(0).to_numpy(), few, [labels])


def _measured(rows: pl.DataFrame) -> pl.DataFrame:
    means = [_mean(parameter, results) for parameter, results in rows.select("parameter", "results").iter_rows()]
    return rows.select(
        n=pl.Series([m.n for m in means], dtype=pl.Int32),
        n_quantified=pl.Series([m.n_quantified for m in means], dtype=pl.Int32),
        share_detected=pl.Series([m.n_quantified / m.n for m in means], dtype=pl.Float64),
        lower=pl.Series([m.lower for m in means], dtype=pl.Float64),
        mean=pl.Series([None if m.is_below_limit else m.mean for m in means], dtype=pl.Float64),
        upper=pl.Series([m.upper for m in means], dtype=pl.Float64),
        largest_limit=pl.Series([m.limit for m in means], dtype=pl.Float64).fill_nan(None),
        reported=pl.Series([m.text for m in means], dtype=pl.String),
    )


def _mean(parameter: str, results: list[dict[str, Any]]) -> CensoredMean:
    values, below = ([r[c] for r in results] for c in ("result", "is_below"))
    if parameter == GROUP:
        return mean_of_sums([r["sample"] for r in results], values, below)
    return censored_mean(values, below)


def _quotients(rows: pl.DataFrame) -> pl.DataFrame:
    pnec = _floats(rows, "pnec")
    told = {
        name: _floats(rows, column) / pnec
        for name, column in (("quotient", "concentration"), ("quotient_lower", "lower"), ("quotient_upper", "upper"))
    }
    numbers = {name: pl.Series(values).fill_nan(None) for name, values in told.items()}
    return rows.select(**numbers, risk=pl.Series(risk_class(told["quotient"]).tolist(), dtype=pl.String))


def _floats(rows: pl.DataFrame, column: str) -> np.ndarray:
    return rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _added(batches: Batches, compute: Callable[[pl.DataFrame], pl.DataFrame]) -> Batches:
    """Put the columns that are computed behind those of each batch, in the place of those that were needed for them."""
    for batch in batches:
        table = pa.Table.from_batches([batch])
        told = compute(pl.DataFrame(table))
        table = table.drop_columns([name for name in NEEDED if name in table.column_names])
        for name in told.columns:
            column = told[name].to_arrow()
            table = table.append_column(name, column.cast(pa.string()) if told[name].dtype == pl.String else column)
        yield from table.to_batches()
