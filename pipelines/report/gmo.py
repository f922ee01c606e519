"""The section on genetically modified organisms: questions to the lake, what may leave, and a drawing a file."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
from markupsafe import Markup, escape

from models.disclosure.differencing import passed_on
from models.disclosure.suppress import without_few
from models.disclosure.table import PROFILES
from pipelines.report import charts
from pipelines.report.data import Lake, Rows
from pipelines.report.figures import Scale, svg

FILES, FOLLOWED = 15, 15
PROFILE = PROFILES["snds11"]
COLOURS = {"filed": 0, "complete": 1, "sent": 2, "opinion": 3}
OF_EVENTS = ("events_per_patient", "events_per_patient_lower", "events_per_patient_upper")
OF_TAKEN = ("n_taken", "n_untaken", "taken_share", "taken_lower", "taken_upper")
OF_POSITIVE = ("n_positive", "n_negative", "positive_share", "positive_lower", "positive_upper")
TOLD_BY = {
    "n_patients": ("n_events", *OF_EVENTS, "n_due", *OF_TAKEN, "n_with_result", *OF_POSITIVE),
    "n_events": OF_EVENTS,
    "n_in_trial": (),
    "n_due": OF_TAKEN,
    "n_taken": OF_TAKEN,
    "n_untaken": OF_TAKEN,
    "n_with_result": OF_POSITIVE,
    "n_positive": OF_POSITIVE,
    "n_negative": OF_POSITIVE,
}


def section(lake: Lake) -> dict[str, Any]:
    """All that the section shows."""
    steps = stretches(lake)
    return {
        "files": _files(steps),
        "usual": usual(lake),
        "refused": [row for row in steps if row["refused"]],
        "followed": [row | {"figure": charts.share_row(_as_share(row), 1.0)} for row in leaving(followed(lake))],
        "colours": COLOURS,
    }


def stretches(lake: Lake) -> Rows:
    """Steps of the files that were filed last, as known at the last month end."""
    return lake.rows(f"""
        WITH newest AS (
            SELECT gmo_key FROM gold.gmo_procedure_delay WHERE is_latest
            GROUP BY gmo_key ORDER BY min(step_date) DESC, gmo_key LIMIT {FILES})
        SELECT * FROM gold.gmo_procedure_delay SEMI JOIN newest USING (gmo_key) WHERE is_latest
        ORDER BY gmo_key, step_date""")


def usual(lake: Lake) -> Rows:
    """Median days of each procedure and step, open ones counted as at least so long."""
    return lake.rows("""
        SELECT DISTINCT procedure, step, n_files, n_ended, median_days, median_lower, median_upper
        FROM gold.gmo_procedure_delay WHERE is_latest AND n_files > 0
        ORDER BY procedure, list_position(['filed', 'complete', 'sent', 'opinion'], step)""")


def followed(lake: Lake) -> Rows:
    """Follow-up of files under which somebody was treated, at their month ends, as it stands inside."""
    return lake.rows(f"""
        WITH shown AS (
            SELECT gmo_key FROM gold.gmo_follow_up WHERE is_latest AND (n_decisions > 0 OR n_in_trial > 0)
            ORDER BY gmo_key LIMIT {FOLLOWED})
        SELECT *, n_due - n_taken AS n_untaken, n_with_result - n_positive AS n_negative
        FROM gold.gmo_follow_up SEMI JOIN shown USING (gmo_key) ORDER BY gmo_key, month""")


def leaving(rows: Rows) -> Rows:
    """Follow-up as the last month's report may show it: without what tells of few, alone or beside a report before."""
    if not rows:
        return []
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(c).cast(pl.Int64) for c in TOLD_BY)
    alone = without_few(frame, TOLD_BY, PROFILE.least)
    shown = passed_on(alone, ["gmo_key"], "month", [*TOLD_BY], PROFILE.least)
    return shown.filter(pl.col("report") == pl.col("report").max().over("gmo_key")).to_dicts()


def _as_share(row: dict[str, Any]) -> dict[str, Any]:
    return {"value": row["positive_share"], "lower": row["positive_lower"], "upper": row["positive_upper"]}


def _files(rows: Rows) -> Rows:
    """One drawing a file: its steps one behind the other, over the same days since filing."""
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row["gmo_key"], []).append(row)
    longest = max((sum(r["days"] or 0 for r in own) for own in found.values()), default=0) or 1
    return [
        {
            "gmo_key": key,
            "product_name": own[0]["product_name"],
            "procedure": own[0]["procedure"],
            "total_days": own[0]["total_days"],
            "now": next((r for r in own if r["is_open"]), None),
            "figure": _bar([r for r in own if r["days"] is not None], longest),
        }
        for key, own in found.items()
    ]


def _bar(rows: Rows, longest: int) -> Markup:
    width, height = 420, 20
    x = Scale(0, longest, 4, width - 4)
    first: dt.date | None = min((r["step_date"] for r in rows), default=None)
    body = f'<path class="grid" d="M4 16H{width - 4}"/>'
    for row in rows:
        start = (row["step_date"] - first).days if first else 0
        left, right = x(start), x(start + row["days"])
        opacity = ' fill-opacity="0.45"' if row["is_censored"] else ""
        shape = f'<rect class="fill{COLOURS[row["step"]]}" x="{left}" y="3" width="{max(right - left, 1):g}"'
        body += f'{shape} height="11"{opacity}/>'
    told = ", ".join(f"{r['step']} {r['days']}{' or more' if r['is_censored'] else ''}" for r in rows)
    return svg(width, height, body, str(escape(f"days: {told}")), "wide")
