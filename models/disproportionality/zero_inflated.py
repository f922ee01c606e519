"""Counts that may be structural zeros: events that a product can't show at all, among those it might but did not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.float64]
STEPS, MOST_STEPS = 10, 1000
_TOLERANCE = 1e-10
_LEAST = 1e-300


def zero_inflation(n: ArrayLike, expected: ArrayLike) -> float:
    """Share omega of structural zeros in a product's cells, by maximum likelihood under n ~ Poisson(E) elsewhere."""
    n, expected = np.asarray(n, float), np.asarray(expected, float)
    empty = expected[n == 0]
    n_seen = n.size - empty.size
    if not empty.size:
        return 0.0

    def loss(omega: float) -> float:
        return -float(np.log(omega + (1 - omega) * np.exp(-empty)).sum() + n_seen * np.log1p(-omega))

    found = minimize_scalar(loss, bounds=(0.0, 1 - 1e-9), method="bounded", options={"xatol": 1e-10})
    return float(found.x) if found.fun < loss(0.0) else 0.0


@dataclass(frozen=True)
class Refitted:
    """Expected counts of the cells that can hold reports, and the chance that each cell is a structural zero."""

    expected: Floats
    structural: Floats


def refitted(tables: Floats, steps: int = STEPS) -> Refitted:
    """Fit margins and structural zeros together, table by table (last axes: events, products).

    Expectation maximisation of n ~ Poisson(r_i c_j), or 0 with chance omega_j: cells count as far as they are no
    structural zeros (E), and one round of proportional fitting brings the margins back (M). Stops after `steps`, or
    once no omega moves.

    Source: the zero-inflated null of Chakraborty, Liu, Ball, Markatou 2022, Stat Med 41:5395-5420, with its margins
    fitted by proportional fitting (Deming and Stephan 1940) instead of taken from the whole table.
    """
    is_zero = tables == 0
    of_event, of_product = tables.sum(axis=-1, keepdims=True), tables.sum(axis=-2, keepdims=True)
    scale = np.sqrt(np.maximum(tables.sum(axis=(-1, -2), keepdims=True), 1.0))
    row, column = of_event / scale, of_product / scale
    omega = is_zero.mean(axis=-2, keepdims=True) / 2
    for _ in range(steps):
        counts = np.where(is_zero, 1 - _structural(omega, row * column), 1.0)
        row = of_event / np.maximum((counts * column).sum(axis=-1, keepdims=True), _LEAST)
        column = of_product / np.maximum((counts * row).sum(axis=-2, keepdims=True), _LEAST)
        before, omega = omega, 1 - counts.mean(axis=-2, keepdims=True)
        if np.max(np.abs(omega - before), initial=0.0) < _TOLERANCE:
            break
    return Refitted(row * column, np.where(is_zero, _structural(omega, row * column), 0.0))


def _structural(omega: Floats, expected: Floats) -> Floats:
    """Chance that an empty cell is a structural zero."""
    seen = (1 - omega) * np.exp(-expected)
    return omega / np.maximum(omega + seen, _LEAST)
