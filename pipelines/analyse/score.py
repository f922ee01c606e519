"""`gerland score`: the signal table of a file of one's own, without a lake, Dagster or Java."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots
from pipelines.analyse.files import FileError
from pipelines.core.progress import Say, progress

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from models.disproportionality.strata import StratumMargins
    from models.mgps.fit import Prior
    from models.mgps.likelihood import Points

LONG = ("product", "event", "a", "method", "estimate", "lower", "upper", "p_value", "is_signal", "not_computed")
HINT = "name them with --case, --product, --event or --count"
SHOWN = ("product", "event", "a", "expected", "prr", "chi2_yates", "ror", "ror_lower", "ic", "ic025", "ebgm", "eb05")


@dataclass(frozen=True)
class Columns:
    """Which columns of the file hold what. With `count`, rows are pairs; without, rows are case × product × event."""

    case: str = "case_id"
    product: str = "product"
    event: str = "event"
    count: str | None = None
    stratum: str | None = None

    @property
    def needed(self) -> list[str]:
        """Columns that the file must have."""
        optional = [self.stratum] if self.stratum else []
        return [self.product, self.event, self.count or self.case, *optional]


def command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet: a case listing, or a table of counts.")],
    case: Annotated[str, typer.Option(help="Column with the case number.")] = "case_id",
    product: Annotated[str, typer.Option(help="Column with the product or substance.")] = "product",
    event: Annotated[str, typer.Option(help="Column with the event.")] = "event",
    count: Annotated[str | None, typer.Option(help="Column with the reports of a pair: rows are pairs.")] = None,
    stratum: Annotated[str | None, typer.Option(help="Column to stratify the expected count by.")] = None,
    by: Annotated[str | None, typer.Option(help="Score within each value of this column, as a subgroup.")] = None,
    minimum_group: Annotated[int, typer.Option(min=1, help="With --by: fewest cases of a subgroup.")] = 500,
    likelihood: Annotated[
        str, typer.Option(help="zero_inclusive, component_truncated (openEBGM) or mixture_truncated.")
    ] = "zero_inclusive",
    methods: Annotated[
        str | None, typer.Option(help="Long form: these methods, with commas, or all. See models/methods.py.")
    ] = None,
    minimum: Annotated[int, typer.Option(min=0, help="With --methods: fewest reports of a pair.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Result: .csv, .parquet, or a plot .png, .svg, .pdf.")] = None,
    top: Annotated[int, typer.Option(help="Rows to show without --out.")] = 25,
) -> None:
    """Score a file of your own: case listing or counts in, the signal table out. No lake, no Java."""
    columns = Columns(case, product, event, count, stratum)
    if methods:
        answers = answer_file(file, columns, likelihood, methods, minimum, progress())
        files.write(answers, out, _no_plot, LONG, top)
        return
    if by:
        found = score_groups(file, columns, by, minimum_group, likelihood, progress())
        files.write(found, out, plot, ("subgroup", *SHOWN), top)
        return
    result = score_file(file, columns, likelihood, progress())
    files.write(result, out, plot, SHOWN, top)


def score_file(path: Path, columns: Columns, likelihood: str, say: Say) -> pl.DataFrame:
    """Score every pair of a CSV or Parquet file; returns product, event, all scores, sorted by EB05, else IC025.

    A case listing counts distinct cases, in cells and margins. A table of counts has margins by summing its rows.
    The two-gamma prior is fitted on the file itself. Raises `FileError` for a file or columns that don't fit.
    """
    return _scored(files.read(path, columns.needed, HINT), columns, likelihood, say)


def score_groups(path: Path, columns: Columns, by: str, minimum: int, likelihood: str, say: Say) -> pl.DataFrame:
    """Score within each value of the column `by`, each against its own cases; values with few cases are told and left.

    Raises `FileError` where no value has `minimum` cases, or the file holds counts.
    """
    import polars as pl

    if columns.count:
        raise FileError("subgroups need a case listing: leave out --count")
    frame = files.read(path, [*columns.needed, by], HINT)
    found = []
    for (value,), part in frame.drop_nulls(by).sort(by).group_by([by], maintain_order=True):
        size = part[columns.case].n_unique()
        if size < minimum:
            say(f"{value}: {size:,} cases, {minimum:,} needed: left out")
            continue
        say(f"{value}: {size:,} cases")
        found.append(_scored(part, columns, likelihood, say).select(pl.lit(value).alias("subgroup"), pl.all()))
    if not found:
        raise FileError(f"no value of {by!r} has {minimum:,} cases")
    return pl.concat(found)


def _scored(frame: pl.DataFrame, columns: Columns, likelihood: str, say: Say) -> pl.DataFrame:
    import polars as pl

    from models.score import score_counts

    pairs, strata = _pairs(frame, columns)
    say(f"{pairs.height:,} pairs of {pairs['n_total'][0]:,} reports")
    prior = _prior(pairs, strata, likelihood, say)
    stratified = pairs["expected"] if strata else None
    counts = pairs["a"], pairs["n_product"], pairs["n_event"], pairs["n_total"]
    scores = score_counts(*counts, prior=prior, likelihood=likelihood, expected=stratified)
    result = pl.concat([pairs.select("product", "event"), scores], how="horizontal")
    return result.sort(pl.coalesce("eb05", "ic025"), descending=True, nulls_last=True)


def answer_file(path: Path, columns: Columns, likelihood: str, methods: str, minimum: int, say: Say) -> pl.DataFrame:
    """Ask the named methods (or ``all``) about every pair of a file; one row a pair and method."""
    from models.disproportionality.counts import from_counts
    from models.methods import METHODS, Pairs, answers

    names = files.chosen(methods, tuple(METHODS))
    pairs, strata = _pairs(files.read(path, columns.needed, HINT), columns)
    prior = _prior(pairs, strata, likelihood, say) if "mgps" in names else None
    cells = from_counts(*(pairs[c].to_numpy() for c in ("a", "n_product", "n_event", "n_total")))
    given = Pairs(cells, pairs["expected"].to_numpy(), prior)
    return answers(given, names, pairs.select("product", "event", "a", "expected"), minimum)


def _no_plot(result: pl.DataFrame) -> Figure:
    raise FileError("the long form has no plot: leave out --methods, or write .csv or .parquet")


def plot(result: pl.DataFrame) -> Figure:
    """Draw the first pairs with the interval of EBGM, or of the IC where EBGM was not computed."""
    is_bayes = bool(result["ebgm"].is_not_null().any())
    middle, low, high, unit = ("ebgm", "eb05", "eb95", "EBGM") if is_bayes else ("ic", "ic025", "ic975", "IC")
    labels = [f"{p} — {e}  ({a})" for p, e, a in result.select("product", "event", "a").iter_rows()]
    unit = f"{unit} with its interval, {'90' if is_bayes else '95'} %"
    return plots.forest(result, labels, unit, (middle, low, high), ratio=is_bayes)


def _pairs(frame: pl.DataFrame, columns: Columns) -> tuple[pl.DataFrame, StratumMargins | None]:
    """Counts and expected counts of every pair, and the margins by stratum where there are strata."""
    import polars as pl

    from models.disproportionality.counts import count_pairs, count_strata, table_margins

    if columns.count is None:
        listed = frame.with_columns(pl.col(columns.case).cast(pl.String))
        listed = listed.with_columns(
            *(pl.col(c).cast(pl.String).str.strip_chars().replace("", None) for c in (columns.product, columns.event))
        )
        given = listed[columns.case], listed[columns.product], listed[columns.event]
        if columns.stratum:
            return count_strata(*given, frame[columns.stratum].cast(pl.String).fill_null("missing"))
        return count_pairs(*given), None
    if columns.stratum:
        raise FileError("strata need a case listing: leave out --count")
    counts = frame.select(
        product=pl.col(columns.product).cast(pl.String),
        event=pl.col(columns.event).cast(pl.String),
        a=pl.col(columns.count).cast(pl.Float64, strict=False).cast(pl.Int64, strict=False),
    )
    if counts["a"].null_count():
        raise FileError(f"column {columns.count!r} holds something that is no whole number")
    summed = counts.group_by("product", "event").agg(pl.col("a").sum()).filter(pl.col("a") > 0).sort("product", "event")
    return table_margins(summed), None


def _points(pairs: pl.DataFrame, strata: StratumMargins | None, with_zeros: bool) -> Points:
    """Build what the prior is fitted to: counts against the same expected counts that are scored."""
    from models.mgps.likelihood import weighted_points
    from models.mgps.stratified import stratified_points

    if strata:
        return stratified_points(pairs, strata, with_zeros)
    products, events = (pairs.unique(name)[f"n_{name}"] for name in ("product", "event"))
    margins = pairs["n_product"], pairs["n_event"], int(pairs["n_total"][0])
    return weighted_points(pairs["a"], *margins, products, events, with_zeros)


def _prior(pairs: pl.DataFrame, strata: StratumMargins | None, likelihood: str, say: Say) -> Prior | None:
    """Fit the prior on the file's own pairs; None, and a word about it, where the fit does not converge."""
    from models.mgps.fit import fit
    from models.mgps.likelihood import LIKELIHOODS

    if likelihood not in LIKELIHOODS:
        raise FileError(f"likelihood {likelihood!r} is none of {', '.join(LIKELIHOODS)}")
    points = _points(pairs, strata, with_zeros=likelihood == "zero_inclusive")
    prior = fit(points, likelihood)  # type: ignore[arg-type]
    theta = ", ".join(f"{v:.4g}" for v in prior.theta)
    say(f"prior ({likelihood}): alpha1, beta1, alpha2, beta2, p = {theta}")
    if not prior.converged:
        say("the prior did not converge: EBGM is not computed")
    return prior
