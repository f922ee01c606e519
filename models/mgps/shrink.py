"""A prior of a small population, shrunk to that of the whole it is part of: a penalised fit, and named as one.

The two-gamma prior has five parameters; a species with some hundreds of pairs does not determine them, and the plain
fit runs to its bound. Here the parameters of a part, in logarithms (of p the logit), are drawn around those of the
whole with a standard deviation of `SPREAD`: what the part's own counts don't tell is taken from the whole, and with
many counts the fit becomes the plain one. The estimate is the mode of that hierarchy with its upper level given (a
ridge penalty).

Source: the hierarchy as in Gelman et al. 2013, Bayesian Data Analysis, 5; penalised likelihood: Hoerl and Kennard 1970.
The spread is a choice: two standard deviations allow a factor of e, about 2.7, either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.mgps.fit import PARAMETERS, Prior, one_start
from models.mgps.likelihood import Floats, Objective, Points, to_unbounded

SPREAD = 0.5
SHRUNK = "_shrunk"


class Penalised:
    """Mean negative log-likelihood with the penalty of leaving the whole's parameters, and its gradient."""

    def __init__(self, objective: Objective, whole: Floats, spread: float) -> None:
        """Prepare for a whole's parameters, on the scale of `Objective`."""
        self.objective, self.whole, self.spread, self.total = objective, whole, spread, objective.total

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        """Return value and gradient (shape 5), both per cell."""
        value, gradient = self.objective(x)
        gap = (x - self.whole) / self.spread
        return value + float(gap @ gap) / (2 * self.total), gradient + gap / (self.spread * self.total)


def shrink(points: Points, whole: Prior, plain: Prior | None = None, spread: float = SPREAD) -> Prior:
    """Fit the prior of a part, shrunk to that of the whole, with the whole's likelihood.

    Its likelihood is named with `_shrunk` behind; `neg_log_likelihood` is without the penalty. Starts from the whole's
    parameters, and from the part's own (`plain`) where they converged; the best is returned.

    Raises:
        ValueError: a whole that did not converge, a spread that is not positive, or see `Objective`.
    """
    if not whole.converged:
        raise ValueError("the prior of the whole did not converge")
    if not spread > 0:
        raise ValueError(f"the spread must be positive, got {spread}")
    form: Any = "component_truncated" if whole.likelihood == "openebgm" else whole.likelihood
    objective = Objective(points, form)
    penalised = Penalised(objective, to_unbounded(whole.theta), spread)
    starts = [whole.theta, *([plain.theta] if plain and plain.converged else [])]
    tried = tuple(one_start(penalised, start) for start in starts)
    found = min(tried, key=lambda one: (not one.converged, one.neg_log_likelihood))
    return Prior(
        *found.optimum,
        likelihood=whole.likelihood + SHRUNK,
        neg_log_likelihood=objective(to_unbounded(found.optimum))[0] * objective.total,
        n_points=len(points),
        converged=found.converged,
        starts=tried,
    )


def as_columns(prior: Prior | None) -> dict[str, Any]:
    """Columns of `gold.prior` that hold a shrunk fit beside the plain one."""
    values = dict(zip(PARAMETERS, prior.theta, strict=True)) if prior else {}
    return {f"shrunk_{name}": values.get(name) for name in PARAMETERS} | {
        "is_shrunk_converged": prior.converged if prior else None
    }


def fitted_shrunk(row: Mapping[str, Any]) -> Prior | None:
    """Return the shrunk prior that a row of `gold.prior` holds beside the plain one; None where it holds none."""
    if not row.get("is_shrunk_converged"):
        return None
    known: dict[str, Any] = {name: row[f"shrunk_{name}"] for name in PARAMETERS}
    return Prior(**known, likelihood=row["likelihood"] + SHRUNK)
