"""Fisher's exact test of a pair: the chance of as many reports or more, given the margins."""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.special import gammaln

from models.disproportionality.counts import Cells, Floats

_NEGLIGIBLE = 1e-17


def fisher(cells: Cells, mid_p: bool = False) -> Floats:
    """One-sided p-value P(A >= a) of the hypergeometric distribution with the pair's margins; 1 where a margin is zero.

    ``mid_p`` counts the table itself by half, P(A > a) + P(A = a) / 2: less conservative for small counts. Used for
    ranking it is the reporting Fisher exact test (RFET).

    Source: Fisher 1935; mid-p: Lancaster 1961, J Am Stat Assoc 56:223-234; in pharmacovigilance: Ahmed et al. 2010,
    Biometrics 66:301-309.
    """
    a, row, column, total = (
        np.asarray(x, float).ravel() for x in (cells.a, cells.n_product, cells.n_event, cells.n_total)
    )
    log_at = _log_choose(row, a) + _log_choose(total - row, column - a) - _log_choose(total, column)
    p = np.empty(a.size)
    _tails(a, row, column, total, np.exp(np.minimum(log_at, 0.0)), 0.5 if mid_p else 1.0, p)
    return p.reshape(cells.a.shape)


def _log_choose(n: Floats, k: Floats) -> Floats:
    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


@njit(cache=True)
def _tails(a, row, column, total, at, weight, p):  # type: ignore[no-untyped-def]  # pragma: no cover
    for i in range(a.size):
        low, high = max(0.0, row[i] + column[i] - total[i]), min(row[i], column[i])
        if a[i] * total[i] >= row[i] * column[i]:  # sum the shorter tail
            term, tail, k = at[i], weight * at[i], a[i]
            while k < high and term > _NEGLIGIBLE * tail:
                term *= (row[i] - k) * (column[i] - k) / ((k + 1) * (total[i] - row[i] - column[i] + k + 1))
                tail += term
                k += 1
            p[i] = min(1.0, tail)
        else:
            term, tail, k = at[i], (1 - weight) * at[i], a[i]
            while k > low and (term > _NEGLIGIBLE * tail or tail == 0.0):
                term *= k * (total[i] - row[i] - column[i] + k) / ((row[i] - k + 1) * (column[i] - k + 1))
                tail += term
                k -= 1
            p[i] = max(0.0, 1 - tail)
