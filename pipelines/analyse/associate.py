"""`gerland associate`: does a share of isolates, or of anything tested, go with an exposure between places?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.analyse import files, plots

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from matplotlib.figure import Figure

    from models.association.williams import Form

MODELS = ("linear", "log", "quadratic")
SHOWN = ("group", "form", "n_places", "odds_ratio", "lower", "upper", "p_value", "phi", "not_computed")


def command(
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx or Parquet: a row a place.")],
    exposure: Annotated[str, typer.Option(help="Column with the exposure, such as DDD per day.")] = "exposure",
    resistant: Annotated[str, typer.Option(help="Column with those that resist.")] = "n_resistant",
    tested: Annotated[str, typer.Option(help="Column with those tested.")] = "n_tested",
    by: Annotated[str | None, typer.Option(help="Columns whose groups are fitted apart, with commas.")] = None,
    model: Annotated[
        str,
        typer.Option(help=f"Form of the exposure: {', '.join(MODELS)}, or all; log is per doubling."),
    ] = "all",
    fewest: Annotated[int, typer.Option(min=0, help="Places with fewer tested are left out.")] = 0,
    out: files.Out = None,
) -> None:
    """Odds ratios by binomial regression with Williams' overdispersion, as JIACRA fits them.

    Example: gerland associate examples/places.csv --exposure ddd --by class --model log
    """
    import polars as pl

    forms: list[Form] = files.chosen(model, MODELS)  # type: ignore[assignment]
    groups = [name.strip() for name in by.split(",")] if by else []
    hint = "name them with --exposure, --resistant, --tested, --by"
    frame = files.read(file, [exposure, resistant, tested, *groups], hint)
    told = pl.DataFrame(
        {
            "x": files.numbers(frame, exposure),
            "y": files.numbers(frame, resistant, whole=True),
            "n": files.numbers(frame, tested, whole=True),
        }
    )
    files.refuse(exposure, {"an exposure below 0": told["x"] < 0})
    files.refuse(resistant, {"a count below 0": told["y"] < 0, "more than were tested": told["y"] > told["n"]})
    names = [files.names(frame, name).fill_null("(none)") for name in groups]
    label = pl.concat_str(pl.DataFrame(names), separator=", ") if names else pl.lit("all")
    grouped = told.with_columns(group=label)
    parts = grouped.partition_by("group", maintain_order=True)
    result = pl.DataFrame([row for part in parts for row in _fitted(part, forms, fewest)], infer_schema_length=None)
    files.write(result, out, plot, SHOWN)


def _fitted(places: pl.DataFrame, forms: Sequence[Form], fewest: int) -> list[dict[str, Any]]:
    """Rows of one group: a form each."""
    import math

    from models.association.williams import association

    x, y, n = (places[c].cast(float).fill_null(float("nan")).to_numpy() for c in ("x", "y", "n"))
    rows = []
    for form in forms:
        found = association(x, y, n, form, fewest)
        figures = {c: getattr(found, c) for c in ("odds_ratio", "lower", "upper", "p_value", "phi", "log_likelihood")}
        told = {c: v if math.isfinite(v) else None for c, v in figures.items()}
        same = {"group": places["group"][0], "form": form, "n_places": found.n_places}
        rows.append({**same, **told, "not_computed": found.reason or None})
    return rows


def plot(found: pl.DataFrame) -> Figure:
    """Draw odds ratios with their intervals."""
    shown = found.drop_nulls("odds_ratio")
    labels = [f"{g}, {f}  ({n} places)" for g, f, n in shown.select("group", "form", "n_places").iter_rows()]
    return plots.forest(shown, labels, "odds ratio, 95 % interval", ("odds_ratio", "lower", "upper"))
