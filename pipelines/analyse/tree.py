"""`gerland tree`: which branch of a hierarchy holds more than chance would put there?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots
from pipelines.analyse.files import FileError

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("node", "cases", "expected", "estimate", "llr", "p_value", "is_signal")


def command(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet of counts: a row a leaf.")],
    tree: Annotated[Path, typer.Option(help="CSV or Parquet of the hierarchy: a row a node and parent.")],
    leaf: Annotated[str, typer.Option(help="Column of the counts with the leaf.")] = "leaf",
    cases: Annotated[str, typer.Option(help="Column with the cases.")] = "cases",
    expected: Annotated[str | None, typer.Option(help="Column with expected counts or person time: Poisson.")] = None,
    controls: Annotated[str | None, typer.Option(help="Column with the controls: Bernoulli.")] = None,
    node: Annotated[str, typer.Option(help="Column of the hierarchy with the node.")] = "node",
    parent: Annotated[str, typer.Option(help="Column with its parent, empty at a root.")] = "parent",
    unconditional: Annotated[
        bool, typer.Option("--unconditional", help="Poisson: take expected counts as they are.")
    ] = False,
    probability: Annotated[float | None, typer.Option(help="Bernoulli: known chance; else conditional.")] = None,
    replications: Annotated[int, typer.Option(min=99, help="Data sets drawn under the null.")] = 9999,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Result: .csv, .parquet, or a plot .png, .svg, .pdf.")] = None,
) -> None:
    """Scan a hierarchy (VeDDRA, MedDRA, ATC) for branches with too many cases, allowing for looking at all of them.

    Example: gerland tree counts.csv --tree tree.csv --expected population
    """
    from models.treescan.treescan import Tree, bernoulli, poisson

    if (expected is None) == (controls is None):
        raise FileError("name either --expected (Poisson) or --controls (Bernoulli)")
    other = expected or controls or ""
    counts = files.read(file, [leaf, cases, other], "name them with --leaf, --cases, --expected or --controls")
    edges = files.read(tree, [node, parent], "name them with --node and --parent")
    try:
        built = Tree.of(
            (str(n).strip(), str(p).strip() if p else None) for n, p in edges.select(node, parent).iter_rows()
        )
        names = [str(v).strip() for v in counts[leaf]]
        first, second = (built.on_leaves(names, files.numbers(counts, c).fill_null(0)) for c in (cases, other))
        drawn = {"replications": replications, "seed": seed}
        if expected:
            found = poisson(built, first, second, not unconditional, **drawn)
        else:
            found = bernoulli(built, first, second, probability, **drawn)
    except ValueError as error:
        raise FileError(str(error)) from None
    files.write(found, out, plot, SHOWN)


def plot(found: pl.DataFrame) -> Figure:
    """Draw the nodes with the largest ratios; red where significant."""
    shown = found.filter(found["llr"] > 0)
    labels = [f"{n}  ({int(c)})" for n, c in shown.select("node", "cases").iter_rows()]
    return plots.bars(shown, labels, "llr", "log-likelihood ratio; red: Monte Carlo p <= 0.05")
