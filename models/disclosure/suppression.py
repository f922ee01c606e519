"""Cells that must be masked so that no small one is shown, nor found as what is left of a total.

Source: Hundepool et al. 2012, Statistical Disclosure Control, ch. 4 (primary and secondary cell suppression).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHOWN, PRIMARY, SECONDARY = 0, 1, 2
_ZERO = 1e-9


def suppressed(
    counts: NDArray[Any], is_small: NDArray[np.bool_], sums: Sequence[NDArray[np.integer[Any]]]
) -> NDArray[np.int8]:
    """Say of each cell whether it is shown, masked because it is small, or masked beside a small one.

    `counts` and `is_small` have shape (cells,). Each of `sums` labels cells, shape (cells,): of those with one label
    the last is the sum of the others, should it stand there; -1 is in no sum. As long as a masked cell can be solved
    for from what is shown, the smallest shown cell of a sum that it is in, zeros aside, is masked too.
    """
    mask = np.where(is_small, PRIMARY, SHOWN).astype(np.int8)
    order = np.argsort(counts, kind="stable")
    while (more := _beside(mask, order[counts[order] > 0], sums)).size:
        mask[more] = SECONDARY
    return mask


def _beside(
    mask: NDArray[np.int8], order: NDArray[np.intp], sums: Sequence[NDArray[np.integer[Any]]]
) -> NDArray[np.intp]:
    """Cells to mask next, one of each sum of one kind that gives a masked cell away."""
    hidden = np.flatnonzero(mask != SHOWN)
    known = hidden[_is_determined([labels[hidden] for labels in sums])]
    shown = order[mask[order] == SHOWN]
    for most in (1, hidden.size):  # sums in which a cell is masked alone come first
        for labels in sums:
            giving = np.unique(labels[known])
            n_hidden = np.array([np.sum(labels[hidden] == label) for label in giving])
            giving = giving[(giving >= 0) & (n_hidden <= most)]
            candidates = shown[np.isin(labels[shown], giving)]
            if candidates.size:
                return candidates[np.unique(labels[candidates], return_index=True)[1]]
    return np.array([], dtype=np.intp)


def _is_determined(sums: Sequence[NDArray[np.integer[Any]]]) -> NDArray[np.bool_]:
    """Tell which unknowns have one solution only, given sums of them: no solution of the sums being 0 moves them."""
    equations = np.concatenate([labels[None] == np.unique(labels[labels >= 0])[:, None] for labels in sums])
    if not equations.size:
        return np.zeros(equations.shape[1], dtype=bool)
    _, values, axes = np.linalg.svd(equations.astype(float))
    free = axes[int(np.sum(values > _ZERO * values.max(initial=1))) :]
    return np.all(np.abs(free) < _ZERO, axis=0)
