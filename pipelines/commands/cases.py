"""`gerland cases`: the cases behind a pair, with names, one row a case.

A query, not a table: of a million reports it takes 3 processor seconds (`make prove`), while a stored table would hold
a row for each report, substance and event, some ten times the reports, and would be made again whenever a dictionary
recodes or a link is found.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.options import LakeOption
from pipelines.core.table import Column
from pipelines.defs.silver.report.tables import SUSPECT_ROLES, ReportHistory
from pipelines.frames.ages import ADOLESCENT, ADULT, CHILD, ELDERLY
from pipelines.lake.query import QueryError, connect
from pipelines.output.near import did_you_mean, near

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

COLUMNS = {
    "report_key": Column("string", "Case key"),
    "source": Column("string", "Source system the case came through"),
    "domain": Column("string", "Vigilance the case belongs to"),
    "species": Column("string", "Species; `human` for people"),
    "substance": Column("string", "Substances asked for that the case names, as the dictionary has them"),
    "event": Column("string", "Events asked for that the case names, as the dictionary has them"),
    "product": Column("string", "Products that hold the substance, as reported"),
    "role": Column("string", "Roles of those products"),
    "reported_term": Column("string", "The events, as reported"),
    "outcome": Column("string", "Outcomes of the events, as reported"),
    "received_first_date": Column("date", "First receipt by the authority"),
    "received_latest_date": Column("date", "Receipt of the version that is shown"),
    "onset_date": Column("date", "Onset of the first event; see the precision"),
    "onset_precision": Column("string", "How much of the onset date is known"),
    "is_serious": Column("boolean", "Serious by any criterion; null where the source does not say"),
    "seriousness": Column("string", "Criteria that make it serious"),
    "country": Column("string", "Country of occurrence, else of the reporter"),
    "reporter": Column("string", "Primary reporter's qualification"),
    "report_type": Column("string", "How the case came about"),
    "sex": Column("string", "Sex of the patient or animal"),
    "age_years": Column("double", "Age at onset", unit="years"),
    "age_group": Column("string", "Age group of people, as strata have it"),
    "days_to_onset": Column("int", "Shortest delay from use to the event", unit="days"),
    "dechallenge": Column("string", "What happened when the product was stopped"),
    "rechallenge": Column("string", "What happened when it was given again"),
    "report_version": Column("int", "Version of the case that is shown"),
    "cluster_head": Column("string", "Case that counts for it and its duplicates; its own key where it does itself"),
    "is_cluster_head": Column("boolean", "It counts: the first received of its cluster"),
}
CRITERIA = {
    "is_death": "death",
    "is_life_threatening": "life-threatening",
    "is_hospitalisation": "hospitalisation",
    "is_disability": "disability",
    "is_congenital_anomaly": "congenital anomaly",
    "is_other_serious": "other medically important",
}
AGE_UNTIL = {"infant": CHILD, "child": ADOLESCENT, "adolescent": ADULT, "adult": ELDERLY}
LINKS = "silver.duplicate_link"
NAMING = """
WITH named AS (
    SELECT report_key, report_version, unnest(substance_keys) AS substance_key, role,
           coalesce(reported_name, reported_substance) AS product,
           days_to_onset, dechallenge, rechallenge
    FROM silver.report_product
    WHERE is_current AND list_has_any(substance_keys, $substances) AND list_contains($roles, role)
), product AS (
    SELECT report_key, report_version, string_agg(DISTINCT substance_name, '; ' ORDER BY substance_name) AS substance,
           string_agg(DISTINCT product, '; ' ORDER BY product) AS product,
           string_agg(DISTINCT role, '; ' ORDER BY role) AS role, min(days_to_onset) AS days_to_onset,
           string_agg(DISTINCT dechallenge, '; ' ORDER BY dechallenge) AS dechallenge,
           string_agg(DISTINCT rechallenge, '; ' ORDER BY rechallenge) AS rechallenge
    FROM named JOIN (SELECT substance_key, substance_name FROM silver.substance WHERE is_current) USING (substance_key)
    WHERE list_contains($substances, substance_key) GROUP BY ALL
), event AS (
    SELECT report_key, report_version, string_agg(DISTINCT term_name, '; ' ORDER BY term_name) AS event,
           string_agg(DISTINCT reported_term, '; ' ORDER BY reported_term) AS reported_term,
           string_agg(DISTINCT outcome, '; ' ORDER BY outcome) AS outcome
    FROM silver.report_event JOIN (SELECT term_key, term_name FROM silver.term WHERE is_current) USING (term_key)
    WHERE is_current AND list_contains($terms, term_key) GROUP BY ALL
)
SELECT * FROM product JOIN event USING (report_key, report_version)
"""
OF_CASE = ", ".join([*(name for name in COLUMNS if name in ReportHistory.columns), *CRITERIA])
STANDING = f"""
SELECT * FROM (SELECT {OF_CASE} FROM silver.report_history WHERE is_latest AND NOT is_retracted)
JOIN pair USING (report_key, report_version)
"""
HEADS = f"""
WITH RECURSIVE known_link AS (
    SELECT * FROM {LINKS} WHERE rule <> 'refused' AND known_from <= CAST($day AS DATE)
        AND (known_to IS NULL OR known_to > CAST($day AS DATE))
), link AS (
    SELECT report_key AS one, other_report_key AS other FROM known_link
    UNION ALL
    SELECT other_report_key, report_key FROM known_link
), member AS (
    SELECT report_key AS found, report_key FROM matching
    UNION
    SELECT found, other FROM member JOIN link ON report_key = one
), first_known AS (
    SELECT report_key, min(known_from) AS first_known FROM silver.report_history
    WHERE report_key IN (SELECT report_key FROM member) GROUP BY report_key
)
SELECT found, first(report_key ORDER BY is_retracted, received_first_date, first_known, report_key) AS cluster_head
FROM member JOIN silver.report_history USING (report_key) JOIN first_known USING (report_key)
WHERE is_latest GROUP BY found
"""
SEEN = f"SELECT 1 FROM silver.report_history, silver.report_product, silver.report_event, {LINKS}, silver.substance, "
SEEN += "silver.term"


def command(
    substance: Annotated[
        str, typer.Argument(help="Substance, by its name in English or French; case does not matter.")
    ],
    event: Annotated[str, typer.Argument(help="Event, as its dictionary names it.")],
    as_of: Annotated[str | None, typer.Option(help="Show what was known on this date (YYYY-MM-DD).")] = None,
    taken: Annotated[bool, typer.Option("--taken", help="Also cases in which it was only taken with others.")] = False,
    format: Annotated[str, typer.Option(help="table, vertical, csv, json or parquet; as `gerland sql`.")] = "",
    out: Annotated[Path | None, typer.Option(help="File to write; parquet needs one.")] = None,
    lake: LakeOption = None,
) -> None:
    """List the cases behind a pair, with names, the last received first. No Java.

    Rows whose `is_cluster_head` is true are those that `gold.signal` counts; the others are their duplicates.

    Example: gerland cases BELUBILIMUMAB "Cardiac Oedema"
    """
    from pipelines.output.render import check, render, style_of
    from pipelines.settings import settings

    style = format or style_of(out)
    check(style, out)
    render(cases(str(lake or settings().lake), substance, event, as_of, taken), style, out)


def cases(root: str, substance: str, event: str, as_of: str | None = None, taken: bool = False) -> pa.Table:
    """Return the cases of a lake that name a substance and an event, `COLUMNS`, the last received first.

    `taken` adds those in which the substance was taken but neither suspected nor interacting. On a date, versions,
    codings and links are those known then; `gerland run --as-of` is not needed.

    Raises `QueryError` for a name that no case holds, with the nearest ones, and for a pair that no case names.
    """
    connection = connect(root, SEEN, as_of, as_it_stands=(LINKS,))
    substances = _keys(connection, "silver.substance", "substance_key", ("substance_name", "french_name"), substance)
    terms = _keys(connection, "silver.term", "term_key", ("term_name",), event)
    roles = [*SUSPECT_ROLES, *(["concomitant"] if taken else [])]
    given = {"substances": substances, "terms": terms, "roles": roles}
    connection.execute(f"CREATE TEMP TABLE pair AS {NAMING}", given)
    connection.execute(f"CREATE TEMP TABLE matching AS {STANDING}")
    heads = f"CREATE TEMP TABLE head AS {HEADS}"
    connection.execute(heads, {"day": as_of or "9999-12-31"})
    table = connection.sql(_shown()).to_arrow_table()
    if not table.num_rows:
        raise QueryError(_none(connection, substance, event, substances, roles))
    return table


def _keys(connection: duckdb.DuckDBPyConnection, table: str, key: str, names: tuple[str, ...], asked: str) -> list[str]:
    """Keys that a name stands for. Raises `QueryError` with what is near where there is none."""
    like = " OR ".join(f"upper({name}) = upper($asked)" for name in names)
    rows = connection.execute(
        f"SELECT DISTINCT {key} FROM {table} WHERE is_current AND ({like}) ORDER BY 1", {"asked": asked.strip()}
    ).fetchall()
    if rows:
        return [found for (found,) in rows]
    known = connection.execute(f"SELECT DISTINCT {names[0]} FROM {table} WHERE is_current ORDER BY 1").fetchall()
    kind = table.split(".")[1]
    raise QueryError(f"{table} holds no {kind} {asked!r}{did_you_mean(asked, [name for (name,) in known if name])}")


def _shown() -> str:
    """The columns in their order, with criteria of seriousness and the age group in words."""
    criteria = ", ".join(f"CASE WHEN {flag} THEN '{says}' END" for flag, says in CRITERIA.items())
    groups = " ".join(f"WHEN age_years < {years} THEN '{group}'" for group, years in AGE_UNTIL.items())
    made = {
        "seriousness": f"nullif(concat_ws('; ', {criteria}), '')",
        "age_group": f"CASE WHEN species <> 'human' OR age_years IS NULL THEN NULL {groups} ELSE 'elderly' END",
        "is_cluster_head": "cluster_head = report_key",
    }
    shown = ", ".join(f"{made[name]} AS {name}" if name in made else name for name in COLUMNS)
    return (
        f"SELECT {shown} FROM matching JOIN head ON found = report_key ORDER BY received_latest_date DESC, report_key"
    )


def _none(
    connection: duckdb.DuckDBPyConnection, substance: str, event: str, substances: list[str], roles: list[str]
) -> str:
    """Say that no case names both, and which events near the one asked for are reported with the substance."""
    told = connection.execute(
        """
        SELECT DISTINCT term_name FROM silver.report_product AS p
        JOIN silver.report_event AS e USING (report_key, report_version) JOIN silver.term AS t USING (term_key)
        WHERE p.is_current AND e.is_current AND t.is_current AND list_has_any(substance_keys, $substances)
        AND list_contains($roles, role) ORDER BY term_name
        """,
        {"substances": substances, "roles": roles},
    ).fetchall()
    nearest = near(event, [name for (name,) in told], cutoff=0)
    listed = f"; of its {len(told):,} events the nearest are {', '.join(nearest)}" if nearest else ""
    return f"no case names {substance!r} with {event!r}{listed}"
