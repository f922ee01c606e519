"""`gerland symmetry`: is the marker drug started after the index drug more often than before it?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files
from pipelines.analyse.files import FileError

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = (
    *("index_first", "marker_first", "crude_ratio", "null_ratio"),
    *("estimate", "lower", "upper", "is_signal", "not_computed"),
)


def command(
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx or Parquet: a row a person and first dispensing of a drug.")],
    person: Annotated[str, typer.Option(help="Column with the person.")] = "person_id",
    drug: Annotated[str, typer.Option(help="Column that says index or marker.")] = "cohort",
    date: Annotated[str, typer.Option(help="Column with the date, YYYY-MM-DD.")] = "date",
    index: Annotated[str, typer.Option(help="Value of the index drug.")] = "index",
    marker: Annotated[str, typer.Option(help="Value of the marker drug.")] = "marker",
    blackout: Annotated[float, typer.Option(min=0, help="Days: shorter gaps do not count.")] = 0,
    window: Annotated[float, typer.Option(help="Days: longer gaps do not count; inf for no limit.")] = 365,
    moving_average: Annotated[float, typer.Option(help="Days around an index start that give the null ratio.")] = 548,
    level: Annotated[float, typer.Option(min=0.5, max=0.999, help="Of the interval.")] = 0.95,
    out: files.Out = None,
) -> None:
    """Sequence ratios (crude, null-effect, adjusted) of two drugs' first dispensings.

    Example: gerland symmetry examples/dispensings.csv
    """
    import polars as pl

    from models.symmetry.symmetry import answer, sequence_ratios

    frame = files.read(file, [person, drug, date], "name them with --person, --drug, --date")
    people, drugs = files.names(frame, person), files.names(frame, drug)
    files.refuse(drug, {"no drug": drugs.is_null()})
    files.refuse(person, {"no person": people.is_null() & drugs.is_in([index, marker])})
    days = files.days(frame, date).to_physical().cast(pl.Int64)
    events = pl.DataFrame({"person": people, "drug": drugs, "day": days, "row": range(1, frame.height + 1)})
    events = events.filter(pl.col("drug").is_in([index, marker]))
    again = events.filter(pl.struct("person", "drug").is_duplicated()).sort("row")
    if again.height:
        who, what = again.row(0)[:2]
        first, second = again.filter(person=who, drug=what)["row"][:2]
        raise FileError(f"column {person!r}, row {second}: {who!r} has a first {what!r} in row {first} too")
    parts = [events.filter(drug=value) for value in (index, marker)]
    if empty := [v for v, p in zip((index, marker), parts, strict=True) if p.is_empty()]:
        raise FileError(f"column {drug!r} holds no {empty[0]!r}")
    try:
        (indexed, starts), (marked, marks) = ((part["person"], part["day"].to_numpy()) for part in parts)
        ratios = sequence_ratios(indexed, starts, marked, marks, (blackout, window), moving_average, level)
    except ValueError as error:
        raise FileError(str(error)) from None
    both = parts[0].join(parts[1], on="person")
    gaps = (both["day_right"] - both["day"]).to_list()

    def draw(found: pl.DataFrame) -> Figure:
        return plot([g for g in gaps if blackout < abs(g) <= window], found)

    files.write(answer(ratios), out, draw, SHOWN)


def plot(gaps: list[int], found: pl.DataFrame) -> Figure:
    """Draw the gaps in weeks: an adverse effect makes the right side higher."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    weeks = [g / 7 for g in gaps]
    edge = max((abs(w) for w in weeks), default=1.0)
    axes.hist(weeks, bins=[-edge + i * edge / 26 for i in range(53)], color="#9db8cc")
    axes.axvline(0, color="#333333", linewidth=1)
    ratio = found["estimate"][0]
    axes.set_title(found["not_computed"][0] or f"adjusted sequence ratio {ratio:.2f}", fontsize=10, loc="left")
    axes.set_xlabel("weeks from index to marker")
    return figure
