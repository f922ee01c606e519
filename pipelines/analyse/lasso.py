"""`gerland lasso`: which substances explain an event when all of a report's are looked at together?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots
from pipelines.analyse.files import FileError
from pipelines.core.log import progress
from pipelines.output.near import did_you_mean

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

METHODS = ("bic", "adaptive", "cisl")
SHOWN = ("event", "substance", "estimate", "lower", "upper", "p_value", "is_signal", "not_computed")


def command(
    file: Annotated[
        Path, typer.Argument(help="CSV, .xlsx or Parquet, a case listing: a row a case, product and event.")
    ],
    case: Annotated[str, typer.Option(help="Column with the case number.")] = "case_id",
    product: Annotated[str, typer.Option(help="Column with the product or substance.")] = "product",
    event: Annotated[str, typer.Option(help="Column with the event.")] = "event",
    explain: Annotated[str | None, typer.Option(help="Event to explain; every frequent one without.")] = None,
    method: Annotated[
        str, typer.Option(help="bic, adaptive (penalties weighed by a first lasso) or cisl (samples with more cases).")
    ] = "bic",
    minimum: Annotated[int, typer.Option(min=5, help="Fewest reports of an event.")] = 50,
    out: files.Out = None,
) -> None:
    """Substances chosen by a lasso when all of a report's are looked at together, with adjusted odds ratios.

    Example: gerland lasso examples/cases.csv --explain Necrosis
    """
    import numpy as np
    import polars as pl

    from models.comedication.cisl import cisl
    from models.comedication.design import design
    from models.comedication.select import lasso_bic

    if method not in METHODS:
        raise FileError(f"there is no method {method!r}; known are {', '.join(METHODS)}")
    listed = files.listing(file, case, product, event).with_columns(report=pl.col("case").rank("dense") - 1)
    names = listed["product"].drop_nulls().unique().sort()
    taken = listed.drop_nulls("product").join(names.to_frame().with_row_index("code"), on="product")
    table = design(taken["report"].to_numpy(), taken["code"].to_numpy(), listed["case"].n_unique(), names.len())
    had = listed.drop_nulls("event").unique(["report", "event"])
    if explain and explain not in had["event"]:
        raise FileError(f"column {event!r} holds no {explain!r}{did_you_mean(explain, had['event'])}")
    wanted = [explain] if explain else _frequent(had, minimum)
    say = progress()
    say(f"{listed['case'].n_unique():,} cases hold {table.n.size:,} distinct sets of {names.len():,} products")
    found = []
    for number, term in enumerate(wanted, start=1):
        rows = had.filter(pl.col("event") == term)["report"].to_numpy()
        if rows.size < minimum:
            raise FileError(f"{term!r} is in {rows.size} cases, at least {minimum} are needed")
        try:
            given = table, table.events(rows), names.to_list()
            chosen = cisl(*given) if method == "cisl" else lasso_bic(*given, adaptive=method == "adaptive")
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            raise FileError(f"{term}: {error}") from None
        is_left_out = (pl.col("not_computed") == "not chosen") | ((pl.col("method") == "cisl") & (pl.col("upper") == 0))
        found.append(chosen.with_columns(event=pl.lit(term)).filter(is_left_out.not_().fill_null(True)))
        say(f"{number} of {len(wanted)}: {term}, {found[-1]['is_signal'].sum()} products")
    result = pl.concat(found).sort(["event", "p_value", "estimate"], descending=[False, False, True])
    files.write(result.select("event", pl.exclude("event")), out, plot, SHOWN, top=50)


def _frequent(had: pl.DataFrame, minimum: int) -> list[str]:
    counts = had.group_by("event").len()
    terms = counts.filter(counts["len"] >= minimum)["event"].sort().to_list()
    if not terms:
        raise FileError(f"no event is in {minimum} cases or more")
    return terms


def plot(found: pl.DataFrame) -> Figure:
    """Draw the adjusted odds ratios, or the shares of a subsampling lasso, with their intervals."""
    labels = [f"{s} — {e}" for s, e in found.select("substance", "event").iter_rows()]
    if (found["method"] == "cisl").all():
        return plots.forest(found, labels, "share of models that hold it, 5 to 95 % of samples", ratio=False)
    return plots.forest(found, labels, "adjusted odds ratio, 95 % interval")
