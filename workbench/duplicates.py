"""Cases that may be one: what links them, what people said of it, and what that would change."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from workbench.store import link_verdict
from workbench.visit import Visit

REASONS = {
    "identifiers": "Numbers of the case",
    "narrative": "What the narratives tell",
    "person": "Person or animal",
    "dates": "Dates",
    "household": "Several animals or persons of one place",
    "other": "Another reason, told below",
}
COMPARED = (
    *("source", "received_first_date", "onset_date", "country", "reporter", "report_type", "species", "breed", "sex"),
    *("age_years", "weight_kg", "is_serious", "is_death", "n_animals_affected", "worldwide_case_id"),
)


def linked(visit: Visit, keys: list[str]) -> dict[str, int]:
    """Number of links of each of these cases."""
    if not keys or not visit.reader.has("silver.duplicate_link"):
        return {}
    found = visit.rows(
        """SELECT key, count(*) AS n FROM (
    SELECT report_key AS key FROM silver.duplicate_link UNION ALL SELECT other_report_key FROM silver.duplicate_link)
WHERE list_contains($keys, key) GROUP BY key""",
        {"keys": keys},
    )
    return {row["key"]: row["n"] for row in found}


def of_case(visit: Visit, key: str) -> list[dict[str, Any]]:
    """Links of a case: the other case, the rule, its parts, and the last verdict of people."""
    if not visit.reader.has("silver.duplicate_link"):
        return []
    found = visit.rows(
        """SELECT CASE WHEN report_key = $key THEN other_report_key ELSE report_key END AS other, report_key,
    other_report_key, known_from, rule, match_weight, probability, evidence
FROM silver.duplicate_link WHERE report_key = $key OR other_report_key = $key ORDER BY probability DESC, other""",
        {"key": key},
    )
    return [row | {"verdict": last_verdict(visit, row["report_key"], row["other_report_key"])} for row in found]


def last_verdict(visit: Visit, key: str, other: str) -> dict[str, Any] | None:
    """What people last said of a link; the pseudonyms of a study meet no verdict."""
    with visit.bench.store.reading() as connection:
        row = (
            connection.execute(
                sa.select(link_verdict)
                .where(link_verdict.c.report_key == key, link_verdict.c.other_report_key == other)
                .order_by(link_verdict.c.id.desc())
                .limit(1)
            )
            .mappings()
            .one_or_none()
        )
    return dict(row) if row else None


def link(visit: Visit, key: str, other: str) -> dict[str, Any] | None:
    """The link of two cases, whichever is named first; None where the reader sees none."""
    found = visit.rows(
        "SELECT * FROM silver.duplicate_link WHERE (report_key = $key AND other_report_key = $other) "
        "OR (report_key = $other AND other_report_key = $key)",
        {"key": key, "other": other},
        title=visit.words("The link"),
    )
    return found[0] if found else None


def side_by_side(visit: Visit, keys: list[str]) -> list[dict[str, Any]]:
    """The cases with what they tell, in the order of the keys."""
    rows = visit.rows(
        """SELECT r.*,
    (SELECT list_sort(list(DISTINCT coalesce(p.reported_name, p.reported_substance))) FROM silver.report_product p
     WHERE p.report_key = r.report_key AND p.report_version = r.report_version AND p.coded_to IS NULL) AS products,
    (SELECT list_sort(list(DISTINCT e.reported_term)) FROM silver.report_event e
     WHERE e.report_key = r.report_key AND e.report_version = r.report_version AND e.coded_to IS NULL) AS events
FROM silver.report r WHERE list_contains($keys, r.report_key)""",
        {"keys": keys},
        title=visit.words("The two cases"),
    )
    return sorted(rows, key=lambda row: keys.index(row["report_key"]))


def effect(visit: Visit, cases: list[dict[str, Any]], is_linked: bool) -> list[dict[str, Any]]:
    """Pairs whose number of reports the other verdict would change, in the whole population, and by how many.

    Of two cases that are one, the head counts; told apart, the other counts too, and the reverse.
    """
    other = [case["report_key"] for case in cases if not case["is_cluster_head"]] or [cases[-1]["report_key"]]
    return visit.rows(
        """SELECT s.population, s.substance_key, s.substance_name, s.term_key, s.term_name, s.a, s.a + $change AS a_then
FROM gold.signal s
WHERE s.is_latest AND s.population = $domain
    AND s.substance_key IN (SELECT unnest(substance_keys) FROM silver.report_product JOIN silver.report
        USING (report_key, report_version) WHERE list_contains($keys, report_key) AND coded_to IS NULL
        AND role IN ('primary_suspect', 'secondary_suspect', 'suspect', 'interacting', 'unknown'))
    AND s.term_key IN (SELECT term_key FROM silver.report_event JOIN silver.report USING (report_key, report_version)
        WHERE list_contains($keys, report_key) AND coded_to IS NULL)
ORDER BY s.a DESC, s.substance_key, s.term_key LIMIT 50""",
        {"keys": other, "domain": cases[0]["domain"], "change": 1 if is_linked else -1},
    )
