"""What a MaxSPRT design can do before it starts: power, and how long a signal takes, at a relative risk.

Source: Kulldorff, Davis, Kolczak, Lewis, Lieu, Platt 2011, Sequential Analysis 30:58-78; exact, by the same chain as
the boundary, run at the relative risk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import polars as pl
from numpy.typing import ArrayLike

from models.surveillance.chain import Steps, crossing
from models.surveillance.maxsprt import poisson_boundary, poisson_group_boundary, poisson_group_steps, poisson_steps


class Performance(NamedTuple):
    """Chance of a signal, and expected times in events expected under the null."""

    power: float
    time_to_signal: float | None  # given that it signals; None where it can't
    length: float  # of monitoring, ended by a signal or by the limit


def performance(steps: Steps, relative_risk: float) -> Performance:
    """Power and times of a design at a relative risk.

    Raises:
        ValueError: a relative risk that is not positive.
    """
    if not relative_risk > 0:
        raise ValueError(f"a relative risk must be positive, got {relative_risk}")
    chance, spent = crossing(steps, relative_risk)
    end = float(steps.times[-1])
    return Performance(chance, spent / chance if chance > 0 else None, spent + (1 - chance) * end)


def poisson_power(
    relative_risks: Sequence[float],
    limit: float | None = None,
    alpha: float = 0.05,
    minimum: int = 1,
    delay: float = 0.0,
    looks: ArrayLike | None = None,
) -> pl.DataFrame:
    """Power of a Poisson MaxSPRT; a row a relative risk.

    Args:
        relative_risks: what may be true; 1 is the null, whose power is the error.
        limit: expected count at which monitoring ends, where one looks continuously.
        alpha: largest chance of a false signal.
        minimum: fewest events that may signal.
        delay: expected count before which nothing may signal.
        looks: expected counts at which alone one looks, increasing; monitoring ends at the last.

    Raises:
        ValueError: a value out of range, looks not positive and increasing, or neither limit nor looks, or both.
        NoBoundary: no boundary errs with alpha.
    """
    if (limit is None) == (looks is None):
        raise ValueError("give either a limit (continuous looks) or the looks")
    if limit is not None:
        boundary = poisson_boundary(limit, alpha, minimum, delay)
        steps = poisson_steps(boundary, limit, minimum, delay)
    else:
        assert looks is not None
        boundary, _ = poisson_group_boundary(looks, alpha, minimum)
        steps = poisson_group_steps(boundary, looks, minimum)
    error = crossing(steps)[0]
    rows = [(risk, boundary, error, *performance(steps, risk)) for risk in relative_risks]
    columns = ["relative_risk", "boundary", "error", *Performance._fields]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Float64), orient="row")
