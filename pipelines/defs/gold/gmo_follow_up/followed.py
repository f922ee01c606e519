"""Files at month ends with sites, patients and samples: the body of a Spark task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from models.rates.exact import poisson_interval
from models.rates.share import exact_share
from pipelines.defs.gold.gmo_follow_up.tables import GmoFollowUp
from pipelines.defs.gold.month_ends import SHOWN, month_ends, shown
from pipelines.defs.gold.patients import PATIENTS, VISITS, forms_at, people_at

KEY = ["month", "gmo_key"]
NO_ACCESS, NO_PATIENT = "no decision on access names the file", "no patient was treated by then"
_OF = SHOWN | {"gmo_key": pl.String}
SAID: dict[str, dict[str, Any]] = {
    "files": _OF
    | {"domain": pl.String, "agency": pl.String, "procedure": pl.String, "product_name": pl.String},
    "steps": _OF | {"step": pl.String, "step_date": pl.Date},
    "sites": _OF | {"site": pl.String, "start_date": pl.Date},
    "samples": _OF
    | {"sample_id": pl.String, "patient": pl.String, "due_date": pl.Date, "taken_date": pl.Date, "result": pl.String},
    "decisions": _OF | {"decision_id": pl.String, "start_date": pl.Date, "state": pl.String},
    "patients": PATIENTS | {"decision_id": pl.String},
    "visits": VISITS | {"decision_id": pl.String},
}  # fmt: skip
FOLLOWED_SQL = GmoFollowUp.task_sql()


def followed(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Count all files; one row holds all that is known."""
    schema = GmoFollowUp.task_schema()
    for part in rows:
        for row in part.to_pylist():
            frames = {
                name: pl.DataFrame(row[name], schema={"source": pl.String, **said}) for name, said in SAID.items()
            }
            found = at_month_ends(frames, row["heard"]).select(schema.names)
            yield from found.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).to_batches()


def at_month_ends(frames: Mapping[str, pl.DataFrame], heard: list[dict[str, Any]]) -> pl.DataFrame:
    """Each file at each month end from its first step until the registers were last heard of, as `GmoFollowUp`."""
    days = pl.DataFrame(heard, schema={"source": pl.String, "first": pl.Date, "last": pl.Date})
    if not frames["files"].height or not frames["steps"].height or not days.height:
        return pl.DataFrame(GmoFollowUp.task_schema().empty_table())
    first: Any = frames["steps"]["step_date"].min()
    at = pl.DataFrame({"month": month_ends(first, max(days["last"]))})
    known = {name: shown(at, rows, days) for name, rows in frames.items()}
    month = pl.col("month")
    steps = known["steps"].filter(pl.col("step_date") <= month).group_by(KEY).agg(
        is_withdrawn=(pl.col("step") == "withdrawn").any()
    )  # fmt: skip
    sites = known["sites"].filter(pl.col("start_date").is_null() | (pl.col("start_date") <= month))
    decided = known["decisions"].filter((pl.col("start_date") <= month) & (pl.col("state") != "refused"))
    last = known["files"].sort("valid_from", "source").unique(KEY, keep="last", maintain_order=True)
    files = last.select(*KEY, "domain", "agency", "procedure", "product_name")
    people, counted = _exposed(known, decided)
    joined = files.join(steps, on=KEY, how="inner")
    for part in (
        sites.group_by(KEY).agg(n_sites=pl.col("site").n_unique().cast(pl.Int64)),
        decided.group_by(KEY).agg(n_decisions=pl.col("decision_id").n_unique().cast(pl.Int64)),
        counted,
        _samples(known["samples"], people, known["patients"]),
    ):
        joined = joined.join(part, on=KEY, how="left")
    told = joined.with_columns(pl.col("n_sites", "n_decisions").fill_null(0), is_latest=month == at["month"].max())
    return _judged(told).sort("gmo_key", "month")


def _exposed(known: Mapping[str, pl.DataFrame], decided: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Patients at each month end, each once, and patients with their events by file."""
    forms = forms_at(known["visits"])
    people = people_at(known["patients"], forms)
    under = decided.select(*KEY, "source", "decision_id").unique()
    held = known["patients"].join(under, on=["month", "source", "decision_id"], how="inner")
    own = held.select(*KEY, "patient").unique().join(people, on=["month", "patient"], how="inner")
    events = forms.group_by("month", "patient").agg(n=pl.col("n").sum().cast(pl.Int64))
    told = own.join(events, on=["month", "patient"], how="left")
    counted = told.group_by(KEY).agg(n_patients=pl.len().cast(pl.Int64), n_events=pl.col("n").sum().cast(pl.Int64))
    return people, counted


def _samples(samples: pl.DataFrame, people: pl.DataFrame, listed: pl.DataFrame) -> pl.DataFrame:
    """Samples by file: due, taken of those, with a result, positive; and patients whom samples alone tell of."""
    known = listed.select("month", "patient", is_listed=True).unique()
    own = samples.join(people.select("month", "patient", "ended"), on=["month", "patient"], how="left")
    own = own.join(known, on=["month", "patient"], how="left")
    due, month = pl.col("due_date"), pl.col("month")
    is_due = (due <= month) & (pl.col("ended").is_null() | (due <= pl.col("ended")))
    is_taken = (pl.col("taken_date") <= month).fill_null(False)
    has_result = is_taken & pl.col("result").is_not_null()
    return own.group_by(KEY).agg(
        n_due=is_due.sum().cast(pl.Int64),
        n_taken=(is_due & is_taken).sum().cast(pl.Int64),
        n_with_result=has_result.sum().cast(pl.Int64),
        n_positive=(has_result & (pl.col("result") == "positive")).sum().cast(pl.Int64),
        n_in_trial=pl.col("patient")
        .filter(is_taken & pl.col("is_listed").is_null() & pl.col("patient").is_not_null())
        .n_unique()
        .cast(pl.Int64),
    )


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """Add shares with their exact bounds, and why there are no patients."""
    counts = ("n_patients", "n_events", "n_due", "n_taken", "n_with_result", "n_positive")
    x = {c: rows[c].cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in counts}
    with np.errstate(divide="ignore", invalid="ignore"):
        exposed, due, tested = (np.where(x[c] > 0, x[c], np.nan) for c in ("n_patients", "n_due", "n_with_result"))
        per_patient = [v / exposed for v in (x["n_events"], *poisson_interval(x["n_events"]))]
        taken = [x["n_taken"] / due, *exact_share(x["n_taken"], x["n_due"])]
        positive = [x["n_positive"] / tested, *exact_share(x["n_positive"], x["n_with_result"])]
    named = ("events_per_patient", "events_per_patient_lower", "events_per_patient_upper")
    numbers = dict(zip(named, per_patient, strict=True))
    numbers |= dict(zip(("taken_share", "taken_lower", "taken_upper"), taken, strict=True))
    numbers |= dict(zip(("positive_share", "positive_lower", "positive_upper"), positive, strict=True))
    why = (
        pl.when(pl.col("n_decisions") == 0)
        .then(pl.lit(NO_ACCESS))
        .when(pl.col("n_patients").is_null())
        .then(pl.lit(NO_PATIENT))
    )
    return rows.with_columns(
        *[pl.Series(name, values).fill_nan(None) for name, values in numbers.items()], not_computed=why
    )
