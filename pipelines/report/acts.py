"""The section on acts of authorities and shortages: questions to the lake, and their drawings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pipelines.report import charts, figures
from pipelines.report.data import Lake, Rows

PAIRS, EPISODES = 20, 15
GROUPS = {
    "signals": ("signal_discussed", "signal_recommendation"),
    "referrals and opinions": (
        *("referral_start", "prac_recommendation", "cmdh_position", "committee_opinion", "commission_decision"),
    ),
    "safety reports assessed": ("psusa_outcome",),
    "letters": ("direct_healthcare_communication",),
    "product information": ("product_information_change",),
    "access": ("access_decision",),
}


def section(lake: Lake) -> dict[str, Any]:
    """All that the section shows."""
    return {
        "months": _months(acts_by_month(lake)),
        "kinds": kinds(lake),
        "procedures": procedures(lake),
        "pairs": _pairs(pairs(lake)),
        "outcomes": outcomes(lake),
        "coverage": coverage(lake),
        "short": _short(short(lake)),
        "ends": ends(lake),
        "episodes": episodes(lake),
    }


def acts_by_month(lake: Lake) -> Rows:
    """Acts by month and kind."""
    return lake.rows("""
        SELECT date_trunc('month', act_date)::DATE AS month, act_kind,
            count(DISTINCT (source, event_id, act_date))::BIGINT AS n
        FROM silver.regulatory_event WHERE is_current GROUP BY ALL ORDER BY month, act_kind""")


def kinds(lake: Lake) -> Rows:
    """Acts of each authority and kind."""
    return lake.rows("""
        SELECT authority, act_kind, count(DISTINCT (source, event_id, act_date)) AS n, min(act_date) AS first_date,
            max(act_date) AS last_date, count(*) FILTER (WHERE dated_by <> 'act') AS n_dated_otherwise
        FROM silver.regulatory_event WHERE is_current GROUP BY ALL ORDER BY authority, n DESC, act_kind""")


def procedures(lake: Lake) -> Rows:
    """Days that procedures took, by domain."""
    return lake.rows("""
        SELECT domain, count(*) AS n, count(days_to_recommendation) AS n_recommended,
            median(days_to_recommendation) AS to_recommendation, count(days_to_decision) AS n_decided,
            median(days_to_decision) AS to_decision, quantile_cont(days_to_decision, 0.25) AS decision_25,
            quantile_cont(days_to_decision, 0.75) AS decision_75,
            count(*) FILTER (WHERE is_out_of_order) AS n_out_of_order
        FROM gold.regulatory_timeline GROUP BY domain ORDER BY domain""")


def pairs(lake: Lake) -> Rows:
    """Pairs last acted on or discussed, with the first month end at which any rule flagged them."""
    first = "least(first_prr_month, first_ror_month, first_ic_month, first_ebgm_month)"
    return lake.rows(f"""
        SELECT r.substance_name, r.term_name, r.species, r.authority, r.basis, r.outcome, r.opened_date, r.acted_date,
            r.public_from, r.negative_until, r.n_acts, min({first}) AS first_flagged
        FROM gold.recognition r LEFT JOIN gold.signal s ON s.substance_key = r.substance_key
            AND s.term_key = r.term_key AND s.is_latest AND (s.domain = 'human') = (r.species = 'human')
        GROUP BY ALL ORDER BY first_flagged IS NULL, r.public_from DESC, r.substance_name, r.term_name
        LIMIT {PAIRS}""")


def outcomes(lake: Lake) -> Rows:
    """How many pairs came to which outcome."""
    return lake.rows("""
        SELECT authority, outcome, count(*) AS n, median(acted_date - opened_date) AS days
        FROM gold.recognition GROUP BY ALL ORDER BY authority, n DESC""")


def coverage(lake: Lake) -> Rows:
    """Subjects of acts, and how many of what is printed a dictionary holds."""
    return lake.rows("""
        SELECT source, count(*) AS n, count(substance_method) AS n_names,
            count(*) FILTER (WHERE substance_method = 'uncoded') AS n_names_uncoded, count(term_method) AS n_terms,
            count(*) FILTER (WHERE term_method = 'uncoded') AS n_terms_uncoded
        FROM silver.regulatory_event_subject GROUP BY source ORDER BY source""")


def short(lake: Lake) -> Rows:
    """Products short at month ends, by country."""
    return lake.rows("""
        SELECT country, month, n_short, n_major_short, n_major, share_major_short FROM gold.shortage_month
        ORDER BY country, month""")


def ends(lake: Lake) -> Rows:
    """Episodes by country and what their end rests on."""
    return lake.rows("""
        SELECT country, end_basis, count(*) AS n, median(days) AS days,
            count(*) FILTER (WHERE n_starts > 1) AS n_restarted
        FROM gold.shortage_episode GROUP BY ALL ORDER BY country, n DESC""")


def episodes(lake: Lake) -> Rows:
    """Open episodes that began first."""
    return lake.rows(f"""
        SELECT country, product_key, product_name, status, began_date, n_versions, n_starts, is_major_interest
        FROM gold.shortage_episode WHERE end_basis = 'open'
        ORDER BY is_major_interest DESC NULLS LAST, began_date, product_key LIMIT {EPISODES}""")


def recognised(lake: Lake) -> dict[tuple[str, str, bool], Rows]:
    """Days on which acts on a pair could be known, by substance, term and whether of people."""
    rows = lake.rows("""
        SELECT substance_key, term_key, species = 'human' AS is_human, min(opened_known_from) AS discussed,
            min(acted_known_from) AS acted FROM gold.recognition GROUP BY ALL ORDER BY ALL""")
    found: dict[tuple[str, str, bool], Rows] = {}
    for row in rows:
        told = [{"what": what, "day": row[what]} for what in ("discussed", "acted") if row[what]]
        found[row["substance_key"], row["term_key"], row["is_human"]] = told
    return found


def _months(rows: Rows) -> dict[str, Any] | None:
    """Acts a month, stacked by kind; what is dated before 1995 is left to the table."""
    known = [r for r in rows if r["month"] >= dt.date(1995, 1, 1)]
    if not known:
        return None
    series: dict[str, dict[dt.date, int]] = {}
    for name, own in GROUPS.items():
        for row in known:
            if row["act_kind"] in own:
                months = series.setdefault(name, {})
                months[row["month"]] = months.get(row["month"], 0) + row["n"]
    indices = [figures.month_index(m) for months in series.values() for m in months]
    if not indices:
        return None
    label = f"Acts a month: {', '.join(series)}"
    figure = figures.stacked_months(series, label, (min(indices), max(indices)))
    return {"figure": figure, "kinds": [(name, sum(months.values())) for name, months in series.items()]}


def _pairs(rows: Rows) -> Rows:
    days = [d for r in rows for c in ("opened_date", "acted_date", "public_from", "first_flagged") if (d := r[c])]
    if not days:
        return []
    span = min(days), max(days)
    return [row | {"figure": charts.recognition_row(row, span)} for row in rows]


def _short(rows: Rows) -> list[dict[str, Any]]:
    """Products short at month ends, a figure a country."""
    found = []
    for country in sorted({r["country"] for r in rows}, key=lambda c: (c != "FR", c)):
        own = [r for r in rows if r["country"] == country]
        counts: Mapping[str, Mapping[dt.date, int]] = {"short": {r["month"]: r["n_short"] for r in own}}
        if any(r["n_major_short"] is not None for r in own):
            major = {r["month"]: r["n_major_short"] or 0 for r in own}
            others = {r["month"]: r["n_short"] - major[r["month"]] for r in own}
            counts = {"of major therapeutic interest": major, "others": others}
        indices = [figures.month_index(r["month"]) for r in own]
        figure = figures.stacked_months(
            counts, f"Products short at month ends, {country}", (max(min(indices), max(indices) - 180), max(indices))
        )
        found.append({"country": country, "figure": figure, "parts": list(counts), "last": own[-1]})
    return found
