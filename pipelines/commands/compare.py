"""`gerland compare`: every method about one pair of the lake, at every month end that `gold.signal` holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files
from pipelines.analyse.files import FileError
from pipelines.commands.options import LakeOption
from pipelines.output.near import did_you_mean, near

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("month", "method", "a", "expected", "estimate", "lower", "upper", "is_signal", "not_computed")


def command(
    substance: Annotated[str, typer.Argument(help="Substance as gold.signal names it; case does not matter.")],
    event: Annotated[str, typer.Argument(help="Event as gold.signal names it.")],
    population: Annotated[str, typer.Option(help="human, veterinary, or veterinary: and the species.")] = "human",
    methods: Annotated[str, typer.Option(help="Methods with commas, or all. See models/methods.py.")] = "all",
    lake: LakeOption = None,
    out: files.Out = None,
) -> None:
    """Ask every method about one pair, month by month, as known at each month end.

    Example: gerland compare BELUBILIMUMAB "Cardiac Oedema"
    """
    from models.methods import METHODS
    from pipelines.settings import settings

    found = compared(str(lake or settings().lake), substance, event, population, files.chosen(methods, tuple(METHODS)))
    last = found["month"].n_unique()
    files.write(found, out, plot, SHOWN, top=found.height if last == 1 else len(SHOWN) * 3)


def compared(lake: str, substance: str, event: str, population: str, names: list[str]) -> pl.DataFrame:
    """One row a month end (latest first) and method; raises `FileError` where the lake holds no such pair."""
    import polars as pl

    from models.disproportionality.counts import from_counts
    from models.methods import Pairs, answers
    from models.mgps.fit import fitted
    from models.mgps.shrink import fitted_shrunk
    from pipelines.lake.query import query

    def ask(sql: str) -> pl.DataFrame:
        return pl.DataFrame(query(lake, sql, None))

    rows = ask(
        f"SELECT month, a, b, c, d, expected, prior_month, shrunk_prior_month FROM gold.signal "
        f"WHERE population = {_quoted(population)} "
        f"AND upper(substance_name) = upper({_quoted(substance)}) AND upper(term_name) = upper({_quoted(event)}) "
        "ORDER BY month DESC"
    )
    if rows.is_empty():
        raise FileError(_not_held(ask, substance, event, population))
    held = ask(f"SELECT * FROM gold.prior WHERE population = {_quoted(population)}")
    priors = {p["month"]: p for p in held.to_dicts()}
    found = []
    for (month, shrunk_month), part in rows.group_by(["prior_month", "shrunk_prior_month"], maintain_order=True):
        a, b, c, d = (part[name].to_numpy().astype(float) for name in "abcd")
        prior = fitted(priors[month]) if month in priors else None
        shrunk = fitted_shrunk(priors[shrunk_month]) if shrunk_month in priors else None
        given = Pairs(from_counts(a, a + b, a + c, a + b + c + d), part["expected"].to_numpy(), prior, shrunk)
        found.append(answers(given, names, part.select("month", "a", "expected")))
    return pl.concat(found).sort("month", descending=True, maintain_order=True)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _not_held(ask: Callable[[str], pl.DataFrame], substance: str, event: str, population: str) -> str:
    """Say which of the names `gold.signal` does not know, and which that it knows are near."""
    populations = ask("SELECT DISTINCT population FROM gold.signal ORDER BY population")["population"].to_list()
    if population not in populations:
        return f"gold.signal holds no population {population!r}; it has {', '.join(populations) or 'none'}"
    within = f"FROM gold.signal WHERE population = {_quoted(population)}"
    for column, kind, name in (("substance_name", "substance", substance), ("term_name", "event", event)):
        known = ask(f"SELECT DISTINCT {column} {within} AND {column} IS NOT NULL ORDER BY {column}")[column].to_list()
        if name.upper() not in {one.upper() for one in known}:
            return f"gold.signal holds no {kind} {name!r} in {population!r}{did_you_mean(name, known)}"
    beside = f"SELECT DISTINCT term_name {within} AND upper(substance_name) = upper({_quoted(substance)})"
    told = ask(f"{beside} AND term_name IS NOT NULL ORDER BY term_name")["term_name"].to_list()
    pair = f"gold.signal holds no pair {substance!r} and {event!r} in {population!r}"
    return f"{pair}; of its {len(told):,} events the nearest are {', '.join(near(event, told, cutoff=0)) or 'none'}"


def plot(found: pl.DataFrame) -> Figure:
    """Draw one panel a method over the months; triangles where its rule is met."""
    from matplotlib.figure import Figure

    methods = found["method"].unique(maintain_order=True).to_list()
    rows = -(-len(methods) // 3)
    figure = Figure(figsize=(12, 2.4 * rows), layout="constrained")
    panels = figure.subplots(rows, 3, squeeze=False, sharex=True).ravel()
    for axes, method in zip(panels, methods, strict=False):
        part = found.filter(found["method"] == method).sort("month").drop_nulls("estimate")
        months = part["month"].to_list()
        if part["lower"].is_not_null().any():
            bounds = (part[name].cast(float).fill_null(float("nan")).to_numpy() for name in ("lower", "upper"))
            axes.fill_between(months, *bounds, color="#1b6ca8", alpha=0.2)
        axes.plot(months, part["estimate"], color="#1b6ca8")
        met = part.filter(part["is_signal"].fill_null(False))
        axes.plot(met["month"].to_list(), met["estimate"], "v", markersize=4, color="#c1440e")
        axes.set_title(
            f"{method}: {part['rule'][0]}" if part.height else f"{method}: not computed", fontsize=8, loc="left"
        )
        axes.tick_params(labelsize=7)
    for axes in panels[len(methods) :]:
        axes.set_axis_off()
    return figure
