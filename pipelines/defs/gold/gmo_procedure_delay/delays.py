"""Steps walked through in their order: the body of a Spark task, and the rules of what lasts, ended and is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

from models.survival.kaplan_meier import median
from pipelines.defs.gold.gmo_procedure_delay.tables import GmoProcedureDelay
from pipelines.defs.gold.month_ends import SHOWN, month_ends, shown
from pipelines.defs.silver.gmo.tables import STEPS

ORDER = list(STEPS)
WITHDRAWN, DECISION = "withdrawn", "decision"
SKIPPED = {"contained": {"sent", "opinion"}}  # steps that a procedure may do without
FILES: dict[str, Any] = SHOWN | {"gmo_key": pl.String, "domain": pl.String, "procedure": pl.String}
FILES |= {"product_name": pl.String}
STEPS_SAID: dict[str, Any] = SHOWN | {"gmo_key": pl.String, "step": pl.String, "agency": pl.String}
STEPS_SAID |= {"step_date": pl.Date, "outcome": pl.String}
DELAY_SQL = GmoProcedureDelay.task_sql()


@dataclass(frozen=True)
class Stretch:
    """One step of a file on a day: until which other it lasted, for how long, or why that can't be said."""

    step: str
    next_step: str | None = None
    days: int | None = None
    is_open: bool = False
    is_censored: bool = False
    refused: str | None = None


def walked(days: Mapping[str, dt.date], until: dt.date, procedure: str | None = None) -> list[Stretch]:
    """Steps of one file in their order, from the day of each that is known.

    A step before the last one that was taken is refused. Where a step that the procedure asks for is not told, or was
    refused, the stretch before it has no days: they would be those of two.
    """
    found: list[Stretch] = []
    taken: list[str] = []
    for step in (s for s in ORDER if s in days):
        if taken and days[step] < days[taken[-1]]:
            found.append(Stretch(step, refused=f"dated before the step that it follows, {taken[-1]}"))
        else:
            taken.append(step)
            found.append(Stretch(step))
    refused = {s.step for s in found if s.refused}
    return [one if one.refused else _stretch(one.step, taken, refused, days, until, procedure) for one in found]


def _stretch(
    step: str,
    taken: list[str],
    refused: set[str],
    days: Mapping[str, dt.date],
    until: dt.date,
    procedure: str | None,
) -> Stretch:
    """What follows a step that was taken."""
    if step in (DECISION, WITHDRAWN):
        return Stretch(step)
    after = next((s for s in taken if ORDER.index(s) > ORDER.index(step)), None)
    between = ORDER[ORDER.index(step) + 1 : ORDER.index(after) if after else len(ORDER)]
    if gone := [s for s in between if s in refused]:
        return Stretch(step, refused=f"the step after it was refused, {gone[0]}")
    if after == WITHDRAWN:
        return Stretch(step, after, (days[after] - days[step]).days, is_censored=True)
    if after is None:
        return Stretch(step, None, (until - days[step]).days, is_open=True, is_censored=True)
    if lacking := [s for s in between if s not in SKIPPED.get(procedure or "", ())]:
        return Stretch(step, refused=f"the step after it is not told, {lacking[0]}")
    return Stretch(step, after, (days[after] - days[step]).days)


def delays(rows: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Walk through all files; one row holds them all."""
    schema = GmoProcedureDelay.task_schema()
    for part in rows:
        for row in part.to_pylist():
            files = pl.DataFrame(row["files"], schema={"source": pl.String, **FILES})
            steps = pl.DataFrame(row["steps"], schema={"source": pl.String, **STEPS_SAID})
            found = at_month_ends(files, steps, row["heard"]).select(schema.names)
            yield from found.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).to_batches()


def at_month_ends(files: pl.DataFrame, steps: pl.DataFrame, heard: list[dict[str, Any]]) -> pl.DataFrame:
    """All steps at each month end until the registers were last heard of; columns of `GmoProcedureDelay`."""
    days = pl.DataFrame(heard, schema={"source": pl.String, "first": pl.Date, "last": pl.Date})
    empty = pl.DataFrame(GmoProcedureDelay.task_schema().empty_table())
    if not steps.height or not days.height:
        return empty
    first: Any = steps["step_date"].min()
    at = pl.DataFrame({"month": month_ends(first, max(days["last"]))})
    known = shown(at, steps, days).filter(pl.col("step_date") <= pl.col("month"))
    told = shown(at, files, days).sort("valid_from", "source")
    about = told.unique(["month", "gmo_key"], keep="last").select(
        "month", "gmo_key", "domain", "procedure", "product_name"
    )
    joined = known.sort("valid_from", "source").unique(["month", "gmo_key", "step"], keep="last", maintain_order=True)
    joined = joined.join(about, on=["month", "gmo_key"], how="left").sort("month", "gmo_key")
    found = [
        row
        for (month, _), own in joined.group_by("month", "gmo_key", maintain_order=True)
        for row in _of_file(own.to_dicts(), month)
    ]
    if not found:
        return empty
    frame = pl.DataFrame(found, schema_overrides={n: kind for n, kind in empty.schema.items() if n in found[0]})
    beside = pl.DataFrame(
        [_usual(group, own) for group, own in frame.group_by("month", "procedure", "step", maintain_order=True)],
        schema_overrides={"n_files": pl.Int32, "n_ended": pl.Int32, "procedure": pl.String}
        | dict.fromkeys(("median_days", "median_lower", "median_upper"), pl.Float64),
    )
    united = frame.join(beside, on=["month", "procedure", "step"], how="left", nulls_equal=True)
    return united.with_columns(is_latest=pl.col("month") == at["month"].max())


def _of_file(own: list[dict[str, Any]], month: Any) -> Iterator[dict[str, Any]]:
    """Rows of one file at one month end."""
    days = {row["step"]: row["step_date"] for row in own}
    said = {row["step"]: row for row in own}
    stretches = walked(days, month, own[0]["procedure"])
    taken = {one.step for one in stretches if one.refused is None or not one.refused.startswith("dated")}
    total = (days[DECISION] - days["filed"]).days if {"filed", DECISION} <= taken else None
    for one in stretches:
        row = said[one.step]
        yield {
            **{name: row[name] for name in ("month", "gmo_key", "step", "domain", "procedure", "product_name")},
            "lies_with": row["agency"],
            "step_date": row["step_date"],
            "outcome": row["outcome"],
            "next_step": one.next_step,
            "next_date": days[one.next_step] if one.next_step else None,
            "days": one.days,
            "is_open": one.is_open,
            "is_censored": one.is_censored,
            "total_days": total,
            "refused": one.refused,
        }


def _usual(group: tuple[Any, ...], own: pl.DataFrame) -> dict[str, Any]:
    """Median of the days of one procedure and step at a month end."""
    known = own.filter(pl.col("days").is_not_null())
    ended = ~known["is_censored"]
    found = median(known["days"].to_numpy(), ended.to_numpy()) if known.height else (float("nan"),) * 3
    names = ("median_days", "median_lower", "median_upper")
    numbers = {name: None if value != value else value for name, value in zip(names, found, strict=True)}
    told = dict(zip(("month", "procedure", "step"), group, strict=True))
    return told | {"n_files": known.height, "n_ended": int(ended.sum())} | numbers
