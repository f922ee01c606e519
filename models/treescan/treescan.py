"""Tree-based scan statistics with Monte Carlo p-values.

Every node of the tree is a cut: the cases of the leaves below it against what is expected there. The p-value of a cut
is the rank of its log-likelihood ratio among the largest ratios of data sets drawn under the null, so that looking at
all nodes is allowed for. A drawn ratio equal to the one found counts against it, as a valid p-value needs; with few
cases ties are common, and TreeScan 2.4, which leaves them to rounding, then gives a smaller p. Cases are summed up the
tree; a leaf below a node by two ways counts once.

Source: Kulldorff, Fang, Walsh 2003, Biometrics 59:323-331 (doi:10.1111/1541-0420.00039); Kulldorff, Dashevsky et al.
2013, Pharmacoepidemiol Drug Saf 22:517-523.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import kl_div, rel_entr

from models.treescan.rank import ranked, relative_risk
from models.treescan.tree import NodeError, Tree, comparable, counted
from models.treescan.windows import temporal, tree_temporal

__all__ = ["NodeError", "Tree", "bernoulli", "poisson", "temporal", "tree_temporal"]
Floats = NDArray[np.float64]
AT_ONCE = 2_000_000


def poisson(tree: Tree, cases: Floats, expected: Floats, conditional: bool = True, **drawn: int) -> pl.DataFrame:
    """Scan counts with expected counts (or person time where `conditional`: then they are scaled to the total).

    LLR of a node: c ln(c/E) + (C-c) ln((C-c)/(C-E)) conditional on the total C, else c ln(c/E) - (c-E); 0 unless c > E.

    Raises:
        NodeError: cases that are no count, or stand where nothing is expected.
        ValueError: no case.
    """
    counted(cases, tree.leaves)
    comparable(cases, expected, tree.leaves)
    total = cases.sum()
    if conditional:
        expected = expected * total / expected.sum()

    def ratio(c: Floats, e: Floats) -> Floats:
        return rel_entr(c, e) + rel_entr(total - c, np.maximum(total - e, 0)) if conditional else kl_div(c, e)

    def draw(random: np.random.Generator, n: int) -> Floats:
        if conditional:
            return random.multinomial(int(total), expected / expected.sum(), size=n).astype(float)
        return random.poisson(expected, size=(n, expected.size)).astype(float)

    name = f"treescan_poisson_{'conditional' if conditional else 'unconditional'}"
    return _scan(tree, name, cases, tree.below @ expected, ratio, draw, total if conditional else None, **drawn)


def bernoulli(
    tree: Tree, cases: Floats, controls: Floats, probability: float | None = None, **drawn: int
) -> pl.DataFrame:
    """Scan cases among observations: against a known chance of being a case, else conditional on the total of cases.

    Raises:
        NodeError: cases or controls that are no count.
        ValueError: no case, no control where the chance is not known, or a chance outside (0, 1).
    """
    counted(cases, tree.leaves)
    counted(controls, tree.leaves, "controls")
    comparable(cases, cases + controls, tree.leaves)
    if probability is None and not controls.sum():
        raise ValueError("no leaf has a control")
    if probability is not None and not 0 < probability < 1:
        raise ValueError(f"the chance of being a case must lie between 0 and 1, got {probability:g}")
    size = cases + controls
    inside, total, everyone = tree.below @ size, cases.sum(), size.sum()
    share = total / everyone if probability is None else probability

    def ratio(c: Floats, e: Floats) -> Floats:
        own = rel_entr(c, e) + rel_entr(inside - c, inside - e)
        if probability is not None:
            return own
        return (
            own
            + rel_entr(total - c, share * (everyone - inside))
            + rel_entr(everyone - inside - total + c, (1 - share) * (everyone - inside))
        )

    def draw(random: np.random.Generator, n: int) -> Floats:
        if probability is not None:
            return random.binomial(size.astype(np.int64), probability, size=(n, size.size)).astype(float)
        return random.multivariate_hypergeometric(size.astype(np.int64), int(total), size=n).astype(float)

    name = f"treescan_bernoulli_{'conditional' if probability is None else 'unconditional'}"
    return _scan(tree, name, cases, inside * share, ratio, draw, total if probability is None else None, **drawn)


def _scan(
    tree: Tree,
    name: str,
    cases: Floats,
    expected: Floats,
    ratio: Callable[[Floats, Floats], Floats],
    draw: Callable[[np.random.Generator, int], Floats],
    total: float | None,
    minimum: int = 2,
    replications: int = 9999,
    seed: int = 1,
) -> pl.DataFrame:
    """Score every node, and rank it among the largest ratios of drawn data; `minimum` cases make a node count."""

    def scores(on_leaves: Floats) -> Floats:
        c = (tree.below @ on_leaves.T).T
        return np.where((c > expected * (1 + 1e-12)) & (c >= minimum), ratio(c, expected), 0.0)

    random = np.random.default_rng(seed)
    parts = max(1, replications * len(tree.nodes) // AT_ONCE)
    largest = [scores(draw(random, len(part))).max(axis=1) for part in np.array_split(np.arange(replications), parts)]
    found = tree.below @ cases
    reasons = [
        "too few cases" if c < minimum else None if e > 0 else "nothing expected"
        for c, e in zip(found, expected, strict=True)
    ]
    keys = pl.DataFrame({"node": tree.nodes, "cases": found, "expected": expected})
    risk = relative_risk(found, expected, total)
    return ranked(name, keys, risk, scores(cases[None])[0], np.concatenate(largest), reasons)
