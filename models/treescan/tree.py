"""A hierarchy of leaves and nodes, and what lies below each.

Belongs here: the tree and its faults. Does not: what is scanned on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]


class NodeError(ValueError):
    """A hierarchy or count that can't be, at these nodes: one, or those of a circle from child to parent."""

    def __init__(self, message: str, *nodes: str) -> None:
        """Say what is wrong, and where."""
        super().__init__(message)
        self.nodes = nodes


@dataclass(frozen=True)
class Tree:
    """Nodes, those that hold cases of their own, and which of these lie below each (itself too), as a sparse table.

    `leaves` are the leaves of the hierarchy and the inner nodes that hold cases; `below` is nodes x leaves, of ones.
    """

    nodes: tuple[str, ...]
    leaves: tuple[str, ...]
    below: csr_array

    @classmethod
    def of(cls, edges: Iterable[tuple[str, str | None]], holding: Iterable[str] = ()) -> Tree:
        """Build from (node, parent); a node may stand under several parents, a root has none.

        Args:
            edges: node and parent, None or empty at a root.
            holding: inner nodes with cases of their own, which count there and above, as in TreeScan with data on
                inner nodes; leaves are always meant.

        Raises:
            ValueError: no node, or one without a name.
            NodeError: a circle, or a name in `holding` that the tree does not have.
        """
        parents: dict[str, set[str]] = {}
        for at, (node, parent) in enumerate(edges):
            if not node:
                raise ValueError(f"edge {at + 1} has no node")
            parents.setdefault(node, set())
            if parent:
                parents[node].add(parent)
                parents.setdefault(parent, set())
        if not parents:
            raise ValueError("the tree has no node")
        if circle := _circle(parents):
            raise NodeError(f"the tree has a circle: {' under '.join([*circle, circle[0]])}", *circle)
        inner = {p for above in parents.values() for p in above}
        if unknown := [name for name in holding if name not in parents]:
            raise NodeError(f"{unknown[0]!r} is no node of the tree", unknown[0])
        leaves = tuple(sorted((parents.keys() - inner) | set(holding)))
        nodes = tuple(sorted(parents))
        at_node = {node: i for i, node in enumerate(nodes)}
        pairs = [(at_node[node], i) for i, leaf in enumerate(leaves) for node in _ancestors(leaf, parents)]
        rows, columns = np.array(pairs).T
        below = csr_array((np.ones(len(pairs)), (rows, columns)), shape=(len(nodes), len(leaves)))
        return cls(nodes, leaves, below)

    def on_leaves(self, names: Iterable[str], values: ArrayLike) -> Floats:
        """Sum values by leaf; raises `NodeError` for a name that is none and holds no cases."""
        return self.on_days(names, values, None)[:, 0]

    def on_days(self, names: Iterable[str], values: ArrayLike, days: Sequence[int] | None, n_days: int = 1) -> Floats:
        """Sum values by leaf and day from 1, leaves x days; errors as `on_leaves`."""
        at = {leaf: i for i, leaf in enumerate(self.leaves)}
        summed = np.zeros((len(self.leaves), n_days))
        given = np.asarray(values, float)
        for name, value, day in zip(names, given, days or [1] * given.size, strict=True):
            if name not in at:
                known = "an inner node" if name in self.nodes else "no node of the tree"
                raise NodeError(f"{name!r} is no leaf: it is {known}", name)
            summed[at[name], day - 1] += value
        return summed


def _circle(parents: dict[str, set[str]]) -> list[str]:
    """Nodes of a circle, each under the next; empty where there is none."""
    n_above = {node: len(above) for node, above in parents.items()}
    children: dict[str, list[str]] = {node: [] for node in parents}
    for node, above in parents.items():
        for parent in above:
            children[parent].append(node)
    waiting = [node for node, n in n_above.items() if n == 0]
    while waiting:
        for child in children[waiting.pop()]:
            n_above[child] -= 1
            if n_above[child] == 0:
                waiting.append(child)
    rest = {node for node, n in n_above.items() if n > 0}
    if not rest:
        return []
    walk = [min(rest)]
    while True:  # what is left has a parent that is left
        upper = min(parents[walk[-1]] & rest)
        if upper in walk:
            return walk[walk.index(upper) :]
        walk.append(upper)


def _ancestors(leaf: str, parents: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = [leaf]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting.extend(parents[node])
    return seen


def counted(values: Floats, leaves: Sequence[str], what: str = "cases") -> None:
    """Raise `NodeError` for the first leaf whose value is no count; values may have a column a day."""
    if at := _first(~((values >= 0) & np.isfinite(values) & (values == np.floor(values)))):
        raise NodeError(f"{values[at]:g} {what} of {leaves[at[0]]!r}: not a count", leaves[at[0]])


def comparable(cases: Floats, expected: Floats, leaves: Sequence[str]) -> None:
    """Raise an error where cases can't be set against what is expected: `NodeError` names the first such leaf."""
    if at := _first(~((expected >= 0) & np.isfinite(expected))):
        raise NodeError(f"{expected[at]:g} expected of {leaves[at[0]]!r}: not a number from 0", leaves[at[0]])
    if at := _first((cases > 0) & (expected == 0)):
        raise NodeError(f"{cases[at]:g} cases of {leaves[at[0]]!r}, where nothing is expected", leaves[at[0]])
    if not cases.sum():
        raise ValueError("no leaf has a case")


def _first(bad: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(bad)[0]) if bad.any() else ()
