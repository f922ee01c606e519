"""vigiGrade completeness: how much of what an assessor needs a report holds, from 1 down towards 0.

Belongs here: the published penalties and their product. Does not: how several product-event pairs of one report are
combined; the source seen does not say it, so a caller scores pairs and states its own choice.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

PENALTY_MISSING: dict[str, float] = {
    "time_to_onset": 0.5,
    "indication": 0.3,
    "outcome": 0.3,
    "sex": 0.3,
    "age": 0.3,
    "dose": 0.1,
    "country": 0.1,
    "primary_reporter": 0.1,
    "report_type": 0.1,
    "comments": 0.1,
}
"""Share lost where a dimension is missing (Bergvall, Norén, Lindquist 2014, Drug Saf 37:65-77; table in PMC9503115)."""

ONSET_UNCERTAINTY_DAYS = 31
PENALTY_ONSET_OVER_A_MONTH = 0.3
PENALTY_ONSET_UP_TO_A_MONTH = 0.1
PENALTY_AGE_GROUP_ONLY = 0.1


def vigigrade(
    present: Mapping[str, ArrayLike],
    onset_uncertainty_days: ArrayLike | None = None,
    is_age_group_only: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Completeness C = product over dimensions of (1 - penalty), one value in (0, 1] per row.

    Args:
        present: boolean array per dimension of `PENALTY_MISSING`, broadcast against each other; all ten must be given.
        onset_uncertainty_days: width in days of the interval in which time to onset is known; 0 or NaN is exact. Over
        a month costs
            30 %, less 10 %. Ignored where time to onset is missing.
        is_age_group_only: age known as a group only, costs 10 %. Ignored where age is missing.

    Source: Bergvall, Norén, Lindquist 2014, Drug Saf 37:65-77; penalties as tabulated in PMC9503115.

    Raises:
        ValueError: a dimension is absent or unknown, or an uncertainty is negative.
    """
    if set(present) != set(PENALTY_MISSING):
        raise ValueError(
            f"dimensions must be exactly those published; differing: {set(present) ^ set(PENALTY_MISSING)}"
        )
    known = {name: np.asarray(present[name], dtype=bool) for name in PENALTY_MISSING}
    completeness = np.ones(np.broadcast_shapes(*(k.shape for k in known.values())))
    for name, penalty in PENALTY_MISSING.items():
        completeness = completeness * np.where(known[name], 1.0, 1.0 - penalty)
    if onset_uncertainty_days is not None:
        factor = np.where(known["time_to_onset"], 1.0 - _onset_penalty(onset_uncertainty_days), 1.0)
        completeness = completeness * factor
    if is_age_group_only is not None:
        coarse = known["age"] & np.asarray(is_age_group_only, dtype=bool)
        completeness = completeness * np.where(coarse, 1.0 - PENALTY_AGE_GROUP_ONLY, 1.0)
    return completeness


def _onset_penalty(uncertainty_days: ArrayLike) -> NDArray[np.float64]:
    days = np.nan_to_num(np.asarray(uncertainty_days, dtype=float), nan=0.0)
    if np.any(days < 0):
        raise ValueError("onset uncertainty in days cannot be negative")
    steps = [days == 0, days <= ONSET_UNCERTAINTY_DAYS]
    return np.select(steps, [0.0, PENALTY_ONSET_UP_TO_A_MONTH], PENALTY_ONSET_OVER_A_MONTH)
