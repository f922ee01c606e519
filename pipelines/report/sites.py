"""The section on sites, batches and recalls: questions to the lake, and the chain around the worst batch, drawn."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from pipelines.output.graph import drawn
from pipelines.report.data import Lake, Rows

SITES, BATCHES, RECALLS, AROUND = 12, 12, 12, 6


def section(lake: Lake) -> dict[str, Any]:
    """All that the section shows."""
    batches = batches_in_excess(lake)
    return {
        "sites": sites(lake),
        "ratings": ratings(lake),
        "batches": batches,
        "watched": watched(lake),
        "clusters": clusters(lake),
        "recalls": recalls(lake),
        "reach": reach(lake),
        "chain": _chain(lake, batches[0]["batch_key"]) if batches else None,
    }


def sites(lake: Lake) -> Rows:
    """Rated sites, the worst first, with the reasons that reach their limit."""
    return lake.rows(f"""
        SELECT s.*, r.reasons FROM gold.site_risk s LEFT JOIN (
            SELECT establishment_key, rated_from, string_agg(reason, ', ' ORDER BY reason) AS reasons
            FROM gold.site_risk_reason GROUP BY ALL) r USING (establishment_key, rated_from)
        WHERE s.is_current
        ORDER BY s.rating IS NULL, s.rating DESC, s.n_non_compliance DESC, s.overdue_days DESC NULLS LAST,
            s.n_recalls + s.n_actions DESC, s.establishment_key LIMIT {SITES}""")


def ratings(lake: Lake) -> Rows:
    """Sites by rating, and why others have none."""
    return lake.rows("""
        SELECT coalesce(rating, not_rated) AS rating, count(*) AS n,
            count(*) FILTER (WHERE overdue_days > 0) AS n_overdue,
            sum(n_recalls)::BIGINT AS n_recalls, sum(n_actions)::BIGINT AS n_actions
        FROM gold.site_risk WHERE is_current GROUP BY ALL ORDER BY rating""")


def batches_in_excess(lake: Lake) -> Rows:
    """Batches that stand out most among their siblings at their family's last month."""
    return lake.rows(f"""
        SELECT w.*, e.establishment_name, p.product_name FROM gold.batch_watch w
        LEFT JOIN (SELECT establishment_key, any_value(establishment_name) AS establishment_name
            FROM silver.establishment WHERE is_current GROUP BY ALL) e USING (establishment_key)
        LEFT JOIN (SELECT product_key, any_value(product_name) AS product_name FROM silver.product WHERE is_current
            GROUP BY ALL) p ON p.product_key = w.family_key
        WHERE is_latest AND q_value IS NOT NULL ORDER BY q_value, p_value, batch_key LIMIT {BATCHES}""")


def watched(lake: Lake) -> Rows:
    """How many batches were held against siblings, and why others were not."""
    return lake.rows("""
        SELECT coalesce(not_computed, 'held against siblings') AS state, count(*) AS n,
            sum(n_reports)::BIGINT AS n_reports, count(*) FILTER (WHERE q_value <= 0.05) AS n_excess
        FROM gold.batch_watch WHERE is_latest GROUP BY ALL ORDER BY n DESC""")


def clusters(lake: Lake) -> Rows:
    """Where the defects of each product fall together, the least likely first, and why others have none."""
    return lake.rows(f"""
        SELECT c.*, p.product_name FROM gold.defect_cluster c
        LEFT JOIN (SELECT product_key, any_value(product_name) AS product_name FROM silver.product WHERE is_current
            GROUP BY ALL) p ON p.product_key = c.family_key
        ORDER BY c.q_value NULLS LAST, c.p_value, c.n_defects DESC, c.family_key LIMIT {BATCHES}""")


def recalls(lake: Lake) -> Rows:
    """Recalls by country and class."""
    return lake.rows("""
        SELECT country, recall_class, count(*) AS n, count(DISTINCT event_id) AS n_events,
            count(*) FILTER (WHERE scope = 'listed') AS n_listed, count(*) FILTER (WHERE scope = 'all') AS n_all,
            min(recall_date) AS first_date, max(recall_date) AS last_date
        FROM silver.recall WHERE is_current GROUP BY ALL ORDER BY country, recall_class""")


def reach(lake: Lake) -> Rows:
    """Recalls whose reach is known, the widest first."""
    return lake.rows(f"""
        SELECT * FROM gold.recall_reach WHERE n_packs IS NOT NULL
        ORDER BY n_packs DESC, recall_date DESC LIMIT {RECALLS}""")


def _chain(lake: Lake, batch: str) -> Markup | None:
    """What is linked to a batch, and to its site and pack: the first few of each kind; reports as one number."""
    told = "thing, thing_name, link, other, other_name"
    both = """
        SELECT from_kind || ':' || from_key AS thing, from_name AS thing_name, link_kind || ' →' AS link,
            to_kind || ':' || to_key AS other, to_name AS other_name, to_kind AS kind, known_from
        FROM gold.link WHERE missing IS NULL
        UNION ALL
        SELECT to_kind || ':' || to_key, to_name, '← ' || link_kind, from_kind || ':' || from_key, from_name, from_kind,
            known_from FROM gold.link WHERE missing IS NULL"""
    own = "'batch:" + batch.replace("'", "''") + "'"
    ends = f"SELECT other FROM step WHERE thing = {own} AND kind IN ('site', 'pack')"
    rows = lake.rows(f"""
        WITH step AS ({both}),
        near AS (SELECT 1 AS depth, * FROM step WHERE thing = {own} AND kind <> 'report'
            UNION ALL SELECT 2, * FROM step WHERE thing IN ({ends}) AND kind <> 'batch' AND other <> {own}),
        placed AS (SELECT *, row_number() OVER (PARTITION BY thing, link ORDER BY known_from DESC, other) AS place
            FROM near)
        SELECT depth, {told} FROM placed WHERE place <= {AROUND}
        UNION ALL SELECT 1, thing, any_value(thing_name), link, 'reports:' || count(*), count(*) || ' reports'
        FROM step WHERE thing = {own} AND kind = 'report' GROUP BY thing, link
        ORDER BY depth, thing, link, other""")
    return Markup(drawn(rows)) if rows else None  # noqa: S704  (drawn here, every text escaped)
