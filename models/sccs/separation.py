"""Which terms of a conditional likelihood have no finite estimate, and what is left for the others.

The likelihood rises for ever along a direction in which no event's interval falls behind another of its person. In the
limit, intervals that fall behind there hold no chance at all: without them, what can be estimated is estimated as the
limit would have it.

Source: Albert and Anderson 1984, Biometrika 71:1-10, for a likelihood conditional on the person.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, identity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_RANK = 1e-9


def separated(person: Ints, events: Ints, design: Floats) -> tuple[NDArray[np.bool_], Floats, list[str | None]]:
    """Tell which intervals are left in the limit, what they determine, and why a term can't be estimated (None: can).

    What is determined is an orthonormal basis, sums of terms (rank x terms): terms that nothing tells apart still speak
    through their sums.

    Args:
        person: number of the person of each interval, from 0.
        events: events in each interval.
        design: intervals x terms.
    """
    kept = np.bincount(person, events)[person] > 0  # a person without an event says nothing
    own, other = _comparisons(person, events)
    gaps = design[own] - design[other]
    rises = _rising(gaps)
    kept[other[rises]] = False
    basis = _spanned(_centred(person[kept], design[kept]))
    lost = ~_estimable(basis)
    collinear = ~_estimable(_spanned(_centred(person, design)))
    reasons = [
        _reason(person, events, design[:, i], bool(collinear[i])) if is_lost else None for i, is_lost in enumerate(lost)
    ]
    return kept, basis, reasons


def _comparisons(person: Ints, events: Ints) -> tuple[Ints, Ints]:
    """Each interval with an event beside each interval of its person."""
    order = np.argsort(person, kind="stable")
    own, other = [], []
    for mine in np.split(order, np.flatnonzero(np.diff(person[order])) + 1):
        hit = mine[events[mine] > 0]
        own.append(np.repeat(hit, mine.size))
        other.append(np.tile(mine, hit.size))
    return np.concatenate(own), np.concatenate(other)


def _rising(gaps: Floats) -> NDArray[np.bool_]:
    """Tell which comparisons some direction makes grow, when it makes none shrink: as many as one direction can."""
    distinct, inverse = np.unique(gaps, axis=0, return_inverse=True)
    n, terms = distinct.shape
    # Maximise sum(s) with gaps @ direction >= s, 0 <= s <= 1: the direction has no bound, so each s is 0 or 1.
    table = hstack([csr_array(-distinct), identity(n)])
    found = linprog(
        np.concatenate([np.zeros(terms), -np.ones(n)]),
        A_ub=table,
        b_ub=np.zeros(n),
        bounds=[(None, None)] * terms + [(0, 1)] * n,
        method="highs",
    )
    return np.asarray((found.x[terms:] > 0.5)[inverse.ravel()])


def _centred(person: Ints, design: Floats) -> Floats:
    """Distinct differences between an interval and its person's mean."""
    sums = np.zeros((int(person.max(initial=-1)) + 1, design.shape[1]))
    np.add.at(sums, person, design)
    means = sums / np.maximum(np.bincount(person, minlength=len(sums)), 1)[:, None]
    return np.unique(np.round(design - means[person], 12), axis=0)


def _spanned(differences: Floats) -> Floats:
    """Orthonormal basis of what the differences span."""
    _, sizes, rows = np.linalg.svd(differences, full_matrices=False)
    return np.asarray(rows[sizes > _RANK * max(1.0, sizes.max(initial=0.0))])


def _estimable(basis: Floats) -> NDArray[np.bool_]:
    """Tell which coefficients a basis determines: those whose unit vector it spans."""
    return np.asarray((basis**2).sum(axis=0) > 1 - 1e-8)


def _reason(person: Ints, events: Ints, column: Floats, is_collinear: bool) -> str:
    inside = column > 0
    if not inside.any():
        return "no person time"
    compared = np.isin(person, np.intersect1d(person[inside], person[~inside]))
    if not compared.any():
        return "no other time to compare with"
    if not events[inside & compared].sum():
        return "no event in it" if not events[inside].sum() else "no event in it of a case with other time"
    if not events[~inside & compared].sum():
        return "all events of its cases are in it: estimate and upper bound infinite"
    if is_collinear:
        return "not told apart from other terms"
    return "no finite estimate beside the other terms: together they separate the events"
