"""Cohorts at month ends: the body of a Spark task, and the rules by which patients, time, events and forms count."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from models.rates.exact import observed_expected, poisson_interval
from models.rates.share import exact_share
from models.surveillance.maxsprt import poisson_alpha, poisson_boundary, poisson_llr
from pipelines.defs.gold.access_cohort.tables import AccessCohort
from pipelines.defs.gold.month_ends import SHOWN, month_ends, shown
from pipelines.defs.gold.patients import PATIENTS, VISITS, forms_at, people_at
from pipelines.formats.domains import agency_of

SAID: dict[str, dict[str, Any]] = {  # what is read of each register
    "decisions": SHOWN
    | {"access": pl.String, "state": pl.String, "start_date": pl.Date, "end_date": pl.Date}
    | {"product_key": pl.String, "product_name": pl.String, "follow_up_years": pl.Int32}
    | {"reference_per_1000_person_months": pl.Float64, "reference_source": pl.String},
    "patients": PATIENTS,
    "visits": VISITS,
}
DAYS_PER_MONTH = 30.4375
PER = 1_000  # person-months of a rate
LONG_TERM_FROM_DAYS, LONG_TERM_NEWS_DAYS = 365, 457  # a year after treatment; news within a year and three months
LIMIT, ALPHA, MINIMUM = 10.0, 0.05, 3  # of the sequential test, fixed before any cohort is looked at
ALARM_RULE = (
    f"Poisson MaxSPRT looked at continuously: T = {LIMIT:g} expected events, M = {MINIMUM}, alpha = {ALPHA:g} over all "
    "of the monitoring; looking once a month errs less often"
)
NO_PATIENT, NO_RATE, NO_TIME = (
    "no patient was treated by then",
    "no decision states a rate to expect events by",
    "no time was observed yet",
)
COHORT_SQL = AccessCohort.task_sql()


def cohorts(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Count each medicine; a row holds all that is known of one."""
    schema = AccessCohort.task_schema()
    for part in rows:
        for row in part.to_pylist():
            frames = {name: _frame(row[name], name) for name in SAID}
            found = cohort(**frames, heard=row["heard"])
            told = found.with_columns(medicine_key=pl.lit(row["medicine_key"])).select(schema.names)
            yield from told.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).to_batches()


def _frame(said: list[dict[str, Any]] | None, name: str) -> pl.DataFrame:
    return pl.DataFrame(said or [], schema={"source": pl.String, **SAID[name]})


def cohort(
    decisions: pl.DataFrame, patients: pl.DataFrame, visits: pl.DataFrame, heard: list[dict[str, Any]]
) -> pl.DataFrame:
    """One medicine at each month end until its registers were last heard of; columns of `AccessCohort` but its key.

    `heard` says of each source its `first` and `last` delivery.
    """
    days = pl.DataFrame(heard, schema={"source": pl.String, "first": pl.Date, "last": pl.Date})
    starts = [d for frame in (decisions, patients) for d in frame["start_date"] if d is not None]
    months = month_ends(min(starts), max(days["last"])) if starts and days.height else pl.Series("month", [], pl.Date)
    at = pl.DataFrame({"month": months})
    known = {name: shown(at, rows, days) for name, rows in zip(SAID, (decisions, patients, visits), strict=True)}
    begun = known["decisions"].filter((pl.col("start_date") <= pl.col("month")) & (pl.col("state") != "refused"))
    forms = forms_at(known["visits"])
    people = people_at(known["patients"], forms)
    seen = at.join(pl.concat([begun.select("month"), people.select("month")]).unique(), on="month", how="semi")
    counted = (
        seen.join(_status(begun), on="month", how="left")
        .join(_treated(people), on="month", how="left")
        .join(_followed_up(forms, people), on="month", how="left")
        .join(_long_term(people, _status(begun)), on="month", how="left")
        .sort("month")
    )
    return _judged(counted)


def _status(begun: pl.DataFrame) -> pl.DataFrame:
    """The decision that began last of those that stand, what the last one prints, and the last rate that one states."""
    stands = pl.col("end_date").is_null() | (pl.col("end_date") >= pl.col("month"))
    said = ("product_name", "product_key", "reference_per_1000_person_months", "reference_source")
    ordered = begun.with_columns(stands=stands).sort("month", "start_date", "access", *said)  # whatever order they came

    def last(column: str, where: pl.Expr) -> pl.Expr:
        return pl.col(column).filter(where).last()

    has_rate = pl.col("reference_per_1000_person_months").is_not_null()
    return ordered.group_by("month", maintain_order=True).agg(
        last("product_key", pl.col("product_key").is_not_null()),
        pl.col("product_name").last(),
        pl.coalesce(last("access", pl.col("stands")), pl.lit("ended")).alias("status"),
        pl.coalesce(last("start_date", pl.col("stands")), pl.col("end_date").max()).alias("status_from"),
        last("reference_per_1000_person_months", has_rate),
        last("reference_source", has_rate),
        pl.col("follow_up_years").max(),
    )


def _treated(people: pl.DataFrame) -> pl.DataFrame:
    """Patients and their time by month end: all of it, and what lies in the month."""
    first = pl.col("month").dt.month_start()
    days = (pl.col("observed") - pl.col("start")).dt.total_days()
    inside = (pl.col("observed") - pl.max_horizontal("start", first)).dt.total_days().clip(lower_bound=0)
    is_followed = pl.col("ended").is_null() | (pl.col("ended") >= first)
    return people.group_by("month").agg(
        n_ever=pl.len().cast(pl.Int64),
        n_followed=is_followed.sum().cast(pl.Int64),
        person_months=days.sum() / DAYS_PER_MONTH,
        month_person_months=inside.filter(is_followed).sum() / DAYS_PER_MONTH,
    )


def _followed_up(forms: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Forms of treated patients by month end: due, received of those, events of all that came, day of the last."""
    own = forms.join(people.select("month", "patient", "ended"), on=["month", "patient"], how="inner")
    is_due = (pl.col("due_date") <= pl.col("month")) & (
        pl.col("ended").is_null() | (pl.col("due_date") <= pl.col("ended"))
    )
    return own.group_by("month").agg(
        n_due=is_due.sum().cast(pl.Int64),
        n_received=(is_due & pl.col("received").is_not_null()).sum().cast(pl.Int64),
        n_events=pl.col("n").sum().cast(pl.Int64),
        last_form=pl.col("received").max(),
    )


def _long_term(people: pl.DataFrame, status: pl.DataFrame) -> pl.DataFrame:
    """Patients who are to be followed for years, and those of whom there was news lately."""
    own = people.join(status.select("month", "follow_up_years"), on="month", how="inner")
    since = (pl.col("month") - pl.col("start")).dt.total_days()
    is_due = pl.col("ended").is_null() & (since >= LONG_TERM_FROM_DAYS) & (since <= pl.col("follow_up_years") * 365.25)
    is_near = (pl.col("month") - pl.col("news")).dt.total_days() <= LONG_TERM_NEWS_DAYS
    return own.filter(pl.col("follow_up_years").is_not_null()).group_by("month").agg(
        n_long_term_due=is_due.sum().cast(pl.Int64), n_long_term=(is_due & is_near).sum().cast(pl.Int64)
    )  # fmt: skip


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """Add rates, what is expected, shares and the alarm, each with its exact bounds; null with a reason."""
    has_patients = pl.col("n_ever").fill_null(0) > 0
    known = rows.with_columns(
        n_ever=pl.col("n_ever").fill_null(0),
        n_events=pl.when(has_patients).then(pl.col("n_events").fill_null(0)),
        n_due=pl.when(has_patients).then(pl.col("n_due").fill_null(0)),
        n_received=pl.when(has_patients).then(pl.col("n_received").fill_null(0)),
        month_person_months=pl.when(pl.col("n_followed") > 0).then("month_person_months"),
        days_without_data=(pl.col("month") - pl.col("last_form")).dt.total_days().cast(pl.Int32),
        expected=pl.col("person_months") * pl.col("reference_per_1000_person_months") / PER,
    )
    n, time, e = (_floats(known, c) for c in ("n_events", "person_months", "expected"))
    in_thousands = np.where(time > 0, time / PER, np.nan)
    rate, rate_lower, rate_upper = (x / in_thousands for x in (n, *poisson_interval(n)))
    ratio, lower, upper, p, mid = observed_expected(n, e)
    due, received = _floats(known, "n_due"), _floats(known, "n_received")
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(due > 0, received / due, np.nan)
    numbers = dict(zip(("rate", "rate_lower", "rate_upper"), (rate, rate_lower, rate_upper), strict=True))
    numbers |= {"ratio": ratio, "ratio_lower": lower, "ratio_upper": upper, "p_value": p, "p_mid": mid}
    numbers |= dict(zip(("completeness_lower", "completeness_upper"), exact_share(received, due), strict=True))
    reason = (
        pl.when(~has_patients)
        .then(pl.lit(NO_PATIENT))
        .when(pl.col("reference_per_1000_person_months").is_null())
        .then(pl.lit(NO_RATE))
        .when(pl.col("expected") <= 0)
        .then(pl.lit(NO_TIME))
    )
    return known.with_columns(
        *[pl.Series(name, values).fill_nan(None) for name, values in (numbers | {"completeness": share}).items()],
        *_alarm(n, e),
        reason.alias("not_computed"),
        is_latest=pl.col("month") == pl.col("month").max(),
        domain=pl.lit("human"),
        agency=pl.lit(agency_of("human")),
    )


def _alarm(n: np.ndarray, expected: np.ndarray) -> list[pl.Series]:
    """The sequential test at each month end; an alarm stays, and none is raised beyond the limit."""
    boundary, error = boundary_and_error()
    is_known = np.isfinite(expected) & (expected > 0) & np.isfinite(n)
    llr = np.where(is_known, poisson_llr(np.where(is_known, n, 0.0), np.where(is_known, expected, 1.0)), np.nan)
    crossed = is_known & (llr >= boundary) & (n >= MINIMUM) & (expected <= LIMIT)
    raised = pl.Series("is_alarm", np.logical_or.accumulate(crossed) if crossed.size else crossed, pl.Boolean)
    told = pl.Series(is_known, dtype=pl.Boolean)

    def where(name: str, value: Any) -> pl.Series:
        return pl.select(pl.when(told).then(value).alias(name)).to_series()

    return [
        pl.Series("llr", llr).fill_nan(None),
        where("is_alarm", raised),
        where("alarm_boundary", pl.lit(boundary)),
        where("false_alarm_rate", pl.lit(error)),
        where("alarm_rule", pl.lit(ALARM_RULE)),
    ]


@cache
def boundary_and_error() -> tuple[float, float]:
    """Boundary of the test, and the exact chance that it is crossed though nothing is wrong."""
    boundary = poisson_boundary(LIMIT, ALPHA, MINIMUM)
    return boundary, poisson_alpha(boundary, LIMIT, MINIMUM)


def _floats(rows: pl.DataFrame, column: str) -> np.ndarray:
    return rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
