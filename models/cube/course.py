"""The information component of every pair at every month end, by one compiled pass over its history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.disproportionality.ic import log2_gamma_quantile

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NEVER = -1


@dataclass(frozen=True)
class Course:
    """One entry a pair; steps count month ends from 0, `NEVER` where it did not happen."""

    first: Ints  # first step with IC025 > 0
    n_above: Ints  # steps with IC025 > 0
    peak: Floats  # largest IC025 (log2), NaN where the pair was never seen in a population large enough
    peak_at: Ints  # step of the peak
    ic: Floats  # IC at the last step (log2), NaN likewise
    ic025: Floats  # IC025 at the last step


def ic_course(
    pair_at: Ints,
    step: Ints,
    n: Ints,
    n_substance: Floats,
    n_event: Floats,
    n_total: Ints,
    substance_of: Ints,
    event_of: Ints,
    minimum: int,
) -> Course:
    """Follow the IC and its exact 2.5 % quantile through all month ends.

    IC = log2((a + 1/2) / (E + 1/2)), IC025 = log2 of the 2.5 % quantile of Gamma(a + 1/2, rate E + 1/2),
    E = n1. n.1 / N as known at each month end, for every step at which a > 0 and N >= minimum. Quantiles are
    looked up by count; logarithms are taken once a pair, at the end.

    Args:
        pair_at: first change of each pair in `step` and `n`, and their end: length pairs + 1.
        step: step of each change, ascending within a pair.
        n: change in the number of reports.
        n_substance: reports of each substance at each step, shape (substances, steps).
        n_event: reports of each event, shape (events, steps).
        n_total: reports at each step.
        substance_of: row of each pair in `n_substance`.
        event_of: row of each pair in `n_event`.
        minimum: smallest population that is scored.

    Source: Norén, Hopstadius, Bate 2013, Stat Methods Med Res 22:57-69.
    """
    rises = np.where(n > 0, n, 0)
    most = int(np.add.reduceat(rises, pair_at[:-1]).max()) if n.size else 0
    quantile = np.exp2(log2_gamma_quantile(np.arange(most + 1, dtype=float), 0.025))
    n_pairs = pair_at.size - 1
    first, n_above, peak_at = (np.full(n_pairs, v, np.int64) for v in (NEVER, 0, NEVER))
    peak, ic, ic025 = (np.full(n_pairs, np.nan) for _ in range(3))
    inverse = np.where(n_total >= max(minimum, 1), 1 / np.maximum(n_total, 1), 0.0)
    _follow(
        *(pair_at, step, n, n_substance, n_event, inverse, substance_of, event_of, quantile),
        *(first, n_above, peak, peak_at, ic, ic025),
    )
    return Course(first, n_above, np.log2(peak), peak_at, np.log2(ic), np.log2(ic025))


@njit(cache=True, nogil=True)
def _follow(  # type: ignore[no-untyped-def]  # pragma: no cover
    pair_at,
    step,
    n,
    n_substance,
    n_event,
    inverse,
    substance_of,
    event_of,
    quantile,
    first,
    n_above,
    peak,
    peak_at,
    ic,
    ic025,
):
    n_steps = inverse.size
    for pair in range(pair_at.size - 1):
        rows, columns = n_substance[substance_of[pair]], n_event[event_of[pair]]
        a = 0
        for change in range(pair_at[pair], pair_at[pair + 1]):
            a += n[change]
            stop = step[change + 1] if change + 1 < pair_at[pair + 1] else n_steps
            if a <= 0:
                continue
            for t in range(step[change], stop):
                if inverse[t] == 0.0:
                    continue
                rate = rows[t] * columns[t] * inverse[t] + 0.5
                lower = quantile[a] / rate
                if lower > 1:
                    n_above[pair] += 1
                    if first[pair] < 0:
                        first[pair] = t
                if not peak[pair] >= lower:
                    peak[pair] = lower
                    peak_at[pair] = t
                if t == n_steps - 1:
                    ic[pair] = (a + 0.5) / rate
                    ic025[pair] = lower
