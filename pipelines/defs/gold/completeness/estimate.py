"""Triangles as arrays, nowcasts of them, nowcasts of what they once were: frames in, frames out."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from models.nowcast.chain_ladder import Development, as_seen, at_least, develop, nowcast
from pipelines.core.dates import end_of_month

ALL = "all"
HELD_BACK_FROM = 3  # flows with fewer months before them have nothing to learn from
COMPLETE = 6


def month_number(day: dt.date) -> int:
    """Months since the year 0."""
    return day.year * 12 + day.month - 1


def _numbers(days: pl.Series) -> pl.Series:
    return days.dt.year().cast(pl.Int64) * 12 + days.dt.month() - 1


def month_day(number: int) -> dt.date:
    """Month end of a number of months."""
    return end_of_month(number // 12, number % 12 + 1)


class Triangle:
    """The flows of one source: increments of each series by month of care and lag, nothing yet to come in them."""

    def __init__(self, cells: pl.DataFrame, n_lags: int = 1):
        """Spread cells (substance_key, month, lag, n_packs) over series x months x lags, at least `n_lags` of these."""
        months = _numbers(cells["month"])
        self.first, self.last_flow = int(months.min()), int((months + cells["lag"]).max())  # type: ignore[arg-type]
        self.keys = cells["substance_key"].unique().sort().to_list()
        n_months, n_lags = int(months.max()) - self.first + 1, max(n_lags, int(cells["lag"].max()) + 1)  # type: ignore[arg-type]
        at = {key: i for i, key in enumerate(self.keys)}
        self.increments = np.zeros((len(self.keys), n_months, n_lags))
        series = cells["substance_key"].replace_strict(at, return_dtype=pl.Int64).to_numpy()
        np.add.at(
            self.increments,
            (series, months.to_numpy() - self.first, cells["lag"].to_numpy()),
            cells["n_packs"].to_numpy(),
        )

    def estimates(self, flow: int) -> pl.DataFrame:
        """Nowcast of every month and series as seen when a flow (its number of months) had come."""
        cumulative = np.stack([as_seen(one, flow - self.first) for one in self.increments])
        is_all = np.array([key == ALL for key in self.keys])
        whole, each = (develop(cumulative[chosen].reshape(-1, cumulative.shape[2])) for chosen in (is_all, ~is_all))
        grown = {True: at_least(whole, each), False: each}
        parts = [
            self._of(cumulative[is_all == kind], development, np.flatnonzero(is_all == kind), flow)
            for kind, development in grown.items()
            if (is_all == kind).any()
        ]
        return pl.concat(parts)

    def _of(self, rows: np.ndarray, development: Development, series: np.ndarray, flow: int) -> pl.DataFrame:
        n_series, n_months, n_lags = rows.shape
        age = flow - self.first - np.arange(n_months)
        lag = np.clip(age, 0, n_lags - 1)
        observed = np.take_along_axis(rows, np.broadcast_to(lag[None, :, None], (n_series, n_months, 1)), axis=2)[
            ..., 0
        ]
        estimate, lower, upper, _ = nowcast(development, observed, lag[None, :])
        share = np.broadcast_to(development.share_reported()[lag], observed.shape)
        seen = np.broadcast_to(age >= 0, observed.shape).ravel()
        frame = pl.DataFrame(
            {
                "substance_key": np.repeat([self.keys[i] for i in series], n_months),
                "month": [month_day(self.first + m) for m in range(n_months)] * n_series,
                "lag": np.tile(lag, n_series).astype(np.int32),
                "age": np.tile(age, n_series),
                "n_observed": observed.ravel(),
                "share_reported": share.ravel(),
                "n_estimated": estimate.ravel(),
                "n_lower": lower.ravel(),
                "n_upper": upper.ravel(),
            }
        ).filter(pl.Series(seen))
        flow_day = pl.lit(month_day(flow)).alias("flow_month")
        return frame.filter(pl.col("n_observed").is_finite()).with_columns(flow_day)


def nowcasts(cells: pl.DataFrame) -> pl.DataFrame:
    """Nowcast of every month of one source as it stands."""
    triangle = Triangle(cells)
    return triangle.estimates(triangle.last_flow).drop("age").with_columns(pl.col(pl.Float64).fill_nan(None))


def judgements(cells: pl.DataFrame) -> pl.DataFrame:
    """Nowcasts of months that are complete by now, as they would have been made of each earlier flow.

    Each is made of the flows up to it alone; that a month takes `COMPLETE` flows is taken as known.
    """
    triangle = Triangle(cells)
    now = triangle.estimates(triangle.last_flow)
    final = now.filter(pl.col("age") >= COMPLETE).select("substance_key", "month", n_final="n_observed")
    flow_of = _numbers(cells["month"]) + cells["lag"]
    flows = range(triangle.first + HELD_BACK_FROM, triangle.last_flow)
    then = [Triangle(cells.filter(flow_of <= flow), COMPLETE + 1).estimates(flow) for flow in flows]
    told = (
        pl.concat([now.clear(), *then])
        .filter(pl.col("age") < COMPLETE)
        .join(final, on=["substance_key", "month"], how="inner")
    )
    bounded = told.filter(pl.col("n_lower").is_finite() & pl.col("n_upper").is_finite())
    is_covered = pl.col("n_final").is_between(pl.col("n_lower").floor(), pl.col("n_upper").ceil())
    return bounded.with_columns(is_covered=is_covered).drop("age", "share_reported")
