"""The section on access before marketing: questions to the lake, what of the answers may leave, and their drawings."""

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

COHORTS, PATHS = 20, 20
PROFILE = PROFILES["snds11"]
KINDS = {"compassionate": 0, "early": 1, "prescription_framework": 2, "marketing": 3}  # place of its colour
OF_EVENTS = (
    *("rate", "rate_lower", "rate_upper", "ratio", "ratio_lower", "ratio_upper", "p_value", "p_mid", "llr"),
    "is_alarm",
)
OF_FORMS = ("n_received", "completeness", "completeness_lower", "completeness_upper", "n_missing")
TOLD_BY = {  # counts of people or forms, and what else of the row tells of each
    "n_ever": (
        *("n_events", *OF_EVENTS, "n_due", *OF_FORMS, "n_followed", "person_months", "month_person_months"),
        *("expected", "days_without_data", "n_long_term_due", "n_long_term"),
        *("n_gone", "n_silent"),
    ),
    "n_followed": ("n_gone", "month_person_months"),
    "n_gone": ("n_followed",),
    "n_events": OF_EVENTS,
    "n_due": OF_FORMS,
    "n_received": OF_FORMS,
    "n_missing": OF_FORMS,
    "n_long_term_due": ("n_long_term", "n_silent"),
    "n_long_term": ("n_silent",),
    "n_silent": ("n_long_term",),
}


def section(lake: Lake) -> dict[str, Any]:
    """All that the section shows."""
    rows, ways = leaving(cohorts(lake)), paths(lake)
    extent = charts.ratio_extent(rows)
    drawn = [
        row
        | {
            "figure": charts.ratio_row(row, extent) if row["ratio"] is not None else "",
            "share": charts.share_row(_as_share(row), 1.0),
        }
        for row in rows
    ]
    return {"cohorts": drawn, "paths": _paths(ways), "kinds": KINDS, "least": PROFILE.least}


def cohorts(lake: Lake) -> Rows:
    """Cohorts at their month ends, as they stand inside."""
    return lake.rows(f"""
        WITH shown AS (
            SELECT medicine_key FROM gold.access_cohort WHERE is_latest ORDER BY product_name, medicine_key
            LIMIT {COHORTS})
        SELECT *, n_due - n_received AS n_missing, n_ever - n_followed AS n_gone,
            n_long_term_due - n_long_term AS n_silent
        FROM gold.access_cohort SEMI JOIN shown USING (medicine_key) ORDER BY product_name, medicine_key, month""")


def leaving(rows: Rows) -> Rows:
    """Cohorts as the last month's report may show them: without what tells of few, alone or beside a report before."""
    if not rows:
        return []
    counts = dict.fromkeys(TOLD_BY, pl.Int64)
    frame = pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(c).cast(t) for c, t in counts.items())
    alone = without_few(frame, TOLD_BY, PROFILE.least)
    shown = passed_on(alone, ["medicine_key"], "month", [*TOLD_BY], PROFILE.least)
    return shown.filter(pl.col("report") == pl.col("report").max().over("medicine_key")).to_dicts()


def paths(lake: Lake) -> Rows:
    """From when until when each kind of access stood, decisions put together: of one patient by name none shows."""
    return lake.rows(f"""
        WITH stood AS (
            SELECT medicine_key, access, max_by(product_name, start_date) AS name, min(start_date) AS start_date,
                CASE WHEN bool_or(end_date IS NULL) THEN NULL ELSE max(end_date) END AS end_date,
                max(valid_from) AS last_date
            FROM silver.access_authorisation WHERE is_current AND state <> 'refused' GROUP BY ALL)
        SELECT * FROM stood
        QUALIFY dense_rank() OVER (ORDER BY medicine_key) <= {PATHS} ORDER BY medicine_key, start_date, access""")


def _as_share(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[f"completeness{end}"] for name, end in (("value", ""), ("lower", "_lower"), ("upper", "_upper"))}


def _paths(rows: Rows) -> Rows:
    """One drawing a medicine: its kinds of access as bars over the same years."""
    if not rows:
        return []
    last = max(r["end_date"] or r["last_date"] for r in rows)
    span = (min(r["start_date"] for r in rows), max(last, max(r["last_date"] for r in rows)))
    found: dict[str, Rows] = {}
    for row in rows:
        found.setdefault(row["medicine_key"], []).append(row)
    return [{"name": own[-1]["name"] or key, "own": own, "figure": _bars(own, span)} for key, own in found.items()]


def _bars(rows: Rows, span: tuple[dt.date, dt.date]) -> Markup:
    width, tall = 420, 11
    height = tall * len(rows) + 18
    x = Scale(span[0].toordinal(), max(span[1].toordinal(), span[0].toordinal() + 1), 4, width - 4)
    body = ""
    for place, row in enumerate(rows):
        start, end = x(row["start_date"].toordinal()), x((row["end_date"] or span[1]).toordinal())
        body += (
            f'<rect class="fill{KINDS[row["access"]]}" x="{start}" y="{place * tall + 1}" '
            f'width="{max(round(end - start, 1), 2)}" height="{tall - 3}"/>'
        )
    for year in range(span[0].year + 1, span[1].year + 1):
        at = x(dt.date(year, 1, 1).toordinal())
        body += (
            f'<path class="grid" d="M{at} 0V{height - 16}"/><text class="tick" x="{at}" y="{height - 3}">{year}</text>'
        )
    told = ", ".join(f"{r['access'].replace('_', ' ')} from {r['start_date']}" for r in rows)
    return svg(width, height, body, str(escape(told)), "wide")
