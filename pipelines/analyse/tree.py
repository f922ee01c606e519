"""`gerland tree`: which branch of a hierarchy holds more than chance would put there?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.analyse import files, plots
from pipelines.analyse.files import FileError

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

SHOWN = ("node", "start", "end", "cases", "expected", "estimate", "llr", "p_value", "is_signal", "not_computed")


class Condition(StrEnum):
    """What the tree-temporal scan keeps under its null."""

    node_and_time = "node-and-time"
    node = "node"


def command(
    file: Annotated[
        Path, typer.Argument(help="CSV, .xlsx, Parquet or TreeScan .cas: a row a leaf, or with --day a day.")
    ],
    tree: Annotated[
        Path | None, typer.Option(help="CSV, .xlsx, Parquet or .tre of the hierarchy: a row a node and parent.")
    ] = None,
    leaf: Annotated[str, typer.Option(help="Column of the counts with the leaf.")] = "leaf",
    cases: Annotated[str, typer.Option(help="Column with the cases.")] = "cases",
    expected: Annotated[str | None, typer.Option(help="Column with expected counts or person time: Poisson.")] = None,
    controls: Annotated[
        str | None, typer.Option(help="Column with the controls, or a .ctl file of them: Bernoulli.")
    ] = None,
    day: Annotated[
        str | None, typer.Option(help="Column with the day, from 1: time windows; with --tree those of every node.")
    ] = None,
    condition: Annotated[
        Condition, typer.Option(help="--day and --tree: keep each node's cases, or those of each day too.")
    ] = Condition.node_and_time,
    last_day: Annotated[
        int | None, typer.Option(min=1, help="--day: last day observed; else the last with a row.")
    ] = None,
    shortest_share: Annotated[
        float, typer.Option(min=0, max=1, help="--day: shortest window, as a share of the day it ends on.")
    ] = 0.0,
    node: Annotated[str, typer.Option(help="Column of the hierarchy with the node.")] = "node",
    parent: Annotated[str, typer.Option(help="Column with its parent, empty at a root.")] = "parent",
    unconditional: Annotated[
        bool, typer.Option("--unconditional", help="Poisson: take expected counts as they are.")
    ] = False,
    probability: Annotated[float | None, typer.Option(help="Bernoulli: known chance; else conditional.")] = None,
    replications: Annotated[int, typer.Option(min=99, help="Data sets drawn under the null.")] = 9999,
    seed: Annotated[int, typer.Option(help="Of the draws.")] = 1,
    out: files.Out = None,
) -> None:
    """Scan a hierarchy (VeDDRA, MedDRA, ATC) for branches with too many cases, allowing for looking at all of them.

    Example: gerland tree examples/leaves.csv --tree examples/tree.csv --expected expected

    Columns of TreeScan's own files, which have no header: .cas leaf, cases, population (with --day: cases, day; with
    --day and --tree: leaf, cases, day); .ctl leaf, controls; .tre node, parent. Cases named at an inner node are its
    own, beside those below it.
    """
    from models.treescan.treescan import NodeError, Tree, bernoulli, poisson, temporal, tree_temporal
    from pipelines.analyse import tree_files

    drawn = {"replications": replications, "seed": seed}
    if tree is None and day is None:
        raise FileError("name the hierarchy with --tree, or days with --day")
    if day is None and (expected is None) == (controls is None):
        raise FileError("name either --expected (Poisson) or --controls (Bernoulli)")
    if day is not None and (expected or controls):
        raise FileError("a scan of days takes neither --expected nor --controls")
    counts = tree_files.counts(file, leaf if tree else None, cases, expected, controls, day, last_day)
    edges = tree_files.edges(tree, node, parent) if tree else None
    n_days = last_day or max(counts["day"].to_list() if day else [1])
    try:
        if edges is None:
            found = temporal(tree_files.by_day(counts, n_days), shortest_share=shortest_share, **drawn)
        else:
            built = Tree.of(edges.select("node", "parent").iter_rows(), tree_files.inner(edges, counts))
            names = counts["leaf"].to_list()
            if day:
                table = built.on_days(names, counts["cases"], counts["day"].to_list(), n_days)
                kept = "node" if condition is Condition.node else "node_and_time"
                found = tree_temporal(built, table, kept, shortest_share=shortest_share, **drawn)  # type: ignore[arg-type]
            else:
                first, second = (built.on_leaves(names, counts[c]) for c in ("cases", "other"))
                if expected is not None:
                    found = poisson(built, first, second, not unconditional, **drawn)
                else:
                    found = bernoulli(built, first, second, probability, **drawn)
    except NodeError as error:
        raise FileError(f"{tree_files.place(error.nodes, edges, counts)}{error}") from None
    except ValueError as error:
        raise FileError(str(error)) from None
    files.write(found, out, plot, [c for c in SHOWN if c in found.columns])


def plot(found: pl.DataFrame) -> Figure:
    """Draw the nodes with the largest ratios; red where significant."""
    shown = found.filter(found["llr"] > 0)
    named = [c for c in ("node", "start", "end") if c in found.columns]
    labels = [f"{' '.join(map(str, n))}  ({int(c)})" for *n, c in shown.select(*named, "cases").iter_rows()]
    return plots.bars(shown, labels, "llr", "log-likelihood ratio; red: Monte Carlo p <= 0.05")
