"""`gerland trace`: what is linked to a site, batch, substance or report, step by step, as known on a date. No Java."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.commands.options import LakeOption
from pipelines.core.table import Column
from pipelines.defs.gold.link.tables import Link
from pipelines.lake.query import QueryError, connected
from pipelines.output.near import did_you_mean

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LINKS = Link.address()
LEAVES = ("place", "region", "guise")  # that two things went to one place links them to nothing
COLUMNS = {
    "depth": Column("int", "Links from the start"),
    "thing": Column("string", "Kind and key of what is nearer to the start"),
    "thing_name": Column("string", "Its name"),
    "link": Column("string", "What links the two; an arrow says which way"),
    "other": Column("string", "Kind and key of what it leads to"),
    "other_name": Column("string", "Its name"),
    "n": Column("double", "How much of it, such as doses; else how often it is told"),
    "basis": Column("string", "What it rests on"),
    "confidence": Column("double", "How sure it is"),
    "source": Column("string", "Source that says so"),
    "known_from": Column("date", "First day on which it could be known"),
    "valid_to": Column("date", "Since when it is told no longer"),
}
KNOWN = f"""
CREATE TEMP TABLE edge AS SELECT row_number() OVER () AS id, from_kind || ':' || from_key AS a, from_name AS a_name,
    from_kind AS a_kind, to_kind || ':' || to_key AS b, to_name AS b_name, to_kind AS b_kind, * FROM {LINKS}
WHERE missing IS NULL AND (known_from IS NULL OR known_from <= CAST($day AS DATE))
    AND (valid_to IS NULL OR valid_to > CAST($day AS DATE))
"""
STEPS = """
CREATE TEMP VIEW step AS
SELECT id, a AS here, link_kind, '→' AS way, b AS other, b_kind AS other_kind FROM edge
UNION ALL SELECT id, b, link_kind, '←', a, a_kind FROM edge
"""
NEXT = f"""
INSERT INTO seen
SELECT other, any_value(other_kind), $depth, first(here ORDER BY id, here), first(id ORDER BY id, here),
    first(way ORDER BY id, here)
FROM (
    SELECT step.*, count(*) OVER (PARTITION BY here, link_kind, step.way) AS fan
    FROM step JOIN seen ON here = seen.thing
    WHERE seen.depth = $depth - 1 AND (seen.kind NOT IN {LEAVES} OR $depth = 1))
WHERE (fan <= $hub OR $depth = 1) AND other NOT IN (SELECT thing FROM seen)
GROUP BY other
"""
SHOWN = """
SELECT seen.depth, seen.parent AS thing, CASE WHEN way = '→' THEN a_name ELSE b_name END AS thing_name,
    CASE WHEN way = '→' THEN link_kind || ' →' ELSE '← ' || link_kind END AS link, seen.thing AS other,
    CASE WHEN way = '→' THEN b_name ELSE a_name END AS other_name, n, basis, confidence, source, known_from, valid_to
FROM seen JOIN edge ON seen.link = edge.id WHERE seen.depth > 0 {where}
ORDER BY seen.depth, thing, link, other
"""


def command(
    start: Annotated[str, typer.Argument(help="Site, batch, substance, report…: its key or its name.")],
    to: Annotated[str | None, typer.Option(help="Only the shortest way to this one.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only what leads to things of this kind, such as batch.")] = None,
    depth: Annotated[int, typer.Option(min=1, max=12, help="Links to follow; with --to, at most twelve.")] = 3,
    hub: Annotated[int, typer.Option(min=1, help="Links of one kind from which a thing is not walked through.")] = 60,
    as_of: Annotated[str | None, typer.Option(help="Show what was known on this date (YYYY-MM-DD).")] = None,
    drawing: Annotated[Path | None, typer.Option(help="Draw it too, as SVG.")] = None,
    format: Annotated[str, typer.Option(help="table, vertical, csv, json or parquet; as `gerland sql`.")] = "",
    out: Annotated[Path | None, typer.Option(help="File to write; parquet needs one.")] = None,
    lake: LakeOption = None,
) -> None:
    """Follow links from a site, batch, substance or report to all that registers hold about it. No Java.

    Things that many others are linked to in one way, such as all batches of a site, are listed but not walked through.

    Example: gerland trace LOC-100000002 --kind report
    """
    from pipelines.output.graph import drawn
    from pipelines.output.render import check, render, style_of
    from pipelines.settings import settings

    style = format or style_of(out)
    check(style, out)
    found = trace(str(lake or settings().lake), start, to, kind, depth, hub, as_of)
    if drawing:
        drawing.write_text(drawn(found.to_pylist()), encoding="utf-8")
    render(found, style, out)


def trace(
    root: str,
    start: str,
    to: str | None = None,
    kind: str | None = None,
    depth: int = 3,
    hub: int = 60,
    as_of: str | None = None,
) -> pa.Table:
    """Return the links of a lake from one thing on, `COLUMNS`, the nearest first; or the shortest way to another.

    Raises `QueryError` for what no link names, with the nearest ones, or what several things are called, and where no
    way leads to `to`.
    """
    connection = connected(root, [Link], as_of, as_it_stands=(LINKS,))
    connection.execute(KNOWN, {"day": as_of or "9999-12-30"})
    connection.execute(STEPS)
    begin, end = _named(connection, start), _named(connection, to) if to else None
    connection.execute(
        "CREATE TEMP TABLE seen (thing VARCHAR, kind VARCHAR, depth INT, parent VARCHAR, link BIGINT, way VARCHAR)"
    )
    first = "INSERT INTO seen VALUES ($thing, split_part($thing, ':', 1), 0, NULL, NULL, NULL)"
    connection.execute(first, {"thing": begin})
    for at in range(1, (12 if end else depth) + 1):
        connection.execute(NEXT, {"depth": at, "hub": hub})
        if end and connection.execute("SELECT 1 FROM seen WHERE thing = $end", {"end": end}).fetchone():
            break
    where = "AND seen.kind = '" + kind.replace("'", "''") + "'" if kind else ""
    if end:
        where = f"AND seen.thing IN ({_way(connection, begin, end)})"
    return connection.sql(SHOWN.format(where=where)).to_arrow_table()


def _named(connection: duckdb.DuckDBPyConnection, asked: str) -> str:
    """The one thing of a key or name: the whole key first, then its end, then a name; or a batch in any spelling."""
    things = "SELECT a AS thing, a_name AS name FROM edge UNION SELECT b, b_name FROM edge"
    number = "".join(c for c in asked.upper() if c.isalnum())
    ways = (
        "thing = $asked OR thing LIKE '%:' || $asked AND thing NOT LIKE 'signal:%'",
        "upper(name) = upper($asked)",
        "thing LIKE '%|' || $asked",
        "thing LIKE 'batch:%|' || $number",
    )
    for way in ways:
        given = {name: value for name, value in (("asked", asked.strip()), ("number", number)) if f"${name}" in way}
        sql = f"SELECT DISTINCT thing FROM ({things}) WHERE {way} ORDER BY 1 LIMIT 6"
        if found := [thing for (thing,) in connection.execute(sql, given).fetchall()]:
            if len(found) > 1:
                raise QueryError(f"{asked!r} is several things: {', '.join(found[:5])}; name one by its key")
            return str(found[0])
    names = connection.execute(f"SELECT DISTINCT name FROM ({things}) WHERE name IS NOT NULL LIMIT 20000").fetchall()
    raise QueryError(f"no link names {asked!r}{did_you_mean(asked, [name for (name,) in names])}")


def _way(connection: duckdb.DuckDBPyConnection, begin: str, end: str) -> str:
    """Things on the shortest way, quoted for SQL. Raises `QueryError` where there is none."""
    parents = dict(connection.execute("SELECT thing, parent FROM seen").fetchall())
    if end not in parents:
        raise QueryError(f"no way leads from {begin} to {end} in twelve links; --hub lets it through larger hubs")
    way = [end]
    while parents[way[-1]] is not None:
        way.append(parents[way[-1]])
    return ", ".join("'" + thing.replace("'", "''") + "'" for thing in way)
