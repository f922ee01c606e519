"""Patients who are followed and their forms, at month ends: what cohorts and files on organisms count."""

from __future__ import annotations

from typing import Any

import polars as pl

from pipelines.defs.gold.month_ends import SHOWN

PATIENTS: dict[str, Any] = (
    SHOWN
    | {"patient": pl.String, "start_date": pl.Date, "last_news_date": pl.Date}
    | {"vital_state": pl.String, "state_date": pl.Date}
)
VISITS: dict[str, Any] = (
    SHOWN
    | {"patient": pl.String, "visit": pl.String, "due_date": pl.Date, "visit_date": pl.Date}
    | {"received_date": pl.Date, "n_events": pl.Int32}
)


def forms_at(visits: pl.DataFrame) -> pl.DataFrame:
    """Forms of each patient at each month end, each once: due_date, received (null), seen (day of the visit), n."""
    came = pl.col("received_date") <= pl.col("month")
    return visits.group_by("month", "patient", "visit", "due_date").agg(
        received=pl.col("received_date").filter(came).min(),
        seen=pl.min_horizontal(pl.coalesce("visit_date", "due_date"), "received_date").filter(came).max(),
        n=pl.col("n_events").filter(came).max(),
    )


def people_at(patients: pl.DataFrame, forms: pl.DataFrame) -> pl.DataFrame:
    """Patients who were treated at each month end, each once: start, ended (dead or lost), observed (last news)."""
    month = pl.col("month")
    gone = pl.col("vital_state").is_in(["dead", "lost"])
    ended = pl.coalesce("state_date", "last_news_date")
    told = patients.filter(pl.col("start_date") <= month).group_by("month", "patient").agg(
        start=pl.col("start_date").min(),
        ended=ended.filter(gone & (ended <= month)).max(),
        is_dead=(gone & (pl.col("vital_state") == "dead")).any(),
        news=pl.col("last_news_date").max(),
    )  # fmt: skip
    heard = forms.group_by("month", "patient").agg(seen=pl.col("seen").max())
    joined = told.join(heard, on=["month", "patient"], how="left")
    news = pl.min_horizontal(pl.max_horizontal("news", "seen"), month)
    found_again = ~pl.col("is_dead") & (news > pl.col("ended"))
    settled = joined.with_columns(ended=pl.when(~found_again.fill_null(False)).then("ended"), news=news)
    observed = pl.max_horizontal("start", pl.min_horizontal("ended", pl.coalesce("news", "start")))
    return settled.select("month", "patient", "start", "ended", "news", observed=observed)
