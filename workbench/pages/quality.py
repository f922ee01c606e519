"""Can this month be trusted? What came in, what was refused, and how much the cases tell."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from workbench.pages import cases
from workbench.visit import Visit, visiting

router = APIRouter()
MOST_REASONS = 40
TOLD = ("sex", "age_years", "country", "reporter", "onset_date", "is_serious", "weight_kg")


@router.get("/quality")
def quality(visit: Annotated[Visit, Depends(visiting("quality"))]) -> Response:
    """The page; with a pair in its address, of the cases of that pair beside all of the population."""
    state = cases.State.of(visit.asked) if visit.asked.text("population") and visit.policy.sees_cases else None
    return visit.page(
        "quality.html",
        state=state,
        compared=_compared(visit, state) if state else None,
        sources=_sources(visit),
        deliveries=_deliveries(visit),
        refused=_refused(visit),
        quarantined=_quarantined(visit),
        told=TOLD,
        missing=visit.reader.edition.refused,
    )


def _told(where: str) -> str:
    """SQL of how much a set of cases tells."""
    parts = ", ".join(f"avg((h.{field} IS NOT NULL)::INT) AS {field}" for field in TOLD)
    return (
        f"SELECT count(*) AS n, {parts}, avg(r.completeness) AS completeness,\n"
        "    avg((NOT r.is_cluster_head)::INT) AS duplicates\n"
        f"FROM ({where}) c JOIN silver.report_history h USING (report_key, report_version)\n"
        "    LEFT JOIN silver.report r USING (report_key)"
    )


def _compared(visit: Visit, state: cases.State) -> list[dict[str, Any]]:
    """How much the cases of a pair tell, and how much all of its population."""
    at = cases.known(visit, state)
    whole = cases.State(**{**vars(state), "cell": "all"})
    of = visit.rows(_told(state.chosen()), at, title=visit.words("These cases"))
    return [*of, *visit.rows(_told(whole.chosen()), at, title=visit.words("All of the population"))]


def _sources(visit: Visit) -> list[dict[str, Any]]:
    """Cases of each source: how complete, how many counted; nothing for who may see no case."""
    if not visit.reader.has("silver.report"):
        return []
    return visit.rows(
        """SELECT source, domain, count(*) AS n, count(*) FILTER (WHERE is_retracted) AS n_retracted,
    count(*) FILTER (WHERE NOT is_cluster_head) AS n_duplicates, avg(completeness) AS completeness,
    max(received_latest_date) AS last_date
FROM silver.report GROUP BY source, domain ORDER BY domain, n DESC, source""",
        title=visit.words("Cases by source"),
    )


def _deliveries(visit: Visit) -> list[dict[str, Any]]:
    """Files and records of each source, and whether every record is accounted for."""
    if not visit.reader.has("bronze.delivery"):
        return []
    return visit.rows(
        """SELECT source, count(DISTINCT delivery_id) FILTER (WHERE status IN ('accepted', 'again')) AS n_files,
    count(DISTINCT delivery_id) FILTER (WHERE status IN ('refused', 'failed')) AS n_refused,
    sum(n_rows_read)::BIGINT AS n_read, sum(n_rows_kept)::BIGINT AS n_kept,
    sum(n_rows_quarantined)::BIGINT AS n_quarantined,
    count(*) FILTER (WHERE n_rows_read <> n_rows_kept + n_rows_quarantined) AS n_unbalanced,
    max(known_date) AS last_date
FROM bronze.delivery GROUP BY source ORDER BY source""",
        title=visit.words("What came in"),
    )


def _refused(visit: Visit) -> list[dict[str, Any]]:
    """Files that were refused as a whole, and why."""
    if not visit.reader.has("bronze.delivery"):
        return []
    return visit.rows(
        f"""SELECT DISTINCT source, file, left(reason, 240) AS reason, known_date
FROM bronze.delivery WHERE status IN ('refused', 'failed')
ORDER BY known_date DESC, source, file LIMIT {MOST_REASONS}""",
        title=visit.words("Files that were refused"),
    )


def _quarantined(visit: Visit) -> list[dict[str, Any]]:
    """Why records were quarantined, never the records."""
    if not visit.reader.has("bronze.quarantine"):
        return []
    return visit.rows(
        f"""SELECT source, table_name, left(reason, 240) AS reason, count(*) AS n, count(DISTINCT file) AS n_files
FROM bronze.quarantine GROUP BY ALL ORDER BY n DESC, source, table_name, reason LIMIT {MOST_REASONS}""",
        title=visit.words("Records that were quarantined"),
    )
