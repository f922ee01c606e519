"""`gerland lasso`: which substances explain an event when all of a report's are looked at together?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files
from pipelines.analyse.files import FileError
from pipelines.core.progress import progress

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("event", "substance", "estimate", "lower", "upper", "p_value", "is_signal", "not_computed")


def command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet, a case listing: a row a case, product and event.")],
    event: Annotated[str | None, typer.Option(help="Event to explain; every frequent one without.")] = None,
    case: Annotated[str, typer.Option(help="Column with the case number.")] = "case_id",
    product: Annotated[str, typer.Option(help="Column with the product or substance.")] = "product",
    events: Annotated[str, typer.Option(help="Column with the event.")] = "event",
    adaptive: Annotated[bool, typer.Option("--adaptive", help="Weigh penalties by a first lasso.")] = False,
    minimum: Annotated[int, typer.Option(min=5, help="Fewest reports of an event.")] = 50,
    out: Annotated[Path | None, typer.Option(help="Result: .csv, .parquet, or a plot .png, .svg, .pdf.")] = None,
) -> None:
    """Substances chosen by a lasso and BIC, with odds ratios adjusted for one another.

    Example: gerland lasso caers.csv.gz --case id --product var1 --events var2 --event CHOKING
    """
    import numpy as np
    import polars as pl

    from models.comedication.design import design
    from models.comedication.select import lasso_bic

    listed = files.read(file, [case, product, events], "name them with --case, --product, --events")
    listed = listed.select(pl.col(case, product, events).cast(pl.String).str.strip_chars().replace("", None))
    cases = listed[case].drop_nulls().unique().sort()
    names = listed[product].drop_nulls().unique().sort()
    at_case, at_name = (dict(zip(s, range(s.len()), strict=True)) for s in (cases, names))
    taken = listed.drop_nulls([case, product])
    reports = taken[case].replace_strict(at_case, return_dtype=pl.Int64).to_numpy()
    products = taken[product].replace_strict(at_name, return_dtype=pl.Int64).to_numpy()
    table = design(reports, products, cases.len(), names.len())
    had = listed.drop_nulls([case, events]).unique([case, events])
    wanted = [event] if event else _frequent(had, events, minimum)
    say = progress()
    say(f"{cases.len():,} cases hold {table.n.size:,} distinct sets of {names.len():,} products")
    found = []
    for number, term in enumerate(wanted, start=1):
        mine = had.filter(pl.col(events) == term)
        rows = mine[case].replace_strict(at_case, return_dtype=pl.Int64).to_numpy()
        if rows.size < minimum:
            raise FileError(f"{term!r} is in {rows.size} cases, at least {minimum} are needed")
        try:
            chosen = lasso_bic(table, table.events(rows), names.to_list(), adaptive)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            raise FileError(f"{term}: {error}") from None
        found.append(
            chosen.with_columns(pl.lit(term).alias("event")).filter(
                pl.col("not_computed").is_null() | (pl.col("not_computed") != "not chosen")
            )
        )
        say(f"{number} of {len(wanted)}: {term}, {found[-1].height} products chosen")
    result = pl.concat(found).sort("event", "p_value")
    files.write(result.select("event", pl.exclude("event")), out, plot, SHOWN, top=50)


def _frequent(had: pl.DataFrame, column: str, minimum: int) -> list[str]:
    counts = had.group_by(column).len()
    terms = counts.filter(counts["len"] >= minimum)[column].sort().to_list()
    if not terms:
        raise FileError(f"no event is in {minimum} cases or more")
    return terms


def plot(found: pl.DataFrame) -> Figure:
    """Draw the adjusted odds ratios with their intervals."""
    from matplotlib.figure import Figure

    shown = found.drop_nulls("estimate").head(40).reverse()
    figure = Figure(figsize=(9, 1.2 + 0.28 * shown.height), layout="constrained")
    axes = figure.subplots()
    at = range(shown.height)
    axes.hlines(at, shown["lower"], shown["upper"], color="#1b6ca8", linewidth=2)
    axes.plot(shown["estimate"], at, "o", color="#c1440e")
    axes.axvline(1, color="#888888", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(at, [f"{s} — {e}" for s, e in shown.select("substance", "event").iter_rows()])
    axes.set_xlabel("adjusted odds ratio, 95 % interval")
    return figure
