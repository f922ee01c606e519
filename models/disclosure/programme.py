"""Linear programmes in whole numbers: the plain one first, whose corners are whole more often than not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
WHOLE = 1e-6


def least(cost: Floats, sums: csr_array, lower: Floats, upper: Floats, gap: float = 0.0) -> Floats | None:
    """Whole numbers within bounds that keep sums of 0 at the least cost; None where there are none.

    `gap` is the share by which the cost may be beyond the least.
    """
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp  # half a second that no page waits for

    relaxed = linprog(cost, A_eq=sums, b_eq=np.zeros(sums.shape[0]), bounds=np.stack([lower, upper], axis=1))
    if relaxed.x is None:
        return None
    if np.abs(relaxed.x - np.round(relaxed.x)).max() < WHOLE:
        return np.asarray(np.round(relaxed.x))
    found = milp(
        cost,
        integrality=np.ones(cost.size),
        bounds=Bounds(lower, upper),
        constraints=LinearConstraint(sums, 0, 0),
        options={"mip_rel_gap": gap},
    )
    return None if found.x is None else np.asarray(np.round(found.x))
