"""Files of `gerland tree`: rows of counts and of the hierarchy, and where each stands.

Belongs here: what a row must hold. Does not: what the model refuses (`models.treescan.tree`), which names nodes; here
they are given their rows.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.analyse import files
from pipelines.core.log import progress

_OPTIONS = ("--leaf", "--cases", "--expected", "--controls", "--day")
MOST_DAYS = 10_000  # the windows of a series grow with the square of its days


def counts(
    file: Path,
    leaf: str | None,
    cases: str,
    expected: str | None,
    controls: str | None,
    day: str | None,
    last_day: int | None,
) -> pl.DataFrame:
    """Rows of the counts: `leaf`, `cases`, `day` or `other` (what they are compared with), and where each stands."""
    in_file = controls if controls and not controls.endswith(".ctl") else None
    needed = [c for c in (leaf, cases, expected, in_file, day) if c]
    if day:
        bare: tuple[str, ...] = ("leaf", "cases", "day") if leaf else ("cases", "day")
    else:
        bare = ("leaf", "cases", "population")
    frame = files.read(file, needed, f"name them with {', '.join(_OPTIONS)}", bare=bare)
    found = frame.select(at=_at(file.name, frame.height), cases=files.counts(frame, cases, missing=0))
    if leaf:
        found = found.with_columns(leaf=_named(frame, leaf, "leaf"))
    if day:
        days = files.counts(frame, day)
        most = last_day or MOST_DAYS
        files.refuse(day, {"a day before 1": days < 1, f"a day after {most:,}": days > most})
        return found.with_columns(day=days)
    if expected:
        other = files.numbers(frame, expected)
        faults = {"nothing said of what is expected": other.is_null(), "a number below 0": other < 0}
        files.refuse(expected, {**faults, "not a finite number": other.is_infinite() | other.is_nan()})
        return found.with_columns(other=other)
    if in_file:
        return found.with_columns(other=files.counts(frame, in_file, missing=0).cast(pl.Float64))
    return _with_controls(found, Path(str(controls)))


def _with_controls(found: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Add the rows of TreeScan's .ctl file, which hold no cases."""
    frame = files.read(path, ["leaf", "controls"], bare=("leaf", "controls"))
    more = frame.select(
        at=_at(path.name, frame.height),
        cases=pl.lit(0, dtype=pl.Int64),
        leaf=_named(frame, "leaf", "leaf"),
        other=files.counts(frame, "controls", missing=0).cast(pl.Float64),
    )
    return pl.concat([found.with_columns(other=pl.lit(0.0)), more], how="diagonal")


def edges(path: Path, node: str, parent: str) -> pl.DataFrame:
    """Rows of the hierarchy: `node`, `parent` (null at a root), and where each stands."""
    frame = files.read(path, [node, parent], "name them with --node and --parent", bare=("node", "parent"))
    below = _named(frame, node, "node")
    return frame.select(at=_at(path.name, frame.height), node=below, parent=files.names(frame, parent))


def _named(frame: pl.DataFrame, column: str, what: str) -> pl.Series:
    found = files.names(frame, column)
    files.refuse(column, {f"no {what}": found.is_null()})
    return found


def _at(name: str, n: int) -> pl.Series:
    return pl.Series("at", [f"{name}, row {i + 1}: " for i in range(n)], dtype=pl.String)


def by_day(counts: pl.DataFrame, n_days: int) -> list[int]:
    """Cases of each day from day 1."""
    summed = dict(counts.group_by("day").agg(pl.col("cases").sum()).iter_rows())
    return [summed.get(day, 0) for day in range(1, n_days + 1)]


def inner(edges: pl.DataFrame, counts: pl.DataFrame) -> list[str]:
    """Inner nodes that the counts name, told on stderr."""
    parents = edges["parent"].drop_nulls()
    held = counts.filter(pl.col("leaf").is_in(parents.implode()))["leaf"].unique(maintain_order=True).to_list()
    if held:
        progress()(f"inner nodes with cases of their own, beside those below: {len(held)}, such as {held[0]!r}")
    return held


def place(nodes: tuple[str, ...], edges: pl.DataFrame | None, counts: pl.DataFrame) -> str:
    """Where the nodes at fault stand: a row of the hierarchy for a circle, else one of the counts."""
    if edges is not None and (len(nodes) > 1 or edges.filter(node=nodes[0], parent=nodes[0]).height):
        pairs = list(zip(nodes, [*nodes[1:], nodes[0]], strict=True))
        rows = [at for at, node, parent in edges.iter_rows() if (node, parent) in pairs]
        return rows[0] if rows else ""
    if "leaf" not in counts.columns:
        return ""
    mine = counts.filter(leaf=nodes[0])
    return next(iter([*mine.filter(pl.col("cases") > 0)["at"], *mine["at"]]), "")
