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

SHOWN = ("node", "start", "end", "cases", "expected", "estimate", "llr", "p_value", "is_signal")


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
    day: Annotated[str | None, typer.Option(help="Column with the day, from 1: time windows, no hierarchy.")] = None,
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

    Columns of TreeScan's own files, which have no header: .cas leaf, cases, population (with --day: cases, day); .ctl
    leaf, controls; .tre node, parent.
    """
    drawn = {"replications": replications, "seed": seed}
    try:
        if day is not None:
            found = _windows(file, cases, day, shortest_share, drawn)
        elif tree is None:
            raise FileError("name the hierarchy with --tree, or days with --day")
        elif (expected is None) == (controls is None):
            raise FileError("name either --expected (Poisson) or --controls (Bernoulli)")
        else:
            counts = _counts(file, leaf, cases, expected, controls)
            edges = files.read(tree, [node, parent], "name them with --node and --parent", bare=("node", "parent"))
            found = _nodes(edges.select(node, parent), counts, expected is not None, unconditional, probability, drawn)
    except ValueError as error:
        raise FileError(str(error)) from None
    files.write(found, out, plot, [c for c in SHOWN if c in found.columns])


def _windows(file: Path, cases: str, day: str, shortest_share: float, drawn: dict[str, int]) -> pl.DataFrame:
    import numpy as np

    from models.treescan.treescan import temporal

    frame = files.read(file, [cases, day], "name them with --cases and --day", bare=("cases", "day"))
    n, at = (files.numbers(frame, c) for c in (cases, day))
    if at.null_count() or not (at >= 1).all():
        raise FileError(f"column {day!r}: days are whole numbers from 1")
    return temporal(np.bincount(at.cast(int) - 1, n.fill_null(0)), shortest_share=shortest_share, **drawn)


def _counts(file: Path, leaf: str, cases: str, expected: str | None, controls: str | None) -> pl.DataFrame:
    """Leaf, cases, and what they are compared with."""
    hint, bare = "name them with --leaf, --cases, --expected or --controls", ("leaf", "cases", "population")
    if controls is None or not controls.endswith(".ctl"):
        other = expected or controls or ""
        found = files.read(file, [leaf, cases, other], hint, bare=bare)
        return found.select(leaf=leaf, cases=files.numbers(found, cases), other=files.numbers(found, other))
    first = files.read(file, [leaf, cases], hint, bare=bare)
    second = files.read(Path(controls), [leaf, "controls"], hint, bare=("leaf", "controls"))
    sides = [
        f.select(leaf=leaf, **{n: files.numbers(f, c)})
        for f, n, c in ((first, "cases", cases), (second, "other", "controls"))
    ]
    return sides[0].join(sides[1], on="leaf", how="full", coalesce=True)


def _nodes(
    edges: pl.DataFrame,
    counts: pl.DataFrame,
    is_poisson: bool,
    unconditional: bool,
    probability: float | None,
    drawn: dict[str, int],
) -> pl.DataFrame:
    from models.treescan.treescan import Tree, bernoulli, poisson

    built = Tree.of((str(n).strip(), str(p).strip() if p else None) for n, p in edges.iter_rows())
    names = [str(v).strip() for v in counts["leaf"]]
    first, second = (built.on_leaves(names, counts[c].fill_null(0)) for c in ("cases", "other"))
    if is_poisson:
        return poisson(built, first, second, not unconditional, **drawn)
    return bernoulli(built, first, second, probability, **drawn)


def plot(found: pl.DataFrame) -> Figure:
    """Draw the nodes with the largest ratios; red where significant."""
    shown = found.filter(found["llr"] > 0)
    named = ["node"] if "node" in found.columns else ["start", "end"]
    labels = [f"{' to '.join(map(str, n))}  ({int(c)})" for *n, c in shown.select(*named, "cases").iter_rows()]
    return plots.bars(shown, labels, "llr", "log-likelihood ratio; red: Monte Carlo p <= 0.05")
