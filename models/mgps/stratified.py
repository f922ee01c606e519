"""What a prior is fitted to where the expected counts are sums over strata."""

from __future__ import annotations

import numpy as np
import polars as pl

from models.disproportionality.strata import StratumMargins
from models.mgps.likelihood import Points, observed_points
from models.mgps.squash import gridded

GRID = 3e-6
"""Step of ln E: empty cells whose expected counts differ by less count as one point."""
_CELLS_AT_ONCE = 4_000_000


def stratified_points(pairs: pl.DataFrame, margins: StratumMargins, with_zeros: bool = True) -> Points:
    """Points of a stratified pair table: the observed pairs grouped by (n, E), and all its empty cells if `with_zeros`.

    `pairs` has product, event, a, expected, as `count_strata` gives it with the margins. The expected count of an empty
    cell is the sum over strata too; a product and an event that share no stratum expect nothing and have no cell.
    """
    observed = observed_points(pairs["a"], pairs["expected"])
    return joined(zero_points(pairs, margins), observed) if with_zeros else observed


def zero_points(pairs: pl.DataFrame, margins: StratumMargins) -> Points:
    """Points (0, E, cells) of all empty cells, at most `GRID` away in ln E from their own."""
    product, event = margins.places(pairs)
    order = np.argsort(product, kind="stable")
    product, event = product[order], event[order]
    found = []
    for products, expected in margins.blocks(_CELLS_AT_ONCE):
        low, high = np.searchsorted(product, [products[0], products[-1] + 1])
        expected[product[low:high] - products[0], event[low:high]] = 0.0
        empty = expected[expected > 0]
        if empty.size:
            found.append(gridded(Points(np.zeros(empty.size), empty, np.ones(empty.size)), GRID))
    return gridded(joined(*found), GRID) if found else Points(*(np.empty(0) for _ in range(3)))


def joined(*parts: Points) -> Points:
    """Put points together, one after another."""
    return Points(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("n", "expected", "weight")))
