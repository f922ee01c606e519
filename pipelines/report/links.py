"""The page for a reviewer of duplicates: what is dropped, and of each link by likeness why it was made.

It shows values of single cases, as the signal report never does: it is for those who assess cases.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pipelines.report.data import Lake, Query, Rows
from pipelines.report.page import render

SHOWN = 200
FIELDS = {
    "onset_date": "onset_date", "received_date": "received_first_date", "species": "species", "breed": "breed",
    "sex": "sex", "age_years": "age_years", "weight_kg": "weight_kg", "country": "country", "reporter": "reporter",
    "n_died": "n_died", "n_animals_affected": "n_animals_affected",
    "n_animals_treated": "n_animals_treated", "substances": "products", "events": "events",
}  # fmt: skip
SAID = re.compile(r"(?P<field>\w+) (?P<alike>.+) (?P<bits>[-+]?\d+(?:\.\d+)?)$")


def write_links(query: Query, out: Path) -> Path:
    """Write the page of the lake behind `query` to `out` and return `out`."""
    lake = Lake(query)
    links = [_told(row) for row in _links(lake)]
    content = {
        "title": "Duplicates by likeness",
        "links": links,
        "shown": SHOWN,
        "counts": lake.rows("SELECT rule, count(*) AS n FROM silver.duplicate_link GROUP BY rule ORDER BY rule"),
        "dropped": dropped(lake),
        "unread": lake.unread,
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render("links.html.j2", content), encoding="utf-8")
    return out


def dropped(lake: Lake) -> Rows:
    """Cases that count nowhere because another tells the same, by source and country, most first."""
    return lake.rows("""
        SELECT source, country, count(*) AS n_cases, count(*) FILTER (WHERE NOT is_cluster_head) AS n_dropped
        FROM silver.report WHERE NOT is_retracted GROUP BY source, country HAVING n_dropped > 0
        ORDER BY n_dropped / n_cases DESC, n_cases DESC, source, country""")


def _links(lake: Lake) -> Rows:
    """Links by likeness, the least sure first, with what both cases tell."""
    values = ", ".join(f"{side}.{column} AS {side}_{name}" for side in "ab" for name, column in FIELDS.items())
    return lake.rows(f"""
        WITH shown AS (
            SELECT * FROM silver.duplicate_link WHERE rule <> 'identifier'
            ORDER BY rule, probability, report_key, other_report_key LIMIT {SHOWN}),
        keys AS (SELECT report_key FROM shown UNION SELECT other_report_key FROM shown),
        cases AS (
            SELECT *, coalesce(n_animals_died, is_death::int) AS n_died
            FROM silver.report SEMI JOIN keys USING (report_key)),
        events AS (
            SELECT report_key, string_agg(DISTINCT reported_term, '; ' ORDER BY reported_term) AS events
            FROM silver.report_event SEMI JOIN cases USING (report_key, report_version)
            WHERE coded_to IS NULL GROUP BY report_key),
        products AS (
            SELECT report_key, string_agg(DISTINCT reported_name, '; ' ORDER BY reported_name) AS products
            FROM silver.report_product SEMI JOIN cases USING (report_key, report_version) GROUP BY report_key),
        told AS (SELECT * FROM cases LEFT JOIN events USING (report_key) LEFT JOIN products USING (report_key))
        SELECT shown.*, {values} FROM shown
        JOIN told a ON a.report_key = shown.report_key JOIN told b ON b.report_key = shown.other_report_key
        ORDER BY shown.rule, shown.probability, shown.report_key, shown.other_report_key""")


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A link with its fields one by one: both values, how alike, and the bits for or against."""
    fields, reason = [], ""
    for part in str(row["evidence"] or "").split("; "):
        said = SAID.match(part)
        if said is None or said["field"] not in FIELDS:
            reason = "; ".join(filter(None, [reason, part]))
            continue
        name = said["field"]
        values = {"first": row[f"a_{name}"], "second": row[f"b_{name}"]}
        fields.append({"name": name, **values, "alike": said["alike"], "bits": float(said["bits"])})
    return {**row, "fields": fields, "reason": reason}
