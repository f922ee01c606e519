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

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import kl_div, rel_entr

from models.result import result

Floats = NDArray[np.float64]
AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Tree:
    """Nodes, and which leaves lie below each (a leaf below itself), as a sparse nodes x leaves table of ones."""

    nodes: tuple[str, ...]
    leaves: tuple[str, ...]
    below: csr_array

    @classmethod
    def of(cls, edges: Iterable[tuple[str, str | None]]) -> Tree:
        """Build from (node, parent); a node may stand under several parents, a root has none.

        Raises:
            ValueError: no node, or a circle.
        """
        parents: dict[str, set[str]] = {}
        for node, parent in edges:
            parents.setdefault(node, set())
            if parent:
                parents[node].add(parent)
                parents.setdefault(parent, set())
        if not parents:
            raise ValueError("the tree has no node")
        inner = {p for above in parents.values() for p in above}
        leaves = tuple(sorted(n for n in parents if n not in inner))
        nodes = tuple(sorted(parents))
        at = {node: i for i, node in enumerate(nodes)}
        pairs = [(at[node], i) for i, leaf in enumerate(leaves) for node in _ancestors(leaf, parents)]
        if not leaves or len({i for _, i in pairs}) != len(leaves):
            raise ValueError("the tree has a circle")
        rows, columns = np.array(pairs).T
        below = csr_array((np.ones(len(pairs)), (rows, columns)), shape=(len(nodes), len(leaves)))
        return cls(nodes, leaves, below)

    def on_leaves(self, names: Iterable[str], values: ArrayLike) -> Floats:
        """Sum values by leaf; raises ValueError for a name that is no leaf."""
        at = {leaf: i for i, leaf in enumerate(self.leaves)}
        summed = np.zeros(len(self.leaves))
        for name, value in zip(names, np.asarray(values, float), strict=True):
            if name not in at:
                raise ValueError(f"{name} is no leaf of the tree")
            summed[at[name]] += value
        return summed


def _ancestors(leaf: str, parents: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [leaf]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(parents[node])
    return seen


def poisson(tree: Tree, cases: Floats, expected: Floats, conditional: bool = True, **drawn: int) -> pl.DataFrame:
    """Scan counts with expected counts (or person time where `conditional`: then they are scaled to the total).

    LLR of a node: c ln(c/E) + (C-c) ln((C-c)/(C-E)) conditional on the total C, else c ln(c/E) - (c-E); 0 unless c > E.
    """
    total = cases.sum()
    if conditional:
        expected = expected * total / expected.sum()

    def ratio(c: Floats, e: Floats) -> Floats:
        return rel_entr(c, e) + rel_entr(total - c, total - e) if conditional else kl_div(c, e)

    def draw(random: np.random.Generator, n: int) -> Floats:
        if conditional:
            return random.multinomial(int(total), expected / total, size=n).astype(float)
        return random.poisson(expected, size=(n, expected.size)).astype(float)

    name = f"treescan_poisson_{'conditional' if conditional else 'unconditional'}"
    return _scan(tree, name, cases, tree.below @ expected, ratio, draw, total if conditional else None, **drawn)


def bernoulli(
    tree: Tree, cases: Floats, controls: Floats, probability: float | None = None, **drawn: int
) -> pl.DataFrame:
    """Scan cases among observations: against a known chance of being a case, else conditional on the total of cases."""
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


def temporal(
    counts: ArrayLike,
    shortest: int = 2,
    longest: float = 0.5,
    shortest_share: float = 0.0,
    replications: int = 9999,
    seed: int = 1,
) -> pl.DataFrame:
    """Scan time windows of one series against an even spread over all days, conditional on the total.

    Args:
        counts: cases of each day from day 1.
        shortest: days of the shortest window.
        longest: share of all days that the longest window may take.
        shortest_share: shortest window as a share of the day it ends on (TreeScan's risk window restriction).
        replications: data sets drawn under the null.
        seed: of the draws.
    """
    n = np.asarray(counts, dtype=float)
    total, days = n.sum(), n.size
    low, high = (v.ravel() for v in np.meshgrid(np.arange(days), np.arange(1, days + 1), indexing="ij"))
    kept = (high - low >= shortest) & (high - low <= longest * days) & (high - low >= shortest_share * high)
    low, high = low[kept], high[kept]
    expected = total * (high - low) / days

    def sums(series: Floats) -> Floats:
        steps = np.concatenate([np.zeros((len(series), 1)), np.cumsum(series, axis=1)], axis=1)
        return steps[:, high] - steps[:, low]

    def ratio(c: Floats) -> Floats:
        return np.where(c > expected, rel_entr(c, expected) + rel_entr(total - c, total - expected), 0.0)

    random = np.random.default_rng(seed)
    draws = random.multinomial(int(total), np.full(days, 1 / days), size=replications).astype(float)
    largest = np.concatenate(
        [ratio(sums(part)).max(axis=1) for part in np.array_split(draws, max(1, replications // 500))]
    )
    found = sums(n[None])[0]
    keys = pl.DataFrame({"start": low + 1, "end": high, "cases": found, "expected": expected})
    return _answer("treescan_temporal", keys, found, expected, ratio(found), largest, np.ones(found.size, bool), total)


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
        return np.where((c > expected) & (c >= minimum), ratio(c, expected), 0.0)

    random = np.random.default_rng(seed)
    parts = max(1, replications * len(tree.nodes) // AT_ONCE)
    largest = [scores(draw(random, len(part))).max(axis=1) for part in np.array_split(np.arange(replications), parts)]
    found = tree.below @ cases
    keys = pl.DataFrame({"node": tree.nodes, "cases": found, "expected": expected})
    return _answer(
        name, keys, found, expected, scores(cases[None])[0], np.concatenate(largest), found >= minimum, total
    )


def _answer(
    name: str,
    keys: pl.DataFrame,
    c: Floats,
    e: Floats,
    llr: Floats,
    largest: Floats,
    enough: NDArray[np.bool_],
    total: float | None,
) -> pl.DataFrame:
    """Rank and shape; the relative risk is that against the rest where the total is given, else c / E."""
    above = len(largest) - np.searchsorted(np.sort(largest), llr - 1e-9, side="left")
    p = (1 + above) / (1 + len(largest))
    with np.errstate(divide="ignore", invalid="ignore"):
        risk = c / e if total is None else np.where(total > c, (c / e) / ((total - c) / (total - e)), c / e)
    reasons = [
        None if ok and x > 0 else "too few cases" if not ok else "nothing expected"
        for ok, x in zip(enough, e, strict=True)
    ]
    risk = np.where(np.isfinite(risk), risk, c / np.where(e > 0, e, 1))
    shown = keys.with_columns(llr=llr)
    rows = result(name, "Monte Carlo p <= 0.05", risk, p_value=p, is_signal=p <= 0.05, not_computed=reasons, keys=shown)
    return rows.sort("llr", descending=True, maintain_order=True)
