"""What the report reads: one SQL statement a question, rows as dictionaries, nothing computed that SQL can count.

Belongs here: questions to the lake. Does not: wording, drawing. No value of a report leaves a table through here: names
of products and events as the dictionaries spell them, counts, file names and reasons only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.lake.query import QueryError

if TYPE_CHECKING:
    import polars as pl

Query = Callable[[str], "pl.DataFrame"]
Rows = list[dict[str, Any]]

TOP, NEW, TRENDS, COMPARED, PAIRS = 25, 15, 8, 2, 15
RULES = {"prr": "PRR", "ror": "ROR", "ic": "IC", "ebgm": "EBGM"}
CODINGS = ("code", "exact", "salt_stripped", "brand", "fuzzy", "uncoded")

_RANK = "eb05 DESC NULLS LAST, ic025 DESC NULLS LAST, a DESC, substance_name, term_name"


@dataclass
class Lake:
    """The tables, as a function from SQL to a frame; `unread` collects why a question had no answer."""

    query: Query
    unread: list[str] = field(default_factory=list)

    def rows(self, sql: str) -> Rows:
        """Return the rows of an answer; none, with the reason noted, where a table has not been built."""
        try:
            return self.query(sql).to_dicts()
        except QueryError as error:
            if str(error) not in self.unread:
                self.unread.append(str(error))
            return []


def reports(lake: Lake) -> Rows:
    """Cases by domain and source: all, retracted, duplicates of another, counted."""
    return lake.rows("""
        SELECT domain, source, count(*) AS n_cases,
            count(*) FILTER (WHERE is_retracted) AS n_retracted,
            count(*) FILTER (WHERE NOT is_cluster_head AND NOT is_retracted) AS n_duplicates,
            count(*) FILTER (WHERE is_cluster_head AND NOT is_retracted) AS n_reports,
            min(received_first_date) AS first_date, max(received_latest_date) AS last_date
        FROM silver.report GROUP BY domain, source ORDER BY domain, n_cases DESC, source""")


def priors(lake: Lake) -> Rows:
    """The prior of each population that stands at its last month."""
    return lake.rows("""
        SELECT * FROM gold.prior
        QUALIFY row_number() OVER (PARTITION BY population ORDER BY month DESC) = 1 ORDER BY population""")


def populations(lake: Lake) -> Rows:
    """How many pairs were scored and flagged in each population at its last month; people first, big ones first."""
    flagged = ", ".join(f"count(*) FILTER (WHERE is_{rule}_signal) AS n_{rule}" for rule in RULES)
    found = lake.rows(f"""
        SELECT population, any_value(domain) AS domain, max(month) AS month, max(a + b + c + d) AS n_reports,
            count(*) AS n_pairs, count(*) FILTER (WHERE a >= 3) AS n_pairs_of_3, count(eb05) AS n_with_ebgm, {flagged},
            count(*) FILTER (WHERE is_new) AS n_new
        FROM gold.signal WHERE is_latest GROUP BY population""")
    return sorted(found, key=lambda r: (r["domain"] != "human", r["domain"], ":" in r["population"], -r["n_reports"]))


def ranked(lake: Lake) -> dict[str, Rows]:
    """Highest-ranked pairs of each population at its last month, and the best of those flagged for the first time."""
    rows = lake.rows(f"""
        SELECT * FROM (
            SELECT population, domain, month, substance_name, term_name, soc_name, a, n_new, expected,
                is_prr_signal, is_ror_signal, is_ic_signal, is_ebgm_signal,
                ic, ic025, ic975, ebgm, eb05, eb95, prr, ror, is_new, not_computed,
                first_prr_month, first_ror_month, first_ic_month, first_ebgm_month,
                row_number() OVER (PARTITION BY population ORDER BY {_RANK}) AS rank,
                row_number() OVER (PARTITION BY population, is_new ORDER BY {_RANK}) AS rank_of_new
            FROM gold.signal WHERE is_latest)
        WHERE rank <= {TOP} OR (is_new AND rank_of_new <= {NEW}) ORDER BY population, rank""")
    by_population: dict[str, Rows] = {}
    for row in rows:
        by_population.setdefault(row["population"], []).append(row | {"first_flagged": first_flagged(row)})
    return by_population


def first_flagged(row: dict[str, Any]) -> dt.date | None:
    """First month end at which any rule was met."""
    return min((m for rule in RULES if (m := row[f"first_{rule}_month"]) is not None), default=None)


def trends(lake: Lake) -> dict[str, list[Rows]]:
    """Every month of the highest-ranked flagged pairs of each domain."""
    rows = lake.rows(f"""
        WITH best AS (
            SELECT population, substance_key, term_key, rank FROM (
                SELECT population, substance_key, term_key,
                    row_number() OVER (PARTITION BY population ORDER BY {_RANK}) AS rank
                FROM gold.signal
                WHERE is_latest AND (is_prr_signal OR is_ror_signal OR is_ic_signal OR is_ebgm_signal)
                    AND population NOT LIKE '%:%')
            WHERE rank <= {TRENDS})
        SELECT population, rank, substance_key, term_key, substance_name, term_name, month, a, expected,
            ic, ic025, ic975,
            first_prr_month, first_ror_month, first_ic_month, first_ebgm_month
        FROM gold.signal JOIN best USING (population, substance_key, term_key) ORDER BY population, rank, month""")
    pairs: dict[str, dict[int, Rows]] = {}
    for row in rows:
        pairs.setdefault(row["population"], {}).setdefault(row["rank"], []).append(row)
    for domain in pairs.values():
        for points in domain.values():
            points[0]["first_flagged"] = first_flagged(points[-1])
    return {population: list(found.values()) for population, found in pairs.items()}


def compared(lake: Lake) -> dict[str, dict[int, Rows]]:
    """Every method's answers, month by month, about the highest-ranked flagged pairs of each domain, by rank."""
    rows = lake.rows(f"""
        WITH best AS (
            SELECT population, substance_key, term_key,
                row_number() OVER (PARTITION BY population ORDER BY {_RANK}) AS rank
            FROM gold.signal
            WHERE is_latest AND (is_prr_signal OR is_ror_signal OR is_ic_signal OR is_ebgm_signal)
                AND population NOT LIKE '%:%')
        SELECT population, rank, substance_name, term_name, method, month, is_latest, a, m.expected,
            estimate, lower, upper, p_value, is_signal, rule, not_computed
        FROM gold.signal_by_method m JOIN best USING (population, substance_key, term_key)
        WHERE rank <= {COMPARED} ORDER BY population, rank, method, month""")
    pairs: dict[str, dict[int, Rows]] = {}
    for row in rows:
        pairs.setdefault(row["population"], {}).setdefault(row["rank"], []).append(row)
    return pairs


def interactions(lake: Lake) -> Rows:
    """Two substances and an event with the highest lower bounds of Omega, and what the logistic regression says."""
    pair = "population, substance_key, substance_key_2, term_key"
    return lake.rows(f"""
        SELECT o.population, o.substance_name, o.substance_name_2, o.term_name, o.n111, o.expected,
            o.estimate AS omega, o.lower AS omega_lower, l.estimate AS ratio, l.lower AS ratio_lower
        FROM gold.interaction o JOIN gold.interaction l USING ({pair})
        WHERE o.method = 'omega' AND l.method = 'logistic_shrinkage' AND o.is_signal
        ORDER BY o.lower DESC, o.substance_name, o.substance_name_2, o.term_name LIMIT {PAIRS}""")


def masked(lake: Lake) -> Rows:
    """Pairs that are a signal only without a masker's reports."""
    return lake.rows(f"""
        SELECT population, substance_name, term_name, masker_name, masking_ratio, a, ic025, lower
        FROM gold.masking WHERE is_revealed
        ORDER BY lower DESC, substance_name, term_name, masker_name LIMIT {PAIRS}""")


def activity(lake: Lake) -> Rows:
    """Reports by month, domain and source."""
    return lake.rows("""
        SELECT domain, source, month, sum(n_reports)::BIGINT AS n_reports, sum(n_serious)::BIGINT AS n_serious
        FROM gold.report_month GROUP BY domain, source, month ORDER BY domain, source, month""")


def deliveries(lake: Lake) -> Rows:
    """Files and records of each source, and whether every record is accounted for."""
    return lake.rows("""
        SELECT source, count(DISTINCT delivery_id) FILTER (WHERE status IN ('accepted', 'again')) AS n_files,
            count(DISTINCT delivery_id) FILTER (WHERE status IN ('refused', 'failed')) AS n_refused,
            sum(n_rows_read)::BIGINT AS n_read, sum(n_rows_kept)::BIGINT AS n_kept,
            sum(n_rows_quarantined)::BIGINT AS n_quarantined,
            count(*) FILTER (WHERE n_rows_read <> n_rows_kept + n_rows_quarantined) AS n_unbalanced,
            max(known_date) AS last_date
        FROM bronze.delivery GROUP BY source ORDER BY source""")


def refusals(lake: Lake) -> Rows:
    """Files that were refused as a whole, and why."""
    return lake.rows("""
        SELECT DISTINCT source, file, left(reason, 240) AS reason, known_date
        FROM bronze.delivery WHERE status IN ('refused', 'failed') ORDER BY source, file LIMIT 100""")


def quarantined(lake: Lake) -> Rows:
    """Why records were quarantined: reasons by table, never the records."""
    return lake.rows("""
        SELECT source, table_name, left(reason, 240) AS reason, count(*) AS n_rows, count(DISTINCT file) AS n_files
        FROM bronze.quarantine WHERE line_number > 0
        GROUP BY ALL ORDER BY n_rows DESC, source, table_name, reason LIMIT 40""")


def name_codings(lake: Lake) -> Rows:
    """Records of product names by source and coding method."""
    return lake.rows("""
        SELECT source, CASE WHEN coding_method = 'as_reported' THEN 'uncoded' ELSE coding_method END AS coding_method,
            sum(n_records)::BIGINT AS n, count(*) AS n_names
        FROM silver.name_coding WHERE known_to IS NULL GROUP BY ALL ORDER BY source""")


def event_codings(lake: Lake) -> Rows:
    """Events of the reports as they stand, by source and coding method."""
    return lake.rows("""
        SELECT e.source, CASE WHEN e.term_key IS NULL THEN 'uncoded' ELSE e.coding_method END AS coding_method,
            count(*) AS n
        FROM silver.report_event e JOIN silver.report r USING (report_key, report_version)
        WHERE NOT r.is_retracted AND e.coded_to IS NULL GROUP BY ALL ORDER BY e.source""")


def completeness(lake: Lake) -> Rows:
    """Completeness of the reports of each source, in ten bins from 0 to 1, with median."""
    return lake.rows("""
        SELECT source, list(n ORDER BY bin) AS counts, list(bin ORDER BY bin) AS bins, any_value(median) AS median,
            sum(n)::BIGINT AS n
        FROM (
            SELECT source, least(floor(completeness * 10), 9)::INT AS bin, count(*) AS n,
                any_value(median) AS median
            FROM (SELECT *, median(completeness) OVER (PARTITION BY source) AS median FROM silver.report
                  WHERE NOT is_retracted AND completeness IS NOT NULL)
            GROUP BY source, bin)
        GROUP BY source ORDER BY source""")


def pair_history(lake: Lake) -> Rows:
    """Every pair that any rule ever flagged: when each rule was met, and the state now."""
    return lake.rows("""
        SELECT population, any_value(substance_name) AS substance_name, any_value(term_name) AS term_name,
            max(a) FILTER (WHERE is_latest) AS a,
            list(month) FILTER (WHERE is_prr_signal) AS prr, list(month) FILTER (WHERE is_ror_signal) AS ror,
            list(month) FILTER (WHERE is_ic_signal) AS ic, list(month) FILTER (WHERE is_ebgm_signal) AS ebgm
        FROM gold.signal GROUP BY population, substance_key, term_key""")
