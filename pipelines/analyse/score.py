"""`gerland score`: the signal table of a file of one's own, without a lake, Dagster or Java."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots
from pipelines.analyse.files import FileError
from pipelines.core.log import Say, progress

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
    file: Annotated[Path, typer.Argument(help="CSV, .xlsx or Parquet: a case listing, or a table of counts.")],
    case: Annotated[str, typer.Option(help="Column with the case number.")] = "case_id",
    product: Annotated[str, typer.Option(help="Column with the product or substance.")] = "product",
    event: Annotated[str, typer.Option(help="Column with the event.")] = "event",
    count: Annotated[str | None, typer.Option(help="Column with the reports of a pair: rows are pairs.")] = None,
    stratum: Annotated[str | None, typer.Option(help="Column to stratify the expected count by.")] = None,
    by: Annotated[str | None, typer.Option(help="Score within each value of this column, as a subgroup.")] = None,
    minimum_group: Annotated[int, typer.Option(min=1, help="With --by: fewest cases of a subgroup.")] = 500,
    likelihood: Annotated[
        str, typer.Option(help="zero_inclusive, component_truncated, openebgm (its optimum) or mixture_truncated.")
    ] = "zero_inclusive",
    methods: Annotated[
        str | None, typer.Option(help="Long form: these methods, with commas, or all. See models/methods.py.")
    ] = None,
    minimum: Annotated[int, typer.Option(min=0, help="With --methods: fewest reports of a pair.")] = 0,
    out: files.Out = None,
    top: Annotated[int, typer.Option(help="Rows to show without --out.")] = 25,
) -> None:
    """Score a file of your own: case listing or counts in, the signal table out. No lake, no Java.

    The strongest pairs come first: by EB05, by IC025 where no EBGM was computed, then by reports.

    Example: gerland score examples/cases.csv --stratum sex
    """
    columns = Columns(case, product, event, count, stratum)
    if methods:
        if out is not None and out.suffix.lower() in files.PLOTS:
            raise FileError("the long form has no plot: leave out --methods, or write .csv or .parquet")
        answers = answer_file(file, columns, likelihood, methods, minimum, progress())
        files.write(answers, out, plot, LONG, top)
        return
    if by:
        found = score_groups(file, columns, by, minimum_group, likelihood, progress())
        files.write(found, out, plot, ("subgroup", *SHOWN), top)
        return
    result = score_file(file, columns, likelihood, progress())
    files.write(result, out, plot, SHOWN, top)


def score_file(path: Path, columns: Columns, likelihood: str, say: Say) -> pl.DataFrame:
    """Score every pair of a file; returns product, event, all scores, in the order of `_strongest`.

    A case listing counts distinct cases, in cells and margins. A table of counts has margins by summing its rows.
    The two-gamma prior is fitted on the file itself. Raises `FileError` for a file or columns that don't fit.
    """
    return _scored(*count_file(path, columns, say), likelihood, say)


def score_frame(frame: pl.DataFrame, columns: Columns, likelihood: str, say: Say) -> pl.DataFrame:
    """Score every pair of a data frame, as `score_file` does of a file."""
    import polars as pl

    if absent := [name for name in columns.needed if name not in frame.columns]:
        raise FileError(f"the data frame has no column {absent[0]!r}; it has {', '.join(frame.columns)}")
    texts = frame.select(pl.col(columns.needed).cast(pl.String))
    return _scored(*_count(texts, columns, say), likelihood, say)


def score_groups(path: Path, columns: Columns, by: str, minimum: int, likelihood: str, say: Say) -> pl.DataFrame:
    """Score within each value of the column `by`, each against its own cases; values with few cases are told and left.

    Raises `FileError` where no value has `minimum` cases, or the file holds counts.
    """
    import polars as pl

    if columns.count:
        raise FileError("subgroups need a case listing: leave out --count")
    frame = files.read(path, [*columns.needed, by], HINT)
    listed = _listed(frame, columns).with_columns(subgroup=files.names(frame, by))
    if left := listed["subgroup"].null_count():
        say(f"{left:,} rows have no {by!r}: left out")
    found = []
    for (value,), part in listed.drop_nulls("subgroup").sort("subgroup").group_by(["subgroup"], maintain_order=True):
        size = part["case"].n_unique()
        if size < minimum or part.drop_nulls(["product", "event"]).is_empty():
            say(f"{value}: {size:,} cases, {minimum:,} with a product and an event needed: left out")
            continue
        say(f"{value}: {size:,} cases")
        scored = _scored(*_counted(part), likelihood, say)
        found.append(scored.select(pl.lit(value).alias("subgroup"), pl.all()))
    if not found:
        raise FileError(f"no value of {by!r} has {minimum:,} cases")
    return pl.concat(found)


def _scored(pairs: pl.DataFrame, strata: StratumMargins | None, likelihood: str, say: Say) -> pl.DataFrame:
    import polars as pl

    from models.score import score_counts

    say(f"{pairs.height:,} pairs of {pairs['n_total'][0]:,} reports")
    prior = _prior(pairs, strata, likelihood, say)
    stratified = pairs["expected"] if strata else None
    counts = pairs["a"], pairs["n_product"], pairs["n_event"], pairs["n_total"]
    scores = score_counts(*counts, prior=prior, likelihood=likelihood, expected=stratified)
    result = pl.concat([pairs.select("product", "event"), scores], how="horizontal")
    return result[_strongest(result)]


def _strongest(scored: pl.DataFrame) -> pl.Series:
    """Places of the rows by EB05, else by IC025, then by reports, the largest first; then by name."""
    import polars as pl

    by = [pl.coalesce("eb05", "ic025").fill_nan(None), pl.col("a"), pl.col("product"), pl.col("event")]
    descending = [True, True, False, False]
    return scored.select(pl.arg_sort_by(by, descending=descending, nulls_last=True)).to_series()


def answer_file(path: Path, columns: Columns, likelihood: str, methods: str, minimum: int, say: Say) -> pl.DataFrame:
    """Ask the named methods (or ``all``) about every pair of a file; one row a pair and method.

    Pairs stand in the order of `_strongest`, those with fewer than `minimum` reports last; the methods of a pair as
    they were named.
    """
    import numpy as np
    import polars as pl

    from models.disproportionality.counts import from_counts
    from models.disproportionality.ic import ic
    from models.methods import METHODS, MGPS_SHRUNK, Pairs, answers

    names = files.chosen(
        methods, tuple(name for name in METHODS if name != MGPS_SHRUNK)
    )  # one file is no part of a whole
    pairs, strata = count_file(path, columns, say)
    prior = _prior(pairs, strata, likelihood, say) if "mgps" in names else None
    cells = from_counts(*(pairs[c].to_numpy() for c in ("a", "n_product", "n_event", "n_total")))
    given = Pairs(cells, pairs["expected"].to_numpy(), prior)
    found = answers(given, names, pairs.select("product", "event", "a", "expected"), minimum)
    bounds = dict(zip(names, found["lower"].reshape((-1, pairs.height)), strict=True))
    strength = pairs.with_columns(
        eb05=bounds.get("mgps", pl.lit(None, dtype=pl.Float64)),
        ic025=pl.Series(ic(given.cells.a, given.expected).lower),
    )
    first = _strongest(strength)
    enough = pairs["a"][first] >= minimum
    order = pl.concat([first.filter(enough), first.filter(~enough)])
    return found[(order.to_numpy()[:, None] + pairs.height * np.arange(len(names))).ravel()]


def plot(result: pl.DataFrame) -> Figure:
    """Draw the first pairs with the interval of EBGM, or of the IC where EBGM was not computed."""
    is_bayes = bool(result["ebgm"].is_not_null().any())
    middle, low, high, unit = ("ebgm", "eb05", "eb95", "EBGM") if is_bayes else ("ic", "ic025", "ic975", "IC")
    labels = [f"{p} — {e}  ({a})" for p, e, a in result.select("product", "event", "a").iter_rows()]
    unit = f"{unit} with its interval, {'90' if is_bayes else '95'} %"
    return plots.forest(result, labels, unit, (middle, low, high), ratio=is_bayes)


def count_file(path: Path, columns: Columns, say: Say) -> tuple[pl.DataFrame, StratumMargins | None]:
    """Counts and expected counts of every pair (`count_pairs`), and the margins by stratum where there are strata."""
    return _count(files.read(path, columns.needed, HINT), columns, say)


def _count(frame: pl.DataFrame, columns: Columns, say: Say) -> tuple[pl.DataFrame, StratumMargins | None]:
    import polars as pl

    from models.disproportionality.counts import table_margins

    if columns.count is None:
        return _counted(_listed(frame, columns))
    if columns.stratum:
        raise FileError("strata need a case listing: leave out --count")
    listed = pl.DataFrame(
        {n: files.names(frame, c) for n, c in (("product", columns.product), ("event", columns.event))}
    )
    named = listed.with_columns(a=files.counts(frame, columns.count)).drop_nulls()
    if left := frame.height - named.height:
        say(f"{left:,} rows name no product or no event: left out")
    summed = named.group_by("product", "event").agg(pl.col("a").sum()).filter(pl.col("a") > 0)
    if summed.is_empty():
        raise FileError("no pair of a product and an event has a count above 0")
    return table_margins(summed.sort("product", "event")), None


def _listed(frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """Case, product, event of a listing, and the stratum where one is named."""
    listed = files.cases(frame, columns.case, columns.product, columns.event)
    if columns.stratum:
        listed = listed.with_columns(stratum=files.names(frame, columns.stratum).fill_null("missing"))
    return listed


def _counted(listed: pl.DataFrame) -> tuple[pl.DataFrame, StratumMargins | None]:
    from models.disproportionality.counts import count_pairs, count_strata

    cases = listed["case"], listed["product"], listed["event"]
    return count_strata(*cases, listed["stratum"]) if "stratum" in listed.columns else (count_pairs(*cases), None)


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
    from models.mgps.fit import FITS, fit

    if likelihood not in FITS:
        raise FileError(f"likelihood {likelihood!r} is none of {', '.join(FITS)}")
    points = _points(pairs, strata, with_zeros=likelihood == "zero_inclusive")
    prior = fit(points, likelihood)
    theta = ", ".join(f"{v:.4g}" for v in prior.theta)
    say(f"prior ({likelihood}): alpha1, beta1, alpha2, beta2, p = {theta}")
    if not prior.converged:
        say("the prior did not converge: EBGM is not computed")
    return prior
